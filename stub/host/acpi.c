/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in brackets are sections of the ACPI specification 5.0. */
#include "acpi.h"

#include <stdbool.h>
#include <string.h>

#define HEADER_LENGTH 4
#define HEADER_CHECKSUM 9
#define RSDP_SIZE 36
#define ALIGNMENT 16

/* Ids from this one on do not fit into a local APIC's structure of 8 bits (5.2.12.12). */
#define X2APIC_FROM 255

/* Tables under way. */
struct tables {
	uint8_t *bytes;
	size_t room, n;
	uint64_t gpa;
	bool full;
};

static void put(struct tables *t, const void *bytes, size_t n)
{
	if (n > t->room - t->n)
		t->full = true;
	if (t->full)
		return;
	memcpy(t->bytes + t->n, bytes, n);
	t->n += n;
}

static void put_number(struct tables *t, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i));

		put(t, &byte, 1);
	}
}

static void put_zeroes(struct tables *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_number(t, 0, 1);
}

static void set_number(struct tables *t, size_t at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size && !t->full; i++)
		t->bytes[at + i] = (uint8_t)(value >> (8 * i));
}

/* The sum of all bytes is 0. */
static void set_checksum(struct tables *t, size_t start, size_t size, size_t at)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size && !t->full; i++)
		sum += t->bytes[start + i];
	set_number(t, at, (uint8_t)-sum, 1);
}

static void align(struct tables *t)
{
	while (t->n % ALIGNMENT && !t->full)
		put_number(t, 0, 1);
}

static size_t begin_table(struct tables *t, const char *signature, uint8_t revision)
{
	size_t at;

	align(t);
	at = t->n;
	put(t, signature, 4);
	put_number(t, 0, 4); /* length */
	put_number(t, revision, 1);
	put_number(t, 0, 1); /* checksum */
	put(t, "KVMGDB", 6);
	put(t, "KVMGDB  ", 8);
	put_number(t, 1, 4);
	put(t, "KGDB", 4);
	put_number(t, 1, 4);
	return at;
}

/* Its address. */
static uint64_t end_table(struct tables *t, size_t at)
{
	set_number(t, at + HEADER_LENGTH, t->n - at, 4);
	set_checksum(t, at, t->n - at, at + HEADER_CHECKSUM);
	return t->gpa + at;
}

/* Name (_S5, Package () { s5, s5, 0, 0 }) (20.2, 7.3.4.6) */
static uint64_t put_dsdt(struct tables *t, const struct acpi_machine *m)
{
	const uint8_t aml[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, m->s5, 0x0a, m->s5, 0x00, 0x00 };
	size_t at = begin_table(t, "DSDT", 2);

	put(t, aml, sizeof(aml));
	return end_table(t, at);
}

/* Generic Address Structure of I/O ports (5.2.3.1) */
static void put_ports(struct tables *t, uint16_t port, uint8_t size)
{
	const uint8_t access[] = { [1] = 1, [2] = 2, [4] = 3 };

	put_number(t, port ? 1 : 0, 1);
	put_number(t, port ? 8u * size : 0, 1);
	put_number(t, 0, 1);
	put_number(t, port ? access[size] : 0, 1);
	put_number(t, port, 8);
}

/* IAPC_BOOT_ARCH (5.2.9.3): legacy devices, no VGA to probe for, no CMOS clock; there is no 8042. */
#define BOOT_ARCH (1 << 0 | 1 << 2 | 1 << 5)

/* Flags (5.2.9): WBINVD works, HLT is C1, no power button and no sleep button in the fixed registers, the reset register is there. */
#define FADT_FLAGS (1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 10)

#define FADT_NO_C2 0x0065 /* P_LVL2_LAT above 100 */
#define FADT_NO_C3 0x03e9 /* P_LVL3_LAT above 1000 */

/* The registers of fixed hardware, by their ports (5.2.9). SMI_CMD is 0: the machine is always in ACPI mode. */
static void put_fixed_ports(struct tables *t, const struct acpi_machine *m)
{
	put_number(t, 0, 4); /* SMI_CMD */
	put_zeroes(t, 4);
	put_number(t, m->pm1a_event, 4);
	put_number(t, 0, 4);
	put_number(t, m->pm1a_control, 4);
	put_zeroes(t, 5 * 4); /* PM1b, PM2, the timer, GPE0, GPE1 */
	put_number(t, ACPI_PM1_SIZE, 1);
	put_number(t, 2, 1);
	put_zeroes(t, 6); /* PM2_CNT_LEN to CST_CNT */
}

