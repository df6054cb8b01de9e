/* SPDX-License-Identifier: BSD-2-Clause */
/* One row an option; see options.h. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

const char options_usage[] =
	"Usage: kvm-gdbserver [OPTIONS] COMM [IMAGE]\n"
	"       kvm-gdbserver [OPTIONS] --registers [--json] [--group G] [--vcpu N] [IMAGE | --attach PID]\n"
	"       kvm-gdbserver [OPTIONS] --register NAME[=VALUE] [--json] [--vcpu N] [IMAGE | --attach PID]\n"
	"       kvm-gdbserver [OPTIONS] --attach COMM PID\n"
	"       kvm-gdbserver [OPTIONS] --dump FILE [--virtual] --attach PID\n"
	"       kvm-gdbserver [OPTIONS] COMM -- VMM [ARGUMENT...]\n"
	"       kvm-gdbserver [OPTIONS] --multi COMM\n"
	"       kvm-gdbserver --list [--json]\n"
	"\n"
	"Runs IMAGE in a KVM guest and serves it to gdb, lldb or an IDE: an ELF file, also with a multiboot header or a PVH note; a\n"
	"Linux kernel (Image of arm64 or riscv64, bzImage of x86-64); of x86, a boot sector; of arm64 and riscv64, a file of no known\n"
	"format, such as U-Boot. The guest waits at its entry until a client says go. Without IMAGE, gdb's `load` fills the machine.\n"
	"Behind --, the guest is that of a VMM that is started: it waits before its first instruction, and `kill`, or SIGTERM, ends\n"
	"the VMM.\n"
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
	"  --initrd FILE    initial RAM disk of a Linux kernel; of multiboot and PVH images the modules: FILE [TEXT],...\n"
	"  --append TEXT    command line of the image\n"
	"  --load GPA:FILE  put a file into guest memory as it is, at this guest-physical address; may be repeated\n"
	"  --bios FILE      of arm64 and riscv64, in IMAGE's place: firmware, put into flash and started there\n"
	"  --entry ADDR     start at this guest-physical address, whatever the image says\n"
	"  --restore FILE   in place of IMAGE: a machine that `monitor save` has written goes on from there\n"
	"  --mode MODE      without IMAGE, of x86: how the machine starts: x86-64, i386 or i8086\n"
	"  --console WHERE  the guest's console: pty, unix:PATH (a socket, mode 0600), none, or a file to be written; else it\n"
	"                   is standard output, and standard input where that is a terminal: C-a x ends, C-a h helps\n"
	"  --attach         debug the VM that runs in process PID, whatever its VMM; it goes on when no client is there\n"
	"  --multi          gdb's `target extended-remote`: `info os vms` lists the VMs of this computer, `attach PID`\n"
	"                   debugs one\n"
	"  --ram GPA:SIZE:HVA\n"
	"                   of a VMM's guest: SIZE bytes (or K, M, G) of its memory from GPA on are at HVA in the VMM;\n"
	"                   for each piece, where the kernel does not tell\n"
	"  --once           leave when the client goes\n"
	"  --debug          show the wire, readable, on standard error\n"
	"  --files DIR      where `monitor` commands may write files, under new names; without it they write none\n"
	"  --dump FILE      write a core file of a VM that runs, for gdb and makedumpfile: all its RAM and registers; it\n"
	"                   stands meanwhile\n"
	"  --virtual        of a core file: memory is also at the addresses that the page tables of the first vCPU map\n"
	"  --registers      print every register of every vCPU, of IMAGE at its entry: name, where KVM keeps it, size, value,\n"
	"                   fields; a VM that runs stands for some milliseconds\n"
	"  --register NAME  print one, of the first vCPU; NAME=VALUE writes it first: a number, or of a vector also\n"
	"                   {1, 2, ...}, or all of its bytes in hexadecimal\n"
	"  --json           as a JSON array\n"
	"  --group G        only those of a group: general, vector, ...\n"
	"  --vcpu N         only those of this one; the first is 0\n"
	"  --list           print the VMs of this computer: process, VMM, user, vCPUs, RAM, age, state, and whether it can be\n"
	"                   attached to, or why not\n"
	"  --batch HOW      how registers are read and written: auto, many (KVM_GET_MANY_REGS), blocks (what KVM moves\n"
	"                   together), one (a system call for each)\n"
	"  --version, -v    with -v, also by which calls this host's registers are read\n"
	"  --help\n";

static int parse_vcpus(struct options *o, const char *text, const struct refusal *why)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n < 1 || n > VM_VCPUS_MAX)
		return refuse(why, -EINVAL, "--vcpus %s: a number from 1 to %d", text, VM_VCPUS_MAX);
	o->vm.vcpus = n;
	o->sized = true;
	return 0;
}

static int parse_memory(struct options *o, const char *text, const struct refusal *why)
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
		return refuse(why, -EINVAL, "--memory %s: a size such as 64M or 1G", text);
	n <<= shift;
	if (n % 4096)
		return refuse(why, -EINVAL, "--memory %s: a multiple of 4096 bytes", text);
	o->vm.memory = n;
	o->sized = true;
	return 0;
}

static int parse_vcpu(struct options *o, const char *text, const struct refusal *why)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n > INT_MAX)
		return refuse(why, -EINVAL, "--vcpu %s: a number; the first vCPU is 0", text);
	o->vcpu = (int)n;
	return 0;
}

static int parse_batch(struct options *o, const char *text, const struct refusal *why)
{
	for (unsigned i = 0; i < BATCHES; i++) {
		if (!strcmp(text, batch_names[i])) {
			o->batch = i;
			return 0;
		}
	}
	return refuse(why, -EINVAL, "--batch %s: auto, many, blocks or one", text);
}

static int parse_ram(struct options *o, const char *text, const struct refusal *why)
{
	if (o->nram == OPTIONS_RAM_MAX)
		return refuse(why, -E2BIG, "--ram %s: at most %d pieces", text, OPTIONS_RAM_MAX);
	o->ram[o->nram++] = text;
	return 0;
}

/* 0x is hexadecimal, and a number of nothing else. */
static bool parse_address(const char *text, char end_with, uint64_t *address, char **end)
{
	errno = 0;
	*address = strtoull(text, end, 0);
	return text[0] >= '0' && text[0] <= '9' && !errno && **end == end_with;
}

