/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that stays at its first instruction until a debugger is there, and runs all the while, as far as KVM knows. */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "victim.h"

/* A branch to itself. */
#if defined(__x86_64__)
static const uint16_t turns_round = 0xfeeb;
#elif defined(__aarch64__)
static const uint32_t turns_round = 0x14000000;
#elif defined(__riscv)
static const uint32_t turns_round = 0x0000006f;
#elif defined(__powerpc64__)
static const uint32_t turns_round = 0x48000000;
#endif

static uint8_t *place;
static uint8_t old[sizeof(turns_round)];

static void put(const void *code)
{
	memcpy(place, code, sizeof(old));
	__builtin___clear_cache((char *)place, (char *)place + sizeof(old));
}

/* The images are linked to where they are loaded. */
uint64_t image_entry(const struct victim *v)
{
	int file = open(v->image, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr head;

	if (file < 0 || read(file, &head, sizeof(head)) != sizeof(head))
		err(1, "%s", v->image);
	close(file);
	return head.e_entry;
}

void hold_guest(struct victim *v)
{
	place = v->machine.ram + (image_entry(v) - board_ram);
	memcpy(old, place, sizeof(old));
	put(&turns_round);
}

void let_guest_go(struct victim *v)
{
	(void)v;
	put(old);
}
