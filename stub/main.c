/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm-gdbserver: the command line. The only file that ends the program. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/launch.h"
#include "console.h"
#include "files.h"
#include "host/vm.h"
#include "machine/open.h"
#include "machine/ops.h"
#include "monitor/commands.h"
#include "monitor/dump.h"
#include "monitor/inquiry.h"
#include "monitor/list.h"
#include "options.h"
#include "program.h"
#include "program_multi.h"
#include "run/probe.h"
#include "serve/comm.h"

#define DEFAULT_MEMORY (128ull << 20)
#define SCRATCH_MEMORY (1ull << 20)

enum exit_code {
	EXIT_BAD_RUN = 1,
	EXIT_BAD_USAGE = 2
};

/* What a signal's handler has to find. */
static struct terminal terminal = { .fd = -1 };

__attribute__((noreturn, format(printf, 2, 3))) static void die(int code, const char *format, ...)
{
	va_list ap;

	fputs("kvm-gdbserver: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

/* What was printed has to have arrived: a full disk is no success. */
__attribute__((noreturn)) static void leave(int status)
{
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_BAD_RUN, "standard output: %s", strerror(errno));
	exit(status);
}

/* The signals that end the program are program.c's; a client that is gone is an error of write(). */
static void set_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGXFSZ); /* a file that would become too large is an error of write() */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void give_terminal_back(void)
{
	terminal_give_back(&terminal);
}

/* The default is what is left when this is called. */
static void die_by_signal(int signal)
{
	terminal_give_back(&terminal);
	raise(signal);
}

/* Is this signal's default action the end of the program? (signal(7); SIGSTOP and SIGTSTP suspend it.) */
static bool ends_program(int signal)
{
	static const int others[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (signal == others[i])
			return false;
	return true;
}

/* However the program ends, its terminal is as it was; while it is suspended, too. */
static void keep_terminal(void)
{
	const struct sigaction once = { .sa_handler = die_by_signal, .sa_flags = SA_RESETHAND };
	struct sigaction now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	for (int i = 1; i <= SIGRTMAX; i++)
		if (ends_program(i) && !sigaction(i, NULL, &now) && now.sa_handler == SIG_DFL)
			sigaction(i, &once, NULL);
	atexit(give_terminal_back);
}

static const struct arch *this_arch(void)
{
	struct utsname name;
	const struct arch *arch = uname(&name) ? NULL : arch_find(name.machine);

	if (!arch)
		die(EXIT_BAD_RUN, "this machine's architecture is not supported");
	return arch;
}

/* What this host's KVM does, tried in a VM of its own; kvm: /dev/kvm, or -1. 0, or -1 and a sentence in error. */
static int probe_host(const struct arch *arch, int kvm, struct capabilities *caps, char *error, size_t size)
{
	uint64_t base;
	struct host *scratch = vm_open_scratch(kvm, SCRATCH_MEMORY, &base, error, size);
	int err;

	if (!scratch)
		return -1;
	err = capabilities_probe(caps, arch, scratch, base);
	scratch->ops->close(scratch);
	if (err)
		snprintf(error, size, "this host's KVM did not run a few instructions: %s", strerror(-err));
	return err ? -1 : 0;
}

/* The same, by the VMM's own /dev/kvm where ours may not be opened. Where there is none either, nothing was tried. */
static int probe_for(const struct arch *arch, pid_t pid, struct capabilities *caps, char *error, size_t size)
{
	int kvm = attach_open_kvm(pid, NULL), err;

	*caps = (struct capabilities){ .untried = kvm < 0 };
	if (kvm < 0)
		return 0;
	err = probe_host(arch, kvm, caps, error, size);
	close(kvm);
	return err;
}

static void print(void *arg, const char *text)
{
	fputs(text, arg);
}

static int ask(struct machine *m, const struct options *o, struct inquiry **answer, char *error, size_t size)
{
	const struct question q = { .group = o->group, .name = o->reg, .vcpu = o->vcpu, .json = o->json };

	*answer = inquiry_read(m, &q);
	if (!*answer)
		snprintf(error, size, "%s", m->guest.why);
	return *answer ? 0 : -1;
}

static void tell(struct inquiry *answer)
{
	if (!answer)
		return;
	inquiry_print(answer, print, stdout);
	inquiry_free(answer);
}

/* One of the signals that end the program, which are blocked by now. */
static bool is_told_to_end(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP));
}

/* Percent that stand on the terminal now, or -1. */
static int shown = -1;

