/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of a register, from the description as it is served: whoever prints registers without gdb sees what gdb sees.
 */
#ifndef FIELDS_H
#define FIELDS_H

#include "tdesc.h"

#define FIELD_NAME 32

struct reg_field {
	char name[FIELD_NAME];
	char type[FIELD_NAME]; /* of an enumeration, or empty */
	unsigned first, last;  /* bits */
	bool unnamed;	       /* what xml/ gives no name to, called by its bits: of no interest while it is 0 */
};

/* At most cap fields of this register, in the order of the description; their number, 0 when its type has none. */
unsigned fields_of(const struct tdesc *d, unsigned reg, struct reg_field *fields, unsigned cap);

/* The name of a field's value, into name; false when it has none. */
bool field_value_name(const struct tdesc *d, const struct reg_field *field, uint64_t value, char *name, size_t size);

/* The value of an attribute, such as group, of the register's line; false when it has none. */
bool reg_attribute(const struct tdesc *d, unsigned reg, const char *attribute, char *value, size_t size);

#endif
