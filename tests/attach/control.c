/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a victim is told to do while it runs, a line each, and answers with a line each:
 *
 *   report             sequence=unbroken|BROKEN kicks=equal|UNEQUAL running=N/N exits= rate= gap= eintr= sent= handled= uncaused= lost= foreign= left=,
 *                      and what was wrong first. rate is of exits in a second, gap the microseconds of the longest time without one of a vCPU's, and
 *                      running how many vCPUs had any, since the last report
 *   ram                GPA:SIZE:HVA of the guest's usual memory; nothing before there is a VM
 *   pause, resume      the VMM's own
 *   slot add|move|remove   of a MiB of RAM far behind the usual one
 *   vcpu-slot add|move|remove   the same by the thread of vCPU 0, which has to come out of its guest for that
 *   plug [ADDRESS]     a vCPU more, which runs, from the image's entry if nowhere else
 *   unplug N           its thread ends
 *   create             the VM, after --later
 *   second             another VM, of one vCPU that nobody kicks: what is reported is of both
 *   go PORT            after --hold: two answers, when it waits for that client and when the guest goes
 *   threads N          made, and ended
 *   entangle exits     vCPU 1 is not through with its next exit before a tracer has stopped vCPU 0 and let it have some exits more
 *   entangle lock      ... before vCPU 0 waits in an exit for what vCPU 1 has; the answer is given when vCPU 1 has it
 *   entangle           is it so still?
 *   immediate          in each vCPU's kvm_run, what kvm-gdbserver sets to have KVM_RUN return: what it leaves when it is killed just then
 *   watch GPA          from now on who traces the vCPUs' threads, and the byte at GPA
 *   watched            free= planted= blocked=, in microseconds: see watch_begin()
 *   fork               of a process that does nothing for a minute; the answer is its id
 *   vfork N            which takes N seconds: meanwhile there is no other answer, and the thread cannot be stopped
 *   exec               of a `sleep`
 *   exit CODE
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/patience.h"
#include "../../stub/host/immediate_exit.h"
#include "victim.h"

/* --- kicks */

static void pause_storm(struct victim *v, bool pauses)
{
	pthread_mutex_lock(&v->lock);
	v->storm_pauses = pauses;
	pthread_mutex_unlock(&v->lock);
}

static unsigned long unseen(const struct seat *s)
{
	unsigned long seen = s->victim->style->is_sure ? s->eintr - s->uncaused : s->handled;

	return seen < s->sent ? s->sent - seen : 0;
}

/* Seen, or kept by a tracer for a while: who is stopped by a debugger sees nothing. */
static bool has_had_time(const struct seat *s)
{
	for (int i = 0; i < 20 && unseen(s); i++, sleep_ms(10))
		if (thread_state(s->tid) != 't')
			return false;
	return true;
}

/* Kicks that were not seen although there was time. Those of a storm that does not wait may have been one. */
static unsigned long lost(struct seat *s)
{
	if ((!s->victim->storm_waits && s->victim->storm) || comes_true(!unseen(s) || has_had_time(s)))
		return 0;
	return unseen(s);
}

/* --- pausing */

void control_park(struct seat *s)
{
	struct victim *v = s->victim;

	if (!v->pauses)
		return;
	pthread_mutex_lock(&v->lock);
	s->is_paused = true;
	while (v->pauses)
		pthread_cond_wait(&v->changed, &v->lock);
	s->is_paused = false;
	pthread_mutex_unlock(&v->lock);
}

static bool all_paused(struct victim *v)
{
	bool all = true;

	pthread_mutex_lock(&v->lock);
	for (unsigned i = 0; i < v->machine.n; i++)
		all &= v->seats[i].is_paused || v->seats[i].ends;
	pthread_mutex_unlock(&v->lock);
	return all;
}

static void set_pauses(struct victim *v, bool pauses)
{
	pthread_mutex_lock(&v->lock);
	v->pauses = pauses;
	pthread_cond_broadcast(&v->changed);
	pthread_mutex_unlock(&v->lock);
}

/* A kick that is lost, in a style that loses some, is sent again. */
static void do_pause(struct victim *v, char *argument, FILE *answer)
{
	(void)argument;
	pause_storm(v, true);
	for (unsigned i = 0; i < v->machine.n; i++)
		lost(&v->seats[i]);
	set_pauses(v, true);
	pause_storm(v, false);
	for (unsigned n = 0; !all_paused(v); n++) {
		for (unsigned i = 0; i < v->machine.n; i++)
			if (!v->seats[i].is_paused && !v->seats[i].ends && (!n || (n % 100 == 0 && !v->style->is_sure)))
				kick(&v->seats[i]);
		usleep(1000);
	}
	fputs("paused\n", answer);
}

