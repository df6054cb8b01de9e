/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers as notes of a core file: as Linux has them for a process (<linux/elfcore.h>), and as KVM has them. */
#include "core_notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../reg/list.h"

/* struct elf_prstatus of a 64-bit architecture. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112
#define PRSTATUS_END 8
#define NT_PRSTATUS 1

#define BLOCK_HEAD 24
#define BLOCK_NAME 16
#define REGS_HEAD 16

static void put(uint8_t *to, uint64_t value, unsigned size, bool big_endian)
{
	for (unsigned i = 0; i < size; i++)
		to[big_endian ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

static int pad(FILE *to, size_t size, size_t multiple)
{
	static const char zeroes[8];
	size_t n = (multiple - size % multiple) % multiple;

	return fwrite(zeroes, 1, n, to) == n ? 0 : -ENOMEM;
}

int core_note(FILE *to, const char *name, uint32_t type, const void *desc, size_t size)
{
	const uint32_t head[3] = { (uint32_t)strlen(name) + 1, (uint32_t)size, type };

	if (fwrite(head, sizeof(head), 1, to) != 1 || fwrite(name, head[0], 1, to) != 1 || pad(to, head[0], 4))
		return -ENOMEM;
	return fwrite(desc, 1, size, to) == size ? pad(to, size, 4) : -ENOMEM;
}

/* A register that can not be read is 0. */
static int write_prstatus(struct vcpu *v, FILE *to)
{
	const struct arch_linux *os = v->guest->arch->os;
	bool big_endian = v->guest->arch->big_endian;
	size_t size = PRSTATUS_REGS + 8u * os->words + PRSTATUS_END;
	uint8_t *bytes = calloc(1, size);
	int err;

	if (!bytes)
		return -ENOMEM;
	put(bytes + PRSTATUS_PID, v->nr + 1, 4, big_endian);
	for (unsigned n = 0; n < os->words; n++) {
		uint64_t word = 0;

		if (!os->general(&v->regs.view, n, &word))
			put(bytes + PRSTATUS_REGS + 8 * n, word, 8, big_endian);
	}
	err = core_note(to, "CORE", NT_PRSTATUS, bytes, size);
	free(bytes);
	return err;
}

/* ---- vectors */

static void put_named(struct vcpu *v, const struct linux_note_part *part, uint8_t *bytes)
{
	const struct tdesc *d = &v->guest->tdesc;
	uint8_t *value = malloc(d->max_size);

	for (unsigned n = 0; value && part->names[n]; n++) {
		int reg = tdesc_by_name(d, part->names[n]);
		ssize_t size = reg < 0 ? reg : regfile_read(&v->regs, (unsigned)reg, value, d->max_size);

		if (size > 0)
			memcpy(bytes + part->at + n * part->stride, value, size < part->stride ? (size_t)size : part->stride);
	}
	free(value);
}

/* NULL: this vCPU has none, or there is no memory. */
static uint8_t *read_block(struct vcpu *v, unsigned nr)
{
	struct transport *t = &v->guest->transport;
	struct reg_item item = { .key = KEY_BLOCK(nr, 0, 0), .value = calloc(1, t->arch->regs.blocks[nr].size) };

	if (item.value && (transport_get(t, v->nr, &item, 1) || item.err)) {
		free(item.value);
		item.value = NULL;
	}
	return item.value;
}

static int write_block_note(struct vcpu *v, const struct linux_note *note, FILE *to)
{
	const char *name = note->linux_name ? "LINUX" : "CORE";
	uint8_t *bytes = read_block(v, note->block);
	size_t size = note->size ? note->size : note->size_of(&v->regs.view);
	uint64_t head;
	int err;

	if (bytes && note->head_key && !v->regs.view.get(&v->regs.view, note->head_key, &head))
		put(bytes + note->head_at, head, 8, false);
	err = bytes ? core_note(to, name, note->type, bytes, size) : 0;
	free(bytes);
	return err;
}