static int parse_load(struct options *o, const char *text, const struct refusal *why)
{
	struct vm_load *load = &o->vm.load[o->vm.nload];
	char *end;

	if (o->vm.nload == VM_LOADS_MAX)
		return refuse(why, -E2BIG, "--load %s: at most %d files", text, VM_LOADS_MAX);
	if (!parse_address(text, ':', &load->gpa, &end) || !end[1])
		return refuse(why, -EINVAL, "--load %s: ADDRESS:FILE, a guest-physical address such as 0x48000000", text);
	load->path = end + 1;
	o->vm.nload++;
	return 0;
}

static int parse_entry(struct options *o, const char *text, const struct refusal *why)
{
	char *end;

	o->vm.has_entry = true;
	return parse_address(text, '\0', &o->vm.entry, &end)
		       ? 0
		       : refuse(why, -EINVAL, "--entry %s: a guest-physical address such as 0x40080000", text);
}

static int parse_pid(struct options *o, const char *text, const struct refusal *why)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || pid < 1 || pid > INT_MAX)
		return refuse(why, -EINVAL, "--attach %s: a process's number", text);
	o->pid = (pid_t)pid;
	return 0;
}

enum kind {
	FLAG, /* sets a bool */
	TEXT, /* a const char * becomes its argument */
	PARSE /* its argument is parsed */
};

