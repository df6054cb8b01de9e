/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a Linux kernel runs in the guest, with KASLR or before its MMU is on, as gdb takes it. Neither its symbols
 * nor the addresses it was linked for are known here, and none are guessed: what is looked for is linux_banner (init/version.c), the
 * text that /proc/version shows, which is as far from all else of the kernel as in its vmlinux. gdb has that, and subtracts.
 *
 * The image of a kernel is in one piece of physical memory, so it is gone through from a place that is known to be in it. The
 * guest's memory is not trusted: so much is read and no more, and what is printed are printable characters.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "linux.h"

#define PREFIX LINUX_PREFIX
#define BANNER_MAX LINUX_BANNER_MAX
#define REACH LINUX_REACH

/* REACH is more than any kernel has of code, but for some with sanitizers. Hundredths of a second to look there, up or down. */
#define CHUNK 0x10000ull

/*
 * The banner ends with a newline, which its copy in the kernel's log has not. From 6.1 on there is one more text like it, which nothing
 * refers to, for scripts/link-vmlinux.sh has replaced it: that one has no number behind its "#".
 */
static bool is_banner(const char *text, size_t room)
{
	size_t len = strnlen(text, room < BANNER_MAX ? room : BANNER_MAX);

	return len < room && len < BANNER_MAX && isdigit((unsigned char)text[strlen(PREFIX)]) && text[len - 1] == '\n' &&
	       strstr(text, " #") && !strstr(text, " # ");
}

static void keep_text(struct linux_banner *b, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\n'; n++)
		b->text[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	b->text[n] = '\0';
}

/* The first banner that begins in this chunk. */
static bool look_in_chunk(struct memory *m, uint64_t pa, struct linux_banner *b, ssize_t *read)
{
	char bytes[CHUNK + BANNER_MAX];
	const char *at = bytes;

	*read = memory_read_phys(m, pa, bytes, sizeof(bytes));
	if (*read <= 0)
		return false;
	while ((at = memmem(at, (size_t)(bytes + *read - at), PREFIX, strlen(PREFIX))) && at < bytes + CHUNK) {
		if (is_banner(at, (size_t)(bytes + *read - at))) {
			b->pa = pa + (uint64_t)(at - bytes);
			keep_text(b, at);
			return true;
		}
		at++;
	}
	return false;
}

/* As far as this piece of RAM reaches, and no further than REACH. */
static bool look_up(struct memory *m, uint64_t pa, struct linux_banner *b)
{
	ssize_t n = CHUNK;

	for (uint64_t end = pa + REACH; pa < end && n >= (ssize_t)CHUNK; pa += CHUNK)
		if (look_in_chunk(m, pa, b, &n))
			return true;
	return false;
}

static bool look_down(struct memory *m, uint64_t pa, struct linux_banner *b)
{
	ssize_t n = CHUNK;

	for (uint64_t end = pa > REACH ? pa - REACH : 0; pa > end && n > 0;)
		if (look_in_chunk(m, pa -= CHUNK, b, &n))
			return true;
	return false;
}

/* Is there a kernel around addr? */
static bool look_from(struct vcpu *v, uint64_t addr, struct linux_banner *b)
{
	struct arch_page page;
	uint64_t chunk;

	if (memory_translate(&v->space, addr, &page))
		return false;
	/* A kernel's read-only data are behind its code, but for the code that it frees after booting. */
	chunk = page.pa & ~(CHUNK - 1);
	if (!look_up(&v->guest->memory, chunk, b) && !look_down(&v->guest->memory, chunk, b))
		return false;
	b->vcpu = v;
	b->va = addr + (b->pa - page.pa);
	b->mapped = !memory_translate(&v->space, b->va, &page) && page.pa == b->pa;
	return true;
}

/* From where the vCPU's exceptions go, which is in the kernel wherever the vCPU is; before that is set, from where the vCPU is. */
static bool find_by(struct vcpu *v, struct linux_banner *b)
{
	uint64_t key = v->guest->arch->walk.handler, handler;

	if (key && !v->regs.view.get(&v->regs.view, key, &handler) && look_from(v, handler, b))
		return true;
	return look_from(v, memory_of_pc(&v->space), b);
}

struct vcpu *linux_next_vcpu(struct guest *g, unsigned *nr)
{
	while (*nr < g->n) {
		int err;
		struct vcpu *v = machine_stopped_vcpu(g, ++*nr, &err);

		if (v)
			return v;
	}
	return NULL;
}

bool linux_find(struct guest *g, struct linux_banner *b)
{
	unsigned nr = 0;
	struct vcpu *v = g->current;

	if (find_by(v, b))
		return true;
	while ((v = linux_next_vcpu(g, &nr)))
		if (v != g->current && find_by(v, b))
			return true;
	return false;
}
