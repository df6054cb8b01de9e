/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of the Devicetree Specification v0.4, chapter 5. Knows no binding. */
#include "fdt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_END = 9
};

#define FDT_MAGIC 0xd00dfeed
#define FDT_VERSION 17
#define FDT_COMPATIBLE 16
#define FDT_HEADER 40
#define FDT_RESERVATIONS 16 /* one entry, the zero one that ends the list */

static void put_be32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Appends, filled up to a multiple of `align` (a power of two) with zeroes. */
static void append(struct fdt *f, const void *data, size_t size, size_t align)
{
	size_t padding = -size & (align - 1);

	if (f->bad || size > f->size - f->used || padding > f->size - f->used - size) {
		f->bad = true;
		return;
	}
	if (size)
		memcpy(f->buf + f->used, data, size);
	memset(f->buf + f->used + size, 0, padding);
	f->used += size + padding;
}

static void append_be32(struct fdt *f, uint32_t value)
{
	uint8_t bytes[4];

	put_be32(bytes, value);
	append(f, bytes, sizeof(bytes), 4);
}

static uint32_t offset_of_name(struct fdt *f, const char *name)
{
	size_t len = strlen(name) + 1, at = 0;

	while (at < f->names_used && strcmp(f->names + at, name))
		at += strlen(f->names + at) + 1;
	if (at == f->names_used) {
		if (len > sizeof(f->names) - f->names_used) {
			f->bad = true;
			return 0;
		}
		memcpy(f->names + at, name, len);
		f->names_used += len;
	}
	return (uint32_t)at;
}

void fdt_start(struct fdt *f, void *buf, size_t size)
{
	static const uint8_t zeroes[FDT_HEADER + FDT_RESERVATIONS];

	*f = (struct fdt){ .buf = buf, .size = size };
	append(f, zeroes, sizeof(zeroes), 8);
}

void fdt_begin(struct fdt *f, const char *name)
{
	append_be32(f, FDT_BEGIN_NODE);
	append(f, name, strlen(name) + 1, 4);
	f->depth++;
}

void fdt_begin_at(struct fdt *f, const char *name, uint64_t address)
{
	char full[64];

	snprintf(full, sizeof(full), "%s@%" PRIx64, name, address);
	fdt_begin(f, full);
}

void fdt_end(struct fdt *f)
{
	append_be32(f, FDT_END_NODE);
	if (f->depth == 0)
		f->bad = true;
	else
		f->depth--;
}

void fdt_bytes(struct fdt *f, const char *name, const void *value, size_t size)
{
	append_be32(f, FDT_PROP);
	append_be32(f, (uint32_t)size);
	append_be32(f, offset_of_name(f, name));
	append(f, value, size, 4);
}

void fdt_string(struct fdt *f, const char *name, const char *value)
{
	fdt_bytes(f, name, value, strlen(value) + 1);
}

void fdt_cells(struct fdt *f, const char *name, unsigned n, const uint32_t *cells)
{
	append_be32(f, FDT_PROP);
	append_be32(f, n * 4);
	append_be32(f, offset_of_name(f, name));
	for (unsigned i = 0; i < n; i++)
		append_be32(f, cells[i]);
}

size_t fdt_finish(struct fdt *f)
{
	size_t structure = FDT_HEADER + FDT_RESERVATIONS, names;

	append_be32(f, FDT_END);
	names = f->used;
	append(f, f->names, f->names_used, 4);
	if (f->bad || f->depth)
		return 0;

	const uint32_t header[FDT_HEADER / 4] = { FDT_MAGIC, (uint32_t)f->used, (uint32_t)structure, (uint32_t)names,
		FDT_HEADER, FDT_VERSION, FDT_COMPATIBLE, 0, (uint32_t)f->names_used, (uint32_t)(names - structure) };

	for (unsigned i = 0; i < FDT_HEADER / 4; i++)
		put_be32(f->buf + 4 * i, header[i]);
	return f->used;
}

bool fdt_is(const uint8_t *at)
{
	uint8_t magic[4];

	put_be32(magic, FDT_MAGIC);
	return !memcmp(at, magic, sizeof(magic));
}
