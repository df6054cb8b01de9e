/* SPDX-License-Identifier: BSD-2-Clause */
/* What kvmgdb.h promises. */
#include <errno.h>
#pragma GCC visibility push(default)
#include "kvmgdb.h"
#pragma GCC visibility pop
#include "machine/machine.h"
const char *kvmgdb_version(void)
{
	return MACHINE_VERSION;
}

int kvmgdb_open(const struct kvmgdb_config *config, struct kvmgdb **gdb, char *error, size_t error_size)
{
	(void)config;
	(void)gdb;
	(void)error;
	(void)error_size;
	return -ENOSYS;
}

void kvmgdb_close(struct kvmgdb *gdb)
{
	(void)gdb;
}

int kvmgdb_add_vcpu(struct kvmgdb *gdb, unsigned index, int fd, void *opaque, struct kvmgdb_vcpu **vcpu)
{
	(void)gdb;
	(void)index;
	(void)fd;
	(void)opaque;
	(void)vcpu;
	return -ENOSYS;
}

void kvmgdb_remove_vcpu(struct kvmgdb_vcpu *vcpu)
{
	(void)vcpu;
}

int kvmgdb_run(struct kvmgdb_vcpu *vcpu)
{
	(void)vcpu;
	return -ENOSYS;
}

int kvmgdb_enter(struct kvmgdb_vcpu *vcpu)
{
	(void)vcpu;
	return -ENOSYS;
}

enum kvmgdb_whose kvmgdb_leave(struct kvmgdb_vcpu *vcpu, int err)
{
	(void)vcpu;
	(void)err;
	return 0;
}

void kvmgdb_kick(struct kvmgdb_vcpu *vcpu)
{
	(void)vcpu;
}

int kvmgdb_set_memory(struct kvmgdb *gdb, uint32_t slot, uint64_t gpa, uint64_t size, void *address, uint32_t flags)
{
	(void)gdb;
	(void)slot;
	(void)gpa;
	(void)size;
	(void)address;
	(void)flags;
	return -ENOSYS;
}

int kvmgdb_tell(struct kvmgdb *gdb, enum kvmgdb_fact fact, const void *data, size_t size)
{
	(void)gdb;
	(void)fact;
	(void)data;
	(void)size;
	return -ENOSYS;
}

int kvmgdb_listen(struct kvmgdb *gdb, const char *address, char *error, size_t error_size)
{
	(void)gdb;
	(void)address;
	(void)error;
	(void)error_size;
	return -ENOSYS;
}

int kvmgdb_serve(struct kvmgdb *gdb, int fd)
{
	(void)gdb;
	(void)fd;
	return -ENOSYS;
}

void kvmgdb_disconnect(struct kvmgdb *gdb)
{
	(void)gdb;
}

int kvmgdb_attached(struct kvmgdb *gdb)
{
	(void)gdb;
	return -ENOSYS;
}

int kvmgdb_poll_fd(struct kvmgdb *gdb)
{
	(void)gdb;
	return -ENOSYS;
}

int kvmgdb_dispatch(struct kvmgdb *gdb)
{
	(void)gdb;
	return -ENOSYS;
}

int kvmgdb_stop(struct kvmgdb *gdb, const char *why)
{
	(void)gdb;
	(void)why;
	return -ENOSYS;
}

void kvmgdb_guest_reset(struct kvmgdb *gdb)
{
	(void)gdb;
}

int kvmgdb_guest_event(struct kvmgdb_vcpu *vcpu, enum kvmgdb_event event, int code, const char *text)
{
	(void)vcpu;
	(void)event;
	(void)code;
	(void)text;
	return -ENOSYS;
}

void kvmgdb_guest_exited(struct kvmgdb *gdb, int code)
{
	(void)gdb;
	(void)code;
}

void kvmgdb_clean_begin(struct kvmgdb *gdb)
{
	(void)gdb;
}

void kvmgdb_clean_end(struct kvmgdb *gdb)
{
	(void)gdb;
}

const int *kvmgdb_syscalls(enum kvmgdb_thread thread, size_t *n)
{
	(void)thread;
	(void)n;
	return 0;
}

const unsigned long *kvmgdb_ioctls(enum kvmgdb_thread thread, size_t *n)
{
	(void)thread;
	(void)n;
	return 0;
}

