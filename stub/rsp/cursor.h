/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strict reading of a packet's text. The first thing that is not as it should be sticks in `bad` as a phrase for the user; from
 * then on every function returns a harmless value and moves nowhere, so that a caller may check once, at the end. A character
 * that is no digit is never a 0.
 */
#ifndef RSP_CURSOR_H
#define RSP_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const char *at;
	const char *end;
	const char *bad; /* NULL: all is well so far */
};

/* A thread-id of the protocol; a process or thread number, or one of the two wildcards. */
#define ID_ANY 0
#define ID_ALL UINT64_MAX

struct thread_id {
	uint64_t process;
	uint64_t thread;
};

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);

struct cursor cursor_over(const char *text, size_t len);
size_t cursor_left(const struct cursor *c);
void cursor_fail(struct cursor *c, const char *what);

/* The next character without, and with, stepping over it; '\0' at the end. cursor_next() at the end is a failure. */
char cursor_peek(const struct cursor *c);
char cursor_next(struct cursor *c);

/* Steps over this character, which has to be there. */
void cursor_expect(struct cursor *c, char wanted);

/* Nothing may follow. */
void cursor_end(struct cursor *c);

/* A hexadecimal number of at least one digit and at most 64 bits. */
uint64_t cursor_number(struct cursor *c);

/* Everything up to a character (which stays), or up to the end. */
struct cursor cursor_until(struct cursor *c, char stop);

/* Pairs of hexadecimal digits up to the end; how many bytes they made, at most cap. */
size_t cursor_hex(struct cursor *c, void *bytes, size_t cap);

/* "3", "-1", and with multiprocess "p1.3", "p1.-1", "p1". Without a process it is any. */
struct thread_id cursor_thread(struct cursor *c, bool multiprocess);

#endif
