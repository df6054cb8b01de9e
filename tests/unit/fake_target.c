/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake_target.h"

const char *const fake_op_names[FAKE_OPS] = {
	[FAKE_READ_REG] = "read_reg",
	[FAKE_WRITE_REG] = "write_reg",
	[FAKE_READ_GENERAL] = "read_general",
	[FAKE_WRITE_GENERAL] = "write_general",
	[FAKE_READ_MEM] = "read_mem",
	[FAKE_WRITE_MEM] = "write_mem",
	[FAKE_READ_PHYS] = "read_phys",
	[FAKE_WRITE_PHYS] = "write_phys",
	[FAKE_FIND_REGION] = "find_region",
	[FAKE_READ_IMAGE] = "read_image",
	[FAKE_SET_POINT] = "set_point",
	[FAKE_CLEAR_POINT] = "clear_point",
	[FAKE_RESUME] = "resume",
	[FAKE_SET_NON_STOP] = "set_non_stop",
	[FAKE_RESTART] = "restart",
	[FAKE_COMMAND] = "command",
};

int fake_refused(struct fake *f, int error, const char *why)
{
	f->why = why;
	return -error;
}

int fake_told_to_fail(struct fake *f, enum fake_op op)
{
	return f->fail[op] ? fake_refused(f, f->fail[op], "told to #fail*") : 0;
}

/* For every function that is called only while the machine is stopped. */
struct fake *fake_stopped(void *t)
{
	struct fake *f = t;

	f->trespasses += f->running;
	return f;
}

static unsigned threads(void *t)
{
	return fake_stopped(t)->threads;
}

static bool has_thread(void *t, unsigned thread)
{
	struct fake *f = t;

	return thread != f->gone;
}

static unsigned current(void *t)
{
	return fake_stopped(t)->current;
}

static void thread_name(void *t, unsigned thread, char *text, size_t size)
{
	(void)t;
	snprintf(text, size, "vCPU %u", thread - 1);
}

static void thread_text(void *t, unsigned thread, char *text, size_t size)
{
	struct fake *f = t;

	snprintf(text, size, "%s", thread == 2 ? f->doing : "");
}

static const char *description(void *t, bool all_bits)
{
	if (!all_bits)
		return "<target>named</target>";
	return ((struct fake *)t)->description;
}

static size_t reg_size(unsigned reg)
{
	return reg == FAKE_VECTOR ? 16 : 8;
}

int fake_check_reg(struct fake *f, unsigned thread, unsigned reg)
{
	if (f->running)
		return fake_refused(f, EBUSY, "the thread is running");
	if (thread < 1 || thread > f->threads)
		return fake_refused(f, ESRCH, "no such thread");
	return reg < FAKE_REGS ? 0 : fake_refused(f, ENOENT, "no such register");
}

static uint8_t *reg_bytes(struct fake *f, unsigned thread, unsigned reg)
{
	return f->regs[thread > 8 ? 7 : thread - 1][reg];
}

static ssize_t read_reg(void *t, unsigned thread, unsigned reg, void *value, size_t cap)
{
	struct fake *f = t;
	int error = fake_told_to_fail(f, FAKE_READ_REG);

	if (!error)
		error = fake_check_reg(f, thread, reg);
	if (error)
		return error;
	if (cap < reg_size(reg))
		return fake_refused(f, ENOSPC, "no room");
	memcpy(value, reg_bytes(f, thread, reg), reg_size(reg));
	return (ssize_t)reg_size(reg);
}

static size_t size_of_reg(void *t, unsigned reg)
{
	(void)t;
	return reg_size(reg);
}

static int write_reg(void *t, unsigned thread, unsigned reg, const void *value, size_t size)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_WRITE_REG);

	if (!error)
		error = fake_check_reg(f, thread, reg);
	if (error)
		return error;
	if (size != reg_size(reg))
		return fake_refused(f, EINVAL, "not the register's size");
	if (reg == FAKE_READ_ONLY)
		return fake_refused(f, EPERM, "the register is read-only");
	memcpy(reg_bytes(f, thread, reg), value, size);
	f->changes++;
	return 0;
}

static ssize_t read_general(void *t, unsigned thread, void *values, size_t cap)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_READ_GENERAL);

	if (!error)
		error = fake_check_reg(f, thread, 0);
	if (!error && cap < FAKE_GENERAL * 8)
		error = fake_refused(f, ENOSPC, "no room");
	if (error)
		return error;
	for (unsigned reg = 0; reg < FAKE_GENERAL; reg++)
		memcpy((char *)values + reg * 8, reg_bytes(f, thread, reg), 8);
	return FAKE_GENERAL * 8;
}

