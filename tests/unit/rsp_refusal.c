/* SPDX-License-Identifier: BSD-2-Clause */
/* In which form which client gets a refusal. */
#include "rsp/row.h"
#include "rsp/refusal.h"
#include "tap.h"

#define GDB_13 (FEATURE_VCONT | FEATURE_MULTIPROCESS | FEATURE_SWBREAK | FEATURE_HWBREAK)
#define GDB_16 (GDB_13 | FEATURE_ERROR_MESSAGE | FEATURE_BINARY_UPLOAD)
#define LLDB FEATURE_MULTIPROCESS

static const struct {
	unsigned flags, features;
	bool error_strings;
	enum refusal_form form;
	const char *name;
} cases[] = {
	{ 0, 0, false, REFUSAL_CODE, "nobody knows who: a number" },
	{ PACKET_SPEAKS, 0, false, REFUSAL_CODE, "... of a register, too" },
	{ PACKET_FINDS, 0, false, REFUSAL_CODE, "... of a search, too" },
	{ 0, GDB_13, false, REFUSAL_CODE, "gdb 13: a number" },
	{ PACKET_SPEAKS, GDB_13, false, REFUSAL_TEXT, "... of a register a sentence" },
	{ PACKET_FINDS, GDB_13, false, REFUSAL_SENTENCE, "... of a search what is no error" },
	{ 0, GDB_16, false, REFUSAL_TEXT, "gdb 16: a sentence" },
	{ PACKET_SPEAKS, GDB_16, false, REFUSAL_TEXT, "... of a register" },
	{ PACKET_FINDS, GDB_16, false, REFUSAL_SENTENCE, "... of a search what is no error" },
	{ 0, LLDB, false, REFUSAL_CODE, "lldb before it asks for strings: a number" },
	{ PACKET_SPEAKS, LLDB, false, REFUSAL_CODE, "... of a register, too" },
	{ 0, LLDB, true, REFUSAL_CODE_TEXT, "lldb: a number and a string" },
	{ PACKET_SPEAKS, LLDB, true, REFUSAL_CODE_TEXT, "... of a register, too" },
	{ PACKET_FINDS, LLDB, true, REFUSAL_CODE_TEXT, "... of a search, too" },
	{ 0, LLDB | FEATURE_ERROR_MESSAGE, false, REFUSAL_TEXT, "a client that announces error-message gets it" },
	{ 0, LLDB | FEATURE_ERROR_MESSAGE, true, REFUSAL_CODE_TEXT,
		"... but what it has asked for by a packet of its own rather" },
	{ PACKET_CONSOLE, 0, false, REFUSAL_CONSOLE, "a command: its console" },
	{ PACKET_CONSOLE, GDB_13, false, REFUSAL_CONSOLE, "... gdb 13's" },
	{ PACKET_CONSOLE, GDB_16, false, REFUSAL_CONSOLE, "... gdb 16's" },
	{ PACKET_CONSOLE, LLDB, true, REFUSAL_CONSOLE, "... lldb's" },
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_int(refusal_form(cases[i].flags, cases[i].features, cases[i].error_strings), cases[i].form, cases[i].name);
	return done();
}
