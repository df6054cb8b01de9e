/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm-gdbserver: the command line. The only file that ends the program. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/vm.h"
#include "machine/open.h"
#include "machine/ops.h"
#include "monitor/commands.h"
#include "monitor/show.h"
#include "program.h"
#include "run/probe.h"
#include "serve/comm.h"

#define DEFAULT_MEMORY (128ull << 20)
#define SCRATCH_MEMORY (1ull << 20)

enum exit_code {
	EXIT_BAD_RUN = 1,
	EXIT_BAD_USAGE = 2
};

struct options {
	const char *comm;
	struct vm_config vm;
	struct program_config program;
	bool registers, json; /* print the registers, and serve nobody */
	const char *group;
	enum batch batch;
	bool version, verbose; /* print the version, or with it what this host has */
};

static const char usage[] =
	"Usage: kvm-gdbserver [OPTIONS] COMM [IMAGE]\n"
	"       kvm-gdbserver [OPTIONS] --registers [--json] [--group G] [IMAGE]\n"
	"\n"
	"Runs IMAGE (an ELF file, or a Linux Image of arm64 or riscv64) in a KVM guest and serves it to gdb, lldb or an IDE.\n"
	"The guest waits at its entry until a client says go. Without IMAGE, gdb's `load` fills the machine.\n"
	"\n"
	"COMM is where the debugger connects:\n"
	"  HOST:PORT        TCP; port 0 picks a free one\n"
	"  :PORT            TCP, loopback only\n"
	"  unix:PATH        a Unix socket (mode 0600)\n"
	"  -                standard input and output: (gdb) target remote | kvm-gdbserver - IMAGE\n"
	"\n"
	"Options:\n"
	"  --vcpus N        virtual CPUs (1)\n"
	"  --memory SIZE    guest RAM, with K, M or G (128M)\n"
	"  --initrd FILE    initial RAM disk of a Linux Image\n"
	"  --append TEXT    command line of a Linux Image\n"
	"  --mode MODE      without IMAGE, of x86: how the machine starts: x86-64, i386 or i8086\n"
	"  --once           leave when the client goes\n"
	"  --debug          show the wire, readable, on standard error\n"
	"  --registers      print every register of the first vCPU at the entry: name, where KVM keeps it, size, value, "
	"fields\n"
	"  --json           as a JSON array\n"
	"  --group G        only those of a group: general, system, ...\n"
	"  --batch HOW      how registers are read and written: auto, many (KVM_GET_MANY_REGS), blocks (what KVM moves\n"
	"                   together), one (a system call for each)\n"
	"  --version, -v    with -v, also by which calls this host's registers are read\n"
	"  --help\n";

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

static unsigned parse_vcpus(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > VM_VCPUS_MAX)
		die(EXIT_BAD_USAGE, "--vcpus %s: a number from 1 to %d", text, VM_VCPUS_MAX);
	return n;
}

static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMGT";
	char *end;
	const char *unit;
	uint64_t n;
	unsigned shift = 0;

	errno = 0;
	n = strtoull(text, &end, 0);
	unit = isalpha((unsigned char)*end) ? strchr(units, *end & ~0x20) : NULL;
	if (unit)
		shift = 10 * (unit - units + 1);
	if (text[0] < '0' || text[0] > '9' || errno || (unit ? end[1] : *end) || !n || n > UINT64_MAX >> shift)
		die(EXIT_BAD_USAGE, "--memory %s: a size such as 64M or 1G", text);
	n <<= shift;
	if (n % 4096)
		die(EXIT_BAD_USAGE, "--memory %s: a multiple of 4096 bytes", text);
	return n;
}

static enum batch parse_batch(const char *text)
{
	for (unsigned i = 0; i < BATCHES; i++)
		if (!strcmp(text, batch_names[i]))
			return i;
	die(EXIT_BAD_USAGE, "--batch %s: auto, many, blocks or one", text);
}

/* COMM and IMAGE; no COMM where nobody is served. */
static void parse_arguments(int argc, char **argv, struct options *o)
{
	int comms = !o->registers && !o->version;

	if (argc < comms || argc > comms + 1 || ((o->json || o->group) && !o->registers)) {
		fputs(usage, stderr);
		exit(EXIT_BAD_USAGE);
	}
	o->comm = comms ? argv[0] : NULL;
	o->vm.image = argv[comms];
}

/* What getopt_long() tells of the long options. */
enum {
	VCPUS = 1,
	MEMORY,
	INITRD,
	APPEND,
	MODE,
	ONCE,
	DEBUG,
	REGISTERS,
	JSON,
	GROUP,
	BATCH,
	SHOW_VERSION,
	HELP
};

