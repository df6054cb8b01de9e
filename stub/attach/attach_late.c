/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that the VMM makes while it is attached to. See attach_vcpu.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <sys/mman.h>

#include "attach_vcpu.h"

#define LOOK_NS 1000000000   /* they are looked for as often as that, at most; */
#define AGAIN_NS 10000000000 /* where nobody was found to run one, as often as that */

/* One whose thread has ended may be run by another thread, or be another one. */
static bool is_known(const struct attach *a, unsigned id)
{
	for (unsigned i = 0; i < a->host.vcpus; i++)
		if (a->vcpu[i].id == id && !(a->vcpu[i].has_thread && a->vcpu[i].place == ATTACH_GONE))
			return true;
	return false;
}

static void forget(struct attach *a, struct attach_vcpu *v)
{
	a->host.vcpus--;
	a->left--;
	v->run->kvm_valid_regs &= ~a->sync;
	munmap(v->run, a->vm.run_size);
	v->run = NULL;
}

/* It is one of the vCPUs if it has a tracer. 0, or -errno and a sentence. */
static int add(struct attach *a, const struct proc_vcpu *made, const struct refusal *why)
{
	struct attach_vcpu *v = &a->vcpu[a->host.vcpus];
	int err;

	*v = (struct attach_vcpu){ .host = a, .nr = a->host.vcpus, .id = made->nr, .fd = made->fd, .place = ATTACH_GONE };
	err = attach_map_run(a, v, why);
	if (err)
		return err;
	v->run->kvm_valid_regs |= a->sync;
	a->host.vcpus++;
	a->left++;
	/* Before its thread is at rest: the guardian takes only those out of the loop that it knows of. */
	err = guard_again(&a->guard, &(struct guard_job){ attach_rescue, a, { a->memory, a->hand.socket } }, why);
	if (!err)
		err = attach_find_thread(a, why);
	if (err)
		forget(a, v);
	return err;
}

static int add_all(struct attach *a, const struct proc_vm *vm, const struct refusal *why)
{
	int err = 0;

	for (unsigned i = 0; !err && i < vm->nvcpus; i++) {
		if (is_known(a, vm->vcpu[i].nr))
			continue;
		err = a->host.vcpus < ATTACH_VCPUS_MAX
			      ? add(a, &vm->vcpu[i], why)
			      : refuse(why, -E2BIG, "the VMM has more than %u vCPUs: those made last are not debugged",
					ATTACH_VCPUS_MAX);
	}
	return err;
}

int attach_look(struct host *h, const struct refusal *why)
{
	struct attach *a = (struct attach *)h;
	int64_t now = tracee_now();
	struct proc_vm vm;
	int err;

	/* While some have no thread yet, threads of ours are looking. */
	if (now < a->look_at || a->left)
		return 0;
	a->look_at = now + LOOK_NS;
	if (proc_find_vm(a->vm.pid, &vm, NULL))
		return 0;
	err = vm.vm_fd == a->vm.vm_fd ? add_all(a, &vm, why) : 0;
	proc_free(&vm);
	if (err)
		a->look_at = now + AGAIN_NS;
	return err;
}
