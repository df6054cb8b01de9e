/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor linux`: where a Linux kernel runs in the guest, with KASLR or before its MMU is on, as gdb takes it. Neither its symbols
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

#define PREFIX "Linux version "
#define BANNER_MAX 512

/* How far to look, up and down: more than any kernel's code, but for some with sanitizers. Hundredths of a second for each. */
#define REACH (64ull << 20)
#define CHUNK 0x10000ull

struct banner {
	uint64_t va, pa;
	char text[BANNER_MAX]; /* without its newline */
};

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

static void keep_text(struct banner *b, const char *text)
{
	size_t n = 0;

	for (; text[n] != '\n'; n++)
		b->text[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	b->text[n] = '\0';
}

/* The first banner that begins in this chunk. */
static bool look_in_chunk(struct memory *m, uint64_t pa, struct banner *b, ssize_t *read)
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
static bool look_up(struct memory *m, uint64_t pa, struct banner *b)
{
	ssize_t n = CHUNK;

	for (uint64_t end = pa + REACH; pa < end && n >= (ssize_t)CHUNK; pa += CHUNK)
		if (look_in_chunk(m, pa, b, &n))
			return true;
	return false;
}

static bool look_down(struct memory *m, uint64_t pa, struct banner *b)
{
	ssize_t n = CHUNK;

	for (uint64_t end = pa > REACH ? pa - REACH : 0; pa > end && n > 0;)
		if (look_in_chunk(m, pa -= CHUNK, b, &n))
			return true;
	return false;
}

/* 0; -ENOENT: no kernel around addr; -EFAULT: there is, but its banner is not mapped as it is mapped around addr. */
static int look_from(struct vcpu *v, uint64_t addr, struct banner *b)
{
	struct arch_page page;
	uint64_t chunk;

	if (memory_translate(&v->space, addr, &page))
		return -ENOENT;
	/* A kernel's read-only data are behind its code, but for the code that it frees after booting. */
	chunk = page.pa & ~(CHUNK - 1);
	if (!look_up(&v->guest->memory, chunk, b) && !look_down(&v->guest->memory, chunk, b))
		return -ENOENT;
	b->va = addr + (b->pa - page.pa);
	return !memory_translate(&v->space, b->va, &page) && page.pa == b->pa ? 0 : -EFAULT;
}

/* From where the vCPU's exceptions go, which is in the kernel wherever the vCPU is; before that is set, from where the vCPU is. */
static int find_banner(struct vcpu *v, struct banner *b)
{
	uint64_t key = v->guest->arch->walk.handler, handler;
	int err = -ENOENT;

	if (key && !v->regs.view.get(&v->regs.view, key, &handler))
		err = look_from(v, handler, b);
	return err == -ENOENT ? look_from(v, memory_of_pc(&v->space), b) : err;
}

int do_linux(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	struct banner b;
	int err = find_banner(g->current, &b);

	(void)words;
	if (err == -ENOENT)
		return refuse(&g->refusal, err,
			"no Linux kernel was found within %llu MiB of where exceptions go, nor of the pc", REACH >> 20);
	if (err)
		return refuse(&g->refusal, err,
			"%.60s is at guest-physical 0x%llx, and is not mapped now, as while a user's program "
			"runs (KPTI): stop in the kernel",
			b.text, (unsigned long long)b.pa);
	out->print(out->arg, b.text);
	say(out, "\nis linux_banner, at 0x%llx (guest-physical 0x%llx). To give gdb its vmlinux; x/s then shows the same:\n",
		(unsigned long long)b.va, (unsigned long long)b.pa);
	say(out, "symbol-file vmlinux\nsymbol-file -o 0x%llx-(long)&linux_banner vmlinux\nx/s &linux_banner\n",
		(unsigned long long)b.va);
	return 0;
}
