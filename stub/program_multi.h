/* SPDX-License-Identifier: BSD-2-Clause */
/* What `--multi` serves: the VMs of this computer, of which clients choose one after another. */
#ifndef PROGRAM_MULTI_H
#define PROGRAM_MULTI_H

#include "machine/open.h"

struct multi;
struct target_list;

/* What each VM is attached to with; what it points at outlives the list. */
struct multi_config {
	const struct arch *arch;
	struct capabilities caps; /* what this host's KVM was seen to do */
	enum batch batch;
};

/* NULL: there is no memory for it. */
struct multi *multi_open(const struct multi_config *config);

/* No machine of it is attached to any more. */
void multi_close(struct multi *multi);

/* Who takes a sentence for whoever runs this program. */
void multi_set_log(struct multi *multi, text_fn *log, void *arg);

/* For struct server_config. */
const struct target_list *multi_list(const struct multi *multi);
int multi_attach(struct multi *multi, uint64_t process, struct machine **m, char *error, size_t size);
void multi_detach(struct machine *m);

#endif