static const struct row {
	const char *name;
	enum kind kind;
	size_t field; /* of FLAG and TEXT: where in struct options */
	int (*parse)(struct options *o, const char *text, const struct refusal *why);
} rows[] = {
	{ "append", TEXT, offsetof(struct options, vm.append), NULL },
	{ "attach", FLAG, offsetof(struct options, attach), NULL },
	{ "batch", PARSE, 0, parse_batch },
	{ "bios", TEXT, offsetof(struct options, vm.bios), NULL },
	{ "console", TEXT, offsetof(struct options, console), NULL },
	{ "debug", FLAG, offsetof(struct options, program.debug), NULL },
	{ "dump", TEXT, offsetof(struct options, dump), NULL },
	{ "entry", PARSE, 0, parse_entry },
	{ "files", TEXT, offsetof(struct options, files), NULL },
	{ "group", TEXT, offsetof(struct options, group), NULL },
	{ "help", FLAG, offsetof(struct options, help), NULL },
	{ "initrd", TEXT, offsetof(struct options, vm.initrd), NULL },
	{ "json", FLAG, offsetof(struct options, json), NULL },
	{ "list", FLAG, offsetof(struct options, list), NULL },
	{ "load", PARSE, 0, parse_load },
	{ "memory", PARSE, 0, parse_memory },
	{ "mode", TEXT, offsetof(struct options, vm.mode), NULL },
	{ "multi", FLAG, offsetof(struct options, multi), NULL },
	{ "once", FLAG, offsetof(struct options, program.once), NULL },
	{ "ram", PARSE, 0, parse_ram },
	{ "register", TEXT, offsetof(struct options, reg), NULL },
	{ "registers", FLAG, offsetof(struct options, registers), NULL },
	{ "restore", TEXT, offsetof(struct options, vm.restore), NULL },
	{ "vcpu", PARSE, 0, parse_vcpu },
	{ "vcpus", PARSE, 0, parse_vcpus },
	{ "version", FLAG, offsetof(struct options, version), NULL },
	{ "virtual", FLAG, offsetof(struct options, virtual), NULL },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

static int set_option(const struct row *row, struct options *o, const char *text, const struct refusal *why)
{
	void *field = (char *)o + row->field;

	switch (row->kind) {
	case FLAG:
		*(bool *)field = true;
		return 0;
	case TEXT:
		*(const char **)field = text;
		return 0;
	case PARSE:
		break;
	}
	return row->parse(o, text, why);
}

/* The program has one use at a time. */
static int check_use(const struct options *o, const struct refusal *why)
{
	const struct {
		const char *name;
		bool given;
	} uses[] = {
		{ "--list", o->list },
		{ "--multi", o->multi },
		{ "a VMM behind --", o->launch },
		{ "--registers", o->registers },
		{ "--register", o->reg },
		{ "--dump", o->dump },
		{ "--version", o->version },
		{ "--attach", o->attach },
	};
	const char *first = NULL;

	for (unsigned i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		bool attaches = i == sizeof(uses) / sizeof(*uses) - 1;

		if (!uses[i].given || (attaches && (o->registers || o->reg || o->dump)))
			continue;
		if (first)
			return refuse(why, -EINVAL, "%s and %s do not go together", first, uses[i].name);
		first = uses[i].name;
	}
	return 0;
}

/* Some options are for some of the uses only. */
static int check_fit(const struct options *o, const struct refusal *why)
{
	bool prints = o->registers || o->reg, others = o->attach || o->launch;
	const struct {
		const char *name;
		bool given, fits;
		const char *goes_with;
	} rules[] = {
		{ "--dump", o->dump, o->attach, "--attach PID; in a machine of this program's own say `monitor dump`" },
		{ "--virtual", o->virtual, o->dump, "--dump" },
		{ "--group", o->group, o->registers, "--registers" },
		{ "--vcpu", o->vcpu >= 0, prints, "--registers or --register" },
		{ "--json", o->json, prints || o->list, "--list, --registers or --register" },
		{ "--files", o->files, !prints && !o->dump, "a client, whose `monitor` commands write there" },
		{ "--console", o->console, !prints && !others && !o->multi && !o->list && !o->version,
			"a machine of this program's own, which a client debugs" },
		{ "--ram", o->nram, others, "--attach PID, or a VMM behind --" },
	};

	for (unsigned i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].given && !rules[i].fits)
			return refuse(why, -EINVAL, "%s goes with %s", rules[i].name, rules[i].goes_with);
	return 0;
}

