/* SPDX-License-Identifier: BSD-2-Clause */
/* What depends on the vCPU: widths, components of a block, ids that no table has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reg_fixture.h"
#include "tap.h"

#define VLS 0x606000000015ffff
#define ZCR_EL1 0x603000000013c090
#define XSTATE_BV KEY_BLOCK(2, 8, 512)

/* A register of SVE: GDB sees as much of KVM's value as the vCPU has. */
static void as_wide_as_the_vcpu(void)
{
	uint8_t value[256], *kvm;
	struct fixture x;
	unsigned z0, p15;

	open_fixture(&x, "aarch64", true);
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	sim_set(x.sim, 0, VLS, 0xb); /* 128, 256 and 512 bits */
	sim_set(x.sim, 0, ZCR_EL1, 2);
	build(&x, x.sim->arch);
	z0 = (unsigned)tdesc_by_name(&x.tdesc, "z0");
	p15 = (unsigned)tdesc_by_name(&x.tdesc, "p15");
	kvm = sim_bytes(x.sim, 0, Z(0));
	is_int(regfile_read(&x.file, z0, value, sizeof(value)), 64, "z0 of a vCPU with 512 bits");
	is_int(memcmp(value, kvm, 64), 0, "the first bytes of KVM's 256");
	is_int(regfile_read(&x.file, p15, value, sizeof(value)), 8, "p15 has a bit for each byte");
	is_int((int64_t)read_reg(&x, "vg"), 4, "384 bits asked for: 256 are in use");
	is_int(tdesc_by_name(&x.tdesc, "v0"), -1, "there is no v0: GDB makes it from z0");
	is_int(regfile_read(&x.file, (unsigned)tdesc_by_name(&x.tdesc, "fpsr"), value, sizeof(value)), 4, "but fpsr");
	memset(value, 0xaa, sizeof(value));
	is_int(regfile_write(&x.file, z0, value, 64), 0, "written");
	ok(!memcmp(kvm, value, 64) && kvm[64] != 0xaa, "those bytes, and no other");
	is_int(regfile_write(&x.file, z0, value, 256), -EINVAL, "more are too many");
	is_int(write_reg(&x, "vg", 8, 8), -EPERM, "the length is not GDB's to change");
	tear_down(&x);
}

/* KVM says where a component is (sub-leaf 2: AVX), and takes what is not in use for its initial value. */
static void xsave_components(void)
{
	static const uint32_t leaves[][4] = { { 0xd, 0, 7, 0 }, { 0xd, 2, 256, 1000 }, { 0xd, 5, 64, 1300 } };
	uint8_t value[16];
	struct fixture x;
	uint64_t in_use;

	set_up(&x, "x86_64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	sim_set(x.sim, 0, KEY_BLOCK(5, 4, 0), 3);
	for (unsigned i = 0; i < 3; i++) {
		sim_set(x.sim, 0, KEY_BLOCK(5, 4, 8 + 40 * i), leaves[i][0]);
		sim_set(x.sim, 0, KEY_BLOCK(5, 4, 12 + 40 * i), leaves[i][1]);
		sim_set(x.sim, 0, KEY_BLOCK(5, 4, 20 + 40 * i), leaves[i][2]);
		sim_set(x.sim, 0, KEY_BLOCK(5, 4, 24 + 40 * i), leaves[i][3]);
	}
	sim_set(x.sim, 0, XSTATE_BV, 0);
	build(&x, x.sim->arch);
	regfile_read(&x.file, (unsigned)tdesc_by_name(&x.tdesc, "ymm1h"), value, sizeof(value));
	is_int(memcmp(value, sim_bytes(x.sim, 0, KEY_BLOCK(2, 16, 1000 + 16)), 16), 0, "ymm1h is where CPUID says");
	is_int(tdesc_by_name(&x.tdesc, "k0"), -1, "what XCR0 cannot turn on is not there");
	is_int(write_reg(&x, "xmm3", 5, 16), 0, "xmm3 written");
	is_int((int64_t)sim_get(x.sim, 0, XSTATE_BV), 2, "and with it, that SSE is in use");
	is_int(write_reg(&x, "ymm1h", 5, 16), 0, "ymm1h written");
	in_use = sim_get(x.sim, 0, XSTATE_BV);
	is_int((int64_t)in_use, 6, "and AVX");
	is_int((int64_t)sim_get(x.sim, 0, KEY_BLOCK(2, 8, 1000 + 16)), 5, "in its place");
	is_int(write_reg(&x, "ftag", 0, 4), 0, "a computed part of the x87");
	is_int((int64_t)sim_get(x.sim, 0, XSTATE_BV), 7, "is in use then, too");
	tear_down(&x);
}

/* An id that the table has not is there under its number. */
static void unknown_ids(void)
{
	struct fixture x;

	set_up(&x, "aarch64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	sim_add(x.sim, 0, 0x603000000013ffff);
	sim_add(x.sim, 0, 0x6060000000170000);
	sim_add(x.sim, 0, 0x603000000013fffe);
	sim_remove(x.sim, 0, 0x603000000013fffe);
	build(&x, x.sim->arch);
	ok(read_reg(&x, "reg_603000000013ffff") == sim_get(x.sim, 0, 0x603000000013ffff), "an unknown id by its number");
	ok(strstr(x.tdesc.xml, "<feature name=\"org.kvm.unknown\">") != NULL, "in a feature of its own");
	ok(strstr(x.tdesc.xml,
		   "<reg name=\"reg_6060000000170000\" bitsize=\"512\" type=\"bytes64\" group=\"unknown\" save-restore=\"no\"/>") !=
			NULL,
		"a large one is bytes");
	is_int(tdesc_by_name(&x.tdesc, "reg_603000000013fffe"), -1, "but not what cannot be read");
	ok(!strstr(x.tdesc.xml, "reg_6080000000150000"), "nor what is known, and left out on purpose");
	tear_down(&x);
	set_up(&x, "x86_64");
	regfile_free(&x.file);
	tdesc_free(&x.tdesc);
	sim_add(x.sim, 0, 0x20300002c0ffee00);
	build(&x, x.sim->arch);
	ok(read_reg(&x, "msr_c0ffee00") == sim_get(x.sim, 0, 0x20300002c0ffee00), "an unknown MSR by its number");
	ok(strstr(x.tdesc.xml,
		   "<reg name=\"msr_c0ffee00\" bitsize=\"64\" type=\"uint64\" group=\"msr\" save-restore=\"no\"/>") != NULL,
		"among the MSRs");
	tear_down(&x);
}

int main(void)
{
	as_wide_as_the_vcpu();
	xsave_components();
	unknown_ids();
	return done();
}
