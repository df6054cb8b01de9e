/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a flattened device tree, front to back, into a buffer of the caller's. When it becomes full the writer remembers,
 * writes no more, and fdt_finish() says so.
 */
#ifndef FDT_H
#define FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_NAMES 1024 /* bytes for the names of properties, each kept once */

struct fdt {
	uint8_t *buf;
	size_t size, used;
	char names[FDT_NAMES];
	size_t names_used;
	unsigned depth;
	bool bad; /* full, or ended more nodes than begun */
};

/* The root node is begun and ended like any other, with the name "". */
void fdt_start(struct fdt *f, void *buf, size_t size);
void fdt_begin(struct fdt *f, const char *name);
void fdt_end(struct fdt *f);

/* "name@address", the address in hexadecimal. */
void fdt_begin_at(struct fdt *f, const char *name, uint64_t address);

void fdt_bytes(struct fdt *f, const char *name, const void *value, size_t size);
void fdt_string(struct fdt *f, const char *name, const char *value);

/* Cells of 32 bits. */
void fdt_cells(struct fdt *f, const char *name, unsigned n, const uint32_t *cells);
#define FDT_CELLS(f, name, ...) \
	fdt_cells(f, name, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), (const uint32_t[]){ __VA_ARGS__ })

/* A 64-bit number as two cells. */
#define FDT_CELLS_OF(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

/* The size of the whole tree; 0 when it did not fit, or nodes are not ended. */
size_t fdt_finish(struct fdt *f);

/* Do these four bytes begin a tree? */
bool fdt_is(const uint8_t *at);

#endif
