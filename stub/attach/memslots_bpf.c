/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns the BPF program that reads the kernel's memory, and the way from our descriptor of a VM to its slots. */
#include "memslots_bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "btf.h"

#define PEEK_MAX 2048 /* bytes at a time, and never behind the end of an object: the next page may be absent */
#define HEADS_AT_ONCE (PEEK_MAX / sizeof(uint64_t) - 1)
#define SLOTS_MAX 65536		/* an id has 16 bits */
#define TRIES 50		/* for a table that is being changed */
#define UPDATING (1ull << 63)	/* of the generation: KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS, include/linux/kvm_host.h */
#define INVALID_SLOT (1u << 16) /* of a slot's flags: KVM_MEMSLOT_INVALID, it is about to be moved or to go */
#define FLAGS_OF_USERS 0xffffu	/* of a slot's flags: what is not KVM's own */

/* x86 keeps three slots for itself behind those of users (KVM_INTERNAL_MEM_SLOTS, arch/x86/include/asm/kvm_host.h). */
#ifdef __x86_64__
#define FIRST_OWN_ID 32764
#else
#define FIRST_OWN_ID SLOTS_MAX
#endif

/* What the program has in common with us. */
struct peek {
	uint64_t task; /* out: the struct task_struct of whoever runs it */
	uint64_t from, size;
	int64_t err; /* out */
	uint8_t bytes[PEEK_MAX];
};

enum {
	TASK_FILES,
	FILES_FDT,
	FDT_FD,
	FILE_PRIVATE,
	KVM_MEMSLOTS,
	SLOTS_GENERATION,
	SLOTS_HASH,
	SLOTS_INDEX,
	SLOT_NODE,
	SLOT_GFN,
	SLOT_PAGES,
	SLOT_HVA,
	SLOT_FLAGS,
	SLOT_ID,
	MEMBERS
};

static const struct btf_member_at members[MEMBERS] = {
	[TASK_FILES] = { .type = "task_struct", .member = "files" },
	[FILES_FDT] = { .type = "files_struct", .member = "fdt" },
	[FDT_FD] = { .type = "fdtable", .member = "fd" },
	[FILE_PRIVATE] = { .type = "file", .member = "private_data" },
	[KVM_MEMSLOTS] = { .type = "kvm", .member = "memslots" },
	[SLOTS_GENERATION] = { .type = "kvm_memslots", .member = "generation" },
	[SLOTS_HASH] = { .type = "kvm_memslots", .member = "id_hash" },
	[SLOTS_INDEX] = { .type = "kvm_memslots", .member = "node_idx" },
	[SLOT_NODE] = { .type = "kvm_memory_slot", .member = "id_node" },
	[SLOT_GFN] = { .type = "kvm_memory_slot", .member = "base_gfn" },
	[SLOT_PAGES] = { .type = "kvm_memory_slot", .member = "npages" },
	[SLOT_HVA] = { .type = "kvm_memory_slot", .member = "userspace_addr" },
	[SLOT_FLAGS] = { .type = "kvm_memory_slot", .member = "flags" },
	[SLOT_ID] = { .type = "kvm_memory_slot", .member = "id" },
};

struct memslots_bpf {
	struct btf_member_at at[MEMBERS];
	uint32_t slot_size; /* bytes of a struct kvm_memory_slot up to the last member that is looked at */
	int vm;		    /* holds the struct kvm */
	int map, program;
	struct peek *peek; /* the map's only value, mapped */
	uint64_t kvm;	   /* the struct kvm */
	unsigned page_size;
	uint64_t seen_slots, seen_generation; /* at the last memslots_bpf_read() */
};

/* ---- the kernel's types ---- */

