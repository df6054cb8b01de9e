/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet table and how a packet finds its row. A new packet is one row here, one handler, one transcript in tests/wire. */
#include <ctype.h>
#include <string.h>

#include "handlers.h"
#include "table.h"

/* clang-format off */
const struct packet_row packet_table[] = {
	{ "!",			"",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	NULL,				do_extended },
	{ "?",			"",		PACKET_ASKS | PACKET_ALONE | PACKET_QUICK,			NULL,				do_stop_reason },
	{ "C",			"n|s",		PACKET_QUICK,				NULL,				do_continue },
	{ "D",			"|;n",		PACKET_RUNNING,			NULL,				do_detach },
	{ "D1",			"|;n",		PACKET_RUNNING,			NULL,				do_detach_stopped },
	{ "G",			"s",		PACKET_SUFFIX | PACKET_QUICK,			NULL,				do_write_general },
	{ "Hc",			"t",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE | PACKET_QUICK,	NULL,				do_select_resuming },
	{ "Hg",			"t",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE | PACKET_QUICK,	NULL,				do_select_general },
	{ "M",			"n,n:s",	PACKET_QUICK,				NULL,				do_write_hex },
	{ "P",			"n=s",		PACKET_SPEAKS | PACKET_SUFFIX | PACKET_QUICK,	NULL,				do_write_register },
	{ "QEnableErrorStrings", "",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	NULL,				do_error_strings },
	{ "QListThreadsInStopReply", "",	PACKET_ASKS | PACKET_ALONE,			NULL,				do_list_threads },
	{ "QNonStop",		":n",		PACKET_ALONE,				"QNonStop+",			do_non_stop },
	{ "QStartNoAckMode",	"",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	"QStartNoAckMode+",		do_no_ack },
	{ "QThreadEvents",	":n",		0,				NULL,				do_thread_events },
	{ "Qqemu.PhyMemMode",	":n",		0,				NULL,				do_set_physical },
	{ "Qqemu.sstep",	"|=s",		0,				NULL,				do_step_mask },
	{ "Qqemu.sstepbits",	"",		PACKET_ASKS,			NULL,				do_step_bits },
	{ "QThreadSuffixSupported", "",		PACKET_ASKS | PACKET_ALONE,			NULL,				do_thread_suffix },
	{ "R",			"|n",		0,				NULL,				do_restart },
	{ "S",			"n|s",		PACKET_QUICK,				NULL,				do_step },
	{ "T",			"t",		PACKET_ASKS | PACKET_RUNNING | PACKET_QUICK,	NULL,				do_thread_alive },
	{ "X",			"n,n:s",	PACKET_QUICK,				NULL,				do_write_binary },
	{ "Z",			"n,n,n|s",	PACKET_QUICK,				NULL,				do_set_point },
	{ "c",			"|s",		PACKET_QUICK,				NULL,				do_continue },
	{ "jThreadsInfo",	"",		PACKET_ASKS,			NULL,				do_threads_info },
	{ "g",			"",		PACKET_ASKS | PACKET_SUFFIX | PACKET_QUICK,	NULL,				do_read_general },
	{ "k",			"",		PACKET_RUNNING,			NULL,				do_kill },
	{ "m",			"n,n",		PACKET_ASKS | PACKET_QUICK,			NULL,				do_read_hex },
	{ "p",			"n",		PACKET_ASKS | PACKET_RUNNING | PACKET_SPEAKS | PACKET_SUFFIX | PACKET_QUICK, NULL, do_read_register },
	{ "qAttached",		"|:n",		PACKET_ASKS | PACKET_RUNNING,	NULL,				do_attached },
	{ "qC",			"",		PACKET_ASKS | PACKET_RUNNING | PACKET_QUICK,	NULL,				do_current_thread },
	{ "qCRC",		":n,n",		PACKET_ASKS,			NULL,				do_checksum },
	{ "qHostInfo",		"",		PACKET_ASKS,			NULL,				do_host_info },
	{ "qMemoryRegionInfo",	":n",		PACKET_ASKS,			NULL,				do_region },
	{ "qProcessInfo",	"",		PACKET_ASKS | PACKET_RUNNING,	NULL,				do_process_info },
	{ "qRcmd",		",s",		PACKET_CONSOLE | PACKET_ALONE,			NULL,				do_monitor },
	{ "qSearch:memory",	":n;n;s",	PACKET_ASKS | PACKET_FINDS,	NULL,				do_search },
	{ "qSupported",		"|:s",		PACKET_ASKS | PACKET_ALONE,			NULL,				do_supported },
	{ "qSupportsDetachAndStayStopped", "|:", PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE, NULL,			do_can_detach_stopped },
	{ "qThreadExtraInfo",	",t",		PACKET_ASKS | PACKET_RUNNING,	NULL,				do_thread_text },
	{ "qThreadStopInfo",	"t",		PACKET_ASKS,			NULL,				do_thread_stop },
	{ "qWatchpointSupportInfo", "|:",	PACKET_ASKS | PACKET_RUNNING,	NULL,				do_watchpoints },
	{ "qXfer:exec-file:read", ":w:n,n",	PACKET_RUNNING,			NULL,				do_exec_file },
	{ "qXfer:features:read", ":w:n,n",	PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	"qXfer:features:read+",		do_description },
	{ "qXfer:osdata:read",	":w:n,n",	PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE, NULL,			do_os_data },
	{ "qXfer:threads:read",	":w:n,n",	PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	"qXfer:threads:read+",		do_thread_list },
	{ "qfThreadInfo",	"",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	NULL,				do_first_threads },
	{ "qqemu.PhyMemMode",	"",		PACKET_ASKS,			NULL,				do_physical },
	{ "qqemu.Supported",	"",		PACKET_ASKS | PACKET_ALONE,			NULL,				do_qemu_supported },
	{ "qqemu.sstep",	"|=s",		0,				NULL,				do_step_mask },
	{ "qqemu.sstepbits",	"",		PACKET_ASKS,			NULL,				do_step_bits },
	{ "qsThreadInfo",	"",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	NULL,				do_more_threads },
	{ "s",			"|s",		PACKET_QUICK,				NULL,				do_step },
	{ "vAttach",		";n",		PACKET_ALONE,				NULL,				do_attach },
	{ "vCont?",		"",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE | PACKET_QUICK,	NULL,				do_resume_actions },
	{ "vCont",		"s",		PACKET_QUICK,				"vContSupported+",		do_resume },
	{ "vCtrlC",		"",		0,				NULL,				do_interrupt },
	{ "vFile",		":s",		PACKET_RUNNING,			NULL,				do_file_other },
	{ "vFile:close",	":n",		PACKET_RUNNING,			NULL,				do_file_close },
	{ "vFile:fstat",	":n",		PACKET_RUNNING,			NULL,				do_file_fstat },
	{ "vFile:open",		":w,n,n",	PACKET_RUNNING,			NULL,				do_file_open },
	{ "vFile:pread",	":n,n,n",	PACKET_RUNNING,			NULL,				do_file_read },
	{ "vFile:setfs",	":n",		PACKET_RUNNING,			NULL,				do_file_system },
	{ "vFile:stat",		":s",		PACKET_RUNNING,			NULL,				do_file_stat },
	{ "vKill",		";n",		PACKET_RUNNING,			NULL,				do_kill_process },
	{ "vRun",		"|s",		PACKET_ASKS | PACKET_RUNNING | PACKET_ALONE,	NULL,				do_run_program },
	{ "vStopped",		"",		PACKET_ALONE,				NULL,				do_next_stop },
	{ "x",			"n,n",		PACKET_ASKS | PACKET_QUICK,			"binary-upload+",		do_read_binary },
	{ "z",			"n,n,n",	PACKET_QUICK,				NULL,				do_clear_point },
};
/* clang-format on */

