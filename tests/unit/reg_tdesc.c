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

static const struct arch_computed computed[] = { { "zero", get_zero, NULL, 0 } };

/* As riscv has it: a register says how many bytes a vector register has. */
#define VLENB 0x8030000009000004

static int get_vlenb(struct view *v, unsigned *times)
{
	uint64_t value;
	int err = v->get(v, VLENB, &value);

	*times = err ? 0 : (unsigned)value;
	return err;
}

static const struct arch_scale scales[] = { { "vlenb", get_vlenb } };

static const struct reg_row core[] = {
	{ "pc", 64, true, false, " type=\"code_ptr\" generic=\"pc\"", 0x8030000002000000, NULL, "pc", NULL, REG_PLAIN },
	{ "zero", 32, true, false, "", 0, "zero", NULL, NULL, REG_PLAIN },
	{ "x1", 32, true, false, "", 0x8020000002000001, NULL, "ra", NULL, REG_PLAIN },
};
static const struct reg_row vector[] = {
	{ "v0", 8, false, false, " type=\"v\"", 0x8000000009000001, NULL, NULL, "vlenb", REG_PLAIN },
	{ "z0", 32, false, false, "", 0x8080000009000002, NULL, NULL, "vlenb", REG_PLAIN },
};
static const struct reg_row more[] = {
	{ "s", 8, false, true, "", KEY_BLOCK(0, 1, 3), NULL, NULL, NULL, REG_PLAIN },
};
static const struct reg_row other[] = {
	{ "f0", 32, false, false, "", 0x8020000005000001, NULL, NULL, NULL, REG_PLAIN },
};
static const struct tdesc_vector vectors[] = { { "v", "uint8", 1, "vlenb" }, { "w", "uint16", 4, "vlenb" } };
static const struct tdesc_feature features[] = {
	{ "a.core", "<flags id=\"f\" size=\"4\">\n</flags>\n", core, 3, NULL, 0, 0, NULL },
	{ "a.vector", "<enum id=\"e\" size=\"4\">\n</enum>\n", vector, 2, vectors, 2, 0, NULL },
	{ "a.more", "", more, 1, NULL, 0, 0, NULL },
	{ "a.other", "", other, 1, NULL, 0, 0x8030000006000000, NULL },
};
static const struct tdesc_table table = { "a", features, 4, NULL, false };
static const struct arch arch = {
	.name = "a", .tdesc = &table, .regs = { .computed = computed, .ncomputed = 1, .scales = scales, .nscales = 1 }
};

#define HEAD "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"

/* A vCPU that has everything but these keys (a 0 ends them). */
struct fake {
	struct tdesc_source source;
	unsigned vlenb; /* 0: it has no such register */
	uint64_t lacking[3];
};

static struct fake *fake_of(struct view *v)
{
	return (struct fake *)((char *)v - offsetof(struct fake, source.view));
}

static int fake_get(struct view *v, uint64_t key, uint64_t *value)
{
	*value = key == VLENB ? fake_of(v)->vlenb : 0;
	return key == VLENB && !*value ? -ENOENT : 0;
}

static bool fake_has(struct tdesc_source *source, uint64_t key)
{
	struct fake *f = fake_of(&source->view);

	for (unsigned i = 0; i < 3; i++)
		if (f->lacking[i] == key)
			return false;
	return true;
}

static int build(struct tdesc *d, const struct arch *a, unsigned vlenb, uint64_t lacking, uint64_t lacking_too)
{
	struct fake f = {
		.source = { .view = { .get = fake_get }, .has = fake_has },
		.vlenb = vlenb,
		.lacking = { lacking, lacking_too, 0 },
	};

	return tdesc_build(d, a, &f.source);
}