/* COMM -- VMM ARGUMENT... Another -- is in front of COMM, and getopt has taken it. */
static int take_launch(int argc, char **argv, struct options *o)
{
	if (argc < 3 || strcmp(argv[1], "--"))
		return argc;
	o->launch = argv + 2;
	return 1;
}

/* What --vcpus, --memory and the options for images say of it. */
static bool is_described(const struct options *o)
{
	return o->sized || o->vm.bios || o->vm.nload || o->vm.has_entry || o->vm.initrd || o->vm.append || o->vm.mode;
}

/* Of a machine that is another VMM's nothing can be said, and one that was saved says all itself. */
static int check_machine(const struct options *o, const struct refusal *why)
{
	bool is_anothers = o->attach || o->multi || o->launch || o->list;

	if (is_anothers && (o->vm.restore || is_described(o)))
		return refuse(why, -EINVAL,
			"--vcpus, --memory, --initrd, --append, --load, --bios, --entry, --restore and --mode are for a "
			"machine of this program's own, and not for another VMM's");
	if (o->vm.restore && (o->vm.image || is_described(o)))
		return refuse(
			why, -EINVAL, "--restore: %s says all of the machine, its vCPUs, memory and image", o->vm.restore);
	return 0;
}

static int check_count(const struct options *o, int argc, char **argv, int comms, const struct refusal *why)
{
	int most = comms + !(o->list || o->multi || o->launch);

	if (argc < comms)
		return refuse(why, -EINVAL, "there is no COMM, which is what to listen on, as in :1234");
	if (argc == comms && o->attach)
		return refuse(why, -EINVAL, "--attach: there is no PID%s", comms ? " behind COMM" : "");
	if (argc == 2 && comms && !strcmp(argv[1], "--"))
		return refuse(why, -EINVAL, "there is no VMM behind --");
	if (argc > most)
		return refuse(why, -EINVAL, "one argument too many: %.80s", argv[most]);
	return 0;
}

/* COMM, and IMAGE or PID; no COMM where nobody is served. */
static enum parsed parse_arguments(int argc, char **argv, struct options *o, const struct refusal *why)
{
	int comms = !o->registers && !o->reg && !o->version && !o->list && !o->dump;

	argc = take_launch(argc, argv, o);
	if (check_use(o, why) || check_fit(o, why) || check_count(o, argc, argv, comms, why))
		return PARSED_REFUSED;
	o->comm = comms ? argv[0] : NULL;
	o->vm.image = o->list || o->launch || o->attach ? NULL : argv[comms];
	if (check_machine(o, why) || (o->attach && parse_pid(o, argv[comms], why)))
		return PARSED_REFUSED;
	return PARSED;
}

enum parsed options_parse(int argc, char **argv, struct options *o, const struct refusal *why)
{
	struct option longs[ROWS + 1] = { 0 };
	int c, row;

	for (unsigned i = 0; i < ROWS; i++)
		longs[i] = (struct option){ rows[i].name, rows[i].kind == FLAG ? no_argument : required_argument, NULL, 0 };
	while ((c = getopt_long(argc, argv, "+v", longs, &row)) != -1) {
		if (c == '?')
			return PARSED_UNKNOWN;
		if (c == 'v')
			o->verbose = true;
		else if (set_option(&rows[row], o, optarg, why))
			return PARSED_REFUSED;
		if (o->help)
			return PARSED;
	}
	return argc == 1 ? PARSED_USAGE : parse_arguments(argc - optind, argv + optind, o, why);
}
