/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that differs between architectures, behind one struct. Each is compiled on every host: nothing here includes a
 * kernel header; the constants are spelt out, and a check compiled by each cross compiler compares them with the kernel's.
 *
 * An architecture sees a vCPU only through a struct view, and what KVM_RUN came back with only as bytes.
 */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../host/host.h"
#include "../target.h"

/*
 * A key says where KVM keeps a value. A ONE_REG id is its own key (its top byte, the architecture, is never 0). A field of a
 * struct ioctl has a 0 there: the number of the struct in arch->blocks, the field's width in bytes and its offset. So has an attribute of
 * the interrupt controller's KVM device, 8 bytes for each vCPU (HOST_DEVICE_GET), with the highest of the next eight bits set.
 */
#define KEY_BLOCK(block, width, offset) ((uint64_t)(block) << 32 | (uint64_t)(width) << 16 | (offset))
/* A field of a component of its block (XSAVE). In a table the offset is from the component's beginning. */
#define KEY_IN_COMPONENT(n) ((uint64_t)((n) + 1) << 40)
#define KEY_HAS_COMPONENT(key) (((key) >> 40 & 0xff) != 0)
#define KEY_COMPONENT(key) ((unsigned)((key) >> 40 & 0xff) - 1)
#define KEY_DEVICE(group, attr) (0x80ull << 48 | (uint64_t)(group) << 32 | 8u << 16 | (attr))
#define KEY_IS_ID(key) ((key) >> 56 != 0)
#define KEY_IS_BLOCK(key) ((key) >> 48 == 0)
#define KEY_IS_DEVICE(key) ((key) >> 48 == 0x80)
#define KEY_DEVICE_GROUP(key) ((unsigned)((key) >> 32 & 0xff))
#define KEY_DEVICE_ATTR(key) ((unsigned)((key)&0xffff))
#define KEY_BLOCK_NR(key) ((unsigned)((key) >> 32 & 0xff))
#define KEY_OFFSET_MAX 0xffffu
#define KEY_OFFSET(key) ((unsigned)((key)&0xffff))
/* Bytes of the value behind a key. A ONE_REG id has its logarithm in bits 55..52 (<linux/kvm.h>, KVM_REG_SIZE_MASK). */
#define KEY_SIZE(key) ((unsigned)(KEY_IS_ID(key) ? 1u << ((key) >> 52 & 15) : (key) >> 16 & 0xffff))

/* An entry of a page table, as a walk came by it. */
struct arch_entry {
	int level;	/* as the architecture's manual counts levels */
	bool leaf;	/* maps a page, or would if it were valid */
	uint64_t gpa;	/* where it is, and what is there */
	uint64_t value; /* zero-extended */
};

/*
 * A bit of such an entry by the name that the architecture's manual has for it, which is shown when the bit is set; or a field, whose
 * value is shown with it when that is not 0.
 */
struct arch_flag {
	uint64_t bits;
	const char *name;
	enum arch_flag_of { FLAG_OF_ALL, FLAG_OF_TABLE, FLAG_OF_LEAF } of;
	int level; /* has it in entries of this level alone; 0: in those of all */
};

/* One vCPU, as arch/ sees it: values by key (through the register file), and guest-physical memory. */
struct view {
	/* A value of at most 8 bytes, zero-extended, or the first 8 of a longer one. 0 or -errno. */
	int (*get)(struct view *v, uint64_t key, uint64_t *value);
	/* Values of at most 8 bytes. */
	int (*set)(struct view *v, uint64_t key, uint64_t value);
	/* 0, or -EFAULT when any of it is not RAM. */
	int (*read_phys)(struct view *v, uint64_t gpa, void *buf, size_t len);
	/* Told of every entry that translate() finds in a table, from the root on; or NULL. */
	void (*saw)(struct view *v, const struct arch_entry *entry);
};

