/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the table of guest RAM, and how RAM is read and written. Knows nothing of KVM or of what lies in RAM. */
#include "ram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define FIRST_ROOM 8
#define SMALL_PAGE 0x1000

int ram_open(struct ram *ram)
{
	*ram = (struct ram){ .self = getpid() };
	return -pthread_rwlock_init(&ram->lock, NULL);
}

void ram_drop(struct ram *ram)
{
	for (unsigned i = 0; i < ram->n; i++)
		if (ram->slot[i].ours)
			munmap(ram->slot[i].hva, ram->slot[i].size);
	free(ram->slot);
	ram->slot = NULL;
	ram->n = ram->room = 0;
}

void ram_close(struct ram *ram)
{
	ram_drop(ram);
	pthread_rwlock_destroy(&ram->lock);
}

/* ---- the table ---- */

/* How many slots begin at gpa or below it. */
static unsigned count_up_to(const struct ram *ram, uint64_t gpa)
{
	unsigned low = 0, high = ram->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (ram->slot[middle].gpa <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The slot that gpa is in, or NULL. */
static struct ram_slot *slot_at(const struct ram *ram, uint64_t gpa)
{
	unsigned n = count_up_to(ram, gpa);

	return n && gpa - ram->slot[n - 1].gpa < ram->slot[n - 1].size ? &ram->slot[n - 1] : NULL;
}

static bool overlaps_another(const struct ram *ram, const struct ram_slot *s)
{
	for (unsigned i = 0; i < ram->n; i++) {
		const struct ram_slot *other = &ram->slot[i];

		if (other->nr != s->nr && s->gpa <= other->gpa + (other->size - 1) && other->gpa <= s->gpa + (s->size - 1))
			return true;
	}
	return false;
}

static void take_out(struct ram *ram, uint32_t nr)
{
	unsigned i = 0;

	while (i < ram->n && ram->slot[i].nr != nr)
		i++;
	if (i == ram->n)
		return;
	ram->n--;
	memmove(&ram->slot[i], &ram->slot[i + 1], (ram->n - i) * sizeof(ram->slot[0]));
}

static int make_room(struct ram *ram)
{
	unsigned room = ram->room ? 2 * ram->room : FIRST_ROOM;
	struct ram_slot *slot;

	if (ram->n < ram->room)
		return 0;
	slot = realloc(ram->slot, room * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	ram->slot = slot;
	ram->room = room;
	return 0;
}

static void put_in(struct ram *ram, const struct ram_slot *s)
{
	unsigned i = count_up_to(ram, s->gpa);

	memmove(&ram->slot[i + 1], &ram->slot[i], (ram->n - i) * sizeof(*s));
	ram->slot[i] = *s;
	ram->n++;
}

static int replace(struct ram *ram, const struct ram_slot *s)
{
	int err = make_room(ram);

	if (!err && overlaps_another(ram, s))
		err = -EEXIST;
	if (err)
		return err;
	take_out(ram, s->nr);
	put_in(ram, s);
	return 0;
}

static int set(struct ram *ram, const struct ram_slot *s)
{
	int err = 0;

	if (s->size && s->gpa + (s->size - 1) < s->gpa)
		return -EINVAL;
	pthread_rwlock_wrlock(&ram->lock);
	if (s->size)
		err = replace(ram, s);
	else
		take_out(ram, s->nr);
	pthread_rwlock_unlock(&ram->lock);
	return err;
}

int ram_set(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, void *hva, bool read_only)
{
	return set(ram, &(struct ram_slot){ .nr = nr, .read_only = read_only, .gpa = gpa, .size = size, .hva = hva });
}

static int map(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, bool read_only, const struct refusal *why)
{
	struct ram_slot s = { .nr = nr, .ours = true, .read_only = read_only, .gpa = gpa, .size = size };
	void *at = MAP_FAILED;
	int err;

	errno = ENOMEM;
	if (size <= SIZE_MAX)
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return refuse(why, -errno, "cannot map 0x%" PRIx64 " bytes of guest memory: %s", size, strerror(errno));
	s.hva = at;
	err = set(ram, &s);
	if (!err)
		return 0;
	munmap(at, size);
	return refuse(why, err, "guest memory at 0x%" PRIx64 ": %s", gpa, strerror(-err));
}

int ram_map(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, const struct refusal *why)
{
	return map(ram, nr, gpa, size, false, why);
}

int ram_map_rom(struct ram *ram, uint32_t nr, uint64_t gpa, uint64_t size, const struct refusal *why)
{
	return map(ram, nr, gpa, size, true, why);
}

bool ram_nth(struct ram *ram, unsigned n, struct ram_slot *slot)
{
	bool has;

	pthread_rwlock_rdlock(&ram->lock);
	has = n < ram->n;
	if (has)
		*slot = ram->slot[n];
	pthread_rwlock_unlock(&ram->lock);
	return has;
}

/* ---- bytes ---- */

/* Where process_vm_readv is not built in, or a seccomp filter forbids it: the same through the file. */
static ssize_t copy_by_file(uint8_t *hva, void *buf, size_t len, bool write)
{
	int fd = open("/proc/self/mem", (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write ? pwrite(fd, buf, len, (off_t)(uintptr_t)hva) : pread(fd, buf, len, (off_t)(uintptr_t)hva);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/*
 * The kernel stops at a page that cannot be had, be it that nothing is mapped there or that the file behind it ends before: as many
 * bytes as went in front of it, or EFAULT, and no signal (mm/process_vm_access.c). For the file that is EIO (fs/proc/base.c).
 */
static ssize_t copy(pid_t self, uint8_t *hva, void *buf, size_t len, bool write)
{
	struct iovec ours = { buf, len }, guest = { hva, len };
	ssize_t n = write ? process_vm_writev(self, &ours, 1, &guest, 1, 0) : process_vm_readv(self, &ours, 1, &guest, 1, 0);

	if (n < 0 && (errno == ENOSYS || errno == EPERM))
		n = copy_by_file(hva, buf, len, write);
	else if (n < 0)
		n = errno == EFAULT ? -EIO : -errno;
	return n == 0 && len ? -EIO : n;
}

/* Pages of our own mapping are always there: to read them takes no system call. */
static ssize_t copy_slot(const struct ram *ram, const struct ram_slot *s, uint64_t gpa, void *buf, size_t len, bool write)
{
	uint8_t *hva = ram_at(ram, gpa, &len);

	if (!hva)
		return -EFAULT;
	if (write || !s->ours)
		return copy(ram->self, hva, buf, len, write);
	memcpy(buf, hva, len);
	return (ssize_t)len;
}

/* Whoever takes a slot away waits for what goes on in it. */
static ssize_t copy_locked(struct ram *ram, uint64_t gpa, void *buf, size_t len, bool write)
{
	ssize_t n;

	pthread_rwlock_rdlock(&ram->lock);
	n = copy_slot(ram, slot_at(ram, gpa), gpa, buf, len, write);
	pthread_rwlock_unlock(&ram->lock);
	return n;
}

/* What the owner of the memory says it has done. */
static ssize_t told(ssize_t n, size_t len)
{
	return n == 0 || n > (ssize_t)len ? -EIO : n;
}

/* How many of these bytes are in gpa's slot; 0: none. */
static size_t cut(struct ram *ram, uint64_t gpa, size_t len)
{
	const struct ram_slot *s;

	pthread_rwlock_rdlock(&ram->lock);
	s = slot_at(ram, gpa);
	if (!s)
		len = 0;
	else if (len > s->size - (gpa - s->gpa))
		len = s->size - (gpa - s->gpa);
	pthread_rwlock_unlock(&ram->lock);
	return len;
}

ssize_t ram_read(struct ram *ram, uint64_t gpa, void *buf, size_t len)
{
	if (!ram->read)
		return copy_locked(ram, gpa, buf, len, false);
	len = cut(ram, gpa, len);
	return len ? told(ram->read(ram->opaque, gpa, buf, len), len) : -EFAULT;
}

ssize_t ram_write(struct ram *ram, uint64_t gpa, const void *buf, size_t len)
{
	if (!ram->write)
		return copy_locked(ram, gpa, (void *)buf, len, true);
	len = cut(ram, gpa, len);
	return len ? told(ram->write(ram->opaque, gpa, buf, len), len) : -EFAULT;
}

/* At an address that is somebody else's a page may be gone: then nothing is to be touched there. */
static bool is_there(const struct ram *ram, const struct ram_slot *s, uint8_t *hva)
{
	uint8_t byte;

	return s->ours || copy(ram->self, hva, &byte, 1, false) == 1;
}

/* How many of len bytes can be gone together: those of a page, of the smallest kind. */
static size_t in_page(const struct ram_slot *s, uint8_t *hva, size_t len)
{
	size_t rest = SMALL_PAGE - (uintptr_t)hva % SMALL_PAGE;

	return s->ours || len < rest ? len : rest;
}

void ram_visit(struct ram *ram, uint64_t gpa, size_t len, void (*f)(uint8_t *hva, size_t len))
{
	pthread_rwlock_rdlock(&ram->lock);
	while (len) {
		const struct ram_slot *s = slot_at(ram, gpa);
		size_t piece = len;
		uint8_t *hva = ram_at(ram, gpa, &piece);

		if (!hva)
			break;
		piece = in_page(s, hva, piece);
		if (is_there(ram, s, hva))
			f(hva, piece);
		gpa += piece;
		len -= piece;
	}
	pthread_rwlock_unlock(&ram->lock);
}

/* ---- without the lock ---- */

const struct ram_slot *ram_find(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	const struct ram_slot *s = slot_at(ram, gpa);

	return s && len <= s->size - (gpa - s->gpa) ? s : NULL;
}

uint64_t ram_size(const struct ram *ram)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < ram->n; i++)
		size += ram->slot[i].size;
	return size;
}

uint8_t *ram_at(const struct ram *ram, uint64_t gpa, size_t *len)
{
	const struct ram_slot *s = slot_at(ram, gpa);

	if (!s || !s->hva)
		return NULL;
	if (*len > s->size - (gpa - s->gpa))
		*len = s->size - (gpa - s->gpa);
	return s->hva + (gpa - s->gpa);
}

/* FNV-1a, of Fowler, Noll and Vo. */
uint64_t ram_sum(const struct ram *ram, uint64_t gpa, size_t len)
{
	const uint8_t *at = ram_at(ram, gpa, &len);
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; at && i < len; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum;
}

void ram_describe(const struct ram *ram, char *text, size_t size)
{
	size_t at = 0;

	for (unsigned i = 0; i < ram->n && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s0x%" PRIx64 "..0x%" PRIx64, i ? " and " : "", ram->slot[i].gpa,
			ram->slot[i].gpa + ram->slot[i].size);
}
