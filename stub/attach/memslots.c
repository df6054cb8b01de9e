/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns which way to the memory slots is taken, and what the user tells of them. */
#include "memslots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memslots_bpf.h"
#include "memslots_queries.h"

/* ---- found ---- */

static int read_by_bpf(
	const struct memslots_vm *vm, struct memslots_bpf **bpf, struct memslots *found, const struct refusal *why)
{
	int err = vm->no_bpf ? refuse(why, -EPERM, "BPF is not to be used") : 0;

	if (!err && !*bpf)
		err = memslots_bpf_open(vm, bpf, why);
	if (!err)
		err = memslots_bpf_read(*bpf, found, why);
	found->source = "BPF, from the kernel";
	if (err) {
		memslots_bpf_close(*bpf);
		*bpf = NULL;
	}
	return err;
}

static int read_by_queries(const struct memslots_vm *vm, struct memslots *found, const struct refusal *why)
{
	found->n = 0;
	found->source = "what KVM refuses";
	return memslots_queries_read(vm, found, why);
}

static int read_by_calls(const struct memslots_vm *vm, struct memslots *found, const struct refusal *why)
{
	int err;

	if (!vm->seen || !vm->seen->n)
		return refuse(why, -ENODATA, "the VMM was not seen to set any");
	free(found->slot);
	err = memslots_copy(found, vm->seen);
	found->by_calls = !err;
	found->source = vm->seen_is_all ? "set by the VMM before the guest began"
					: "set by the VMM before the guest began, or seen since";
	return err ? refuse(why, err, "out of memory") : 0;
}

/* What the VMM was seen to do is the cheapest, and the surest as long as it is all; KVM tells of later changes as well, where it does. */
static int read_without_bpf(const struct memslots_vm *vm, struct memslots *found, const struct refusal *why)
{
	int err = vm->seen_is_all ? read_by_calls(vm, found, NULL) : -ENODATA;

	if (err)
		err = read_by_queries(vm, found, why);
	return err && !read_by_calls(vm, found, NULL) ? 0 : err;
}

int memslots_find(const struct memslots_vm *vm, struct memslots *slots, const struct refusal *why)
{
	char by_bpf[240] = "", by_queries[240] = "";
	struct memslots found = { 0 };
	int err = read_by_bpf(vm, &slots->bpf, &found, &(struct refusal){ by_bpf, sizeof(by_bpf) });

	if (err)
		err = read_without_bpf(vm, &found, &(struct refusal){ by_queries, sizeof(by_queries) });
	if (!err) {
		found.bpf = slots->bpf;
		free(slots->slot);
		*slots = found;
		return found.n ? 0 : refuse(why, -ENXIO, "the VM has no memory yet");
	}
	free(found.slot);
	return refuse(
		why, err, "the guest's memory is not found: %s; %s; --ram GPA:SIZE:HVA tells where it is", by_bpf, by_queries);
}

bool memslots_changed(const struct memslots *slots)
{
	return slots->bpf && memslots_bpf_changed(slots->bpf);
}

void memslots_free(struct memslots *slots)
{
	memslots_bpf_close(slots->bpf);
	free(slots->slot);
	*slots = (struct memslots){ 0 };
}

/* ---- told ---- */

/* A number at *text, with one of these letters behind it, and then `end`. */
static bool parse_number(const char **text, const char *units, char end, uint64_t *value)
{
	static const char letters[] = "KMGT";
	const char *letter;
	unsigned long long number;
	unsigned shift = 0;
	char *rest;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	number = strtoull(*text, &rest, 0);
	letter = *rest ? strchr(units, *rest) : NULL;
	if (letter) {
		shift = 10 * (unsigned)(strchr(letters, *letter) - letters + 1);
		rest++;
	}
	*value = number << shift;
	*text = rest + 1;
	return !errno && *rest == end && *value >> shift == number;
}

int memslots_parse(const char *text, struct memslots *slots, const struct refusal *why)
{
	struct memslot slot = { .id = slots->n };
	const char *rest = text;
	int err;

	if (!parse_number(&rest, "", ':', &slot.gpa) || !parse_number(&rest, "KMGT", ':', &slot.size) ||
		!parse_number(&rest, "", 0, &slot.hva))
		return refuse(why, -EINVAL, "--ram %s: not GPA:SIZE:HVA, as in 0x40000000:128M:0x7f3200000000", text);
	err = memslots_add(slots, &slot);
	if (err == -EINVAL)
		return refuse(why, err, "--ram %s: it is empty, or goes beyond all addresses", text);
	if (err == -EEXIST)
		return refuse(why, err, "--ram %s: it overlaps memory that was told before", text);
	if (err)
		return refuse(why, err, "--ram %s: %s", text, strerror(-err));
	slots->source = "--ram";
	return 0;
}