/*
 * A struct ioctl: the number of its KVM_GET_ and KVM_SET_ and the size of its struct, from <linux/kvm.h>. Or, with both numbers 0,
 * a part of struct kvm_run that holds state of the vCPU while it does not run: from offset run_at on, under the bit run_sync of
 * KVM_SYNC_* (0: always there). See HOST_RUN_GET. With both, KVM can leave a copy there when a run ends. See HOST_RUN_COPY.
 */
struct arch_block {
	const char *name;
	uint8_t get_nr, set_nr;
	uint16_t size;
	uint16_t run_at;
	uint64_t run_sync;
	uint16_t coded; /* the size in the ioctl's number where the struct goes on behind it; 0: size */

	/* The KVM_GET_ for a vCPU with more than `coded` bytes, which is what KVM_CHECK_EXTENSION(large_cap) says then. */
	uint8_t large_nr;
	uint16_t large_cap;

	bool told; /* nothing of all that: HOST_TOLD has it. It is read-only. */

	uint16_t in_use;  /* offset of the bitmap of components in use; 0: there are none */
	uint16_t entries; /* what follows are so many entries at most, and the first word says how many; 0: it is no array */
};

/*
 * A register that is computed from others (kvm:from="name"). set is NULL when it is read-only. `of` is the id whose whole value it
 * shows in another form, which is then no register of its own; or 0.
 */
struct arch_computed {
	const char *name;
	int (*get)(struct view *v, uint64_t *value);
	int (*set)(struct view *v, uint64_t value);
	uint64_t of;
};

/* What the size of registers is a multiple of, where it depends on the vCPU (kvm:times="name"). 0 or -errno: it has none of them. */
struct arch_scale {
	const char *name;
	int (*get)(struct view *v, unsigned *times);
};

/*
 * The guest's own debug registers, those in use. While KVM has any of the debugger's in the processor (x86), it has none of these there,
 * and does not trap for them: they are put behind the debugger's.
 */
#define ARCH_OWN_MAX 4

struct arch_own {
	unsigned n;
	struct {
		unsigned nr;	 /* the guest's number of it */
		uint64_t addr;
		unsigned type;	 /* in the architecture's code */
		bool exec;	 /* else a watchpoint */
		bool placed;	 /* it is in the processor ... */
		unsigned slot;	 /* ... as this one */
	} reg[ARCH_OWN_MAX];
};

/* What the debugger wants of a vCPU; encode_debug() turns it into KVM_SET_GUEST_DEBUG's words. */
#define ARCH_HW_MAX 32

struct arch_point {
	enum point_type type; /* POINT_HARDWARE or a watchpoint; never POINT_SOFTWARE */
	uint64_t addr, len;
};

struct arch_debug {
	bool step;
	bool block_irq; /* while it steps, interrupts wait */
	bool planted; /* opcodes are planted in memory */
	unsigned n;
	struct arch_point hw[ARCH_HW_MAX];

	/*
	 * Where this one step ends when KVM's own would not (struct arch_step): an execution point behind the others. Where they leave
	 * no room, in place of the last: before that one instruction is done no other is met.
	 */
	bool ends_at;
	uint64_t end;
	struct arch_own *own; /* what else the registers are to hold, as far as there is room; it is told where; or NULL */
};

#define ARCH_DEBUG_SIZE 512 /* of struct kvm_guest_debug_arch, largest on arm64 */

/* What a software step is told and tells: bytes of code from the pc on, and places where the guest may go on. */
#define ARCH_CODE_SIZE 128
#define ARCH_SUCCESSORS 8

/* What an exit is to the debugger. */
enum hit_kind {
	HIT_NONE, /* not the debugger's: the guest cannot go on by itself */
	HIT_STEP,
	HIT_PLANTED, /* at a trap opcode, ours or the guest's own, at addr; at the pc when the hardware does not say it */
	HIT_EXEC,    /* a hardware execution breakpoint; x86: or a watchpoint, which only `slots` can tell */
	HIT_WATCH,   /* addr: of the data, when the hardware says it */
	HIT_OWN	     /* a debug exception that nobody but the guest can have asked for */
};

