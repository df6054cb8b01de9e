/* SPDX-License-Identifier: BSD-2-Clause */
/* See snapshot.h. */
#include "snapshot.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../files.h"
#include "../sparse.h"
#include "load.h"

#define MAGIC "KVMGDBSN"
#define FORMAT 1
#define HEADER_SIZE 0x1000
#define RAM_ALIGN 0x10000
#define CHUNK 0x10000
#define STATE_MAX (256ull << 20)

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#define MACHINE EM_PPC64
#endif

struct header {
	char magic[8];
	uint32_t format, machine, vcpus, pad;
	uint64_t memory, state_size, ram_size;
	char mode[SNAPSHOT_MODE];
};

static uint64_t ram_begins(uint64_t state_size)
{
	return (HEADER_SIZE + state_size + RAM_ALIGN - 1) / RAM_ALIGN * RAM_ALIGN;
}

/* ---- reading ---- */

static int check(const struct load_file *f, const struct header *h, const struct refusal *why)
{
	if (memcmp(h->magic, MAGIC, sizeof(h->magic)))
		return refuse(why, -ENOEXEC, "%s: is none of the files that `monitor save` writes", f->path);
	if (h->format != FORMAT || h->machine != MACHINE)
		return refuse(
			why, -ENOEXEC, "%s: was saved by another version of this program, or on another architecture", f->path);
	if (h->state_size > STATE_MAX || h->ram_size > f->size || f->size != ram_begins(h->state_size) + h->ram_size)
		return refuse(why, -ENOEXEC, "%s: is not as long as it says: was it cut short?", f->path);
	if (h->mode[SNAPSHOT_MODE - 1])
		return refuse(why, -ENOEXEC, "%s: its header is damaged", f->path);
	return 0;
}

int snapshot_open(struct snapshot *p, const char *path, const struct refusal *why)
{
	struct load_file f;
	struct header h;
	int err = load_open(&f, path, why);

	*p = (struct snapshot){ .path = path, .fd = -1 };
	if (err)
		return err;
	err = load_read(&f, 0, &h, sizeof(h));
	if (err)
		err = refuse(why, err, "%s: is none of the files that `monitor save` writes", path);
	else
		err = check(&f, &h, why);
	if (err) {
		load_close(&f);
		return err;
	}
	*p = (struct snapshot){ .path = path,
		.fd = f.fd,
		.vcpus = h.vcpus,
		.memory = h.memory,
		.ram_at = ram_begins(h.state_size),
		.ram_size = h.ram_size,
		.state_at = HEADER_SIZE,
		.state_size = h.state_size };
	memcpy(p->mode, h.mode, sizeof(p->mode));
	return 0;
}

void snapshot_close(struct snapshot *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static int read_bytes(const struct snapshot *p, uint64_t at, void *buf, uint64_t len, const struct refusal *why)
{
	struct load_file f = { .path = p->path, .fd = p->fd };
	int err = load_read(&f, at, buf, len);

	return err ? refuse(why, err, "%s: %s", p->path, err == -ENODATA ? "ends too early" : strerror(-err)) : 0;
}

/* The next bytes that are no hole, from *at on: *at and their number, 0 when there are none up to the end. */
static uint64_t next_data(const struct snapshot *p, uint64_t *at, uint64_t end)
{
	off_t data = lseek(p->fd, (off_t)*at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO)
		return 0;
	/* A filesystem without holes has data everywhere. */
	if (data < 0)
		return end - *at;
	if ((uint64_t)data >= end)
		return 0;
	*at = (uint64_t)data;
	hole = lseek(p->fd, data, SEEK_HOLE);
	return hole < 0 || (uint64_t)hole > end ? end - *at : (uint64_t)hole - *at;
}

static int load_slot(const struct snapshot *p, uint64_t from, const struct ram_slot *slot, const struct refusal *why)
{
	uint64_t at = from, end = from + slot->size, n;
	int err = 0;

	if (madvise(slot->hva, slot->size, MADV_DONTNEED))
		return refuse(why, -errno, "guest memory: %s", strerror(errno));
	for (; !err && at < end && (n = next_data(p, &at, end)); at += n)
		err = read_bytes(p, at, slot->hva + (at - from), n, why);
	return err;
}

int snapshot_load_ram(const struct snapshot *p, const struct ram *ram, const struct refusal *why)
{
	uint64_t from = p->ram_at;
	int err = 0;

	if (ram_size(ram) != p->ram_size)
		return refuse(why, -EINVAL, "%s: is of a machine with other memory", p->path);
	for (unsigned i = 0; !err && i < ram->n; i++) {
		err = load_slot(p, from, &ram->slot[i], why);
		from += ram->slot[i].size;
	}
	return err;
}

int snapshot_load_state(const struct snapshot *p, struct state *s, const struct refusal *why)
{
	*s = (struct state){ .loads = true, .bytes = malloc(p->state_size + 1), .n = p->state_size, .why = why };
	return s->bytes ? read_bytes(p, p->state_at, s->bytes, p->state_size, why) : refuse(why, -ENOMEM, "out of memory");
}

/* ---- writing ---- */

static int write_bytes(void *fd, uint64_t at, const void *bytes, size_t size)
{
	return files_put(*(const int *)fd, at, bytes, size);
}

static int write_slot(int fd, uint64_t at, const struct ram_slot *slot, host_hide_fn *hide, void *arg)
{
	uint8_t bytes[CHUNK];
	int err = 0;

	for (uint64_t i = 0; !err && i < slot->size;) {
		size_t n = slot->size - i < CHUNK ? slot->size - i : CHUNK;

		memcpy(bytes, slot->hva + i, n);
		hide(arg, slot->gpa + i, bytes, n);
		err = sparse_write(write_bytes, &fd, at + i, bytes, n);
		i += n;
	}
	return err;
}

static int write_ram(const struct snapshot *p, int fd, const struct ram *ram, host_hide_fn *hide, void *arg)
{
	uint64_t at = p->ram_at;
	int err = ftruncate(fd, (off_t)(p->ram_at + p->ram_size)) ? -errno : 0;

	for (unsigned i = 0; !err && i < ram->n; i++) {
		err = write_slot(fd, at, &ram->slot[i], hide, arg);
		at += ram->slot[i].size;
	}
	return err;
}

int snapshot_write(struct snapshot *p, int fd, const struct ram *ram, const struct state *s, host_hide_fn *hide, void *arg,
	const struct refusal *why)
{
	struct header h = { .magic = MAGIC,
		.format = FORMAT,
		.machine = MACHINE,
		.vcpus = p->vcpus,
		.memory = p->memory,
		.state_size = s->n,
		.ram_size = ram_size(ram) };
	int err;

	memcpy(h.mode, p->mode, sizeof(h.mode));
	p->ram_size = h.ram_size;
	p->ram_at = ram_begins(s->n);
	err = write_ram(p, fd, ram, hide, arg);
	if (!err)
		err = files_put(fd, HEADER_SIZE, s->bytes, s->n);
	/* Last: a file without a header is none. */
	if (!err)
		err = files_put(fd, 0, &h, sizeof(h));
	return err ? refuse(why, err, "cannot write the machine: %s", strerror(-err)) : 0;
}