static void do_resume(struct victim *v, char *argument, FILE *answer)
{
	(void)argument;
	set_pauses(v, false);
	fputs("resumed\n", answer);
}

/* --- the report */

struct sums {
	unsigned long exits, eintr, sent, handled, uncaused, foreign, left, lost, fresh;
	unsigned running, vcpus;
	double gap;
	const char *wrong;
};

static void add(struct sums *sum, struct seat *s)
{
	unsigned long exits = s->exits;

	sum->lost += s->ends ? 0 : lost(s);
	sum->eintr += s->eintr;
	sum->sent += s->sent;
	sum->handled += s->handled;
	sum->uncaused += s->uncaused;
	sum->foreign += s->foreign;
	sum->left += s->left;
	sum->exits += exits;
	sum->fresh += exits - s->reported;
	sum->running += exits != s->reported && !s->ends;
	sum->vcpus += !s->ends;
	if (s->gap > sum->gap)
		sum->gap = s->gap;
	s->gap = 0;
	s->reported = exits;
	if (s->broken && !sum->wrong)
		sum->wrong = s->first;
}

static void add_all(struct sums *sum, struct victim *v)
{
	pause_storm(v, true);
	for (unsigned i = 0; i < v->machine.n; i++)
		add(sum, &v->seats[i]);
	pause_storm(v, false);
}

static void do_report(struct victim *v, char *argument, FILE *answer)
{
	static double before;
	struct sums sum = { 0 };
	double at = check_clock();

	(void)argument;
	for (struct victim *each = v; each; each = each->second)
		add_all(&sum, each);
	fprintf(answer,
		"sequence=%s kicks=%s running=%u/%u exits=%lu rate=%.0f gap=%.0f eintr=%lu sent=%lu handled=%lu uncaused=%lu lost=%lu "
		"foreign=%lu left=%lu%s%s\n",
		sum.wrong ? "BROKEN" : "unbroken", sum.uncaused || sum.lost || sum.foreign ? "UNEQUAL" : "equal", sum.running,
		sum.vcpus, sum.exits, (double)sum.fresh / (at - before), 1e6 * sum.gap, sum.eintr, sum.sent, sum.handled,
		sum.uncaused, sum.lost, sum.foreign, sum.left, sum.wrong ? "; " : "", sum.wrong ? sum.wrong : "");
	before = at;
}

/* --- memory */

static void do_ram(struct victim *v, char *argument, FILE *answer)
{
	(void)argument;
	if (v->machine.ram)
		fprintf(answer, "%#llx:%#x:%p", (unsigned long long)board_ram, MACHINE_RAM, (void *)v->machine.ram);
	fputc('\n', answer);
}

static void do_slot(struct victim *v, char *argument, FILE *answer)
{
	(void)answer;
	slot_change(v, argument);
}

static void do_vcpu_slot(struct victim *v, char *argument, FILE *answer)
{
	(void)answer;
	slot_change_by(&v->seats[0], argument);
}

/* --- a guest that is kept before its first instruction */

/* Is there a connection to this TCP port of ours? */
static bool is_connected(unsigned port)
{
	FILE *file = fopen("/proc/net/tcp", "r");
	char line[256];
	unsigned local, state;
	bool is = false;

	while (file && fgets(line, sizeof(line), file))
		is |= sscanf(line, " %*u: %*x:%x %*x:%*x %x", &local, &state) == 2 && local == port && state == 1;
	if (file)
		fclose(file);
	return is;
}

/* Has a thread been stopped since then? One that runs the guest all the time has slept only when a tracer stopped it. `before` is kept up to date for as long as there is no client who could have done it. */
static bool was_stopped(struct victim *v, unsigned port, unsigned long *before)
{
	unsigned long now[MACHINE_VCPUS];
	bool connected, stopped = true;

	for (unsigned i = 0; i < v->machine.n; i++)
		now[i] = thread_sleeps_so_far(v->seats[i].tid);
	connected = is_connected(port); /* behind that: a stop in between is not taken for one of before */
	for (unsigned i = 0; i < v->machine.n; i++) {
		if (!connected)
			before[i] = now[i];
		stopped = stopped && (now[i] > before[i] || thread_state(v->seats[i].tid) == 't');
	}
	return connected && stopped;
}

/* A client may have had its first stop, and be through with it, between two looks: whoever lets it come waits for the first of the two answers. */
static void do_go(struct victim *v, char *argument, FILE *answer)
{
	unsigned port = (unsigned)atoi(argument);
	unsigned long before[MACHINE_VCPUS];

	for (unsigned i = 0; i < v->machine.n; i++)
		before[i] = thread_sleeps_so_far(v->seats[i].tid);
	fputs("waiting\n", answer);
	fflush(answer);
	while (!was_stopped(v, port, before))
		usleep(2000);
	let_guest_go(v);
	fputs("going\n", answer);
}