struct arch_hit {
	enum hit_kind kind;
	bool have_addr; /* addr is what the hardware said; else it is 0 */
	uint64_t addr;
	/*
	 * x86: bit n: slot n of the last encode_debug() was hit, counted over its points by point_slots(). A slot that is not in use
	 * may have its bit set as well (DR6 says so of any that matches). 0 where the hardware does not say.
	 */
	unsigned slots;
	bool emulated; /* KVM's instruction emulator gave up here: a planted opcode, if there is one at the pc */
	bool stepped;  /* a step was completed as well */
	unsigned past; /* HIT_PLANTED: the pc is so many bytes behind the opcode, and is to go back */
};

/*
 * What the tables let the guest do with a page, all levels taken together: the kernel or the user, whoever may. ARCH_PAGE_USER: the
 * user may do some of it. What registers forbid at the moment (SMAP, PAN, MXR and the like) is not in the tables.
 */
#define ARCH_PAGE_READ (1u << 0)
#define ARCH_PAGE_WRITE (1u << 1)
#define ARCH_PAGE_EXEC (1u << 2)
#define ARCH_PAGE_USER (1u << 3)
#define ARCH_PAGE_ANY (ARCH_PAGE_READ | ARCH_PAGE_WRITE | ARCH_PAGE_EXEC | ARCH_PAGE_USER)
#define ARCH_PAGE_BARE (1u << 4) /* there is no page: nothing is translated here, and nothing forbidden */

/*
 * One translation: [va, va + size) is at pa, all in one page, or all where nothing is translated. Where there is none (-EFAULT, -EIO)
 * size is how far that holds at the least, 0 when it cannot be told, and the others are 0.
 */
struct arch_page {
	uint64_t pa;
	uint64_t size;
	unsigned access; /* ARCH_PAGE_* */
};

/* An opcode to plant; the bytes are constant. */
struct arch_trap {
	const uint8_t *bytes;
	unsigned size;
};

/*
 * A few instructions that run anywhere, to try a host's KVM with (run/probe.c): code of two one-step instructions, then
 * a store to [data], then an access outside RAM that ends the run. vectors (or NULL) is what a page of exception vectors must
 * hold so that an exception nobody asked for ends the run as well.
 */
struct arch_probe {
	const uint8_t *code;
	size_t size;
	unsigned second; /* offset of the second instruction: where a breakpoint goes */
	unsigned store;	 /* offset of the store */
	/* Point the vCPU at code, with data as the store's address and vectors installed. */
	int (*start)(struct view *v, uint64_t code, uint64_t data, uint64_t vectors);
	const uint8_t *vector; /* instructions to repeat over the page at vectors, or NULL */
	size_t vector_size;
};

/* What the instruction at the pc has to do with a mask of interrupts (struct arch_mask). All 0: nothing. */
struct arch_mask_use {
	bool needs_own;	  /* it has to find the guest's own bits there: it looks at them, or waits for what they let through */
	bool replaces;	  /* it brings all of the bits: they are the guest's own afterwards */
	uint64_t read_to; /* key of the register that it copies the bits to, to the same places; 0: none */
	uint64_t sets, clears;
};

#define ARCH_HANDLERS 8

/*
 * How interrupts are kept from a step where KVM_SET_GUEST_DEBUG cannot: while these bits of a register are as `masked`, the vCPU takes
 * none. What an instruction does to them, or with them, is put right after it.
 */
struct arch_mask {
	uint64_t key; /* of 8 bytes */
	uint64_t bits, masked;

	/* *use, which comes zeroed; code is what is at the pc, len > 0. */
	void (*use)(struct view *v, const uint8_t *code, size_t len, struct arch_mask_use *use);

	/*
	 * Is the vCPU at the handler of an exception that the instruction at `from` has brought about? Then the key of the register
	 * in which the bits were saved, at the same places; else 0. NULL where they are not saved anywhere.
	 */
	uint64_t (*saved)(struct view *v, uint64_t from);