const size_t packet_rows = sizeof(packet_table) / sizeof(packet_table[0]);

/*
 * Names that are words end at something that is no letter: qCRC is not qC. The others run straight into their arguments, and so does a
 * word whose form begins with a thread id.
 */
static bool name_ends(const struct packet_row *row, size_t len, const char *packet, size_t packet_len)
{
	if (!strchr("qQvj", row->name[0]) || row->form[0] == 't' || packet_len == len)
		return true;
	return !isalnum((unsigned char)packet[len]);
}

const struct packet_row *packet_find(const char *packet, size_t len, struct cursor *args)
{
	const struct packet_row *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < packet_rows; i++) {
		const struct packet_row *row = &packet_table[i];
		size_t n;

		if (!len || row->name[0] != packet[0])
			continue;
		n = strlen(row->name);
		if (n > best_len && n <= len && !memcmp(row->name, packet, n) && name_ends(row, n, packet, len)) {
			best = row;
			best_len = n;
		}
	}
	*args = cursor_over(packet + best_len, len - best_len);
	return best;
}

static void parse_piece(const char *form, unsigned *numbers, struct cursor *text, bool multiprocess, struct args *args)
{
	switch (*form) {
	case 'n':
		args->n[(*numbers)++] = cursor_number(text);
		break;
	case 't':
		args->thread = cursor_thread(text, multiprocess);
		break;
	case 'w':
		args->word = cursor_until(text, form[1]);
		break;
	case 's':
		args->rest = *text;
		text->at = text->end;
		break;
	default:
		cursor_expect(text, *form);
	}
}

const char *packet_parse(const struct packet_row *row, struct cursor *text, bool multiprocess, struct args *args)
{
	unsigned numbers = 0;

	*args = (struct args){ .rest = cursor_over(text->end, 0), .word = cursor_over(text->end, 0) };
	for (const char *form = row->form; *form && !text->bad; form++) {
		if (*form != '|')
			parse_piece(form, &numbers, text, multiprocess, args);
		else if (!cursor_left(text))
			return NULL;
	}
	cursor_end(text);
	return text->bad;
}