static void show_progress(uint64_t done, uint64_t all)
{
	int percent = (int)(done * 100 / all);

	if (percent == shown)
		return;
	fprintf(stderr, "\r%3d %%%s", percent, done == all ? "\r     \r" : "");
	shown = done == all ? -1 : percent;
}

static int dump(struct machine *m, const struct options *o, char *error, size_t size)
{
	const struct printer out = { .print = print, .arg = stdout };
	const struct refusal why = { error, size };
	struct files files = { .gives_up = is_told_to_end };
	struct dump_file file = { .files = &files, .virtual = o->virtual };
	int err = files_open_path(&files, o->dump, &file.name, &why);

	if (!err)
		file.fd = files_create(&files, file.name, &why);
	if (err || file.fd < 0)
		return -1;
	file.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
	err = dump_machine(m, &file, &out);
	if (err && shown >= 0)
		fputc('\n', stderr);
	if (err)
		snprintf(error, size, "%s", m->guest.why);
	return err ? -1 : 0;
}

/* *answer: what is to be told when there is nothing more to do, or NULL. */
static int serve(
	struct machine *m, const struct options *o, struct comm *comm, struct inquiry **answer, char *error, size_t size)
{
	machine_set_commands(m, commands_run);
	if (o->dump)
		return dump(m, o, error, size);
	if (o->version)
		return machine_target(m).ops->command(m, "batch", print, stdout);
	if (o->registers || o->reg)
		return ask(m, o, answer, error, size);
	return program_serve(m, comm, &o->program);
}

/* A VM of another process's: it is left as it was found. */
static int run_attached(const struct options *o, const struct arch *arch, struct comm *comm, char *error, size_t size)
{
	struct attach_config config = { .pid = o->pid, .ram = o->ram, .gives_up = is_told_to_end };
	struct capabilities caps;
	struct inquiry *answer = NULL;
	struct machine machine;
	struct host *host;
	int status;

	/* The VM is at rest as soon as it is attached to: what takes time is done before. */
	if (probe_for(arch, o->pid, &caps, error, size))
		return -1;
	set_signals();
	host = attach_open(&config, error, size);
	if (!host)
		return -1;
	status = machine_open(&machine, host, arch, &caps, o->batch, error, size);
	if (!status) {
		status = serve(&machine, o, comm, &answer, error, size);
		machine_leave(&machine);
		machine_close(&machine);
	}
	host->ops->close(host);
	tell(answer);
	return status;
}

/* ... whose VMM was started here. */
static int run_held(const struct options *o, const struct arch *arch, const struct capabilities *caps, struct comm *comm,
	struct launch *launch, char *error, size_t size)
{
	struct attach_config config = {
		.pid = launch_vm(launch), .ram = o->ram, .held = launch_held(launch), .seen = launch_seen(launch)
	};
	struct program_config program = o->program;
	struct machine machine;
	struct host *host = attach_open(&config, error, size);
	int status;

	if (!host)
		return -1;
	launch_is_taken(launch);
	program.launch = launch;
	status = machine_open(&machine, host, arch, caps, o->batch, error, size);
	if (!status) {
		machine_set_commands(&machine, commands_run);
		status = program_serve(&machine, comm, &program);
		machine_leave(&machine);
		machine_close(&machine);
	}
	host->ops->close(host);
	return status;
}

/* What kept it from being served is told when it has ended. */
static int run_launched(const struct options *o, const struct arch *arch, struct comm *comm, char *error, size_t size)
{
	struct launch_config config = { .argv = o->launch, .console = o->vm.console };
	const struct refusal why = { error, size };
	struct capabilities caps;
	struct launch *launch;
	int status;

	if (probe_host(arch, -1, &caps, error, size))
		return -1;
	sigprocmask(SIG_SETMASK, NULL, &config.mask);
	sigaction(SIGPIPE, NULL, &config.sigpipe);
	set_signals();
	launch = launch_open(&config, &status, &why);
	if (launch) {
		fprintf(stderr, "Process %s created; pid = %d\n", o->launch[0], launch_pid(launch));
		status = launch_hold(launch, &why) ? -1 : run_held(o, arch, &caps, comm, launch, error, size);
		if (status >= 0)
			return launch_close(launch, status);
		launch_to_end(launch);
		status = launch_close(launch, EXIT_BAD_RUN);
	}
	fprintf(stderr, "kvm-gdbserver: %s\n", error);
	return status;
}