	/*
	 * Where the instruction's exceptions go, for a software step to end there; how many. NULL where nothing has to be put right
	 * before a handler runs.
	 */
	unsigned (*handlers)(struct view *v, const uint8_t *code, size_t len, uint64_t at[ARCH_HANDLERS]);
};

/* What an instruction does with a device: n accesses, one behind the other, of `size` bytes each, in the guest's order. */
#define ARCH_ACCESSES 2

struct arch_access {
	uint64_t pa;
	bool write;
	unsigned n, size;
	uint8_t data[ARCH_ACCESSES][8];
};

struct tdesc_table;
struct arch;

/* Where a step of KVM's begins. */
struct arch_step {
	uint32_t queued;	/* give_back()'s *control: KVM has that exception to deliver first. Set before begins() */
	uint64_t pc, sp, flags; /* flags: as the guest has them, without what KVM sets for the step */

	/*
	 * The page that the step before was in, and by which registers that was so: one step is as a rule in the same as the last. Kept from
	 * step to step, 0 when memory was written meanwhile. Should the guest itself have mapped another page there, the step is one
	 * that is planned by other code.
	 */
	struct {
		uint64_t root, mode, va, pa;
	} code;

	bool ends_at;		/* the guest comes to `end` without the flag, and is to be stopped there: by a debug register */
	uint64_t end;
};

/* What has become of the flags in it. */
struct arch_step_end {
	/* They were saved, and the copy has not the guest's own flag in it: in the register `key`, or, when that is 0, in the byte va. */
	bool copied;
	uint64_t key, va;
	uint64_t value; /* that it is to have */

	bool own;  /* the guest's own flag is set now, of which KVM knows nothing any more */
	bool trap; /* it was set before: when the step is complete, the guest's own trap is due */
};

/*
 * Where KVM steps by a flag among those of the guest (x86's TF): it goes wherever they are saved, and the guest would trap as soon as
 * it has them back, with nobody stepping. And KVM, told of a step, forgets whether the guest had set the flag itself.
 *
 * It has to be told before each step: where the pc is not the one that it was told at (vcpu->arch.singlestep_rip, arch/x86/kvm/x86.c)
 * it loses the flag when it completes an access to a device or queues an exception, and the guest runs on.
 */
struct arch_step_flag {
	uint64_t key, bit; /* where it is */
	/* Before a step, 0 or -errno, and behind it, however it ended. Addresses are as translate() takes them. */
	int (*begins)(struct view *v, struct arch_step *s);
	void (*ended)(struct view *v, const struct arch_step *s, struct arch_step_end *end);
};

struct arch_own_debug {
	/* Those in use, each placed as the guest has it. 0 or -errno. */
	int (*find)(struct view *v, struct arch_own *own);

	/* Bit n: the guest's register n was hit. slots: as struct arch_hit has them. watch: watchpoints alone. */
	unsigned (*hits)(const struct arch_own *own, unsigned slots, bool watch);

	/* Its exception is to be taken: it finds these bits in its status register. *control and result as give_back()'s. */
	int (*give)(struct view *v, unsigned hits, uint32_t *control);
};

/*
 * Where the guest may not execute, a breakpoint is met at the handler of the exception that the fetch brings about, which is then as if
 * it had not been taken. (x86 has no need of it: a debug register comes before the fetch.)
 */
#define ARCH_FETCH_KEYS 4

struct arch_fetch {
	/* Registers that the exception writes over; the others it saves. */
	uint64_t keys[ARCH_FETCH_KEYS];

	/* Where the handler is, by the vCPU's present mode. As translate(). */
	int (*handler)(struct view *v, struct arch_page *page);

	/*
	 * Is the vCPU at its handler since it could not fetch what is at addr? Then it is there again, with what `was` says of the keys:
	 * 1; 0: it is not; or -errno.
	 */
	int (*undo)(struct view *v, uint64_t addr, const uint64_t was[ARCH_FETCH_KEYS]);
};

