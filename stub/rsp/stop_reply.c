/* SPDX-License-Identifier: BSD-2-Clause */
/* Why the machine stands, in the protocol's words, and thread ids as the client negotiated them. */
#include "json.h"
#include "lldb_stop.h"
#include "stop_reply.h"

void reply_thread(struct session *s, unsigned thread)
{
	if (s->features & FEATURE_MULTIPROCESS) {
		reply_char(&s->out, 'p');
		reply_number(&s->out, s->target.process);
		reply_char(&s->out, '.');
	}
	reply_number(&s->out, thread);
}

static void reply_watch(struct session *s)
{
	static const char *const names[POINT_TYPES] = {
		[POINT_WRITE] = "watch:",
		[POINT_READ] = "rwatch:",
		[POINT_ACCESS] = "awatch:",
	};
	enum point_type type = s->stop.point;

	if (type >= POINT_TYPES || !names[type])
		return;
	reply_text(&s->out, names[type]);
	reply_number(&s->out, s->stop.addr);
	reply_char(&s->out, ';');
}

/* swbreak and hwbreak only to a client that announced them: others take them for registers. */
static void reply_reason(struct session *s)
{
	if (s->stop.kind == STOP_WATCH)
		reply_watch(s);
	if (s->stop.kind == STOP_CREATED)
		reply_text(&s->out, "create:;");
	if (s->stop.kind == STOP_SWBREAK && s->features & FEATURE_SWBREAK)
		reply_text(&s->out, "swbreak:;");
	if (s->stop.kind == STOP_HWBREAK && s->features & FEATURE_HWBREAK)
		reply_text(&s->out, "hwbreak:;");
}

/*
 * A register that cannot be read now is left out: the client asks for it when it wants it. Its number has two digits at least, or lldb
 * does not see it (ProcessGDBRemote.cpp, SetThreadStopInfo()).
 */
static void reply_register(struct session *s, unsigned thread, unsigned reg)
{
	ssize_t size = s->target.ops->read_reg(s->target.t, thread, reg, s->data, sizeof(s->data));

	if (size <= 0 || (size_t)size * 2 + 16 > reply_room(&s->out))
		return;
	if (reg < 0x10)
		reply_char(&s->out, '0');
	reply_number(&s->out, reg);
	reply_char(&s->out, ':');
	reply_hex(&s->out, s->data, (size_t)size);
	reply_char(&s->out, ';');
}

static void reply_exit(struct session *s)
{
	uint8_t code = (uint8_t)(s->stop.signal ? s->stop.signal : s->stop.code);

	reply_char(&s->out, s->stop.signal ? 'X' : 'W');
	reply_hex(&s->out, &code, 1);
	if (s->features & FEATURE_MULTIPROCESS) {
		reply_text(&s->out, ";process:");
		reply_number(&s->out, s->target.process);
	}
}

/* gdb asks for it by QThreadEvents. */
static void reply_gone(struct session *s)
{
	reply_text(&s->out, "w00;");
	reply_thread(s, s->stop.thread);
}

static void reply_head(struct session *s, uint8_t signal, unsigned thread)
{
	reply_char(&s->out, 'T');
	reply_hex(&s->out, &signal, 1);
	reply_text(&s->out, "thread:");
	reply_thread(s, thread);
	reply_char(&s->out, ';');
}

static void reply_registers(struct session *s, unsigned thread)
{
	unsigned regs[EXPEDITED_MAX];
	unsigned n = s->target.ops->expedited(s->target.t, thread, regs, EXPEDITED_MAX);

	for (unsigned i = 0; i < n && i < EXPEDITED_MAX; i++)
		reply_register(s, thread, regs[i]);
}

static void reply_signal(struct session *s)
{
	bool gone = s->has_stop && s->stop.thread && !session_has_thread(s, s->stop.thread);
	unsigned thread = s->has_stop && s->stop.thread && !gone ? s->stop.thread : session_general(s);

	reply_head(s, gone ? 0 : session_stop_signal(s), thread);
	if (!gone)
		reply_reason(s);
	reply_threads(s);
	reply_reasons(s);
	if (s->lists_threads)
		reply_address_bits(s, thread);
	reply_registers(s, thread);
}

void reply_stop(struct session *s)
{
	if (s->has_stop && s->stop.kind == STOP_EXITED)
		reply_exit(s);
	else if (s->has_stop && s->stop.kind == STOP_GONE)
		reply_gone(s);
	else if (s->has_stop && s->stop.kind == STOP_NONE_LEFT && s->features & FEATURE_NO_RESUMED)
		reply_char(&s->out, 'N');
	else
		reply_signal(s);
}

/* Signal 0: the thread stands because another has stopped. */
void reply_thread_stop(struct session *s, unsigned thread)
{
	bool here = session_stopped_here(s, thread);

	reply_head(s, here ? session_stop_signal(s) : 0, thread);
	if (here)
		reply_reason(s);
	reply_registers(s, thread);
}
