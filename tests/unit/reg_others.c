/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register files of s390x, mips64 and loongarch64 over a simulated vCPU. Each value is put into the vCPU and read from the file
 * as a number in the order of the machine that runs this test, so that it tests the same on a little-endian and on a big-endian
 * one: tests/lint/crossbuild.t runs it on an emulated s390x.
 */
#include <errno.h>
#include <stdlib.h>

#include "reg/presence.h"
#include "reg/regfile.h"
#include "sim_host.h"
#include "tap.h"

static struct sim_host *sim;
static struct transport transport;
static struct tdesc tdesc;
static struct regfile file;

/* The simulated vCPU has the ids of the table's rows: not what computed ones are of. Those are in `more`, up to a 0, or NULL. */
static void open_vcpu(const char *arch, const uint64_t *more)
{
	sim = sim_open(arch_find(arch), 1, 0, 0x1000);
	if (!sim)
		exit(1);
	while (more && *more)
		sim_add(sim, 0, *more++);
}

static void build(void)
{
	struct presence presence;

	transport_init(&transport, &sim->host, sim->arch, BATCH_AUTO);
	transport_open(&transport, 0);
	presence_init(&presence, &transport, 0);
	if (tdesc_build(&tdesc, sim->arch, &presence.source) || regfile_init(&file, 0, &transport) ||
		regfile_describe(&file, &tdesc))
		exit(1);
	presence_free(&presence);
}

static void set_up(const char *arch, const uint64_t *more)
{
	open_vcpu(arch, more);
	build();
}

static void tear_down(void)
{
	regfile_free(&file);
	tdesc_free(&tdesc);
	sim->host.ops->close(&sim->host);
}

/* So many bytes as a number of the host's. */
static uint64_t number(const void *bytes, size_t size)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	memcpy(&u64, bytes, size == 8 ? 8 : 0);
	memcpy(&u32, bytes, size == 4 ? 4 : 0);
	memcpy(&u16, bytes, size == 2 ? 2 : 0);
	return size == 8 ? u64 : size == 4 ? u32 : size == 2 ? u16 : *(const uint8_t *)bytes;
}

static void put_number(void *bytes, size_t size, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;
	uint8_t u8 = (uint8_t)value;

	memcpy(bytes, size == 8 ? (void *)&value : size == 4 ? (void *)&u32 : (void *)&u8, size);
}

static unsigned reg_number(const char *name)
{
	return (unsigned)tdesc_by_name(&tdesc, name);
}

/* KVM's value is read as this one, and this one is written as another of KVM's. */
static void moves(const char *name, uint64_t key, uint64_t kvm, uint64_t shown, uint64_t written, uint64_t kvm_after)
{
	unsigned reg = reg_number(name);
	uint8_t *bytes = sim_bytes(sim, 0, key), value[64];
	ssize_t n;

	if (!ok(bytes && reg < tdesc.nregs, "%s is there", name))
		return;
	put_number(bytes, KEY_SIZE(key), kvm);
	regfile_drop(&file);
	n = regfile_read(&file, reg, value, sizeof(value));
	is_int(n, tdesc.regs[reg].size, "... it has its size");
	is_int((int64_t)number(value, (size_t)n), (int64_t)shown, "... and is read");
	put_number(value, (size_t)n, written);
	is_int(regfile_write(&file, reg, value, (size_t)n), 0, "... written");
	is_int((int64_t)number(bytes, KEY_SIZE(key)), (int64_t)kvm_after, "... as KVM has it");
}

static void refuses(const char *name, uint64_t value, int err)
{
	unsigned reg = reg_number(name);
	uint8_t bytes[64] = { 0 };

	put_number(bytes, tdesc.regs[reg].size, value);
	is_int(regfile_write(&file, reg, bytes, tdesc.regs[reg].size), err, file.why);
}

/* `g` is what `p` says of each register, one behind the other. */
static void general_is_sum(void)
{
	uint8_t all[1024], one[64];
	ssize_t size = regfile_read_general(&file, all, sizeof(all)), at = 0;
	bool same = size > 0;

	for (unsigned i = 0; i < tdesc.ngeneral; i++) {
		ssize_t n = regfile_read(&file, i, one, sizeof(one));

		same = same && n > 0 && at + n <= size && !memcmp(one, all + at, (size_t)n);
		at += n;
	}
	ok(same && at == size, "%s: `g` is all `p`s", sim->arch->name);
	is_int(regfile_write_general(&file, all, (size_t)size), 0, "... and is written back");
}

/* Nothing that is advertised fails to be read; the bytes of a wide register are KVM's. */
static void all_are_read(void)
{
	unsigned failed = 0, different = 0;
	uint8_t value[64];

	for (unsigned i = 0; i < tdesc.nregs; i++) {
		const struct reg_row *row = tdesc.regs[i].row;
		ssize_t n = regfile_read(&file, i, value, sizeof(value));

		failed += n != tdesc.regs[i].size;
		if (row->key && row->bits > 64)
			different += memcmp(value, sim_bytes(sim, 0, row->key), row->bits / 8) != 0;
	}
	is_int(failed, 0, "... every register is read");
	is_int(different, 0, "... vectors byte for byte");
}

#define PSW_MASK KEY_BLOCK(3, 8, 0)
#define PSW_ADDR KEY_BLOCK(3, 8, 8)