/* One way to describe a vCPU to a debugger that decodes its instructions by the description (x86). */
struct arch_mode {
	const char *name; /* as `monitor mode` takes it */
	const struct arch *arch;
};

struct arch {
	const char *name;		 /* as uname -m says it */
	const char *llvm;		 /* as LLVM's triples begin */
	unsigned pointer_size;		 /* bytes */
	bool big_endian;
	const struct tdesc_table *tdesc; /* from xml/, generated */
	uint64_t pc;			 /* keys */

	/* The same vCPU in its other modes; they differ in name, llvm, pointer_size and tdesc alone. The first is what all else here takes it for. */
	const struct arch_mode *modes;
	unsigned nmodes; /* 0: it has the one description */

	const struct arch_block *blocks;
	unsigned nblocks;
	const struct arch_computed *computed;
	unsigned ncomputed;
	const struct arch_scale *scales;
	unsigned nscales;

	/* Where in its block this vCPU has component n. 0, or -ENOENT when it has it not. NULL without components. */
	int (*component)(struct view *v, unsigned n, unsigned *at);

	const uint8_t *trap; /* the opcode to plant; NULL where KVM reports none */
	unsigned trap_size;

	/* Would KVM's instruction emulator execute the trap in the vCPU's present mode, where others have it fail? NULL: never. */
	bool (*trap_is_emulated)(struct view *v);
	unsigned insn_align; /* of an instruction's address, in bytes */

	/*
	 * Where code has more than one encoding (else both are NULL). The opcode for va, which is on this page; kind is the packet's. 0;
	 * -EILSEQ: it cannot be told which one would be right; or -errno. And the bytes of a debug register's instruction there, 0 when none
	 * can begin there.
	 */
	int (*trap_at)(struct view *v, uint64_t va, uint64_t kind, const struct arch_page *page, struct arch_trap *trap);
	unsigned (*insn_at)(struct view *v, uint64_t va, uint64_t kind);
	bool watch_after;    /* watchpoints report after the access, with the pc past it */

	/* KVM_CAP_GUEST_DEBUG_HW_BPS and _WPS where the kernel counts; else `slots` serve both kinds. */
	bool slots_by_cap;
	unsigned slots;

	/* How many hardware slots of its kind a point needs: 0 when the hardware cannot do it. */
	unsigned (*point_slots)(const struct arch_point *p);

	/* Fills the control word and ARCH_DEBUG_SIZE bytes; returns how many of them the kernel's struct has. */
	size_t (*encode_debug)(const struct arch_debug *d, uint32_t *control, void *bytes);

	/* KVM_GUESTDBG_BLOCKIRQ, where KVM may have it (KVM_CAP_SET_GUEST_DEBUG2 says); or 0. */
	uint32_t block_irq;
	const struct arch_mask *mask; /* or what takes its place; or NULL */

	const struct arch_step_flag *step_flag; /* or NULL */

	/* What the exit means. Only kind EXIT_KVM is given. */
	void (*classify)(const struct vcpu_exit *exit, struct arch_hit *hit);

	/* A sentence on an exit that is HIT_NONE, without newline. */
	void (*describe)(const struct vcpu_exit *exit, char *text, size_t size);

	/*
	 * The debug exception behind this exit is the guest's own: let it take it, as if nobody had looked. Either by registers, and
	 * then it is at its handler; or by *control, bits for the next KVM_SET_GUEST_DEBUG, and it takes it when it runs on. 0 or
	 * -errno: -EOPNOTSUPP in a mode that is not known here. NULL where there is no host for it yet.
	 */
	int (*give_back)(struct view *v, const struct vcpu_exit *exit, uint32_t *control);

	/* The guest's own debug registers, where the debugger's displace them; else NULL. */
	const struct arch_own_debug *own;

