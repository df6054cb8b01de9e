/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions and commands of breakpoints on a simulated machine. */
#include <errno.h>

#include "run_guest.h"

#define INTERRUPTS 100

static int set(unsigned nconditions, unsigned ncommands, const struct point_code *code)
{
	const struct point_programs programs = { .code = code, .nconditions = nconditions, .ncommands = ncommands };

	return rig->target.ops->set_point(&rig->machine, 1, POINT_SOFTWARE, CODE, 4, code ? &programs : NULL);
}

#define CODE_OF(...)                                                                                        \
	{                                                                                                   \
		.bytes = (const uint8_t[]){ __VA_ARGS__ }, .size = sizeof((const uint8_t[]){ __VA_ARGS__ }) \
	}
/* const32 COUNTS; ref64; const8 n; equal; end */
#define COUNT_IS(n) CODE_OF(0x24, 0x80, 0x00, 0x20, 0x00, 0x1a, 0x22, (n), 0x13, 0x27)
#define NEVER CODE_OF(0x22, 0, 0x27)
#define ALWAYS CODE_OF(0x22, 1, 0x27)
/* const32 COUNTS; ref64; const8 0; const8 0; printf "%d\n"; end */
#define PRINT_COUNT CODE_OF(0x24, 0x80, 0x00, 0x20, 0x00, 0x1a, 0x22, 0, 0x22, 0, 0x34, 1, 0, 5, '%', 'd', '\\', 'n', 0, 0x27)

/* ---- the tests ---- */

static void test_condition(bool software)
{
	const struct point_code when[] = { COUNT_IS(200) }, later[] = { NEVER, COUNT_IS(201) };

	open_rig(1, software);
	is_int(set(1, 0, when), 0, "a condition is taken");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && !stop()->text, "it is reported when the condition holds");
	is_int((int64_t)counted(0), 200, "... and not before");
	is_int(rig->stops, 2, "... without a stop in between");
	ok(is_planted(), "... and the opcode is in");
	is_int(set(2, 0, later), 0, "a breakpoint that is there gets other conditions");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "any of them will do");
	is_int((int64_t)counted(0), 201, "... from the breakpoint to itself");
	is_int(set(0, 0, NULL), 0, "it gets none");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && counted(0) == 202, "... and every hit is reported");
	close_rig();
}

static void test_errors(void)
{
	const struct point_code zero[] = { CODE_OF(0x22, 1, 0x22, 0, 0x05, 0x27) };
	const struct point_code nowhere[] = { NEVER, CODE_OF(0x22, 0, 0x1a, 0x27) };
	const struct point_code bad[] = { ALWAYS, CODE_OF(0x0c) };

	open_rig(1, false);
	is_int(set(2, 0, bad), -EINVAL, "bytecode that cannot be run is refused");
	is_str(rig->target.ops->why(&rig->machine),
		"condition 2: the expression cannot be evaluated here: trace (0x0c) is for tracepoints", "... with a sentence");
	ok(!is_planted() && !rig->machine.guest.points.n, "... and nothing is set");
	is_int(set(1, 0, zero), 0, "a division by zero is not seen before");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "a condition that fails is reported as a hit");
	is_str(stop()->text ? stop()->text : "", "the condition of the breakpoint at 0x80001000: a division by zero",
		"... with a sentence");
	is_int(set(2, 0, bad), -EINVAL, "bytecode that cannot be run is refused for a breakpoint that is there");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->text, "... and it keeps the condition that it has");
	is_int(set(2, 0, nowhere), 0, "memory that is not there is not seen before");
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK, "it is reported as a hit");
	is_str(stop()->text ? stop()->text : "", "the condition of the breakpoint at 0x80001000: 8 bytes at 0x0 cannot be read",
		"... with a sentence");
	close_rig();
}

/* All that was printed, up to the stop. */
static size_t take_text(char *text, size_t size)
{
	static char piece[GUEST_TEXT_MAX + 1];
	size_t n = 0;

	while (n + sizeof(piece) < size && threads_text(&rig->machine.guest, piece))
		n += (size_t)sprintf(text + n, "%s", piece);
	return n;
}

static void test_commands(bool software)
{
	const struct point_code both[] = { COUNT_IS(3), PRINT_COUNT, PRINT_COUNT };
	const struct point_code fails[] = { CODE_OF(0x22, 0, 0x1a, 0x29, 0x27), COUNT_IS(7) };
	char text[2 * GUEST_TEXT_MAX] = "";

	open_rig(1, software);
	is_int(set(1, 2, both), 0, "commands are taken");
	go(RESUME_CONTINUE);
	while (counted(0) < 20)
		sched_yield();
	interrupt_guest();
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_INT, "they are not reported");
	take_text(text, sizeof(text));
	is_str(text, "3\n3\n", "... and print when the condition holds, once");
	is_int(set(0, 1, fails), 0, "a command may fail");
	go(RESUME_STEP);
	ok(wait_stop(), "a step");
	close_rig();
}

/* What cannot be printed is said in its place, and the guest goes on. */
static void test_failing_command(void)
{
	const struct point_code fails[] = { CODE_OF(0x22, 0, 0x1a, 0x29, 0x27) };
	static const char want[] = "the command of the breakpoint at 0x80001000: 8 bytes at 0x0 cannot be read\n";
	char text[GUEST_TEXT_MAX * 4] = "";

	open_rig(1, false);
	is_int(set(0, 1, fails), 0, "a command that will fail");
	go(RESUME_CONTINUE);
	while (counted(0) < 3)
		sched_yield();
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "... does not stop the guest");
	ok(take_text(text, sizeof(text)) && !strncmp(text, want, strlen(want)), "... and says why");
	close_rig();
}

