/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs to choose from that are not there, for tests of rsp/: two, or as many as the test says, whose machine is the fake target. */
#ifndef FAKE_LIST_H
#define FAKE_LIST_H

#include "fake_target.h"
#include "rsp/session.h"

struct fake_list {
	struct target_list list;
	unsigned vms;	/* how many there are; the third is like the second one, and so on */
	unsigned looks; /* that were taken */
	int fail;	/* an errno value: the next looks are refused with it */
	unsigned seen;	/* how many there were at the last look */
	char why[256];	/* of the last refusal */
};

void fake_list_init(struct fake_list *f);

/* What a test says of the list, in words: see the table in fake_list.c. False: that is none, or not so. */
bool fake_list_direct(struct fake_list *f, struct session *s, struct fake *target, const char *words);

#endif
