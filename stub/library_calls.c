/* SPDX-License-Identifier: BSD-2-Clause */
/* What kvmgdb.h promises of an open handle. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "library.h"
#include "run/threads.h"
#include "run/turn.h"
#include "run/vmm.h"

/* How long the client is given to be told that the guest is over. */
#define EXIT_TRY_MS 10
#define EXIT_TRIES 100

#define KVMGDB_MEM_READONLY 2	  /* KVM_MEM_READONLY of <linux/kvm.h>, which only host/ has */
#define KVM_PPC_MMUV3_CFG_SIZE 16 /* sizeof(struct kvm_ppc_mmuv3_cfg) of ppc64le's <asm/kvm.h> */

/* ---- vCPUs */

int kvmgdb_add_vcpu(struct kvmgdb *gdb, unsigned index, int fd, void *opaque, struct kvmgdb_vcpu **vcpu)
{
	struct kvmgdb_vcpu *v = calloc(1, sizeof(*v));
	bool begun;
	int err = v ? embed_add_vcpu(gdb->host, index, fd, opaque, &v->embed) : -ENOMEM;

	if (err) {
		free(v);
		return err == -EBADF ? -EINVAL : err;
	}
	v->gdb = gdb;
	begun = own_begin(gdb);
	err = turn_add(&gdb->machine.guest, index, &v->vcpu);
	if (err) {
		embed_remove_vcpu(v->embed);
		free(v);
	} else {
		v->next = gdb->vcpus;
		gdb->vcpus = *vcpu = v;
	}
	own_end(gdb, begun);
	return err;
}

void kvmgdb_remove_vcpu(struct kvmgdb_vcpu *vcpu)
{
	struct kvmgdb *gdb = vcpu->gdb;
	struct kvmgdb_vcpu **at = &gdb->vcpus;
	bool begun = own_begin(gdb);

	while (*at != vcpu)
		at = &(*at)->next;
	*at = vcpu->next;
	own_free_vcpu(vcpu);
	own_end(gdb, begun);
}

/* What a thread that serves may have KVM do for it: KVM_SET_SIGNAL_MASK. An EINTR of KVM_RUN has to come out then. */
static bool can_be_still(const struct kvmgdb_vcpu *v)
{
	return v->ours && (v->gdb->config.flags & (KVMGDB_VCPUS_SERVE | KVMGDB_NO_EINTR)) == KVMGDB_VCPUS_SERVE;
}

/* KVM_RUN is next, and leave() looks at it. */
static int begun(struct kvmgdb_vcpu *v, enum host_run how, bool bare)
{
	v->slow = true;
	v->bare = bare;
	if (bare)
		turn_pass(v->vcpu);
	embed_begin(v->embed, how);
	v->still = can_be_still(v) && embed_still(v->embed);
	if (!v->still)
		embed_loud(v->embed);
	return 0;
}

/* The VMM has its thread, by EINTR; where an access is pending, KVM completes that first. */
static int back(struct kvmgdb_vcpu *v)
{
	v->unseen = false;
	if (!embed_break_off(v->embed))
		return begun(v, HOST_SETTLE, true);
	embed_loud(v->embed);
	return -EINTR;
}

static bool takes_eintr(const struct kvmgdb_vcpu *v)
{
	return !(v->gdb->config.flags & KVMGDB_NO_EINTR);
}

/*
 * Signals are blocked. What the VMM did to call its thread out may have come together with an exit of the debugger's: behind such a one, the
 * VMM has its thread once.
 */
static int enter(struct kvmgdb_vcpu *v)
{
	for (;;) {
		if (embed_is_wanted(v->embed))
			return begun(v, HOST_SETTLE, !turn_is_begun(v->vcpu));
		if (v->unseen && takes_eintr(v) && !turn_is_begun(v->vcpu))
			return back(v);
		switch (turn_begin(v->vcpu)) {
		case TURN_RUN:
			return begun(v, v->vcpu->run.how, false);
		case TURN_SETTLE:
			return begun(v, HOST_SETTLE, false);
		case TURN_FREE:
			if (!embed_enter(v->embed))
				break;
			embed_loud(v->embed);
			return 0;
		case TURN_BACK:
			if (takes_eintr(v) || embed_is_asked(v->embed))
				return back(v);
			break;
		}
	}
}

