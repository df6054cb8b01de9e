/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine without a machine, for tests of rsp/: four threads, a table of registers, 64 KiB of memory at address 0, and failures
 * on command. It resumes by noting what it was told. The first half of memory can be read and executed, the second read and
 * written, says find_region(); physically the halves lie the other way round.
 *
 * Registers, by number: 0..7 general, 8 bytes each; 8 a vector of 16 bytes; 9 read-only; there are no others. Register n of
 * thread t starts as the bytes t, n, 0...
 */
#ifndef FAKE_TARGET_H
#define FAKE_TARGET_H

#include "target.h"

#define FAKE_MEMORY 0x10000
#define FAKE_IMAGE 0x20000 /* bytes */
#define FAKE_REGS 10
#define FAKE_GENERAL 8
#define FAKE_VECTOR 8
#define FAKE_READ_ONLY 9

/* One for each function of struct target_ops that can be refused. */
enum fake_op {
	FAKE_READ_REG,
	FAKE_WRITE_REG,
	FAKE_READ_GENERAL,
	FAKE_WRITE_GENERAL,
	FAKE_READ_MEM,
	FAKE_WRITE_MEM,
	FAKE_READ_PHYS,
	FAKE_WRITE_PHYS,
	FAKE_FIND_REGION,
	FAKE_READ_IMAGE,
	FAKE_SET_POINT,
	FAKE_CLEAR_POINT,
	FAKE_RESUME,
	FAKE_SET_NON_STOP,
	FAKE_RESTART,
	FAKE_COMMAND,
	FAKE_OPS
};

extern const char *const fake_op_names[FAKE_OPS];

struct fake {
	uint32_t process;
	bool foreign;
	unsigned gone; /* there is no thread of this number */
	unsigned threads;
	unsigned current;
	bool running;
	unsigned interrupts, restarts, kills, changes, refusals,
		silent_refusals; /* changes: writes of any kind that were done */
	int fail[FAKE_OPS];	 /* an errno value: refuse with it */
	bool lacks[POINT_TYPES];
	bool lacks_programs;
	bool has_thread_events, thread_events;
	bool lacks_masks, unmasked; /* steps keep no interrupts waiting: they cannot, or are not to */
	size_t readable;	    /* memory ends here for readers */
	bool endless;		    /* ... and begins anew, over and over */
	int64_t ms;		    /* of the clock, which has gone on ... */
	unsigned slow;		    /* ... by so much whenever it is looked at */
	unsigned trespasses;	    /* calls that target.h does not allow while the machine runs */
	const char *why;
	const char *description;
	char image[80];	  /* the path of the image; empty: there is none */
	char doing[80];	  /* what the second thread does */
	unsigned bits[2]; /* of an address count, in its halves, in the upper one plus the thread's number; 0: they all do */
	uint8_t regs[8][FAKE_REGS][16]; /* of the first eight threads; the others share the last */
	uint8_t memory[FAKE_MEMORY];
	struct {
		enum point_type type;
		unsigned thread;
		uint64_t addr, kind;
	} point; /* the last one set or cleared */
	bool non_stop, runs[8];
	struct stop stops[8]; /* non-stop: the last one of each of the first eight threads, */
	unsigned stopped;     /* and whose were not asked for: bits */
	char programs[256];   /* that one's conditions and commands: "2201 27 / 3400", or empty */
	char resumed[128];    /* what the first eight threads are to do: '.', 'c', 's' or "r[start,end)" */
};

void fake_init(struct fake *f);
struct target fake_target(struct fake *f);

/* Non-stop: a thread has stopped. */
void fake_stops(struct fake *f, const struct stop *stop);

/* Between fake_target.c and fake_memory.c: -error, for this reason; the same when the test says so, or 0. */
int fake_refused(struct fake *f, int error, const char *why);
int fake_told_to_fail(struct fake *f, enum fake_op op);

/* 0, or what is wrong with the thread or the register; and the fake, for what is called only while the machine is stopped. */
int fake_check_reg(struct fake *f, unsigned thread, unsigned reg);
struct fake *fake_stopped(void *t);

ssize_t fake_read_mem(void *t, unsigned thread, uint64_t addr, void *buf, size_t len);
int fake_write_mem(void *t, unsigned thread, uint64_t addr, const void *buf, size_t len);
ssize_t fake_read_phys(void *t, uint64_t addr, void *buf, size_t len);
int fake_write_phys(void *t, uint64_t addr, const void *buf, size_t len);
int fake_find_region(void *t, unsigned thread, uint64_t addr, struct memory_region *r);

void fake_kind(void *t, struct target_kind *k);
bool fake_image(void *t, struct target_image *i);
ssize_t fake_read_image(void *t, uint64_t offset, void *buf, size_t len);
bool fake_address_bits(void *t, unsigned thread, unsigned *lower, unsigned *upper);

#endif