static int write_general(void *t, unsigned thread, const void *values, size_t size)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_WRITE_GENERAL);

	if (!error)
		error = fake_check_reg(f, thread, 0);
	if (!error && size != FAKE_GENERAL * 8)
		error = fake_refused(f, EINVAL, "not the size of the general registers");
	if (error)
		return error;
	for (unsigned reg = 0; reg < FAKE_GENERAL; reg++)
		memcpy(reg_bytes(f, thread, reg), (const char *)values + reg * 8, 8);
	f->changes++;
	return 0;
}

/* One that there is and one that there is not. */
static unsigned expedited(void *t, unsigned thread, unsigned *regs, unsigned cap)
{
	(void)thread;
	fake_stopped(t);
	if (cap < 2)
		return 0;
	regs[0] = 7;
	regs[1] = 77;
	return 2;
}

static bool can_mask_steps(void *t)
{
	return !fake_stopped(t)->lacks_masks;
}

static void mask_steps(void *t, bool on)
{
	fake_stopped(t)->unmasked = !on;
}

static bool has_points(void *t, enum point_type type)
{
	return !fake_stopped(t)->lacks[type];
}

static int change_point(struct fake *f, enum fake_op op, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind)
{
	int error = fake_told_to_fail(f, op);

	if (error)
		return error;
	f->point.thread = thread;
	f->point.type = type;
	f->point.addr = addr;
	f->point.kind = kind;
	f->changes++;
	return 0;
}

static int thread_pc(void *t, unsigned thread, uint64_t *pc)
{
	int error = fake_told_to_fail(fake_stopped(t), FAKE_READ_REG);

	if (!error)
		*pc = (uint64_t)thread << 12;
	return error;
}

static bool has_programs(void *t)
{
	return !fake_stopped(t)->lacks_programs;
}

/* As far as there is room: the sanitizers see to it that all bytes are there to be read. */
static size_t note_code(char *text, size_t room, const struct point_code *code)
{
	size_t n = 0;

	for (size_t i = 0; i < code->size; i++)
		if (n + 4 < room)
			n += (size_t)sprintf(text + n, "%02x", code->bytes[i]);
	return n;
}

static void note_programs(struct fake *f, const struct point_programs *programs)
{
	size_t n = 0;

	f->programs[0] = '\0';
	for (unsigned i = 0; programs && i < programs->nconditions + programs->ncommands; i++) {
		if (n + 8 < sizeof(f->programs))
			n += (size_t)sprintf(f->programs + n, "%s", i == programs->nconditions ? " / " : i ? " " : "");
		n += note_code(f->programs + n, sizeof(f->programs) - n, &programs->code[i]);
	}
}

static int set_point(
	void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind, const struct point_programs *programs)
{
	struct fake *f = fake_stopped(t);
	int error = change_point(f, FAKE_SET_POINT, thread, type, addr, kind);

	if (!error)
		note_programs(f, programs);
	return error;
}

static int clear_point(void *t, unsigned thread, enum point_type type, uint64_t addr, uint64_t kind)
{
	return change_point(fake_stopped(t), FAKE_CLEAR_POINT, thread, type, addr, kind);
}

static void note_action(char *text, size_t room, const struct resume_action *action)
{
	static const char letters[] = {
		[RESUME_STAY] = '.', [RESUME_CONTINUE] = 'c', [RESUME_STEP] = 's', [RESUME_HALT] = 't'
	};
	size_t n = strlen(text);

	if (action->start == action->end)
		snprintf(text + n, room - n, "%c", letters[action->kind]);
	else
		snprintf(
			text + n, room - n, "r[%llx,%llx)", (unsigned long long)action->start, (unsigned long long)action->end);
}

static int resume(void *t, const struct resume_action *actions)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_RESUME);

	if (error)
		return error;
	f->resumed[0] = '\0';
	for (unsigned i = 0; i < f->threads && i < 8; i++)
		note_action(f->resumed, sizeof(f->resumed), &actions[i]);
	for (unsigned i = 0; i < f->threads && i < 8; i++)
		f->runs[i] |= actions[i].kind == RESUME_CONTINUE || actions[i].kind == RESUME_STEP;
	f->running = !f->non_stop;
	return 0;
}

static void interrupt(void *t)
{
	((struct fake *)t)->interrupts++;
}

static bool has_thread_events(void *t)
{
	return ((struct fake *)t)->has_thread_events;
}

static int set_thread_events(void *t, bool on)
{
	fake_stopped(t)->thread_events = on;
	return 0;
}

static int set_non_stop(void *t, bool on)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_SET_NON_STOP);

	if (error)
		return error;
	f->non_stop = on;
	memset(f->runs, 0, sizeof(f->runs));
	for (unsigned i = 0; i < 8; i++)
		f->stops[i] = (struct stop){ .thread = i + 1 };
	return 0;
}