static int find_members(struct memslots_bpf *b, const struct refusal *why)
{
	char text[200] = "";
	struct btf_bytes kernel, module = { 0 };
	int err = btf_read("/sys/kernel/btf/vmlinux", &kernel);

	if (err)
		return refuse(
			why, err, "/sys/kernel/btf/vmlinux: %s: this kernel does not say where slots are", strerror(-err));
	memcpy(b->at, members, sizeof(members));
	err = btf_read("/sys/kernel/btf/kvm", &module);
	if (err == -ENOENT)
		err = 0; /* KVM is no module */
	if (err)
		refuse(why, err, "/sys/kernel/btf/kvm: %s", strerror(-err));
	else
		err = btf_find(&kernel, module.bytes ? &module : NULL, b->at, MEMBERS, &(struct refusal){ text, sizeof(text) });
	if (text[0] && err == -ENOENT)
		refuse(why, err, "%s: only the memory slots of Linux 5.16 and later can be read", text);
	else if (text[0] && err)
		refuse(why, err, "%s", text);
	free((void *)kernel.bytes);
	free((void *)module.bytes);
	return err;
}

/* Members are what they are taken for: pointers and numbers, and an array of two nodes. */
static int check_members(struct memslots_bpf *b, const struct refusal *why)
{
	static const uint8_t sizes[MEMBERS] = { [TASK_FILES] = 8,
		[FILES_FDT] = 8,
		[FDT_FD] = 8,
		[FILE_PRIVATE] = 8,
		[KVM_MEMSLOTS] = 8,
		[SLOTS_GENERATION] = 8,
		[SLOTS_HASH] = 8,
		[SLOTS_INDEX] = 4,
		[SLOT_NODE] = 16,
		[SLOT_GFN] = 8,
		[SLOT_PAGES] = 8,
		[SLOT_HVA] = 8,
		[SLOT_FLAGS] = 4,
		[SLOT_ID] = 2 };

	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct btf_member_at *m = &b->at[i];
		uint64_t end = m->at + (uint64_t)m->size * m->count;

		if (m->size != sizes[i] || !m->count || (i == SLOT_NODE && m->count != 2) ||
			(i >= SLOT_NODE && end > PEEK_MAX - 1))
			return refuse(why, -ENOENT,
				"this kernel's struct %s has another kind of member %s than Linux from 5.16 on has", m->type,
				m->member);
		if (i >= SLOT_NODE && end > b->slot_size)
			b->slot_size = (uint32_t)end;
	}
	return 0;
}

/* ---- the program ---- */

static long bpf(int command, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static int refuse_bpf(const struct refusal *why, long err, const char *what)
{
	if (err == -EPERM)
		return refuse(why, (int)err, "BPF wants CAP_BPF and CAP_PERFMON");
	if (err == -ENOSYS)
		return refuse(why, (int)err, "this kernel has no BPF");
	return refuse(why, (int)err, "the kernel takes no BPF %s that reads its memory (%s): lockdown may forbid it", what,
		strerror((int)-err));
}

static int make_map(struct memslots_bpf *b, const struct refusal *why)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct peek),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE };
	long fd = bpf(BPF_MAP_CREATE, &attr);
	void *at;

	if (fd < 0)
		return refuse_bpf(why, fd, "map for a program");
	b->map = (int)fd;
	at = mmap(NULL, sizeof(struct peek), PROT_READ | PROT_WRITE, MAP_SHARED, b->map, 0);
	if (at == MAP_FAILED)
		return refuse_bpf(why, -errno, "map for a program");
	b->peek = at;
	return 0;
}

#define INSN(op, dst, src, offset, value)                                                         \
	{                                                                                         \
		.code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (value) \
	}
#define AT(member) ((short)offsetof(struct peek, member))

static int load_program(struct memslots_bpf *b, const struct refusal *why)
{
	const struct bpf_insn program[] = {
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_6, BPF_PSEUDO_MAP_VALUE, 0, b->map), /* r6: the struct peek */
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_task),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_0, AT(task), 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, AT(bytes)),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_6, AT(size), 0),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, PEEK_MAX - 1), /* for the kernel's verifier */
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_6, AT(from), 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_6, BPF_REG_0, AT(err), 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (uintptr_t) "GPL" }; /* what bpf_probe_read_kernel() asks for */
	long fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		return refuse_bpf(why, fd, "program");
	b->program = (int)fd;
	return 0;
}

