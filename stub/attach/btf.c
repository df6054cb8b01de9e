/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns how BTF is read. Every offset, length and type number of it is checked before it is used. Knows nothing of KVM. */
#include "btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256u << 20)
#define DEPTH_MAX 32 /* of typedefs, arrays and structs without a name in each other */
#define LOOKS_MAX 1000000
#define SAME_NAME_MAX 8 /* structs of one name that are looked at */

/* One of the two files. */
struct part {
	const uint8_t *types;
	size_t types_size;
	const char *strings; /* the last byte is 0 */
	uint32_t strings_size;
	uint32_t first; /* number of its first type */
	uint32_t n;
	uint32_t *at; /* of each type, from types on */
};

struct btf {
	struct part part[2];
	unsigned parts;
	unsigned looks; /* at members; of structs that contain themselves there would be no end */
};

/* A struct that is looked for. */
struct wanted {
	struct btf_member_at *member;
	unsigned members;
	uint32_t id[SAME_NAME_MAX]; /* the last ones of this name, in a ring */
	unsigned found;
};

/* What follows a struct btf_type, by its kind: so many bytes, and so many for each of its elements. */
static const struct {
	uint8_t fixed, each;
	bool known;
} tails[] = {
	[BTF_KIND_INT] = { 4, 0, true },
	[BTF_KIND_PTR] = { 0, 0, true },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0, true },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum), true },
	[BTF_KIND_FWD] = { 0, 0, true },
	[BTF_KIND_TYPEDEF] = { 0, 0, true },
	[BTF_KIND_VOLATILE] = { 0, 0, true },
	[BTF_KIND_CONST] = { 0, 0, true },
	[BTF_KIND_RESTRICT] = { 0, 0, true },
	[BTF_KIND_FUNC] = { 0, 0, true },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param), true },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0, true },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo), true },
	[BTF_KIND_FLOAT] = { 0, 0, true },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0, true },
	[BTF_KIND_TYPE_TAG] = { 0, 0, true },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64), true },
};

/* ---- the file ---- */

static int read_all(int fd, uint8_t *to, size_t size, size_t *got)
{
	*got = 0;
	while (*got < size) {
		ssize_t n = read(fd, to + *got, size - *got);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
		if (n > 0)
			*got += (size_t)n;
	}
	return 0;
}

int btf_read(const char *path, struct btf_bytes *file)
{
	struct stat st;
	uint8_t *bytes = NULL;
	int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (st.st_size < 0 || st.st_size > FILE_MAX)
		err = -EFBIG;
	else if (!(bytes = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	else
		err = read_all(fd, bytes, (size_t)st.st_size, &file->size);
	close(fd);
	file->bytes = bytes;
	if (err) {
		free(bytes);
		*file = (struct btf_bytes){ 0 };
	}
	return err;
}

/* ---- types and names ---- */

/* [at, at + size) is a section behind the header. */
static bool is_within(const struct btf_header *h, size_t size, uint32_t at, uint32_t len)
{
	size_t room = size - h->hdr_len;

	return at <= room && len <= room - at;
}

static int open_part(struct part *p, const struct btf_bytes *file, const struct refusal *why)
{
	struct btf_header h;
	const uint8_t *body;

	if (file->size < sizeof(h) || file->size > FILE_MAX)
		return refuse(why, -EINVAL, "the kernel's types (BTF): a file of %zu bytes is none", file->size);
	memcpy(&h, file->bytes, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) || h.hdr_len > file->size ||
		h.hdr_len % 4)
		return refuse(why, -EINVAL, "the kernel's types (BTF): this is another format");
	if (!is_within(&h, file->size, h.type_off, h.type_len) || !is_within(&h, file->size, h.str_off, h.str_len) ||
		h.type_off % 4)
		return refuse(why, -EINVAL, "the kernel's types (BTF): the file is cut short");
	body = (const uint8_t *)file->bytes + h.hdr_len;
	p->types = body + h.type_off;
	p->types_size = h.type_len;
	p->strings = (const char *)body + h.str_off;
	p->strings_size = h.str_len;
	if (h.str_len && p->strings[h.str_len - 1])
		return refuse(why, -EINVAL, "the kernel's types (BTF): the last name has no end");
	return 0;
}

static const char *name_at(const struct btf *b, uint32_t at)
{
	for (unsigned i = 0; i < b->parts; i++) {
		if (at < b->part[i].strings_size)
			return b->part[i].strings + at;
		at -= b->part[i].strings_size;
	}
	return "";
}

static const struct btf_type *type_of(const struct btf *b, uint32_t id)
{
	for (unsigned i = 0; i < b->parts; i++) {
		const struct part *p = &b->part[i];

		if (id >= p->first && id - p->first < p->n)
			return (const struct btf_type *)(p->types + p->at[id - p->first]);
	}
	return NULL;
}

/* Bytes of the type at t and what belongs to it; 0 when there are not as many, or its kind is not known. */
static size_t type_size(const struct btf_type *t, size_t left)
{
	unsigned kind;
	size_t size;

	if (left < sizeof(*t))
		return 0;
	kind = BTF_INFO_KIND(t->info);
	if (kind >= sizeof(tails) / sizeof(tails[0]) || !tails[kind].known)
		return 0;
	size = sizeof(*t) + tails[kind].fixed + (size_t)tails[kind].each * BTF_INFO_VLEN(t->info);
	return size <= left ? size : 0;
}

/* ---- the pass over all types ---- */

static void note_struct(const struct btf *b, const struct btf_type *t, uint32_t id, struct wanted *wanted, unsigned n)
{
	const char *name = name_at(b, t->name_off);

	for (unsigned i = 0; i < n; i++)
		if (!strcmp(name, wanted[i].member[0].type))
			wanted[i].id[wanted[i].found++ % SAME_NAME_MAX] = id;
}

/* Where each type is, and which have the names that are looked for. */
static int index_part(const struct btf *b, struct part *p, struct wanted *wanted, unsigned n, const struct refusal *why)
{
	size_t at = 0, size;

	p->at = malloc((p->types_size / sizeof(struct btf_type) + 1) * sizeof(*p->at));
	if (!p->at)
		return refuse(why, -ENOMEM, "the kernel's types (BTF): %s", strerror(ENOMEM));
	for (; at < p->types_size; at += size) {
		const struct btf_type *t = (const struct btf_type *)(p->types + at);

		size = type_size(t, p->types_size - at);
		if (!size)
			return refuse(why, -EINVAL, "the kernel's types (BTF): type %u cannot be read", p->first + p->n);
		if (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT && t->name_off)
			note_struct(b, t, p->first + p->n, wanted, n);
		p->at[p->n++] = (uint32_t)at;
	}
	return 0;
}

static int add_part(struct btf *b, const struct btf_bytes *file, struct wanted *wanted, unsigned n, const struct refusal *why)
{
	struct part *p = &b->part[b->parts];
	int err = open_part(p, file, why);

	p->first = b->parts ? b->part[0].first + b->part[0].n : 1;
	if (err)
		return err;
	b->parts++;
	return index_part(b, p, wanted, n, why);
}

/* ---- one member ---- */

/* The type that this one is another name of. */
static const struct btf_type *bare_type(const struct btf *b, uint32_t id)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *t = type_of(b, id);

		if (!t)
			return NULL;
		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = t->type;
			continue;
		default:
			return t;
		}
	}
	return NULL;
}