/* Until the vCPU gets no further, or is slow. */
static void wait_until_full(void)
{
	uint64_t before;

	do {
		before = counted(0);
		nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
	} while (counted(0) != before);
}

/* Lines from 0 on. How many, when all are there and in order. */
static unsigned long count_lines(char *at)
{
	unsigned long n = 0;

	while (*at && strtoul(at, &at, 10) == n) {
		n++;
		at++;
	}
	return *at ? 0 : n;
}

/* The last one may have printed, and not yet executed what is under the breakpoint. */
static void check_lines(char *text)
{
	unsigned long n = count_lines(text);

	ok(n && (n == counted(0) || n == counted(0) + 1), "every hit has its line, once and in order");
}

/* More text than there is room for: the vCPU waits. */
static void test_full(void)
{
	const struct point_code print[] = { PRINT_COUNT };
	static char text[8 * GUEST_TEXT_MAX];
	size_t n = 0;

	open_rig(1, false);
	set(0, 1, print);
	go(RESUME_CONTINUE);
	for (int i = 0; i < 4; i++) {
		wait_until_full();
		if (threads_watch_begin(&rig->machine.guest))
			threads_text(&rig->machine.guest, text + n);
		threads_watch_end(&rig->machine.guest);
		n += strlen(text + n);
	}
	wait_until_full();
	interrupt_guest();
	ok(wait_stop() && stop()->signal == GDB_SIGNAL_INT, "Ctrl-C, while there is more text than room");
	take_text(text + n, sizeof(text) - n);
	check_lines(text);
	close_rig();
}

/* A Ctrl-C between the hit and the step over it: the commands are not run again. */
static void test_interrupted(bool software)
{
	const struct point_code print[] = { PRINT_COUNT };
	static char text[2 * INTERRUPTS * GUEST_TEXT_MAX]; /* the vCPU waits when there is more */
	size_t n = 0;

	text[0] = '\0';
	open_rig(1, software);
	set(0, 1, print);
	for (unsigned i = 0; i < INTERRUPTS; i++) {
		go(RESUME_CONTINUE);
		interrupt_guest();
		if (!wait_stop())
			break;
		n += take_text(text + n, sizeof(text) - n);
	}
	check_lines(text);
	close_rig();
}

/* All vCPUs in a storm of false hits; stopped, stepped and continued again and again, all over. */
static void test_storm(unsigned vcpus, bool software)
{
	const struct point_code never[] = { NEVER };
	unsigned interrupts = 0;
	uint64_t before;

	open_rig(vcpus, software);
	set(1, 0, never);
	for (unsigned i = 0; i < 200; i++) {
		before = counted(i % vcpus);
		go(RESUME_CONTINUE);
		while (i % 4 && counted(i % vcpus) < before + i % 7)
			sched_yield();
		interrupt_guest();
		if (!wait_stop())
			break;
		interrupts += stop()->kind == STOP_SIGNAL && stop()->signal == GDB_SIGNAL_INT;
	}
	is_int(interrupts, 200, "Ctrl-C in a storm of false hits, each time");
	ok(is_planted(), "... and the opcode is in");
	close_rig();
}

/* One vCPU passes a breakpoint that the other does not come to: it is called out of its run, and does not notice. */
static void test_bystander(void)
{
	const struct point_code when[] = { COUNT_IS(100) };
	static const uint32_t elsewhere[] = { NOP, JUMP_BACK };

	open_rig(2, false);
	memcpy(ram(CODE + 0x100), elsewhere, sizeof(elsewhere));
	sim_set(rig->sim, 1, RV_PC, CODE + 0x100);
	set(1, 0, when);
	go(RESUME_CONTINUE);
	ok(wait_stop() && stop()->kind == STOP_SWBREAK && stop()->thread == 1, "the one that hits is reported");
	is_int((int64_t)counted(0), 100, "... when its condition holds");
	ok(rig->sim->vcpu[1].runs >= 90, "... and the other had its turn, each time that it made way");
	close_rig();
}

/* A step from a breakpoint that is not to be reported is a step, and is reported as one. */
static void test_step(bool software)
{
	const struct point_code never[] = { NEVER };

	open_rig(1, software);
	set(1, 0, never);
	sim_set(rig->sim, 0, RV_PC, CODE + 4);
	go(RESUME_STEP);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && counted(0) == 0, "a step onto the breakpoint");
	go(RESUME_STEP);
	ok(wait_stop() && stop()->kind == STOP_SIGNAL && counted(0) == 1, "a step over it");
	is_int((int64_t)sim_get(rig->sim, 0, RV_PC), CODE + 4, "... by one instruction");
	close_rig();
}

int main(void)
{
	for (int software = 0; software < 2; software++) {
		test_condition(software);
		test_commands(software);
		test_step(software);
		test_interrupted(software);
		for (unsigned vcpus = 1; vcpus <= 4; vcpus++)
			test_storm(vcpus, software);
	}
	test_errors();
	test_failing_command();
	test_full();
	test_bystander();
	return done();
}
