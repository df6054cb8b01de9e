/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the bytes that wait for the guest and the board's device. The device takes a byte when one comes and it has room, and after each
 * access of the guest's, by which it may have got some; the guest is told by its interrupt.
 */
#include "console.h"

#include "vm_arch.h"

size_t console_room(struct host *h)
{
	return input_room(&((struct vm *)h)->input);
}

int console_event(struct host *h)
{
	return ((struct vm *)h)->input.event;
}

void vm_feed(struct vm *vm)
{
	uint8_t byte;

	while (vm->receives && vm_arch_takes(vm) && input_take(&vm->input, &byte))
		vm_arch_receive(vm, byte);
}

size_t console_type(struct host *h, const uint8_t *bytes, size_t n)
{
	struct vm *vm = (struct vm *)h;
	size_t typed = input_put(&vm->input, bytes, n);

	pthread_mutex_lock(&vm->devices);
	vm_feed(vm);
	pthread_mutex_unlock(&vm->devices);
	return typed;
}

void console_print_to(struct host *h, int fd)
{
	output_to(&((struct vm *)h)->output, fd);
}

void vm_console_receives(struct vm *vm, bool receives)
{
	pthread_mutex_lock(&vm->devices);
	vm->receives = receives && !vm->scratch;
	vm_feed(vm);
	pthread_mutex_unlock(&vm->devices);
}