/* Size and number of elements; of an array of arrays the outer one's number. */
static bool measure(const struct btf *b, uint32_t id, struct btf_member_at *m)
{
	uint64_t size = 1;

	m->count = 1;
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *t = bare_type(b, id);
		const struct btf_array *array = (const struct btf_array *)(t + 1);

		if (!t)
			return false;
		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_ARRAY:
			if (depth)
				size *= array->nelems;
			else
				m->count = array->nelems;
			id = array->type;
			break;
		case BTF_KIND_PTR:
			size *= sizeof(void *);
			m->size = (uint32_t)size;
			return size <= UINT32_MAX;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_FLOAT:
			size *= t->size;
			m->size = (uint32_t)size;
			return size <= UINT32_MAX;
		default:
			return false;
		}
		if (size > UINT32_MAX)
			return false;
	}
	return false;
}

static bool find_member(struct btf *b, const struct btf_type *t, struct btf_member_at *want, uint32_t from, unsigned depth)
{
	const struct btf_member *m = (const struct btf_member *)(t + 1);
	bool packed = BTF_INFO_KFLAG(t->info);

	for (unsigned i = 0; i < BTF_INFO_VLEN(t->info) && b->looks < LOOKS_MAX; i++, m++, b->looks++) {
		const char *name = name_at(b, m->name_off);
		uint32_t bit = packed ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
		const struct btf_type *inner;

		if (bit % 8 || (packed && BTF_MEMBER_BITFIELD_SIZE(m->offset)) || from > UINT32_MAX - bit / 8)
			continue;
		want->at = from + bit / 8;
		if (!strcmp(name, want->member) && measure(b, m->type, want))
			return true;
		inner = name[0] || !depth ? NULL : bare_type(b, m->type);
		if (inner && (BTF_INFO_KIND(inner->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(inner->info) == BTF_KIND_UNION) &&
			find_member(b, inner, want, want->at, depth - 1))
			return true;
	}
	return false;
}

/* The first member that the struct has not, or NULL. */
static const struct btf_member_at *try_struct(struct btf *b, const struct wanted *w, uint32_t id)
{
	const struct btf_type *t = type_of(b, id);

	for (unsigned i = 0; i < w->members; i++)
		if (!t || !find_member(b, t, &w->member[i], 0, 4))
			return &w->member[i];
	return NULL;
}

static int settle(struct btf *b, const struct wanted *w, const struct refusal *why)
{
	const struct btf_member_at *missing = NULL;

	if (!w->found)
		return refuse(why, -ENOENT, "the kernel's types (BTF) have no struct %s", w->member[0].type);
	for (unsigned i = 0; i < w->found && i < SAME_NAME_MAX; i++) {
		missing = try_struct(b, w, w->id[(w->found - 1 - i) % SAME_NAME_MAX]);
		if (!missing)
			return 0;
	}
	return refuse(why, -ENOENT, "this kernel's struct %s has no member %s", missing->type, missing->member);
}

/* ---- all of them ---- */

static unsigned group(struct btf_member_at *members, unsigned n, struct wanted *wanted)
{
	unsigned groups = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!i || strcmp(members[i].type, members[i - 1].type))
			wanted[groups++] = (struct wanted){ .member = &members[i] };
		wanted[groups - 1].members++;
	}
	return groups;
}

int btf_find(const struct btf_bytes *base, const struct btf_bytes *split, struct btf_member_at *members, unsigned n,
	const struct refusal *why)
{
	struct wanted *wanted = calloc(n ? n : 1, sizeof(*wanted));
	struct btf b = { 0 };
	unsigned groups;
	int err;

	if (!wanted)
		return refuse(why, -ENOMEM, "the kernel's types (BTF): %s", strerror(ENOMEM));
	groups = group(members, n, wanted);
	err = add_part(&b, base, wanted, groups, why);
	if (!err && split)
		err = add_part(&b, split, wanted, groups, why);
	for (unsigned i = 0; !err && i < groups; i++)
		err = settle(&b, &wanted[i], why);
	free(b.part[0].at);
	free(b.part[1].at);
	free(wanted);
	return err;
}
