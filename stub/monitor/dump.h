/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor dump`, and the same from the command line: a core file of the whole machine. */
#ifndef DUMP_H
#define DUMP_H

#include "printer.h"

command_fn do_dump;

struct dump_file {
	const struct files *files; /* whose gives_up() is asked */
	const char *name;
	int fd;					       /* of files_create()'s; it is closed */
	bool virtual;				       /* memory is also at the addresses that the present page tables map */
	void (*progress)(uint64_t done, uint64_t all); /* bytes of RAM. Or NULL */
};

/* Of a machine that stands. 0, or -errno and a sentence in guest.why: nothing is left of the file then. */
int dump_machine(struct machine *m, const struct dump_file *file, const struct printer *out);

#endif
