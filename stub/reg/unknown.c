/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows for ids that a newer kernel has and the table has not. Whether these can be read is not decided here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "msrs.h"
#include "unknown.h"

#define SIZE_MAX_UNKNOWN 4096 /* bytes: what fits into a packet */

/* Types of what GDB has no integer for. */
static const struct tdesc_vector vectors[] = {
	{ "bytes32", "uint8", 32, NULL },
	{ "bytes64", "uint8", 64, NULL },
	{ "bytes128", "uint8", 128, NULL },
	{ "bytes256", "uint8", 256, NULL },
	{ "bytes512", "uint8", 512, NULL },
	{ "bytes1024", "uint8", 1024, NULL },
	{ "bytes2048", "uint8", 2048, NULL },
	{ "bytes4096", "uint8", 4096, NULL },
};

/* Whether the row is this id; where the row's size depends on the vCPU, of any size. */
static bool row_is(const struct reg_row *row, uint64_t id)
{
	uint64_t size = row->times ? (uint64_t)15 << 52 : 0;

	return row->key && ((row->key ^ id) & ~size) == 0;
}

static bool is_known(const struct arch *arch, uint64_t id)
{
	const struct tdesc_table *table = arch->tdesc;

	for (unsigned i = 0; i < arch->regs.ncomputed; i++)
		if (arch->regs.computed[i].of == id)
			return true;
	for (unsigned i = 0; i < table->nfeatures; i++)
		for (unsigned j = 0; j < table->features[i].nrows; j++)
			if (row_is(&table->features[i].rows[j], id))
				return true;
	return false;
}

static void add_row(struct tdesc_unknown *u, uint64_t id)
{
	unsigned i = u->feature.nrows++, size = KEY_SIZE(id);
	struct unknown_text *text = &u->texts[i];

	if (is_msr(id))
		snprintf(text->name, sizeof(text->name), "msr_%08" PRIx32, (uint32_t)id);
	else
		snprintf(text->name, sizeof(text->name), "reg_%016" PRIx64, id);
	snprintf(text->attributes, sizeof(text->attributes), " type=\"%s%u\" group=\"%s\" save-restore=\"no\"",
		size > 16 ? "bytes" : "uint", size > 16 ? size : size * 8, is_msr(id) ? "msr" : "unknown");
	u->rows[i] = (struct reg_row){
		.name = text->name, .bits = size * 8, .attributes = text->attributes, .key = id, .kind = REG_UNKNOWN
	};
}

struct tdesc_unknown *unknown_rows(const struct arch *arch, const uint64_t *ids, unsigned n)
{
	struct tdesc_unknown *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->rows = calloc(n + 1, sizeof(*u->rows));
	u->texts = calloc(n + 1, sizeof(*u->texts));
	if (!u->rows || !u->texts) {
		unknown_free(u);
		return NULL;
	}
	u->feature = (struct tdesc_feature){ .name = "org.kvm.unknown",
		.types = "",
		.rows = u->rows,
		.vectors = vectors,
		.nvectors = sizeof(vectors) / sizeof(vectors[0]) };
	for (unsigned i = 0; i < n; i++)
		if (KEY_SIZE(ids[i]) <= SIZE_MAX_UNKNOWN && !is_known(arch, ids[i]))
			add_row(u, ids[i]);
	return u;
}

void unknown_free(struct tdesc_unknown *u)
{
	if (!u)
		return;
	free(u->rows);
	free(u->texts);
	free(u);
}
