/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs of this computer, whoever's they are, as far as /proc shows them to us. */
#ifndef VMS_H
#define VMS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "proc.h"

#define VMS_USER_MAX 33	 /* bytes, with the NUL, as of a login name */
#define VMS_TEXT_MAX 256 /* bytes, with the NUL */

struct vms {
	DIR *dir;
	unsigned hidden; /* processes so far that could not be looked into, and whose threads' names tell nothing */
};

/* One process that runs a VM. All texts are printable: '?' stands for what is not. */
struct vms_process {
	pid_t pid;
	char comm[PROC_COMM_MAX]; /* the process's own name */
	char exe[VMS_TEXT_MAX];	  /* its program's path, cut; "": not to be seen */
	char vmm[PROC_COMM_MAX];  /* the last part of exe, or comm */
	unsigned uid;
	char user[VMS_USER_MAX]; /* by /etc/passwd, or uid as a number */
	unsigned vms;		 /* how many VMs it has; 0: not known */
	unsigned vcpus;
	bool guess; /* it could not be looked into: it is listed, and its vCPUs are counted, by the names of its threads alone */
	uint64_t ram;		  /* bytes: proc.h's guess; 0: none */
	uint64_t age;		  /* seconds since the process was made */
	char cores[VMS_TEXT_MAX]; /* the processors that its threads were on last, as "0,3"; of many the first ones */
	char state;		  /* the letter of /proc/PID/stat, of its first thread */
	const char *in_state;	  /* that in a word */
	int err;		  /* 0: nothing is known against attaching to it; or proc_check()'s -errno */
	char why[VMS_TEXT_MAX];	  /* its sentence, on "it"; "" with 0 */
};

/* Of what is mounted at proc: /proc. 0, and vms_close() is due; or -errno. */
int vms_open(struct vms *vms, const char *proc);

/* The next process, by pid; false when there are no more. One that ends meanwhile, or is made, may be left out. */
bool vms_next(struct vms *vms, struct vms_process *process);

void vms_close(struct vms *vms);

#endif
