/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a boot loader of a PC has told the guest, printed: the command line, each module with its text and its first line, and how much RAM
 * there is. It ends with 0, or with the number of what was wrong.
 */
#include <stdint.h>

void loader_main(uint32_t magic, const uint32_t *info);

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *s)
{
	while (*s)
		out(0x3f8, (uint8_t)*s++);
}

static void print_number(uint64_t n)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		out(0x3f8, (uint8_t) "0123456789abcdef"[n >> shift & 15]);
}

static void print_module(const char *text, const char *from, const char *to)
{
	print("module '");
	print(text);
	print("': ");
	while (from < to && *from != '\n')
		out(0x3f8, (uint8_t)*from++);
	print("\n");
}

static void print_line(const char *text)
{
	print("command line '");
	print(text);
	print("'\n");
}

static void print_ram(uint64_t bytes)
{
	print("RAM 0x");
	print_number(bytes);
	print("\n");
}

#define AT(address) ((const void *)(address))

#if LOADER == 1

static uint8_t read_info(uint32_t magic, const uint32_t *info)
{
	uint64_t ram = 0;

	if (magic != 0x2badb002)
		return 1;
	if ((info[0] & 0x4d) != 0x4d)
		return 2;
	print_line(AT(info[4]));
	for (uint32_t i = 0; i < info[5]; i++) {
		const uint32_t *m = (const uint32_t *)AT(info[6]) + 4 * i;

		print_module(AT(m[2]), AT(m[0]), AT(m[1]));
	}
	for (uint32_t at = info[12]; at < info[12] + info[11]; at += *(const uint32_t *)AT(at) + 4)
		if (*(const uint32_t *)AT(at + 20) == 1)
			ram += *(const uint64_t *)AT(at + 12);
	print_ram(ram);
	return 0;
}

#elif LOADER == 2

static uint64_t map_tag(const uint32_t *tag)
{
	uint64_t ram = 0;

	for (uint32_t at = 16; at < tag[1]; at += tag[2]) {
		const uint8_t *entry = (const uint8_t *)tag + at;

		if (*(const uint32_t *)(entry + 16) == 1)
			ram += *(const uint64_t *)(entry + 8);
	}
	return ram;
}

static uint8_t read_info(uint32_t magic, const uint32_t *info)
{
	uint32_t size = info[0];

	if (magic != 0x36d76289)
		return 1;
	for (uint32_t at = 8; at < size;) {
		const uint32_t *tag = (const uint32_t *)((const uint8_t *)info + at);

		if (tag[0] == 0)
			return at + 8 == size ? 0 : 3;
		if (tag[0] == 1)
			print_line((const char *)(tag + 2));
		if (tag[0] == 3)
			print_module((const char *)(tag + 4), AT(tag[2]), AT(tag[3]));
		if (tag[0] == 6)
			print_ram(map_tag(tag));
		at += (tag[1] + 7) & ~7u;
	}
	return 4;
}

#else

static uint8_t read_info(uint32_t magic, const uint32_t *info)
{
	uint64_t ram = 0;

	(void)magic;
	if (info[0] != 0x336ec578)
		return 1;
	if (info[1] != 1)
		return 2;
	print_line(AT(info[6]));
	for (uint32_t i = 0; i < info[3]; i++) {
		const uint32_t *m = (const uint32_t *)AT(info[4]) + 8 * i;

		print_module(m[4] ? AT(m[4]) : "", AT(m[0]), AT(m[0] + m[2]));
	}
	for (uint32_t i = 0; i < info[12]; i++) {
		const uint64_t *entry = (const uint64_t *)AT(info[10]) + 3 * i;

		if ((uint32_t)entry[2] == 1)
			ram += entry[1];
	}
	print_ram(ram);
	return 0;
}

#endif

void loader_main(uint32_t magic, const uint32_t *info)
{
	out(0xf4, read_info(magic, info));
}