static int come_in(struct kvmgdb_vcpu *v, bool ours)
{
	v->ours = ours;
	if (embed_enter(v->embed))
		return 0;
	embed_quiet(v->embed);
	return enter(v);
}

int kvmgdb_enter(struct kvmgdb_vcpu *vcpu)
{
	return come_in(vcpu, false);
}

/* Of a KVM_RUN that has failed with EINTR. */
static bool has_eintr(const struct kvmgdb_vcpu *v)
{
	return takes_eintr(v) || embed_answers(v->embed);
}

static bool is_vmms(struct kvmgdb_vcpu *v, int err)
{
	struct vcpu_exit exit;

	embed_end(v->embed, err, &exit);
	return v->bare ? turn_passes(v->vcpu, &exit) : turn_end(v->vcpu, &exit);
}

/* Signals are blocked behind it, unless `quick` says that they never were. */
static enum kvmgdb_whose leave(struct kvmgdb_vcpu *vcpu, int err, bool *quick)
{
	bool yours;

	*quick = !vcpu->slow && embed_leave(vcpu->embed, err);
	if (*quick)
		return err != -EINTR || has_eintr(vcpu) ? KVMGDB_YOURS : KVMGDB_AGAIN;
	if (!vcpu->still)
		embed_quiet(vcpu->embed);
	yours = is_vmms(vcpu, err);
	if (err == -EINTR)
		yours = has_eintr(vcpu);
	vcpu->unseen = !yours && !vcpu->still;
	vcpu->slow = vcpu->bare = vcpu->still = false;
	return yours ? KVMGDB_YOURS : KVMGDB_AGAIN;
}

enum kvmgdb_whose kvmgdb_leave(struct kvmgdb_vcpu *vcpu, int err)
{
	bool quick;
	enum kvmgdb_whose whose = leave(vcpu, err, &quick);

	if (!quick)
		embed_loud(vcpu->embed);
	return whose;
}

/* Between two KVM_RUNs signals stay blocked: those that came meanwhile are seen to when the next begins, or when the VMM has its thread. */
static int run(struct kvmgdb_vcpu *vcpu)
{
	int err = come_in(vcpu, true);
	bool quick;

	while (!err) {
		err = embed_run(vcpu->embed);
		if (leave(vcpu, err, &quick) == KVMGDB_YOURS) {
			if (!quick)
				embed_loud(vcpu->embed);
			return err;
		}
		err = quick ? come_in(vcpu, true) : enter(vcpu);
	}
	return err;
}

int kvmgdb_run(struct kvmgdb_vcpu *vcpu)
{
	int err = run(vcpu);

	errno = -err;
	return err ? -1 : 0;
}

void kvmgdb_kick(struct kvmgdb_vcpu *vcpu)
{
	embed_want(vcpu->embed);
}

/* ---- memory */

int kvmgdb_set_memory(struct kvmgdb *gdb, uint32_t slot, uint64_t gpa, uint64_t size, void *address, uint32_t flags)
{
	struct guest *g = &gdb->machine.guest;
	bool begun = own_begin(gdb);
	uint64_t old_gpa, old_size;
	bool held;
	int err;

	held = threads_keep_out(g);
	if (embed_find_memory(gdb->host, slot, &old_gpa, &old_size))
		vmm_memory_goes(g, old_gpa, old_size);
	err = embed_set_memory(gdb->host, slot, gpa, size, address, flags & KVMGDB_MEM_READONLY);
	if (!err && size)
		vmm_memory_comes(g, gpa, size);
	if (held)
		threads_let_go(g);
	own_end(gdb, begun);
	return err;
}

int kvmgdb_tell(struct kvmgdb *gdb, enum kvmgdb_fact fact, const void *data, size_t size)
{
	return fact == KVMGDB_PPC_MMUV3 && size == KVM_PPC_MMUV3_CFG_SIZE ? embed_tell(gdb->host, data, size) : -EINVAL;
}

/* ---- clients */

int kvmgdb_listen(struct kvmgdb *gdb, const char *address, char *error, size_t error_size)
{
	sigset_t before;
	int port;

	own_quiet(&before);
	port = server_listen(gdb->server, address, error, error_size);
	own_loud(&before);
	return port;
}