/* Clients choose which VM of this computer's. */
static int run_multi(const struct options *o, const struct arch *arch, struct comm *comm, char *error, size_t size)
{
	struct multi_config config = { .arch = arch, .batch = o->batch };
	struct program_config program = o->program;
	int status;

	if (probe_for(arch, 0, &config.caps, error, size))
		return -1;
	set_signals();
	program.multi = multi_open(&config);
	if (!program.multi) {
		snprintf(error, size, "%s", strerror(ENOMEM));
		return -1;
	}
	status = program_serve(NULL, comm, &program);
	multi_close(program.multi);
	return status;
}

/* Everything between the open connection and the exit status; -1 and a sentence in error when it did not come to that. */
static int run(const struct options *o, const struct arch *arch, struct comm *comm, char *error, size_t size)
{
	struct capabilities caps;
	/* Outlives this function: the vCPU threads wait in it until the program ends. */
	static struct machine machine;
	struct inquiry *answer = NULL;
	struct host *host = vm_open(&o->vm, error, size);
	int status;

	if (!host || probe_host(arch, -1, &caps, error, size))
		return -1;
	/* From here on: until now a Ctrl-C just ends the program, and from now on there are threads to inherit it. */
	set_signals();
	if (terminal.fd >= 0)
		keep_terminal();
	if (machine_open(&machine, host, arch, &caps, o->batch, error, size))
		return -1;
	status = serve(&machine, o, comm, &answer, error, size);
	tell(answer);
	return status;
}

/* The command line, or the end of the program. */
static void parse(int argc, char **argv, struct options *o)
{
	char error[256];

	switch (options_parse(argc, argv, o, &(struct refusal){ error, sizeof(error) })) {
	case PARSED:
		break;
	case PARSED_UNKNOWN:
		fputs("Try kvm-gdbserver --help.\n", stderr);
		exit(EXIT_BAD_USAGE);
	case PARSED_REFUSED:
		die(EXIT_BAD_USAGE, "%s", error);
	case PARSED_USAGE:
		fputs(options_usage, stderr);
		exit(EXIT_BAD_USAGE);
	}
}

/* Of a VM of ours that a debugger is to have: on our standard streams, unless they are its. */
static int set_up_console(struct console *console, struct options *o, const struct refusal *why)
{
	bool ours = strcmp(o->comm, "-");
	int err;

	err = console_set_up(
		console, o->console, ours ? STDIN_FILENO : -1, ours ? STDOUT_FILENO : STDERR_FILENO, &terminal, why);
	o->vm.console = console->out;
	o->program.console = console;
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {
		.vm = { .vcpus = 1, .memory = DEFAULT_MEMORY, .console = STDOUT_FILENO },
		.program = { .log = STDERR_FILENO },
		.vcpu = INQUIRY_ALL,
	};
	const struct arch *arch = this_arch();
	struct comm comm = { .listener = -1 };
	struct console console = { .sources = -1 };
	struct files files = { .gives_up = is_told_to_end };
	char error[256];
	int err = 0, status;

	parse(argc, argv, &o);
	if (o.help)
		fputs(options_usage, stdout);
	else if (o.version)
		puts("kvm-gdbserver " MACHINE_VERSION);
	if (o.help || (o.version && !o.verbose))
		leave(0);
	if (o.list) {
		if (list_vms(o.json, print, stdout, &(struct refusal){ error, sizeof(error) }))
			die(EXIT_BAD_RUN, "%s", error);
		leave(0);
	}
	if (o.files && files_open(&files, o.files, &(struct refusal){ error, sizeof(error) }))
		die(EXIT_BAD_USAGE, "%s", error);
	o.program.files = o.files ? &files : NULL;
	if (o.comm && strcmp(o.comm, "-"))
		err = comm_open(&comm, o.comm, error, sizeof(error));
	o.program.lives = o.attach || o.multi || o.launch;
	if (!err && o.comm && !o.program.lives)
		err = set_up_console(&console, &o, &(struct refusal){ error, sizeof(error) });
	if (err) {
		comm_close(&comm);
		die(err == -EINVAL ? EXIT_BAD_USAGE : EXIT_BAD_RUN, "%s", error);
	}
	status = (o.multi    ? run_multi
		  : o.launch ? run_launched
		  : o.attach ? run_attached
			     : run)(&o, arch, &comm, error, sizeof(error));
	comm_close(&comm);
	if (o.program.console)
		console_take_down(&console);
	if (status < 0)
		die(EXIT_BAD_RUN, "%s", error);
	leave(status);
}
