/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the mappings of guest RAM and how they are read and written. Knows nothing of KVM or of what lies in RAM. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

int ram_map(struct ram *ram, const struct refusal *why)
{
	ram->self = getpid();
	for (unsigned i = 0; i < ram->n; i++) {
		struct ram_piece *p = &ram->piece[i];
		void *at = MAP_FAILED;

		errno = ENOMEM;
		if (p->size <= SIZE_MAX)
			at = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at == MAP_FAILED)
			return refuse(
				why, -errno, "cannot map 0x%" PRIx64 " bytes of guest memory: %s", p->size, strerror(errno));
		p->hva = at;
	}
	return 0;
}

void ram_unmap(struct ram *ram)
{
	for (unsigned i = 0; i < ram->n; i++) {
		if (ram->piece[i].hva)
			munmap(ram->piece[i].hva, ram->piece[i].size);
	}
	memset(ram, 0, sizeof(*ram));
}

const struct ram_piece *ram_find(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < ram->n; i++) {
		const struct ram_piece *p = &ram->piece[i];

		if (gpa >= p->gpa && gpa - p->gpa < p->size && len <= p->size - (gpa - p->gpa))
			return p;
	}
	return NULL;
}

uint64_t ram_size(const struct ram *ram)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < ram->n; i++)
		size += ram->piece[i].size;
	return size;
}

uint8_t *ram_at(const struct ram *ram, uint64_t gpa, size_t *len)
{
	const struct ram_piece *p = ram_find(ram, gpa, 1);

	if (!p || !p->hva)
		return NULL;
	if (*len > p->size - (gpa - p->gpa))
		*len = p->size - (gpa - p->gpa);
	return p->hva + (gpa - p->gpa);
}

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

ssize_t ram_read(const struct ram *ram, uint64_t gpa, void *buf, size_t len)
{
	uint8_t *hva = ram_at(ram, gpa, &len);

	return hva ? copy(ram->self, hva, buf, len, false) : -EFAULT;
}

ssize_t ram_write(const struct ram *ram, uint64_t gpa, const void *buf, size_t len)
{
	uint8_t *hva = ram_at(ram, gpa, &len);

	return hva ? copy(ram->self, hva, (void *)buf, len, true) : -EFAULT;
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
		at += (size_t)snprintf(text + at, size - at, "%s0x%" PRIx64 "..0x%" PRIx64, i ? " and " : "", ram->piece[i].gpa,
			ram->piece[i].gpa + ram->piece[i].size);
}
