/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client says: bytes in, and each packet answered by its row of the table. */
#ifndef RSP_INPUT_H
#define RSP_INPUT_H

#include "session.h"

/*
 * Takes bytes from the client, as they have come, and answers one packet at most. Returns how many were used: none only when the session
 * is over. What was not used comes first in the next call.
 */
size_t session_input(struct session *s, const uint8_t *bytes, size_t n);

/*
 * Is the packet that these bytes begin with, which came together, answered in no time, and without the VMM whose machine it is? So are bytes
 * that are no packet. False also when there is only a part of it.
 */
bool session_is_quick(const struct session *s, const uint8_t *bytes, size_t n);

#endif