static void all_present(void)
{
	struct tdesc d;

	is_int(build(&d, &arch, 32, 0, 0), 0, "a vCPU that has everything");
	is_str(d.xml,
		HEAD "<architecture>a</architecture>\n"
		     "<feature name=\"a.core\">\n<flags id=\"f\" size=\"4\">\n</flags>\n"
		     "<reg name=\"pc\" bitsize=\"64\" type=\"code_ptr\" generic=\"pc\"/>\n"
		     "<reg name=\"zero\" bitsize=\"32\"/>\n<reg name=\"x1\" bitsize=\"32\"/>\n</feature>\n"
		     "<feature name=\"a.vector\">\n<vector id=\"v\" type=\"uint8\" count=\"32\"/>\n"
		     "<vector id=\"w\" type=\"uint16\" count=\"128\"/>\n<enum id=\"e\" size=\"4\">\n</enum>\n"
		     "<reg name=\"v0\" bitsize=\"256\" type=\"v\"/>\n<reg name=\"z0\" bitsize=\"1024\"/>\n</feature>\n"
		     "<feature name=\"a.more\">\n<reg name=\"s\" bitsize=\"8\"/>\n</feature>\n"
		     "</target>\n",
		"the whole document");
	is_int(d.nregs, 6, "six registers");
	is_int(d.ngeneral, 3, "three are general");
	is_int(d.general_size, 16, "of 16 bytes");
	is_int(d.max_size, 128, "the largest has 128");
	ok(d.regs[3].key == 0x8050000009000001, "an id without a size has the register's");
	ok(d.regs[4].key == 0x8080000009000002, "one with a size keeps it: KVM's value may be longer");
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
	struct tdesc d;

	is_int(build(&d, &arch, 0, 0x8020000002000001, 0), 0, "a vCPU without x1 and vectors");
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
	struct reg_row row = { "r", 64, true, false, "", 0, "nothing", NULL, NULL, REG_PLAIN };
	struct tdesc_feature feature = { "a", "", &row, 1, NULL, 0, 0, NULL };
	struct tdesc_table bad = { "a", &feature, 1, NULL, false };
	struct arch bad_arch = arch;
	struct tdesc d;

	bad_arch.tdesc = &bad;
	is_int(build(&d, &bad_arch, 0, 0, 0), -EINVAL, "an unknown kvm:from");
	row.from = "zero";
	row.bits = 128;
	is_int(build(&d, &bad_arch, 0, 0, 0), -EINVAL, "a computed register of 128 bits");
	row = (struct reg_row){ "r", 64, true, false, "", 0x8030000002000000, NULL, NULL, "nothing", REG_PLAIN };
	is_int(build(&d, &bad_arch, 0, 0, 0), -EINVAL, "an unknown kvm:times");
}

static bool no_block(struct tdesc_source *source, uint64_t key)
{
	(void)source;
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

/* Bytes of the fields that are called by their bits, each on a line. */
static int unnamed(const char *xml)
{
	int n = 0;

	for (const char *at = xml; (at = strstr(at, "<field name=\"bit")); at++)
		n += (int)strcspn(at, "\n") + 1;
	return n;
}

static void real_tables(void)
{
	static const char *const names[] = { "aarch64", "loongarch64", "mips64", "riscv64", "s390x", "x86_64" };
	struct tdesc_source blockless = { .view = { .get = fake_get }, .has = no_block };
	struct tdesc d;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!ok(build(&d, arch_find(names[i]), 0, 0, 0) == 0, "the description of %s", names[i]))
			continue;
		is_int(count(d.xml, "<reg name="), d.nregs, "has every register once");
		ok(!strstr(d.xml, "kvm:") && !strstr(d.xml, "xi:include"), "and nothing that is not for the client");
		ok(strstr(d.xml, "<field name=\"bit_") && !strstr(d.named_xml, "<field name=\"bit"),
			"or fields without a name, or not");
		is_int((int)strlen(d.xml) - (int)strlen(d.named_xml), unnamed(d.xml), "... and nothing else is left out");
		tdesc_free(&d);
	}
	if (ok(tdesc_build(&d, arch_find("x86_64"), &blockless) == 0, "x86_64 whose structs cannot be read")) {
		ok(!strstr(d.xml, "\"rax\"") && strstr(d.xml, "\"LSTAR\""), "has MSRs, but no rax");
		is_int(d.ngeneral, 0, "and no general register");
		tdesc_free(&d);
	}
}

/* A feature in place of another one: a vCPU with a certain id has none of it. */
static void instead(void)
{
	struct tdesc d;

	is_int(build(&d, &arch, 0, 0, 0), 0, "a vCPU with the id");
	ok(!strstr(d.xml, "a.other"), "has not what stands in for it");
	tdesc_free(&d);
	is_int(build(&d, &arch, 0, 0x8030000006000000, 0), 0, "a vCPU without the id");
	ok(strstr(d.xml, "<feature name=\"a.other\">\n<reg name=\"f0\" bitsize=\"32\"/>\n</feature>\n") != NULL, "has");
	tdesc_free(&d);
}

int main(void)
{
	all_present();
	some_absent();
	bad_tables();
	instead();
	real_tables();
	return done();
}
