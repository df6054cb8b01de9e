/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that are read in pieces: qXfer. What is not kept as text is written anew for each piece, and only the piece is sent. */
#ifndef RSP_PIECE_H
#define RSP_PIECE_H

#include "row.h"

/* The piece of an object that was asked for, while the object goes by. */
struct piece {
	struct session *s;
	uint64_t skip, left;
	bool cut; /* the object goes on behind it */
};

/* args: of a packet with an annex, an offset and a length. */
struct piece piece_begin(struct session *s, const struct args *args);

/* The object goes on with this text; piece_xml(): of others, for an element or an attribute. */
void piece_text(struct piece *p, const char *text);
void piece_xml(struct piece *p, const char *text);

/* The object ends. What the handler returns. */
int piece_end(struct piece *p);

bool annex_is(const struct args *args, const char *annex);

/* E00 is the protocol's word for an annex that is not there. */
int refuse_annex(struct session *s);

#endif