static uint64_t put_fadt(struct tables *t, const struct acpi_machine *m, uint64_t dsdt)
{
	size_t at = begin_table(t, "FACP", 5);

	put_number(t, 0, 4); /* FACS: there is none to wake up by */
	put_number(t, dsdt, 4);
	put_zeroes(t, 2);
	put_number(t, m->sci, 2);
	put_fixed_ports(t, m);
	put_number(t, FADT_NO_C2, 2);
	put_number(t, FADT_NO_C3, 2);
	put_zeroes(t, 9); /* FLUSH_SIZE to CENTURY */
	put_number(t, BOOT_ARCH, 2);
	put_zeroes(t, 1);
	put_number(t, FADT_FLAGS, 4);
	put_ports(t, m->reset_port, 1);
	put_number(t, m->reset_value, 1);
	put_zeroes(t, 3);
	put_number(t, 0, 8); /* X_FIRMWARE_CTRL */
	put_number(t, dsdt, 8);
	put_ports(t, m->pm1a_event, 4);
	put_ports(t, 0, 0);
	put_ports(t, m->pm1a_control, 2);
	for (unsigned i = 0; i < 7; i++) /* PM1b_CNT to the sleep registers */
		put_ports(t, 0, 0);
	return end_table(t, at);
}

/* A processor, enabled (5.2.12.2, 5.2.12.12) */
static void put_cpu(struct tables *t, unsigned id)
{
	bool wide = id >= X2APIC_FROM;

	put_number(t, wide ? 9 : 0, 1);
	put_number(t, wide ? 16 : 8, 1);
	if (wide) {
		put_zeroes(t, 2);
		put_number(t, id, 4);
		put_number(t, 1, 4);
		put_number(t, id, 4);
	} else {
		put_number(t, id, 1);
		put_number(t, id, 1);
		put_number(t, 1, 4);
	}
}

/* The SCI is no ISA interrupt, which would be an edge (5.2.12.5); LINT1 of all local APICs is the NMI (5.2.12.7). */
static void put_interrupts(struct tables *t, const struct acpi_machine *m)
{
	const uint8_t sci[] = { 2, 10, 0, m->sci, m->sci, 0, 0, 0, 0x0d, 0 };
	const uint8_t nmi[] = { 4, 6, 0xff, 0, 0, 1 };

	put(t, sci, sizeof(sci));
	put(t, nmi, sizeof(nmi));
}

static uint64_t put_madt(struct tables *t, const struct acpi_machine *m)
{
	size_t at = begin_table(t, "APIC", 3);

	put_number(t, m->local_apic, 4);
	put_number(t, 1, 4); /* there are 8259s as well */
	for (unsigned i = 0; i < m->cpus; i++)
		put_cpu(t, i);
	put_number(t, 1, 1); /* I/O APIC (5.2.12.3) */
	put_number(t, 12, 1);
	put_number(t, 0, 2);
	put_number(t, m->io_apic, 4);
	put_number(t, 0, 4);
	put_interrupts(t, m);
	return end_table(t, at);
}

static uint64_t put_xsdt(struct tables *t, uint64_t fadt, uint64_t madt)
{
	size_t at = begin_table(t, "XSDT", 1);

	put_number(t, fadt, 8);
	put_number(t, madt, 8);
	return end_table(t, at);
}

/* Revision 2 (5.2.5.3); a checksum over what revision 0 had, and one over all. */
static void set_rsdp(struct tables *t, uint64_t xsdt)
{
	if (t->full)
		return;
	memcpy(t->bytes, "RSD PTR ", 8);
	memcpy(t->bytes + 9, "KVMGDB", 6);
	t->bytes[15] = 2;
	set_number(t, 20, RSDP_SIZE, 4);
	set_number(t, 24, xsdt, 8);
	set_checksum(t, 0, 20, 8);
	set_checksum(t, 0, RSDP_SIZE, 32);
}

size_t acpi_build(uint8_t *bytes, size_t room, uint64_t gpa, const struct acpi_machine *m)
{
	struct tables t = { .bytes = bytes, .room = room, .gpa = gpa };
	uint64_t dsdt, fadt, madt;

	put_zeroes(&t, RSDP_SIZE);
	dsdt = put_dsdt(&t, m);
	fadt = put_fadt(&t, m, dsdt);
	madt = put_madt(&t, m);
	set_rsdp(&t, put_xsdt(&t, fadt, madt));
	return t.full ? 0 : t.n;
}
