/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor linux log` on memory that is made by hand: rings of both layouts, whole, going round and spoilt; VMCOREINFO that is another's;
 * and what there is before that.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch/aarch64.h"
#include "linux_memory.h"
#include "machine/open.h"
#include "monitor/commands.h"
#include "tap.h"

static struct sim_host *sim;
static struct machine m;
static char printed[0x10000];

static void print(void *arg, const char *text)
{
	(void)arg;
	strncat(printed, text, sizeof(printed) - strlen(printed) - 1);
}

static int ask(const char *command)
{
	printed[0] = '\0';
	regfile_drop(&m.guest.vcpus[0]->regs);
	regfile_drop(&m.guest.vcpus[1]->regs);
	m.guest.memory.age++;
	return commands_run(&m, command, print, NULL);
}

static void prints(const char *wanted, const char *name)
{
	int err = ask("linux log");

	if (!ok(!err && !strcmp(printed, wanted), "%s", name))
		printf("# got %d (%s): %s\n", err, m.guest.why, printed);
}

/* What is printed before it ends is `wanted`. */
static void ends(int wanted_err, const char *wanted, const char *name)
{
	int err = ask("linux log");

	if (!ok(err == wanted_err && !strcmp(printed, wanted), "%s (%s)", name, m.guest.why))
		printf("# got %d: %s\n", err, printed);
}

static void tells(const char *wanted, const char *name)
{
	int err = ask("linux");

	if (!ok(!err && strstr(printed, wanted), "%s", name))
		printf("# got %d (%s): %s\n", err, m.guest.why, printed);
}

/* In the kernel: by its own tables; in a program, with page-table isolation: the vectors are somewhere else, and nothing else is mapped. */
static void set_vcpu(unsigned vcpu, bool in_kernel)
{
	sim_set(sim, vcpu, A64_SCTLR_EL1, 1);
	sim_set(sim, vcpu, A64_TCR_EL1, 0x10ull | 0x10ull << 16 | 2ull << 30 | 5ull << 32);
	sim_set(sim, vcpu, A64_TTBR0_EL1, 0);
	sim_set(sim, vcpu, A64_TTBR1_EL1, in_kernel ? LM_TABLES : LM_TABLES + 0x5000);
	sim_set(sim, vcpu, A64_VBAR_EL1, in_kernel ? LM_KERNEL + LM_VECTORS : 0xfffffffffffff800ull);
	sim_set(sim, vcpu, A64_PSTATE, in_kernel ? 5 : 0);
	sim_set(sim, vcpu, A64_SP_EL0, 0xffff000001234500ull);
	sim_set(sim, vcpu, A64_PC, in_kernel ? LM_KERNEL + 0x1000 : 0x400000);
}

/* The page of the vectors, which is all that a program's tables have of the kernel. */
static void put_isolated_tables(void)
{
	uint64_t l0 = LM_TABLES + 0x5000;

	for (unsigned n = 0; n < 3; n++)
		lm_put(sim, l0 + 0x1000 * n + 8 * 511, (l0 + 0x1000 * (n + 1)) | 3, 8);
	lm_put(sim, l0 + 0x3000 + 8 * 511, LM_IMAGE | 0x703, 8);
}

#define FIRST_ID 0x3ffffffffffffff0ull

static void put_log(void)
{
	lm_kernel(sim);
	put_isolated_tables();
	lm_new_info(sim);
	lm_record(sim, FIRST_ID, 2, 0, 128, 0, LM_BANNER_TEXT);
	lm_record(sim, FIRST_ID + 1, 2, 128, 160, 1234567890, "two\nlines");
	lm_record(sim, FIRST_ID + 2, 1, 160, 192, 98765432109876ull, "\033[31m \xff\t.");
	lm_ids(sim, FIRST_ID, FIRST_ID + 2);
}

#define THE_LOG \
	"[    0.000000] " LM_BANNER_TEXT "\n[    1.234567] two\n[    1.234567] lines\n[98765.432109] \\x1b[31m \\xff\t.\n"

static void test_whole(void)
{
	put_log();
	prints(THE_LOG, "a log");
	lm_put(sim, LM_IMAGE + LM_PRB_POINTER, LM_LINEAR + (LM_IMAGE + LM_PRB - LM_BASE), 8);
	lm_put(sim, LM_IMAGE + LM_PRB + 8, LM_LINEAR + (LM_IMAGE + LM_DESCS - LM_BASE), 8);
	lm_put(sim, LM_IMAGE + LM_PRB + 48, LM_LINEAR + (LM_IMAGE + LM_TEXT - LM_BASE), 8);
	prints(THE_LOG, "by the map of all RAM");
	put_log();
	set_vcpu(0, false);
	prints(THE_LOG, "in a program, whose tables have only the vectors of the kernel");
	tells("x/s &linux_banner\nVMCOREINFO: at guest-physical 0x41400000, ", "... where the kernel is known all the same");
	ok(strstr(printed, "is linux_banner, at 0xffff800010020000 (") != NULL, "... its banner, too");
	ok(strstr(printed, "KASLR: 0x8000000 above") != NULL, "... KASLR's part of that");
	ok(strstr(printed, "vCPU 0: not in the kernel") && strstr(printed, "vCPU 1: task_struct at 0xffff000001234500\n"),
		"... and the tasks");
	sim_set(sim, 0, A64_VBAR_EL1, 0);
	prints(THE_LOG, "by another vCPU");
	set_vcpu(0, true);
	memset(lm_at(sim, LM_TABLES), 0, 0x1000);
	sim_set(sim, 0, A64_SCTLR_EL1, 0);
	sim_set(sim, 0, A64_VBAR_EL1, LM_IMAGE);
	prints(THE_LOG, "without its tables");
	set_vcpu(0, true);
}

/* Positions and ids go on for ever, and over 2^62 and 2^64 into 0. */
static void test_round(void)
{
	lm_kernel(sim);
	lm_new_info(sim);
	lm_record(sim, FIRST_ID + 14, 2, -128ull, -64ull, 1000, "before");
	lm_record(sim, FIRST_ID + 15, 2, -64ull, 0, 2000, "to the end");
	lm_record(sim, 0, 2, 512, 544, 3000, "at the beginning");
	lm_record(sim, 1, 2, 1000, 1024 + 32, 4000, "over the end");
	lm_record(sim, 2, 0, 1056, 1088, 5000, "not written yet");
	lm_record(sim, 3, 3, 1088, 1120, 6000, "free");
	lm_record(sim, 4, 2, 1, 1, 7000, "");
	lm_record(sim, 5, 2, 3, 3, 8000, "");
	lm_record(sim, 6 + 16, 2, 1120, 1152, 9000, "another by now");
	lm_record(sim, 7, 2, 1152, 1184, 10000, "the last");
	lm_record(sim, 8, 2, 1184, 1216, 11000, "behind the head");
	lm_ids(sim, FIRST_ID + 14, 7);
	prints("[    0.000001] before\n[    0.000002] to the end\n[    0.000003] at the beginning\n[    0.000004] over the end\n"
	       "[    0.000010] the last\n",
		"a ring that goes round, with records that are none");
}

static void spoilt(uint64_t at, uint64_t value, unsigned size, int err, const char *wanted, const char *name)
{
	put_log();
	lm_put(sim, at, value, size);
	ends(err, wanted, name);
}

#define NULS5 "\\x00\\x00\\x00\\x00\\x00"

/* The second record is spoilt. */
#define ODD(text) "[    0.000000] " LM_BANNER_TEXT "\n[    1.234567] " text "\n[98765.432109] \\x1b[31m \\xff\t.\n"

static void test_hostile(void)
{
	uint64_t prb = LM_IMAGE + LM_PRB, descs = LM_IMAGE + LM_DESCS, infos = LM_IMAGE + LM_INFOS;

	spoilt(LM_IMAGE + LM_PRB_POINTER, 0x1234, 8, -EFAULT, "", "a ring that is nowhere");
	spoilt(prb, 40, 4, -EFAULT, "", "too many records");
	spoilt(prb + 40, 63, 4, -EFAULT, "", "too much text");
	spoilt(prb + 8, 0xffff900000000000ull, 8, -EFAULT, "", "descriptors that are nowhere");
	spoilt(prb + 16, UINT64_MAX, 8, -EFAULT, "", "infos at the last address");
	spoilt(prb + 48, 0xffff90000ffffff0ull, 8, -EFAULT, "[    0.000000] ", "texts that are nowhere");
	spoilt(prb + 24, 0, 8, 0, THE_LOG, "a head that is never met");
	spoilt(infos + 88 + 16, 0xffff, 2, 0, ODD("two\n[    1.234567] lines" NULS5 NULS5 NULS5),
		"a text that is longer than its block");
	spoilt(descs + 24 + 8, 0x7ffffffffffffff8ull, 8, 0, ODD("Linux ver"), "a block that begins elsewhere");
	spoilt(descs + 24 + 16, 136, 8, 0, ODD(""), "a block without room");
}

/* Each record says that it has all of the ring: no more is printed than there is room for. */
static void test_overlap(void)
{
	char text[900];

	put_log();
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (unsigned n = 0; n < 16; n++)
		lm_record(sim, FIRST_ID + n, 2, 0, 1016, 0, text);
	lm_ids(sim, FIRST_ID, FIRST_ID + 15);
	is_int(ask("linux log"), -EFAULT, "records that share their text");
	ok(strlen(printed) == 15 + 899 + 1, "... are printed for as long as there is room for them in the ring");
}

/* ---- before 5.10 */

static void put_old(uint64_t *at, uint64_t ns, const char *text)
{
	uint64_t pa = LM_IMAGE + LM_OLD + *at, len = (16 + strlen(text) + 7) & ~7ull;

	lm_put(sim, pa, ns, 8);
	lm_put(sim, pa + 8, len, 2);
	lm_put(sim, pa + 10, strlen(text), 2);
	memcpy(lm_at(sim, pa + 16), text, strlen(text));
	*at += len;
}

static void put_old_numbers(uint64_t first, uint64_t next)
{
	lm_put(sim, LM_IMAGE + LM_OLD - 32, LM_KERNEL + LM_OLD, 8);
	lm_put(sim, LM_IMAGE + LM_OLD - 24, 1024, 4);
	lm_put(sim, LM_IMAGE + LM_OLD - 16, first, 4);
	lm_put(sim, LM_IMAGE + LM_OLD - 8, next, 4);
}

static void test_old(void)
{
	uint64_t at = 0, second, third;

	lm_kernel(sim);
	lm_old_info(sim);
	put_old(&at, 3000, "the third");
	third = at;
	at = 512;
	put_old(&at, 1000, "the first");
	second = at;
	put_old(&at, 2000, "the second");
	put_old_numbers(512, third);
	prints("[    0.000001] the first\n[    0.000002] the second\n[    0.000003] the third\n",
		"a log of before 5.10, which goes round");
	put_old_numbers(512, 513);
	ends(-EFAULT, "[    0.000001] the first\n[    0.000002] the second\n[    0.000003] the third\n", "... without an end");
	lm_put(sim, LM_IMAGE + LM_OLD + second + 10, 1000, 2);
	ends(-EFAULT, "[    0.000001] the first\n", "... with a text that is longer than its record");
	put_old_numbers(1020, 0);
	ends(-EFAULT, "", "... with a beginning behind its end");
	put_old_numbers(0xfffffff0, 0);
	ends(-EFAULT, "", "... or far behind it");
	lm_put(sim, LM_IMAGE + LM_OLD - 24, 0xffffffff, 4);
	ends(-EFAULT, "", "... or as large as there can be");
}

/* ---- VMCOREINFO that is not this kernel's, or is not there */

static void finds_stale(const char *name)
{
	tells("VMCOREINFO: none (only one is there that is of another kernel, or of one that ran before)\n", name);
}

static void test_stale(void)
{
	char log[2048];

	snprintf(log, sizeof(log), LM_NEW, LM_KERNEL + LM_PRB_POINTER);
	put_log();
	lm_info(sim, LM_INFO, "5.10.0-1-arm64", LM_OFFSET, log);
	finds_stale("that of another release");
	lm_info(sim, LM_INFO, LM_RELEASE "x", LM_OFFSET, log);
	finds_stale("... or of a longer one");
	lm_info(sim, LM_INFO, LM_RELEASE, LM_OFFSET + 0x200000, log);
	finds_stale("that of the same kernel, at other addresses");
	set_vcpu(0, false);
	set_vcpu(1, false);
	is_int(ask("linux"), -EFAULT, "... in a program, too");
	set_vcpu(0, true);
	set_vcpu(1, true);
	memcpy(lm_at(sim, LM_INFO + 0x3000), lm_at(sim, LM_INFO), 0x1000);
	lm_info(sim, LM_INFO + 0x5000, LM_RELEASE, LM_OFFSET, log);
	prints(THE_LOG, "behind two like that is the right one");
	memmove(lm_at(sim, LM_INFO + 0x5010), lm_at(sim, LM_INFO + 0x5000), 0x1000 - 16);
	memset(lm_at(sim, LM_INFO + 0x5000), 0, 16);
	finds_stale("one that is not at the start of a page is none");
	memset(lm_at(sim, LM_INFO), 'x', 0x800000);
	memcpy(lm_at(sim, LM_INFO), "OSRELEASE=", 10);
	finds_stale("one without an end");
}

static void put_block(uint64_t *at, uint64_t id, const char *text)
{
	lm_put(sim, LM_IMAGE + LM_TEXT + *at, id, 8);
	strcpy((char *)lm_at(sim, LM_IMAGE + LM_TEXT + *at + 8), text);
	*at += (8 + strlen(text) + 1 + 7) & ~7ull;
}

#define TEXTS_ONLY \
	"(These are the texts of the ring around the kernel's first lines: there is no VMCOREINFO, which has its layout.)\n"

static void test_texts(void)
{
	uint64_t at = 0;

	lm_kernel(sim);
	ends(-ENOENT, "", "neither VMCOREINFO nor a log");
	put_block(&at, 7, LM_BANNER_TEXT "-1\n");
	ends(-ENOENT, "", "a text that stands alone");
	at = 0;
	put_block(&at, FIRST_ID, "Booting Linux on physical CPU 0x0000000000 [0x000f0510]0]\n");
	put_block(&at, FIRST_ID + 1, LM_BANNER_TEXT "-1\n");
	put_block(&at, FIRST_ID + 2, "x\033y");
	put_block(&at, FIRST_ID + 4, "of another id");
	prints("Booting Linux on physical CPU 0x0000000000 [0x000f0510]\n" LM_BANNER_TEXT "\nx?y\n" TEXTS_ONLY,
		"a log without VMCOREINFO");
	lm_kernel(sim);
	at = 0;
	put_old(&at, 0, "Booting Linux");
	put_old(&at, 0, LM_BANNER_TEXT);
	put_old(&at, 0, "the next");
	prints(LM_BANNER_TEXT "\nthe next\n" TEXTS_ONLY, "... one of before 5.10");
}

int main(void)
{
	struct capabilities caps = { 0 };
	char error[256];

	sim = sim_open(arch_find("aarch64"), 2, LM_BASE, LM_SIZE);
	if (!sim || machine_open(&m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		return 1;
	set_vcpu(0, true);
	set_vcpu(1, true);
	test_whole();
	test_round();
	test_hostile();
	test_overlap();
	test_old();
	test_stale();
	test_texts();
	return done();
}