	/*
	 * Is this exit an access to a device that KVM does not carry out, by the instruction at the pc, which is code? 0 and the access,
	 * with its data if it is a write; -ENOENT when it is no such exit; or -EOPNOTSUPP and a sentence. When it has been done, with the
	 * data filled in if it is a read, accessed() makes the rest of the instruction happen: 0 or -errno. NULL: KVM carries out all.
	 */
	int (*access)(struct view *v, const struct vcpu_exit *exit, const uint8_t *code, size_t len, struct arch_access *access,
		char *why, size_t size);
	int (*accessed)(struct view *v, const uint8_t *code, struct arch_access *access);

	/*
	 * The guest-virtual address va in the vCPU's present context. 0; -EFAULT when it is not mapped, -EIO when a table is outside
	 * RAM, -EOPNOTSUPP for a kind of translation that is not known here. The walk is bounded and reads tables by read_phys only;
	 * v->saw is told of what it finds.
	 */
	int (*translate)(struct view *v, uint64_t va, struct arch_page *page);
	/*
	 * How many addresses from va on are others once more, or never mapped, since the bits above are ignored in the vCPU's present
	 * mode; 0: va is none of them. NULL: none is, ever.
	 */
	uint64_t (*aliases)(struct view *v, uint64_t va);
	/*
	 * How many bits of an address count in the vCPU's present mode, in the lower half of the address space and in the upper one: above
	 * them may be a tag, or a code. 0 or -errno. NULL: they all count.
	 */
	int (*address_bits)(struct view *v, unsigned *lower, unsigned *upper);
	/* Where the instruction at the pc is, as translate() takes it, where the pc alone does not say it; else NULL. 0 or -errno. */
	int (*code_address)(struct view *v, uint64_t *addr);
	uint64_t handler; /* key of a register with an address in the kernel, once one takes exceptions or system calls; 0: none */
	uint64_t vectors; /* key of the register that says where exceptions go; 0: none, or not by that alone */
	const struct arch_flag *entry_flags; /* of what v->saw is told of; ends with bits 0. NULL: no names for them */
	/* What translate()'s -EOPNOTSUPP means in the present context, a sentence for messages; NULL: nothing more than that. */
	const char *(*untranslated)(struct view *v);

	const struct arch_fetch *fetch; /* or NULL */
	bool exec_before_fetch; /* a debug register is compared before an instruction is fetched, and comes before what that brings about */

	/*
	 * What KVM cannot single-step; else NULL. Fills in the addresses at one of which the guest goes on after the instruction at
	 * pc, and returns how many, or -errno: -EOPNOTSUPP for one that has no successor. 0: KVM's single-step will do. code is
	 * what is there, up to where memory ends. A sequence that has to run undisturbed, from a load-reserved or -exclusive to its
	 * store, is one instruction.
	 */
	int (*successors)(struct view *v, uint64_t pc, const uint8_t *code, size_t len, uint64_t next[ARCH_SUCCESSORS]);

	/*
	 * Where `next` is, one of the addresses that successors() told for this code; or, with code NULL, one of the handlers of struct
	 * arch_mask. As translate(), in the context that the vCPU is in there; 1: that is the present one. NULL: it always is.
	 */
	int (*translate_next)(struct view *v, const uint8_t *code, size_t len, uint64_t next, struct arch_page *page);

	/* What a register may be named in messages: "running", "halted" (KVM_MP_STATE_*), or NULL. */
	const char *(*mp_state)(uint32_t state);

	const struct arch_probe *probe; /* NULL where there is no host for it yet */
};

extern const struct arch arch_aarch64;
extern const struct arch arch_i386;
extern const struct arch arch_i8086;
extern const struct arch arch_loongarch64;
extern const struct arch arch_mips64;
extern const struct arch arch_ppc64le;
extern const struct arch arch_riscv64;
extern const struct arch arch_s390x;
extern const struct arch arch_x86_64;

/* By name; NULL when unknown. */
const struct arch *arch_find(const char *name);

#endif