static const struct option longs[] = {
	{ "vcpus", required_argument, NULL, VCPUS },
	{ "memory", required_argument, NULL, MEMORY },
	{ "initrd", required_argument, NULL, INITRD },
	{ "append", required_argument, NULL, APPEND },
	{ "mode", required_argument, NULL, MODE },
	{ "once", no_argument, NULL, ONCE },
	{ "debug", no_argument, NULL, DEBUG },
	{ "registers", no_argument, NULL, REGISTERS },
	{ "json", no_argument, NULL, JSON },
	{ "group", required_argument, NULL, GROUP },
	{ "batch", required_argument, NULL, BATCH },
	{ "version", no_argument, NULL, SHOW_VERSION },
	{ "help", no_argument, NULL, HELP },
	{ 0 },
};

static void parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "+v", longs, NULL)) != -1) {
		switch (c) {
		case VCPUS:
			o->vm.vcpus = parse_vcpus(optarg);
			break;
		case MEMORY:
			o->vm.memory = parse_size(optarg);
			break;
		case INITRD:
			o->vm.initrd = optarg;
			break;
		case APPEND:
			o->vm.append = optarg;
			break;
		case MODE:
			o->vm.mode = optarg;
			break;
		case ONCE:
			o->program.once = true;
			break;
		case DEBUG:
			o->program.debug = true;
			break;
		case REGISTERS:
			o->registers = true;
			break;
		case JSON:
			o->json = true;
			break;
		case GROUP:
			o->group = optarg;
			break;
		case BATCH:
			o->batch = parse_batch(optarg);
			break;
		case SHOW_VERSION:
			o->version = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case HELP:
			fputs(usage, stdout);
			leave(0);
		default:
			fputs("Try kvm-gdbserver --help.\n", stderr);
			exit(EXIT_BAD_USAGE);
		}
	}
	parse_arguments(argc - optind, argv + optind, o);
}

/* The signals that end the program are program.c's; a client that is gone is an error of write(). */
static void set_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const struct arch *this_arch(void)
{
	struct utsname name;
	const struct arch *arch = uname(&name) ? NULL : arch_find(name.machine);

	if (!arch)
		die(EXIT_BAD_RUN, "this machine's architecture is not supported");
	return arch;
}

/* What this host's KVM does, tried in a VM of its own. 0, or -1 and a sentence in error. */
static int probe_host(const struct arch *arch, struct capabilities *caps, char *error, size_t size)
{
	uint64_t base;
	struct host *scratch = vm_open_scratch(-1, SCRATCH_MEMORY, &base, error, size);
	int err;

	if (!scratch)
		return -1;
	err = capabilities_probe(caps, arch, scratch, base);
	scratch->ops->close(scratch);
	if (err)
		snprintf(error, size, "this host's KVM did not run a few instructions: %s", strerror(-err));
	return err ? -1 : 0;
}

static void print(void *arg, const char *text)
{
	fputs(text, arg);
}

static int print_registers(struct machine *m, const struct options *o, char *error, size_t size)
{
	if (!show_registers(guest_vcpu(&m->guest, 1), o->group, o->json, print, stdout))
		return 0;
	snprintf(error, size, "%s", m->guest.why);
	return -1;
}

/* Everything between the open connection and the exit status; -1 and a sentence in error when it did not come to that. */
static int run(const struct options *o, const struct arch *arch, struct comm *comm, char *error, size_t size)
{
	struct capabilities caps;
	/* Outlives this function: the vCPU threads wait in it until the program ends. */
	static struct machine machine;
	struct host *host = vm_open(&o->vm, error, size);

	if (!host || probe_host(arch, &caps, error, size))
		return -1;
	/* From here on: until now a Ctrl-C just ends the program, and from now on there are threads to inherit it. */
	set_signals();
	if (machine_open(&machine, host, arch, &caps, o->batch, error, size))
		return -1;
	machine_set_commands(&machine, commands_run);
	if (o->version)
		return machine_target(&machine).ops->command(&machine, "batch", print, stdout);
	if (o->registers)
		return print_registers(&machine, o, error, size);
	return program_serve(&machine, comm, &o->program);
}

int main(int argc, char **argv)
{
	struct options o = {
		.vm = { .vcpus = 1, .memory = DEFAULT_MEMORY, .console = STDOUT_FILENO },
		.program = { .log = STDERR_FILENO },
	};
	const struct arch *arch = this_arch();
	struct comm comm = { .listener = -1 };
	char error[256];
	int err = 0, status;

	parse_options(argc, argv, &o);
	if (o.version)
		puts("kvm-gdbserver " MACHINE_VERSION);
	if (o.version && !o.verbose)
		leave(0);
	if (o.comm && !strcmp(o.comm, "-"))
		o.vm.console = STDERR_FILENO;
	else if (o.comm)
		err = comm_open(&comm, o.comm, error, sizeof(error));
	if (err)
		die(err == -EINVAL ? EXIT_BAD_USAGE : EXIT_BAD_RUN, "%s", error);
	status = run(&o, arch, &comm, error, sizeof(error));
	comm_close(&comm);
	if (status < 0)
		die(EXIT_BAD_RUN, "%s", error);
	leave(status);
}
