/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet table: everything a client can send that is answered with more than the empty reply.
 *
 * The form is what follows the name, one character a piece:
 *	n	a hexadecimal number
 *	t	a thread id
 *	w	text up to the character that follows in the form
 *	s	the rest of the packet
 *	|	the packet may end here
 *	other	itself
 */
#ifndef RSP_TABLE_H
#define RSP_TABLE_H

#include "row.h"

extern const struct packet_row packet_table[];
extern const size_t packet_rows;

/* The row with the longest name that this packet starts with, or NULL. args is left at what follows the name. */
const struct packet_row *packet_find(const char *packet, size_t len, struct cursor *args);

/* Reads the arguments by the row's form. NULL, or a phrase on what is wrong with them. */
const char *packet_parse(const struct packet_row *row, struct cursor *text, bool multiprocess, struct args *args);

#endif
