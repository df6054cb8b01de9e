/* SPDX-License-Identifier: BSD-2-Clause */
/* Why the machine stands, in the protocol's words, and thread ids as the client negotiated them. */
#ifndef RSP_STOP_REPLY_H
#define RSP_STOP_REPLY_H

#include "session.h"

/* A thread id as this client writes it, and its longest form: 'p', a number, '.' and a number. */
#define THREAD_ID_MAX (1 + 8 + 1 + 8)
void reply_thread(struct session *s, unsigned thread);

/* The stop reply of session->stop; and one of a thread, whatever the others do. */
void reply_stop(struct session *s);
void reply_thread_stop(struct session *s, unsigned thread);

#endif
