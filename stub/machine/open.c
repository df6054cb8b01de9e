/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine from its opening to the next client. See open.h. */
#include "open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../run/baton.h"
#include "../run/due.h"
#include "../run/events.h"
#include "../run/mask.h"
#include "../run/resume.h"
#include "../run/threads.h"
#include "../run/turn.h"
#include "../run/vmm.h"
#include "modes.h"
#include "nowhere.h"

bool machine_changes_mode(const struct machine *m)
{
	return m->next_mode != m->mode;
}

void machine_release(struct machine *m, bool go)
{
	struct guest *g = &m->guest;

	points_clear_all(&g->points, g->ended);
	threads_drop_text(g);
	g->open_steps = g->step_is_none = false;
	for (unsigned i = 0; i < g->n; i++) {
		mask_give_back(g->vcpus[i]);
		regfile_forget(&g->vcpus[i]->regs);
	}
	modes_change(m);
	modes_expedite(m);
	events_default(g);
	if (!go || g->ended)
		return;
	resume_set_off(g);
	for (unsigned i = 0; i < g->n; i++) {
		struct vcpu *v = g->vcpus[i];

		v->want = RESUME_CONTINUE;
		v->first = FIRST_NOTHING;
		v->alone = false;
		v->way.known = false;
		v->nends = 0;
	}
	if (due_leave(&m->guest))
		return;
	turn_let_go(g);
	threads_resume(g);
}

/* A vCPU of a VMM's can be described when it is about to run, and not before. */
static void locked_describe(struct machine *m)
{
	struct guest *g = &m->guest;
	int err = transport_open(&g->transport, g->current->nr);

	if (!err)
		err = modes_describe_anew(m);
	m->described = !err;
	if (err)
		guest_log(g, "the vCPUs cannot be described: %s", strerror(-err));
}

/* vCPUs that the VMM has made since the last look are threads from here on. */
static void look_for_vcpus(struct guest *g)
{
	struct host *h = g->host;
	unsigned before = g->n;
	char text[256];

	if (!h->ops->look || g->last.kind == STOP_EXITED)
		return;
	if (h->ops->look(h, &(struct refusal){ text, sizeof(text) }))
		guest_log(g, "%s", text);
	if (h->vcpus > before && threads_add(g))
		guest_log(g, "the VMM has made vCPUs, and they cannot be debugged: out of memory");
	for (unsigned i = before; i < g->n; i++)
		guest_log(g, "vCPU %u: the VMM has made it; it is thread %u", i, i + 1);
}

const struct stop *machine_stop(struct machine *m)
{
	struct guest *g = &m->guest;

	look_for_vcpus(g);
	if (!m->described) {
		pthread_mutex_lock(&g->lock);
		locked_describe(m);
		pthread_mutex_unlock(&g->lock);
		m->looked_at = g->current;
	}
	nowhere_tell(g->current, &g->last);
	return &g->last;
}

static int describe_vcpus(struct machine *m)
{
	struct guest *g = &m->guest;
	const char *name = g->host->mode;
	int mode = name ? modes_find(g->arch, name) : 0, err;

	m->mode = m->next_mode = mode < 0 ? 0 : mode;
	err = modes_describe(m, m->mode, &g->tdesc);
	if (!err)
		modes_expedite(m);
	return err;
}

int machine_open(struct machine *m, struct host *host, const struct arch *arch, const struct capabilities *caps,
	enum batch batch, char *error, size_t size)
{
	struct guest *g = &m->guest;
	int err;

	memset(m, 0, sizeof(*m));
	m->may_end = !host->borrowed;
	g->host = host;
	g->arch = arch;
	g->caps = *caps;
	transport_init(&g->transport, host, arch, batch);
	if (host->borrowed) {
		err = guest_open(g);
		if (err)
			snprintf(error, size, "cannot open the guest: %s", strerror(-err));
		return err;
	}
	if (transport_open(&g->transport, 0)) {
		snprintf(error, size, "--batch=many: neither this kernel's KVM nor /dev/kvm_many_regs has KVM_GET_MANY_REGS");
		return -EOPNOTSUPP;
	}
	err = describe_vcpus(m);
	if (!err)
		err = guest_open(g);
	if (!err)
		err = threads_start(g);
	if (err)
		snprintf(error, size, "cannot open the vCPUs: %s", strerror(-err));
	m->described = !err;
	m->looked_at = g->current;
	return err;
}

void machine_go(struct machine *m)
{
	machine_release(m, true);
	baton_give_back(&m->guest);
}

void machine_leave(struct machine *m)
{
	threads_stand(&m->guest);
	vmm_cleans(&m->guest);
	threads_part(&m->guest);
}

void machine_give_description(struct machine *m, struct tdesc *d)
{
	*d = m->guest.tdesc;
	m->guest.tdesc = (struct tdesc){ 0 };
}

void machine_close(struct machine *m)
{
	modes_drop(m);
	guest_close(&m->guest);
	tdesc_free(&m->guest.tdesc);
	transport_close(&m->guest.transport);
}

void machine_set_server(struct machine *m, serve_fn *serve, notify_fn *notify, void *arg)
{
	baton_set_server(&m->guest, serve, notify, arg);
}

void machine_set_log(struct machine *m, text_fn *log, text_fn *detail, void *arg)
{
	m->guest.log = log;
	m->guest.log_detail = detail;
	m->guest.log_arg = arg;
}

void machine_set_commands(struct machine *m, machine_command_fn *command)
{
	m->command = command;
}
