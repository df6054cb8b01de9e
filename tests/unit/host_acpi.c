/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI's tables, gone through as an operating system does: from the RSDP on, by lengths and checksums. */
#include "host/acpi.h"
#include "tap.h"

#include <string.h>

#define AT 0xe0000

static const struct acpi_machine board = {
	.local_apic = 0xfee00000,
	.io_apic = 0xfec00000,
	.pm1a_event = 0x600,
	.pm1a_control = 0x604,
	.reset_port = 0xcf9,
	.reset_value = 6,
	.sci = 9,
	.s5 = 5,
};

static uint8_t bytes[0x10000];
static size_t size;

static uint64_t number(const uint8_t *at, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static void build(unsigned cpus)
{
	struct acpi_machine m = board;

	m.cpus = cpus;
	memset(bytes, 0xee, sizeof(bytes));
	size = acpi_build(bytes, sizeof(bytes), AT, &m);
}

static uint8_t sum(const uint8_t *at, size_t n)
{
	uint8_t all = 0;

	while (n--)
		all += *at++;
	return all;
}

/* The table at this address, if it is one, with this name. */
static const uint8_t *table(uint64_t gpa, const char *signature)
{
	const uint8_t *t = bytes + (gpa - AT);
	bool good = gpa >= AT && gpa % 16 == 0 && gpa - AT + 36 <= size && !memcmp(t, signature, 4) &&
		    number(t + 4, 4) <= size - (gpa - AT) && sum(t, number(t + 4, 4)) == 0;

	return ok(good, "%s: is there, in one piece, and its bytes sum up to 0", signature) ? t : NULL;
}

static const uint8_t *xsdt_entry(unsigned n, const char *signature)
{
	const uint8_t *xsdt = table(number(bytes + 24, 8), "XSDT");

	return xsdt && number(xsdt + 4, 4) == 36 + 2 * 8 ? table(number(xsdt + 36 + 8 * n, 8), signature) : NULL;
}

static void test_root(void)
{
	build(1);
	ok(size > 0, "built");
	ok(!memcmp(bytes, "RSD PTR ", 8), "RSDP: first of all");
	is_int(sum(bytes, 20), 0, "RSDP: the checksum of its first version");
	is_int(sum(bytes, 36), 0, "RSDP: and that over all");
	is_int(bytes[15], 2, "RSDP: revision");
	is_int((int64_t)number(bytes + 20, 4), 36, "RSDP: length");
}

static void test_fadt(void)
{
	const uint8_t *fadt, *dsdt;

	build(1);
	fadt = xsdt_entry(0, "FACP");
	if (!fadt)
		return;
	is_int((int64_t)number(fadt + 4, 4), 268, "FADT: the length of revision 5");
	is_int((int64_t)number(fadt + 46, 2), 9, "FADT: the SCI");
	is_int((int64_t)number(fadt + 48, 4), 0, "FADT: no SMI_CMD");
	is_int((int64_t)number(fadt + 56, 4), 0x600, "FADT: PM1a_EVT");
	is_int((int64_t)number(fadt + 64, 4), 0x604, "FADT: PM1a_CNT");
	is_int(fadt[88], 4, "FADT: PM1_EVT_LEN");
	is_int(fadt[89], 2, "FADT: PM1_CNT_LEN");
	is_int(fadt[91], 0, "FADT: no timer");
	ok(number(fadt + 112, 4) & 1 << 10, "FADT: there is a reset register");
	is_int((int64_t)number(fadt + 116, 4), 0x01000801, "FADT: which is a port of 8 bits");
	is_int((int64_t)number(fadt + 120, 8), 0xcf9, "FADT: this one");
	is_int(fadt[128], 6, "FADT: and takes this");
	is_int((int64_t)number(fadt + 152, 8), 0x600, "FADT: X_PM1a_EVT");
	is_int((int64_t)number(fadt + 176, 8), 0x604, "FADT: X_PM1a_CNT");
	is_int((int64_t)number(fadt + 140, 8), (int64_t)number(fadt + 40, 4), "FADT: one DSDT");
	dsdt = table(number(fadt + 140, 8), "DSDT");
	ok(dsdt && !memcmp(dsdt + 36, "\x08_S5_\x12\x08\x04\x0a\x05\x0a\x05\0\0", 14), "DSDT: has _S5");
}

/* How many structures of a kind a MADT has; *last is the last of them. */
static unsigned count(const uint8_t *madt, uint8_t type, const uint8_t **last)
{
	unsigned n = 0;

	for (uint64_t at = 44, end = number(madt + 4, 4); at < end && madt[at + 1]; at += madt[at + 1]) {
		if (madt[at] != type)
			continue;
		*last = madt + at;
		n++;
	}
	return n;
}

static void test_madt(void)
{
	const uint8_t *madt, *last = NULL;

	build(4);
	madt = xsdt_entry(1, "APIC");
	if (!madt)
		return;
	is_int((int64_t)number(madt + 36, 4), 0xfee00000, "MADT: the local APICs");
	is_int(count(madt, 0, &last), 4, "MADT: four processors");
	ok(last && last[2] == 3 && last[3] == 3 && number(last + 4, 4) == 1, "MADT: the last has id 3 and is enabled");
	is_int(count(madt, 1, &last), 1, "MADT: an I/O APIC");
	is_int((int64_t)number(last + 4, 4), 0xfec00000, "MADT: here");
	is_int(count(madt, 2, &last), 1, "MADT: one interrupt is not as on the ISA bus");
	ok(last[3] == 9 && number(last + 4, 4) == 9 && number(last + 8, 2) == 0x0d, "MADT: the SCI, level, active high");
	is_int(count(madt, 4, &last), 1, "MADT: the NMI");
}

static void test_many(void)
{
	const uint8_t *madt, *last = NULL;

	build(512);
	madt = xsdt_entry(1, "APIC");
	if (!madt)
		return;
	is_int(count(madt, 0, &last), 255, "many: ids of 8 bits");
	is_int(count(madt, 9, &last), 257, "many: and longer ones");
	is_int((int64_t)number(last + 4, 4), 511, "many: the last");
}

static void test_room(void)
{
	struct acpi_machine m = board;
	size_t whole;

	build(2);
	whole = size;
	m.cpus = 2;
	memset(bytes, 0xee, sizeof(bytes));
	is_int((int64_t)acpi_build(bytes, whole, AT, &m), (int64_t)whole, "room: just enough");
	for (size_t n = 0; n < whole; n++) {
		memset(bytes, 0xee, sizeof(bytes));
		if (acpi_build(bytes, n, AT, &m) || bytes[n] != 0xee) {
			ok(false, "room: %zu bytes are too few", n);
			return;
		}
	}
	ok(true, "room: with less nothing is built, and nothing written behind it");
}

int main(void)
{
	test_root();
	test_fadt();
	test_madt();
	test_many();
	test_room();
	return done();
}
