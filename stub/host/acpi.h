/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables that tell a PC's operating system of its processors, interrupt controllers and power button: RSDP, XSDT, FADT, MADT and
 * a DSDT that has \_S5 alone (ACPI specification 5.0, chapters 5 and 15). Bytes, little-endian; no guest memory, no device.
 */
#ifndef ACPI_H
#define ACPI_H

#include <stddef.h>
#include <stdint.h>

/* What a machine has. Ports are I/O ports. */
struct acpi_machine {
	unsigned cpus;	     /* their APIC ids are 0, 1, 2, ... */
	uint32_t local_apic; /* guest-physical */
	uint32_t io_apic;    /* its inputs are the interrupts from 0 on */
	uint16_t pm1a_event; /* port of the status register; that of the enable register is 2 above it */
	uint16_t pm1a_control;
	uint16_t reset_port; /* takes reset_value */
	uint8_t reset_value;
	uint8_t sci; /* ACPI's own interrupt: level, active high */
	uint8_t s5;  /* SLP_TYP of power off */
};

/*
 * The tables for gpa, which is a multiple of 16 and below 4 GiB: how many bytes they have, the RSDP first; 0: they need more than `room`.
 */
size_t acpi_build(uint8_t *bytes, size_t room, uint64_t gpa, const struct acpi_machine *m);

/* PM1 registers (4.8.3) */
#define ACPI_PM1_SIZE 4		/* of the event block: status and enable */
#define ACPI_PM1_SCI_ENABLE 0x1 /* of the control register: the machine is in ACPI mode */
#define ACPI_PM1_SLP_TYP(v) ((v) >> 10 & 7)
#define ACPI_PM1_SLP_ENABLE 0x2000

#endif
