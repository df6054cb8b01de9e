/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of kvm-gdbserver: what it says, and nothing of what is done then. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/vm_config.h"
#include "machine/open.h"
#include "program.h"
#include "refuse.h"

#define OPTIONS_RAM_MAX 64

/* The strings are the command line's own. */
struct options {
	bool attach;			      /* to the VM of a running process */
	bool multi;			      /* ... that the client names */
	pid_t pid;			      /* ... this one */
	const char *ram[OPTIONS_RAM_MAX + 1]; /* ... whose memory is here, as --ram has it; ends with NULL */
	unsigned nram;
	char **launch; /* start this VMM, and debug its VM: a program and its arguments, which end with NULL */
	const char *comm;
	struct vm_config vm;
	const char *console; /* where the console of that VM is; NULL: not said */
	bool sized;	     /* its vCPUs or memory are given */
	struct program_config program;
	bool registers, json; /* print the registers, and serve nobody; in JSON */
	bool list;	      /* print the VMs of this computer, and serve nobody */
	const char *dump;     /* write a core file of the VM, and serve nobody */
	bool virtual;	      /* ... also by the addresses that page tables map */
	const char *files;    /* a directory, or NULL */
	const char *group;
	const char *reg; /* print one, and serve nobody; NAME=VALUE: write it first */
	int vcpu;	 /* ... of this vCPU; -1: not said */
	enum batch batch;
	bool version, verbose; /* print the version, or with it what this host has */
	bool help;	       /* print the usage */
};

enum parsed {
	PARSED,
	PARSED_UNKNOWN, /* not an option, as getopt has said on standard error */
	PARSED_REFUSED, /* an option with a value that it can not have, or that does not go with another: why has the sentence */
	PARSED_USAGE	/* nothing was said at all */
};

extern const char options_usage[];

/* Into *o, which has the values of what is not given. */
enum parsed options_parse(int argc, char **argv, struct options *o, const struct refusal *why);

#endif