static bool next_stop(void *t, struct stop *stop)
{
	struct fake *f = t;

	for (unsigned i = 0; i < 8; i++)
		if (f->stopped & 1u << i) {
			f->stopped &= ~(1u << i);
			*stop = f->stops[i];
			return true;
		}
	return false;
}

static void report_again(void *t)
{
	struct fake *f = t;

	for (unsigned i = 0; i < 8; i++)
		if (i < f->threads && !f->runs[i])
			f->stopped |= 1u << i;
}

void fake_stops(struct fake *f, const struct stop *stop)
{
	unsigned i = (stop->thread - 1) % 8;

	f->runs[i] = false;
	f->stops[i] = *stop;
	f->stopped |= 1u << i;
}

static int restart(void *t)
{
	struct fake *f = fake_stopped(t);
	int error = fake_told_to_fail(f, FAKE_RESTART);

	f->restarts += !error;
	return error;
}

static void kill_guest(void *t)
{
	((struct fake *)t)->kills++;
}

/* "say N text" prints the text N times; "fail" is refused, "reset" and "exit" come to that; anything else is unknown. */
static int command(void *t, const char *line, text_fn *print, void *arg)
{
	struct fake *f = fake_stopped(t);
	unsigned times;
	int text = 0, error = fake_told_to_fail(f, FAKE_COMMAND);

	if (error)
		return error;
	if (!strcmp(line, "reset"))
		return COMMAND_RESET;
	if (!strcmp(line, "exit"))
		return COMMAND_ENDS;
	if (!strcmp(line, "fail"))
		return fake_refused(f, EOPNOTSUPP, "this never works");
	if (sscanf(line, "say %5u %n", &times, &text) != 1 || !text)
		return fake_refused(f, ENOSYS, "unknown");
	for (unsigned i = 0; i < times % 20000; i++)
		print(arg, line + text);
	return 0;
}

static int64_t clock_ms(void *t)
{
	struct fake *f = t;

	return f->ms += f->slow;
}

static const char *why(void *t)
{
	return ((struct fake *)t)->why;
}

static void refused_packet(void *t, const char *sentence, bool asked)
{
	(void)asked;
	struct fake *f = t;

	f->refusals++;
	f->silent_refusals += !*sentence;
}

static const struct target_ops ops = {
	.threads = threads,
	.has_thread = has_thread,
	.current = current,
	.thread_name = thread_name,
	.thread_text = thread_text,
	.kind = fake_kind,
	.address_bits = fake_address_bits,
	.image = fake_image,
	.read_image = fake_read_image,
	.description = description,
	.read_reg = read_reg,
	.reg_size = size_of_reg,
	.write_reg = write_reg,
	.read_general = read_general,
	.write_general = write_general,
	.expedited = expedited,
	.read_mem = fake_read_mem,
	.write_mem = fake_write_mem,
	.read_phys = fake_read_phys,
	.write_phys = fake_write_phys,
	.find_region = fake_find_region,
	.thread_pc = thread_pc,
	.has_points = has_points,
	.has_programs = has_programs,
	.set_point = set_point,
	.clear_point = clear_point,
	.resume = resume,
	.interrupt = interrupt,
	.set_non_stop = set_non_stop,
	.has_thread_events = has_thread_events,
	.set_thread_events = set_thread_events,
	.can_mask_steps = can_mask_steps,
	.mask_steps = mask_steps,
	.next_stop = next_stop,
	.report_again = report_again,
	.restart = restart,
	.kill = kill_guest,
	.clock_ms = clock_ms,
	.command = command,
	.why = why,
	.refused = refused_packet,
};

static void fill(struct fake *f)
{
	for (unsigned thread = 0; thread < 8; thread++) {
		for (unsigned reg = 0; reg < FAKE_REGS; reg++) {
			f->regs[thread][reg][0] = (uint8_t)(thread + 1);
			f->regs[thread][reg][1] = (uint8_t)reg;
		}
	}
	for (size_t i = 0; i < FAKE_MEMORY; i++)
		f->memory[i] = (uint8_t)i;
}

void fake_init(struct fake *f)
{
	memset(f, 0, sizeof(*f));
	f->process = 1;
	f->threads = 4;
	f->current = 1;
	f->readable = FAKE_MEMORY;
	f->why = "no refusal yet";
	f->description = "<target>{}</target>";
	fill(f);
}

struct target fake_target(struct fake *f)
{
	return (struct target){ .ops = &ops, .t = f, .process = f->process, .foreign = f->foreign };
}