/* --- what else a process may do */

static void do_plug(struct victim *v, char *argument, FILE *answer)
{
	int err = plug_vcpu(v, strtoull(argument, NULL, 0));

	fprintf(answer, "plug: %s\n", err ? strerror(-err) : "done");
}

static void do_unplug(struct victim *v, char *argument, FILE *answer)
{
	unsigned nr = (unsigned)atoi(argument);

	pause_storm(v, true);
	if (nr < v->machine.n)
		lost(&v->seats[nr]);
	if (nr < v->machine.n)
		unplug_vcpu(v, nr);
	pause_storm(v, false);
	fputs("unplugged\n", answer);
}

static void do_create(struct victim *v, char *argument, FILE *answer)
{
	(void)argument;
	victim_create(v);
	fputs("created\n", answer);
}

static void do_second(struct victim *v, char *argument, FILE *answer)
{
	static struct victim second = { .vcpus = 1, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

	(void)argument;
	second.image = v->image;
	second.style = v->style;
	victim_create(&second);
	v->second = &second;
	fputs("created\n", answer);
}

static void do_entangle(struct victim *v, char *argument, FILE *answer)
{
	entangle(v, argument, answer);
}

static void do_immediate(struct victim *v, char *argument, FILE *answer)
{
	(void)argument;
	for (unsigned i = 0; i < v->machine.n; i++)
		immediate_set(v->seats[i].vcpu->run);
	fputs("set\n", answer);
}

static void do_watch(struct victim *v, char *argument, FILE *answer)
{
	watch_begin(v, strtoull(argument, NULL, 0));
	fputs("watching\n", answer);
}

static void do_watched(struct victim *v, char *argument, FILE *answer)
{
	(void)v;
	(void)argument;
	watch_end(answer);
	fputs("\n", answer);
}

static void *end_at_once(void *arg)
{
	return arg;
}

static void do_threads(struct victim *v, char *argument, FILE *answer)
{
	int count = atoi(argument);
	pthread_t thread;

	(void)v;
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, NULL, end_at_once, NULL) || pthread_join(thread, NULL))
			errx(1, "no thread");
	fprintf(answer, "%d threads\n", count);
}

static void do_fork(struct victim *v, char *argument, FILE *answer)
{
	pid_t pid = fork();

	(void)v;
	(void)argument;
	if (!pid) {
		sleep(60);
		_exit(0);
	}
	fprintf(answer, "%d\n", pid);
}

static void do_vfork(struct victim *v, char *argument, FILE *answer)
{
	unsigned seconds = (unsigned)atoi(argument);

	(void)v;
	fputs("waiting\n", answer);
	fflush(answer);
	if (!vfork()) {
		sleep(seconds);
		_exit(0);
	}
}

static void do_exec(struct victim *v, char *argument, FILE *answer)
{
	(void)v;
	(void)argument;
	fputs("executing\n", answer);
	fflush(answer);
	execlp("sleep", "sleep", "60", (char *)NULL);
	err(1, "sleep");
}

static void do_exit(struct victim *v, char *argument, FILE *answer)
{
	(void)v;
	fputs("ending\n", answer);
	fflush(answer);
	_exit(atoi(argument));
}

static const struct {
	const char *name;
	void (*does)(struct victim *v, char *argument, FILE *answer);
} commands[] = {
	{ "report", do_report },
	{ "pause", do_pause },
	{ "resume", do_resume },
	{ "ram", do_ram },
	{ "slot", do_slot },
	{ "vcpu-slot", do_vcpu_slot },
	{ "plug", do_plug },
	{ "unplug", do_unplug },
	{ "create", do_create },
	{ "second", do_second },
	{ "go", do_go },
	{ "threads", do_threads },
	{ "entangle", do_entangle },
	{ "immediate", do_immediate },
	{ "watch", do_watch },
	{ "watched", do_watched },
	{ "fork", do_fork },
	{ "vfork", do_vfork },
	{ "exec", do_exec },
	{ "exit", do_exit },
};

static void execute(struct victim *v, char *line)
{
	char *argument = line + strcspn(line, " ");

	if (*argument)
		*argument++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, line)) {
			commands[i].does(v, argument, v->answers);
			fflush(v->answers);
			return;
		}
	fprintf(v->answers, "no such command: %s\n", line);
	fflush(v->answers);
}

void control_loop(struct victim *v, FILE *from)
{
	char line[128];

	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		execute(v, line);
	}
}
