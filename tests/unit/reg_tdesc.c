/* SPDX-License-Identifier: BSD-2-Clause */
/* target.xml and the numbers of registers, for vCPUs that have everything and for such that lack something. */
#include <errno.h>
#include <stdlib.h>

#include "reg/tdesc.h"
#include "tap.h"

/* A small architecture, so that the whole document can be compared. */
static int get_zero(struct view *v, uint64_t *value)
{
	(void)v;
	*value = 0;
	return 0;
}

static const struct arch_computed computed[] = { { "zero", get_zero, NULL } };

static const struct reg_row core[] = {
	{ "pc", 64, true, false, " type=\"code_ptr\" generic=\"pc\"", 0x8030000002000000, NULL, "pc" },
	{ "zero", 32, true, false, "", 0, "zero", NULL },
	{ "x1", 32, true, false, "", 0x8020000002000001, NULL, "ra" },
};
static const struct reg_row vector[] = {
	{ "v0", 256, false, false, " type=\"v\"", 0x8050000009000001, NULL, NULL },
};
static const struct reg_row more[] = {
	{ "s", 8, false, true, "", KEY_BLOCK(0, 1, 3), NULL, NULL },
};
static const struct tdesc_feature features[] = {
	{ "a.core", "<flags id=\"f\" size=\"4\">\n</flags>\n", core, 3 },
	{ "a.vector", "<vector id=\"v\" type=\"uint8\" count=\"32\"/>\n", vector, 1 },
	{ "a.more", "", more, 1 },
};
static const struct tdesc_table table = { "a", features, 3 };
static const struct arch arch = { .name = "a", .tdesc = &table, .computed = computed, .ncomputed = 1 };

#define HEAD "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"

static bool has_all(void *arg, uint64_t key)
{
	(void)arg;
	return key != 0;
}

static bool has_all_but(void *arg, uint64_t key)
{
	for (const uint64_t *lacking = arg; *lacking; lacking++)
		if (*lacking == key)
			return false;
	return true;
}

static void all_present(void)
{
	struct tdesc d;

	is_int(tdesc_build(&d, &arch, has_all, NULL), 0, "a vCPU that has everything");
	is_str(d.xml,
		HEAD "<architecture>a</architecture>\n"
		     "<feature name=\"a.core\">\n<flags id=\"f\" size=\"4\">\n</flags>\n"
		     "<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\" generic=\"pc\"/>\n"
		     "<reg name=\"zero\" bitsize=\"32\"/>\n<reg name=\"x1\" bitsize=\"32\"/>\n</feature>\n"
		     "<feature name=\"a.vector\">\n<vector id=\"v\" type=\"uint8\" count=\"32\"/>\n"
		     "<reg name=\"v0\" bitsize=\"256\" type=\"v\"/>\n</feature>\n"
		     "<feature name=\"a.more\">\n<reg name=\"s\" bitsize=\"8\"/>\n</feature>\n"
		     "</target>\n",
		"the whole document");
	is_int(d.nregs, 5, "five registers");
	is_int(d.ngeneral, 3, "three are general");
	is_int(d.general_size, 16, "of 16 bytes");
	is_int(d.max_size, 32, "the largest has 32");
	ok(d.regs[1].computed == &computed[0] && !d.regs[0].computed, "one is computed");
	is_int(tdesc_by_name(&d, "v0"), 3, "by name");
	is_int(tdesc_by_name(&d, "ra"), 2, "by generic name");
	is_int(tdesc_by_generic(&d, "pc"), 0, "by generic name only");
	is_int(tdesc_by_generic(&d, "x1"), -1, "a name is not a generic name");
	is_int(tdesc_by_name(&d, "v1"), -1, "no such register");
	tdesc_free(&d);
}

static void some_absent(void)
{
	uint64_t lacking[] = { 0x8020000002000001, 0x8050000009000001, 0 };
	struct tdesc d;

	is_int(tdesc_build(&d, &arch, has_all_but, lacking), 0, "a vCPU without x1 and v0");
	is_str(d.xml,
		HEAD "<architecture>a</architecture>\n"
		     "<feature name=\"a.core\">\n<flags id=\"f\" size=\"4\">\n</flags>\n"
		     "<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\" generic=\"pc\"/>\n"
		     "<reg name=\"zero\" bitsize=\"32\"/>\n</feature>\n"
		     "<feature name=\"a.more\">\n<reg name=\"s\" bitsize=\"8\"/>\n</feature>\n"
		     "</target>\n",
		"they are left out, and so is the feature with none left");
	is_int(tdesc_by_name(&d, "s"), 2, "what comes behind moves up");
	is_int(d.ngeneral, 2, "and `g` is shorter");
	is_int(d.general_size, 12, "by four bytes");
	is_int(d.max_size, 8, "the largest is another one");
	tdesc_free(&d);
	ok(!d.xml && !d.regs, "freed");
}

/* A row from nowhere, and one that is too wide to be computed. */
static void bad_tables(void)
{
	struct reg_row row = { "r", 64, true, false, "", 0, "nothing", NULL };
	struct tdesc_feature feature = { "a", "", &row, 1 };
	struct tdesc_table bad = { "a", &feature, 1 };
	struct arch bad_arch = arch;
	struct tdesc d;

	bad_arch.tdesc = &bad;
	is_int(tdesc_build(&d, &bad_arch, has_all, NULL), -EINVAL, "an unknown kvm:from");
	row.from = "zero";
	row.bits = 128;
	is_int(tdesc_build(&d, &bad_arch, has_all, NULL), -EINVAL, "a computed register of 128 bits");
}

static bool no_block(void *arg, uint64_t key)
{
	(void)arg;
	return !KEY_IS_BLOCK(key);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void real_tables(void)
{
	static const char *const names[] = { "aarch64", "loongarch64", "mips64", "s390x", "x86_64" };
	struct tdesc d;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!ok(tdesc_build(&d, arch_find(names[i]), has_all, NULL) == 0, "the description of %s", names[i]))
			continue;
		is_int(count(d.xml, "<reg name="), d.nregs, "has every register once");
		ok(!strstr(d.xml, "kvm:") && !strstr(d.xml, "xi:include"), "and nothing that is not for the client");
		tdesc_free(&d);
	}
	if (ok(tdesc_build(&d, arch_find("x86_64"), no_block, NULL) == 0, "x86_64 whose structs cannot be read")) {
		ok(!strstr(d.xml, "\"rax\"") && strstr(d.xml, "\"LSTAR\""), "has MSRs, but no rax");
		is_int(d.ngeneral, 0, "and no general register");
		tdesc_free(&d);
	}
}

int main(void)
{
	all_present();
	some_absent();
	bad_tables();
	real_tables();
	return done();
}
