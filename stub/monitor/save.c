/* SPDX-License-Identifier: BSD-2-Clause */
/* `monitor save`. */
#include "save.h"

#include <errno.h>

#include "../files.h"

int do_save(struct machine *m, char **words, const struct printer *out)
{
	struct guest *g = &m->guest;
	int fd, err;

	if (!words[0])
		return refuse(&g->refusal, -EINVAL, "save FILE: a name for a new file in the directory of --files");
	err = guest_can_save(g);
	if (err)
		return err;
	fd = files_create(m->files, words[0], &g->refusal);
	if (fd < 0)
		return fd;
	err = files_end(m->files, words[0], fd, guest_save(g, fd), &g->refusal);
	if (!err)
		say(out, "The machine is saved: kvm-gdbserver --restore %.80s goes on from here.\n", words[0]);
	return err;
}