static int write_note(struct vcpu *v, const struct linux_note *note, FILE *to)
{
	uint8_t *bytes;
	int err;

	if (!note->parts)
		return write_block_note(v, note, to);
	bytes = calloc(1, note->size);
	if (!bytes)
		return -ENOMEM;
	for (const struct linux_note_part *part = note->parts; part->names; part++)
		put_named(v, part, bytes);
	err = core_note(to, note->linux_name ? "LINUX" : "CORE", note->type, bytes, note->size);
	free(bytes);
	return err;
}

/* ---- what KVM has */

static int write_block(struct vcpu *v, unsigned nr, FILE *to)
{
	const struct arch *arch = v->guest->arch;
	const struct arch_block *block = &arch->regs.blocks[nr];
	uint8_t *value = read_block(v, nr), *desc = value ? calloc(1, BLOCK_HEAD + block->size) : NULL;
	int err = value ? -ENOMEM : 0;

	if (desc) {
		put(desc, 1, 4, arch->big_endian);
		put(desc + 4, v->nr, 4, arch->big_endian);
		strncpy((char *)desc + 8, block->name, BLOCK_NAME - 1);
		memcpy(desc + BLOCK_HEAD, value, block->size);
		err = core_note(to, CORE_NOTE_NAME, CORE_NOTE_BLOCK, desc, BLOCK_HEAD + block->size);
	}
	free(desc);
	free(value);
	return err;
}

static int write_value(struct vcpu *v, uint64_t id, FILE *to)
{
	bool big_endian = v->guest->arch->big_endian;
	struct reg_item item = { .key = id, .value = calloc(1, KEY_SIZE(id)) };
	size_t size = KEY_SIZE(id);
	uint8_t head[16];
	int err = item.value ? transport_get(&v->guest->transport, v->nr, &item, 1) : -ENOMEM;

	if (!err && item.err)
		size = 0;
	put(head, id, 8, big_endian);
	put(head + 8, size, 4, big_endian);
	put(head + 12, (uint32_t)item.err, 4, big_endian);
	if (!err && (fwrite(head, sizeof(head), 1, to) != 1 || fwrite(item.value, 1, size, to) != size || pad(to, size, 8)))
		err = -ENOMEM;
	free(item.value);
	return err;
}

static int write_values(struct vcpu *v, const uint64_t *ids, unsigned n, FILE *to)
{
	bool big_endian = v->guest->arch->big_endian;
	uint8_t head[REGS_HEAD] = { 0 };
	int err = 0;

	put(head, 1, 4, big_endian);
	put(head + 4, v->nr, 4, big_endian);
	put(head + 8, n, 4, big_endian);
	if (fwrite(head, sizeof(head), 1, to) != 1)
		return -ENOMEM;
	for (unsigned i = 0; !err && i < n; i++)
		err = write_value(v, ids[i], to);
	return err;
}

static int write_regs(struct vcpu *v, FILE *to)
{
	uint64_t *ids;
	int n = list_ids(&v->guest->transport, v->nr, &ids), err;
	char *text = NULL;
	size_t size;
	FILE *desc;

	if (n <= 0)
		return n == -ENOMEM ? n : 0;
	desc = open_memstream(&text, &size);
	err = desc ? write_values(v, ids, (unsigned)n, desc) : -ENOMEM;
	if (desc && fclose(desc))
		err = -ENOMEM;
	if (!err)
		err = core_note(to, CORE_NOTE_NAME, CORE_NOTE_REGS, text, size);
	free(text);
	free(ids);
	return err;
}

int core_vcpu_notes(struct vcpu *v, FILE *to)
{
	const struct arch *arch = v->guest->arch;
	int err = arch->os ? write_prstatus(v, to) : 0;

	for (unsigned n = 0; !err && arch->os && n < arch->os->nnotes; n++)
		err = write_note(v, &arch->os->notes[n], to);
	if (!err)
		err = write_regs(v, to);
	for (unsigned nr = 0; !err && nr < arch->regs.nblocks; nr++)
		err = write_block(v, nr, to);
	return err;
}