/* Runs it, in this thread. What became of the copy is in peek->err. */
static int run_program(const struct memslots_bpf *b, uint64_t from, size_t size)
{
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)b->program } };

	b->peek->from = from;
	b->peek->size = size;
	return (int)bpf(BPF_PROG_TEST_RUN, &attr);
}

static int peek(const struct memslots_bpf *b, uint64_t from, void *to, size_t size)
{
	int err = size < PEEK_MAX ? run_program(b, from, size) : -EINVAL;

	if (!err)
		err = (int)b->peek->err;
	if (!err)
		memcpy(to, b->peek->bytes, size);
	return err;
}

static int peek_member(const struct memslots_bpf *b, uint64_t object, unsigned member, uint64_t *value)
{
	return peek(b, object + b->at[member].at, value, sizeof(*value));
}

/* ---- the way to the slots ---- */

/* Only of a descriptor that is a VM's can private_data be a struct kvm. */
static int copy_vm(struct memslots_bpf *b, int fd, const struct refusal *why)
{
	static const char vm[] = "anon_inode:kvm-vm";
	char path[40], link[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = fd < 0 ? -1 : readlink(path, link, sizeof(link));
	if (n != sizeof(vm) - 1 || memcmp(link, vm, sizeof(vm) - 1))
		return refuse(why, -EBADF, "the memory slots are read by a descriptor of the VM, and there is none");
	b->vm = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return b->vm < 0 ? refuse(why, -errno, "a descriptor of the VM: %s", strerror(errno)) : 0;
}

static int find_kvm(struct memslots_bpf *b, const struct refusal *why)
{
	static const uint8_t way[] = { TASK_FILES, FILES_FDT, FDT_FD };
	int err = run_program(b, 0, 0);
	uint64_t at = b->peek->task;

	for (unsigned i = 0; !err && i < sizeof(way); i++)
		err = peek_member(b, at, way[i], &at);
	if (!err)
		err = peek(b, at + (uint64_t)b->vm * sizeof(at), &at, sizeof(at));
	if (!err)
		err = peek_member(b, at, FILE_PRIVATE, &b->kvm);
	if (err)
		return refuse(why, err, "the kernel's memory cannot be read by BPF: %s", strerror(-err));
	return 0;
}

int memslots_bpf_open(const struct memslots_vm *vm, struct memslots_bpf **opened, const struct refusal *why)
{
	struct memslots_bpf *b = calloc(1, sizeof(*b));
	int err;

	*opened = NULL;
	if (!b)
		return refuse(why, -ENOMEM, "%s", strerror(ENOMEM));
	b->vm = b->map = b->program = -1;
	b->page_size = vm->page_size;
	err = copy_vm(b, vm->vm_copy, why);
	if (!err)
		err = make_map(b, why);
	if (!err)
		err = load_program(b, why);
	if (!err)
		err = find_members(b, why);
	if (!err)
		err = check_members(b, why);
	if (!err)
		err = find_kvm(b, why);
	if (err)
		memslots_bpf_close(b);
	else
		*opened = b;
	return err;
}

void memslots_bpf_close(struct memslots_bpf *b)
{
	if (!b)
		return;
	if (b->peek)
		munmap(b->peek, sizeof(*b->peek));
	if (b->program >= 0)
		close(b->program);
	if (b->map >= 0)
		close(b->map);
	if (b->vm >= 0)
		close(b->vm);
	free(b);
}

/* ---- the slots ---- */

/* Which table KVM uses, and its generation, which is another one after each change. -EAGAIN: one is being made. */
static int look(const struct memslots_bpf *b, uint64_t *slots, uint64_t *generation)
{
	int err = peek_member(b, b->kvm, KVM_MEMSLOTS, slots);

	if (!err)
		err = peek_member(b, *slots, SLOTS_GENERATION, generation);
	return !err && *generation & UPDATING ? -EAGAIN : err;
}

static void take(const uint8_t *bytes, const struct btf_member_at *m, void *to)
{
	memcpy(to, bytes + m->at, m->size);
}

static int add_slot(const struct memslots_bpf *b, const uint8_t *bytes, struct memslots *slots)
{
	uint64_t gfn, pages, hva;
	uint32_t flags;
	uint16_t id;
	struct memslot slot;

	take(bytes, &b->at[SLOT_GFN], &gfn);
	take(bytes, &b->at[SLOT_PAGES], &pages);
	take(bytes, &b->at[SLOT_HVA], &hva);
	take(bytes, &b->at[SLOT_FLAGS], &flags);
	take(bytes, &b->at[SLOT_ID], &id);
	if (flags & INVALID_SLOT)
		return -EAGAIN;
	if (gfn > UINT64_MAX / b->page_size || pages > UINT64_MAX / b->page_size)
		return -EINVAL;
	slot = (struct memslot){
		.id = id, .gpa = gfn * b->page_size, .size = pages * b->page_size, .hva = hva, .flags = flags & FLAGS_OF_USERS
	};
	return slot.id >= FIRST_OWN_ID ? 0 : memslots_add(slots, &slot);
}

/* Those that hang on one head of the hash. Every slot has two nodes: one for the table in use, one for the other. */
static int add_chain(const struct memslots_bpf *b, uint64_t node, uint32_t index, struct memslots *slots)
{
	const struct btf_member_at *nodes = &b->at[SLOT_NODE];
	uint32_t node_at = nodes->at + index * nodes->size;
	uint8_t bytes[PEEK_MAX];
	int err = 0;

	for (unsigned n = 0; node && !err; n++) {
		err = n < SLOTS_MAX ? peek(b, node - node_at, bytes, b->slot_size) : -ELOOP;
		if (!err)
			err = add_slot(b, bytes, slots);
		memcpy(&node, bytes + node_at, sizeof(node)); /* hlist_node.next */
	}
	return err;
}

static int add_slots(const struct memslots_bpf *b, uint64_t table, struct memslots *slots)
{
	const struct btf_member_at *hash = &b->at[SLOTS_HASH];
	uint64_t heads[HEADS_AT_ONCE];
	uint32_t index;
	int err = peek(b, table + b->at[SLOTS_INDEX].at, &index, sizeof(index));

	if (!err && index > 1)
		err = -EINVAL;
	for (uint32_t first = 0, n; !err && first < hash->count; first += n) {
		n = hash->count - first < HEADS_AT_ONCE ? hash->count - first : HEADS_AT_ONCE;
		err = peek(b, table + hash->at + first * sizeof(heads[0]), heads, n * sizeof(heads[0]));
		for (uint32_t i = 0; !err && i < n; i++)
			err = add_chain(b, heads[i], index, slots);
	}
	return err;
}

/* One pass; what it saw is good when nothing was changed meanwhile. */
static int try_read(struct memslots_bpf *b, struct memslots *slots)
{
	uint64_t table, generation, table_now, generation_now;
	int err = look(b, &table, &generation), seen;

	if (err)
		return err;
	slots->n = 0;
	seen = add_slots(b, table, slots);
	err = look(b, &table_now, &generation_now);
	if (err)
		return err;
	if (table != table_now || generation != generation_now)
		return -EAGAIN;
	b->seen_slots = table;
	b->seen_generation = generation;
	return seen;
}

int memslots_bpf_read(struct memslots_bpf *b, struct memslots *slots, const struct refusal *why)
{
	int err = -EAGAIN;

	for (unsigned i = 0; err == -EAGAIN && i < TRIES; i++) {
		if (i)
			usleep(1000);
		err = try_read(b, slots);
	}
	if (err == -EAGAIN)
		return refuse(why, err, "the VM's memory slots are changed all the time");
	if (err)
		return refuse(why, err, "the kernel's table of the VM's memory slots makes no sense: %s", strerror(-err));
	return 0;
}

bool memslots_bpf_changed(const struct memslots_bpf *b)
{
	uint64_t table, generation;

	return look(b, &table, &generation) || table != b->seen_slots || generation != b->seen_generation;
}