int kvmgdb_serve(struct kvmgdb *gdb, int fd)
{
	sigset_t before;
	int err;

	own_quiet(&before);
	err = server_serve(gdb->server, fd);
	own_loud(&before);
	return err;
}

void kvmgdb_disconnect(struct kvmgdb *gdb)
{
	sigset_t before;

	own_quiet(&before);
	server_unlisten(gdb->server);
	server_disconnect(gdb->server);
	own_loud(&before);
}

int kvmgdb_attached(struct kvmgdb *gdb)
{
	sigset_t before;
	bool attached;

	own_quiet(&before);
	attached = server_attached(gdb->server);
	own_loud(&before);
	return attached;
}

int kvmgdb_poll_fd(struct kvmgdb *gdb)
{
	return server_fd(gdb->server);
}

int kvmgdb_dispatch(struct kvmgdb *gdb)
{
	gdb->dispatcher = pthread_self();
	gdb->dispatches = true;
	own_work(gdb);
	return 0;
}

/* ---- what the VMM knows of its guest */

int kvmgdb_stop(struct kvmgdb *gdb, const char *why)
{
	sigset_t before;

	if (!kvmgdb_attached(gdb))
		return -ENOTCONN;
	own_quiet(&before);
	vmm_stops(&gdb->machine.guest, why);
	own_loud(&before);
	return 0;
}

void kvmgdb_guest_reset(struct kvmgdb *gdb)
{
	bool begun = own_begin(gdb);

	vmm_has_reset(&gdb->machine.guest);
	own_end(gdb, begun);
}

int kvmgdb_guest_event(struct kvmgdb_vcpu *vcpu, enum kvmgdb_event event, int code, const char *text)
{
	static const struct {
		enum guest_event event;
		int signal;
		const char *text;
	} events[] = {
		[KVMGDB_GUEST_RESETS] = { EVENT_RESET, GDB_SIGNAL_TRAP, "the guest asks for a reset" },
		[KVMGDB_GUEST_ENDS] = { EVENT_END, GDB_SIGNAL_TRAP, "the guest powers its machine off" },
		[KVMGDB_GUEST_CRASHED] = { EVENT_END, GDB_SIGNAL_ABRT, "the guest says that it has crashed" },
	};
	int err = 0;

	(void)code;
	if (event < KVMGDB_GUEST_RESETS || event > KVMGDB_GUEST_CRASHED)
		return -EINVAL;
	if (!vcpu->gdb->machine.guest.stops_at[events[event].event])
		return 0;
	embed_quiet(vcpu->embed);
	err = turn_show(vcpu->vcpu, events[event].signal, text ? text : events[event].text);
	if (err)
		embed_has_thread(vcpu->embed);
	embed_loud(vcpu->embed);
	return err;
}

/* Called by the thread that dispatches, it does so itself. */
void kvmgdb_guest_exited(struct kvmgdb *gdb, int code)
{
	sigset_t before;
	bool waits;

	own_quiet(&before);
	waits = vmm_has_ended(&gdb->machine.guest, code);
	own_loud(&before);
	for (unsigned i = 0; waits && i < EXIT_TRIES && !atomic_load(&gdb->told) && kvmgdb_attached(gdb); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = EXIT_TRY_MS * 1000000L }, NULL);
		if (gdb->dispatches && pthread_equal(gdb->dispatcher, pthread_self()))
			own_work(gdb);
	}
}

void kvmgdb_clean_begin(struct kvmgdb *gdb)
{
	gdb->cleans = own_begin(gdb);
	vmm_cleans(&gdb->machine.guest);
	if (gdb->cleans)
		own_loud(&gdb->mask);
}

void kvmgdb_clean_end(struct kvmgdb *gdb)
{
	if (gdb->cleans)
		own_quiet(&gdb->mask);
	vmm_has_cleaned(&gdb->machine.guest);
	own_end(gdb, gdb->cleans);
}

/* ---- seccomp */

const int *kvmgdb_syscalls(enum kvmgdb_thread thread, size_t *n)
{
	return embed_syscalls((enum embed_thread)thread, n);
}

const unsigned long *kvmgdb_ioctls(enum kvmgdb_thread thread, size_t *n)
{
	return embed_ioctls((enum embed_thread)thread, n);
}