static void s390x(void)
{
	set_up("s390x", NULL);
	moves("pswm", PSW_MASK, 0x0404c00180000000, 0x0404c00180000000, 0x180000000, 0x180000000);
	moves("pswa", PSW_ADDR, 0x10204, 0x10204, 0x30000, 0x30000);
	moves("r15", KEY_BLOCK(0, 8, 120), 0x1122334455667788, 0x1122334455667788, 1, 1);
	moves("acr1", KEY_BLOCK(1, 4, 4), 0x89abcdef, 0x89abcdef, 0x1234, 0x1234);
	moves("cr13", KEY_BLOCK(1, 8, 64 + 8 * 13), 0xdeadbeef00c0ffee, 0xdeadbeef00c0ffee, 7, 7);
	moves("fpc", KEY_BLOCK(2, 4, 0), 0x80000001, 0x80000001, 2, 2);
	moves("v3l", KEY_BLOCK(5, 8, 56), 0x0123456789abcdef, 0x0123456789abcdef, 9, 9);
	moves("todpr", 0x5020000000000001, 0x12345678, 0x12345678, 3, 3);
	is_int((int64_t)number(sim_bytes(sim, 0, KEY_BLOCK(1, 4, 4)), 4), 0x1234, "a neighbour in the struct is untouched");
	general_is_sum();
	all_are_read();
	tear_down();
}

#define MIPS_STATUS 0x7020000000010060
#define MIPS_CAUSE 0x7020000000010068

static void mips64(void)
{
	set_up("mips64", (const uint64_t[]){ MIPS_STATUS, MIPS_CAUSE, 0 });
	moves("r4", 0x7030000000000004, 0x1122334455667788, 0x1122334455667788, 1, 1);
	moves("hi", 0x7030000000000020, 5, 5, 6, 6);
	moves("pc", 0x7030000000000022, 0xffffffff80100000, 0xffffffff80100000, 0xffffffff80100004, 0xffffffff80100004);
	moves("status", 0x7020000000010060, 0x80400004, 0xffffffff80400004, 0xffffffff90000001, 0x90000001);
	moves("cause", 0x7020000000010068, 0x24, 0x24, 0x7fffffff, 0x7fffffff);
	moves("fcsr", 0x702000000003011f, 0x01000000, 0x01000000, 4, 4);
	refuses("status", 0x90000001, -EINVAL);
	refuses("r0", 1, -EPERM);
	refuses("fir", 1, -EPERM);
	is_int(tdesc_by_name(&tdesc, "reg_7020000000010060"), -1, "what status shows is not there a second time");
	general_is_sum();
	all_are_read();
	tear_down();
}

/* KVM lists the registers of a floating-point unit that the host has, and refuses to read them where the vCPU has none. */
static void mips64_without_fpu(void)
{
	open_vcpu("mips64", (const uint64_t[]){ MIPS_STATUS, MIPS_CAUSE, 0 });
	for (unsigned i = 0; i < 32; i++)
		sim_remove(sim, 0, 0x7030000000030000 + i);
	sim_remove(sim, 0, 0x7020000000030100);
	sim_remove(sim, 0, 0x702000000003011f);
	build();
	ok(!strstr(tdesc.xml, "org.gnu.gdb.mips.fpu"), "mips64 without a floating-point unit: no such feature");
	ok(strstr(tdesc.xml, "org.gnu.gdb.mips.cpu") && strstr(tdesc.xml, "org.gnu.gdb.mips.cp0"), "... but the others");
	general_is_sum();
	all_are_read();
	tear_down();
}

/* One key is moved as another is: eflags is the low half of KVM's 64 bits. */
static void loongarch64(void)
{
	set_up("loongarch64", NULL);
	moves("r4", KEY_BLOCK(0, 8, 32), 0x1122334455667788, 0x1122334455667788, 1, 1);
	moves("pc", KEY_BLOCK(0, 8, 256), 0x9000000000200000, 0x9000000000200000, 4, 4);
	moves("badv", 0x9030000000010038, 0x1234, 0x1234, 5, 5);
	moves("fcc3", KEY_BLOCK(1, 1, 11), 1, 1, 0, 0);
	moves("f2", KEY_BLOCK(1, 8, 80), 0x3ff0000000000000, 0x3ff0000000000000, 8, 8);
	moves("eflags", 0x9030000000050005, 0xaabbccdd00000041, 0x41, 0x42, 0xaabbccdd00000042);
	moves("CRMD", 0x9030000000010000, 0xb0, 0xb0, 0x8, 0x8);
	refuses("r0", 1, -EPERM);
	refuses("orig_a0", 1, -EPERM);
	refuses("DEBUG_INST", 1, -EPERM);
	general_is_sum();
	all_are_read();
	tear_down();
}

/* KVM has room for the widest vectors; CPUCFG2 says which of them the vCPU has: bit 6 LSX, bit 7 LASX. */
static void loongarch64_vectors(uint64_t cpucfg2, bool lsx, bool lasx)
{
	open_vcpu("loongarch64", NULL);
	put_number(sim_bytes(sim, 0, 0x9030000000040010), 8, cpucfg2);
	build();
	ok((tdesc_by_name(&tdesc, "vr0") >= 0) == lsx && (tdesc_by_name(&tdesc, "vr31") >= 0) == lsx,
		"CPUCFG2 0x%llx: LSX is %d", (unsigned long long)cpucfg2, lsx);
	ok((tdesc_by_name(&tdesc, "xr0") >= 0) == lasx, "... LASX is %d", lasx);
	all_are_read();
	tear_down();
}

int main(void)
{
	s390x();
	mips64();
	mips64_without_fpu();
	loongarch64();
	loongarch64_vectors(0x3f3f, false, false);
	loongarch64_vectors(0x7f, true, false);
	loongarch64_vectors(0xc0, true, true);
	return done();
}
