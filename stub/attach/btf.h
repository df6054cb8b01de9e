/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where members of the kernel's structs lie, as the kernel's own description of its types tells: BTF, of /sys/kernel/btf
 * (Documentation/bpf/btf.rst). What is read is not believed: it may be cut short or be nonsense, and is then refused.
 */
#ifndef BTF_H
#define BTF_H

#include <stddef.h>
#include <stdint.h>

#include "../refuse.h"

/* One file of BTF, in the byte order of this computer. */
struct btf_bytes {
	const void *bytes; /* aligned as malloc() does */
	size_t size;
};

/* A member that is looked for. Of a struct of a struct without a name, as if it were one of the outer struct. */
struct btf_member_at {
	const char *type; /* struct's name: all that are of one struct stand together */
	const char *member;
	uint32_t at;	/* out: bytes from the beginning of the struct on */
	uint32_t size;	/* out: bytes of one element */
	uint32_t count; /* out: elements of the array, 1 when it is none */
};

/*
 * Finds them all, in one pass over `base` and, if that is not NULL, over `split`: a module's types, which go on from those of
 * base. Of structs of one name the last that has all members is taken. 0; or a sentence and -ENOENT, no such struct or
 * member; -EINVAL, this is no BTF that can be read; -ENOMEM.
 */
int btf_find(const struct btf_bytes *base, const struct btf_bytes *split, struct btf_member_at *members, unsigned n,
	const struct refusal *why);

/* Reads a file as a whole, to be freed: 0 or -errno. -EFBIG: larger than any kernel's. */
int btf_read(const char *path, struct btf_bytes *file);

#endif
