/* SPDX-License-Identifier: BSD-2-Clause */
/* See state.h. A record: its name, padded with zeroes, its size in bytes as 8 bytes, and the bytes. Every record that is loaded is hostile. */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#define FIRST_ROOM 0x10000
#define REGISTER_MAX 256   /* bytes of the largest: KVM_REG_SIZE_U2048 */
#define REGISTERS_MAX 4096 /* more than any KVM lists */

struct record {
	char name[STATE_NAME];
	uint64_t size;
};

bool state_refuse(struct state *s, int err, const char *format, ...)
{
	char text[200];
	va_list ap;

	if (s->err)
		return false;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	s->err = refuse(s->why, err, "%s", text);
	return false;
}

void state_free(struct state *s)
{
	free(s->bytes);
	s->bytes = NULL;
}

/* ---- bytes ---- */

static bool append(struct state *s, const void *bytes, size_t size)
{
	size_t room = s->room ? s->room : FIRST_ROOM;
	uint8_t *grown;

	while (room - s->n < size)
		room *= 2;
	if (room != s->room) {
		grown = realloc(s->bytes, room);
		if (!grown)
			return state_refuse(s, -ENOMEM, "out of memory");
		s->bytes = grown;
		s->room = room;
	}
	memcpy(s->bytes + s->n, bytes, size);
	s->n += size;
	return true;
}

static bool save(struct state *s, const char *name, const void *value, size_t size)
{
	struct record r = { .size = size };

	snprintf(r.name, sizeof(r.name), "%s", name);
	return append(s, &r, sizeof(r)) && append(s, value, size);
}

static bool load(struct state *s, const char *name, void *value, size_t *size, size_t least, size_t most)
{
	struct record r;

	if (s->n - s->at < sizeof(r))
		return state_refuse(s, -EINVAL, "it ends where \"%s\" is to be", name);
	memcpy(&r, s->bytes + s->at, sizeof(r));
	r.name[STATE_NAME - 1] = '\0';
	if (strncmp(r.name, name, STATE_NAME - 1) || r.size < least || r.size > most)
		return state_refuse(s, -EINVAL, "it is of another machine than this: \"%s\" is not as it is here", name);
	s->at += sizeof(r);
	if (r.size > s->n - s->at)
		return state_refuse(s, -EINVAL, "it ends within \"%s\"", name);
	memcpy(value, s->bytes + s->at, r.size);
	s->at += r.size;
	*size = r.size;
	return true;
}

bool state_sized(struct state *s, const char *name, void *value, size_t *size, size_t most)
{
	if (s->err)
		return false;
	return s->loads ? load(s, name, value, size, 0, most) : save(s, name, value, *size);
}

bool state_value(struct state *s, const char *name, void *value, size_t size)
{
	if (s->err)
		return false;
	return s->loads ? load(s, name, value, &size, size, size) : save(s, name, value, size);
}

/* ---- what KVM has ---- */

static bool call(struct state *s, const char *name, int fd, unsigned long request, void *arg)
{
	if (ioctl(fd, request, arg) >= 0)
		return true;
	return state_refuse(s, -errno, "KVM does not %s \"%s\": %s", s->loads ? "take" : "tell", name, strerror(errno));
}

bool state_ioctl(struct state *s, const char *name, int fd, unsigned long get, unsigned long set, void *arg, size_t size)
{
	if (s->err)
		return false;
	if (!s->loads)
		return call(s, name, fd, get, arg) && save(s, name, arg, size);
	return load(s, name, arg, &size, size, size) && call(s, name, fd, set, arg);
}

bool state_attr(struct state *s, const char *name, int fd, uint32_t group, uint64_t attr, size_t size)
{
	uint64_t value = 0;
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)&value };

	if (s->err)
		return false;
	if (!s->loads)
		return call(s, name, fd, KVM_GET_DEVICE_ATTR, &a) && save(s, name, &value, size);
	return load(s, name, &value, &size, size, size) && call(s, name, fd, KVM_SET_DEVICE_ATTR, &a);
}

/* ---- registers ---- */

struct saved_register {
	uint64_t id;
	uint8_t value[REGISTER_MAX];
};

static size_t register_size(uint64_t id)
{
	return (size_t)1 << (id >> KVM_REG_SIZE_SHIFT & 0xf);
}

static int move_register(int vcpu, unsigned long request, struct saved_register *r)
{
	struct kvm_one_reg one = { .id = r->id, .addr = (uintptr_t)r->value };

	return ioctl(vcpu, request, &one) < 0 ? -errno : 0;
}

static struct kvm_reg_list *list_registers(struct state *s, int vcpu)
{
	struct kvm_reg_list *list = calloc(1, sizeof(*list) + REGISTERS_MAX * sizeof(list->reg[0]));

	if (!list) {
		state_refuse(s, -ENOMEM, "out of memory");
		return NULL;
	}
	list->n = REGISTERS_MAX;
	if (ioctl(vcpu, KVM_GET_REG_LIST, list) >= 0)
		return list;
	state_refuse(s, -errno, "KVM does not list a vCPU's registers: %s", strerror(errno));
	free(list);
	return NULL;
}

/* Some are listed and cannot be read: counters that a processor has not. */
static void save_registers(struct state *s, const char *name, int vcpu)
{
	struct kvm_reg_list *list = list_registers(s, vcpu);

	for (unsigned i = 0; list && i < list->n; i++) {
		struct saved_register r = { .id = list->reg[i] };

		if (register_size(r.id) <= REGISTER_MAX && !move_register(vcpu, KVM_GET_ONE_REG, &r))
			save(s, name, &r, sizeof(r.id) + register_size(r.id));
	}
	free(list);
	save(s, name, "", 0);
}

static bool has_value(int vcpu, const struct saved_register *wanted)
{
	struct saved_register r = { .id = wanted->id };

	return !move_register(vcpu, KVM_GET_ONE_REG, &r) && !memcmp(r.value, wanted->value, register_size(r.id));
}

static bool load_register(struct state *s, int vcpu, struct saved_register *r)
{
	int err = move_register(vcpu, KVM_SET_ONE_REG, r);

	if (!err || has_value(vcpu, r))
		return true;
	return state_refuse(
		s, err, "this KVM does not give register 0x%" PRIx64 " the value that it had: %s", r->id, strerror(-err));
}

static void load_registers(struct state *s, const char *name, int vcpu)
{
	for (;;) {
		struct saved_register r = { 0 };
		size_t size;

		if (!load(s, name, &r, &size, 0, sizeof(r)) || !size)
			return;
		if (size < sizeof(r.id) || register_size(r.id) > REGISTER_MAX || size != sizeof(r.id) + register_size(r.id)) {
			state_refuse(s, -EINVAL, "a register of a size that it has not");
			return;
		}
		if (!load_register(s, vcpu, &r))
			return;
	}
}

bool state_registers(struct state *s, const char *name, int vcpu)
{
	if (!s->err)
		(s->loads ? load_registers : save_registers)(s, name, vcpu);
	return !s->err;
}
