/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server with a list of VMs, none of which is attached to before a client says so: the real serve/, rsp/, machine/ and run/ over two
 * simulated guests, with a thread for the watcher and the test for the client.
 */
#include <stdatomic.h>

#include "sim_server.h"

#define VMS 2

static struct vm {
	uint32_t process;
	struct rig *rig; /* of the last attachment */
	bool ends;	 /* ... its guest, when it runs */
	atomic_uint attached, detached;
	atomic_bool clean; /* as it was left, nothing was planted, and nobody ran */
} vms[VMS] = { { .process = 0x70 }, { .process = 0x71 } };

static struct {
	struct server *server;
	pthread_t thread;
	_Atomic bool over;
	struct sim_client client;
	char refused[256];
} now;

static bool serves_self;

/* The owner's side */

static void play_end(struct sim_host *sim, unsigned vcpu, enum host_run how)
{
	if (how != HOST_SETTLE)
		leave(sim, vcpu, EXIT_ENDED);
}

/* With one vCPU, or two; each time as it was at first. */
static void open_vm(struct vm *vm)
{
	const struct capabilities caps = { .step = true, .planted = true };

	open_machine(&arch_riscv64, (unsigned)(vm - vms) + 1, BASE, RAM, &caps, BATCH_AUTO);
	write_guest();
	if (vm->ends)
		rig->sim->vcpu[0].on_run = play_end;
	vm->rig = rig;
	vm->attached++;
}

static int attach(void *arg, uint64_t process, struct machine **m, char *error, size_t size)
{
	(void)arg;
	for (unsigned i = 0; i < VMS; i++) {
		struct vm *vm = &vms[i];

		if (vm->process != process)
			continue;
		open_vm(vm);
		*m = &rig->machine;
		return 0;
	}
	if (process != 1)
		snprintf(error, size, "process %u runs no VM", (unsigned)process);
	return -ESRCH;
}

static void detach(void *arg, struct machine *m)
{
	struct host *host = m->guest.host;

	(void)arg;
	for (unsigned i = 0; i < VMS; i++) {
		if (!vms[i].rig || &vms[i].rig->machine != m)
			continue;
		vms[i].clean = !is_planted() && threads_at_rest(&m->guest);
		vms[i].detached++;
	}
	machine_leave(m);
	machine_close(m);
	host->ops->close(host);
}

static int look(void *arg, const char **why)
{
	(void)arg;
	(void)why;
	return 0;
}

static bool list_vm(void *arg, unsigned n, struct target_vm *vm)
{
	(void)arg;
	if (n >= VMS)
		return false;
	*vm = (struct target_vm){
		.process = vms[n].process, .vmm = "sim", .user = "", .command = "sim", .cores = "", .state = "runs"
	};
	return true;
}

static int command(void *arg, const char *line, text_fn *print, void *to)
{
	(void)arg;
	(void)line;
	print(to, "none");
	return COMMAND_DONE;
}

static const char *why(void *arg)
{
	(void)arg;
	return "";
}

static void refused(void *arg, const char *sentence)
{
	(void)arg;
	snprintf(now.refused, sizeof(now.refused), "%s", sentence);
}

static const struct target_list list = {
	.look = look,
	.vm = list_vm,
	.command = command,
	.why = why,
	.refused = refused,
	.points = { [POINT_SOFTWARE] = true },
};

static void *watch(void *arg)
{
	(void)arg;
	while (!now.over)
		server_dispatch(now.server, 50);
	return NULL;
}

static void open_server(void)
{
	const struct server_config config = { .list = &list, .attach = attach, .detach = detach, .serves_self = serves_self };

	now.over = false;
	if (server_open(&now.server, NULL, &config) || pthread_create(&now.thread, NULL, watch, NULL))
		abort();
}

static void close_server(void)
{
	now.over = true;
	pthread_join(now.thread, NULL);
	server_close(now.server);
}

/* The client's side */

static bool ask(const char *payload, const char *want)
{
	bool heard = client_ask(&now.client, payload, PATIENCE);
	bool good = heard && !strncmp(now.client.packet, want, strlen(want));

	if (!good)
		printf("# %s: %s\n", payload, heard ? now.client.packet : "no answer");
	return good;
}

/* The place of the last client may not be free yet. */
static int connect_pair(void)
{
	int fds[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	err = server_serve(now.server, fds[1]);
	if (!err)
		return fds[0];
	close(fds[0]);
	return err;
}

static void call(void)
{
	int fd = connect_pair();

	for (int ms = 0; fd == -EBUSY && ms < PATIENCE; ms++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		fd = connect_pair();
	}
	now.client = (struct sim_client){ .fd = fd };
	ok(ask("qSupported:multiprocess+;swbreak+;error-message+;vContSupported+", "PacketSize=") &&
			ask("QStartNoAckMode", "OK") && ask("!", "OK"),
		"a client comes");
}

/* Until the server has seen the client go. */
static void hang_up(void)
{
	close(now.client.fd);
	for (int i = 0; server_attached(now.server) && i < PATIENCE; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool is_left(unsigned i)
{
	for (int ms = 0; vms[i].detached < vms[i].attached && ms < PATIENCE; ms++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return vms[i].detached == vms[i].attached && vms[i].clean;
}

/* The tests */

static void test_alone(void)
{
	call();
	ok(ask("?", "W00"), "... and there is no guest");
	ok(ask("Hgp0.0", "OK") && ask("QNonStop:0", "OK") && ask("qXfer:features:read:target.xml:0,1000", "E00"),
		"... which is no fault");
	ok(ask("g", "E.there is no guest"), "... it has no registers");
	ok(ask("qXfer:osdata:read:vms:0,1000", "l<osdata type=\"vms\">") && strstr(now.client.packet, "112"),
		"... there are some to choose from");
	ok(ask("vAttach;5", "E.process 5 runs no VM") && !strcmp(now.refused, "process 5 runs no VM"),
		"one that there is not is refused");
	ok(ask("vAttach;1", "E.No such process") && ask("vAttach;100000070", "E.No such process"), "... with some sentence");
	ok(ask("?", "W00"), "... and the client may choose on");
	hang_up();
}

static void test_attach(void)
{
	call();
	ok(ask("vAttach;71", "T05thread:p71.1;"), "a VM is attached to, and stands");
	ok(ask("qC", "QCp71.1") && ask("qfThreadInfo", "mp71.1,p71.2") && ask("qAttached:71", "1"), "... with its threads");
	ok(ask("qXfer:features:read:target.xml:0,100", "m<?xml"), "... and is described");
	ok(ask("vAttach;70", "E.process 113 is attached to"), "one at a time");
	ok(ask("vKill;71", "E.this VM is not ours"), "... which is not killed");
	ok(ask("Z0,80001000,4", "OK") && ask("vCont;c:p71.-1", "T05thread:p71.") && strstr(now.client.packet, "swbreak"),
		"it is debugged");
	ok(is_planted(), "... by a planted opcode");
	ok(ask("D;71", "OK") && is_left(1), "... and is left as it was");
	ok(ask("?", "W00") && ask("g", "E."), "... and the client stays");
	ok(ask("vAttach;70", "T05thread:p70.1;") && ask("qfThreadInfo", "mp70.1"), "the next one has other threads");
	ok(ask("vCont;s:p70.1", "T05thread:p70.1;"), "... and steps");
	client_say(&now.client, "k");
	ok(is_left(0) && ask("?", "W00"), "... and is left by k, which is not answered");
	ok(ask("vAttach;71", "T05thread:p71."), "the first one is attached to again");
	client_put(&now.client, "$D;71#e7$vAttach;70#6d", 22);
	ok(client_hear(&now.client, PATIENCE) && !strcmp(now.client.packet, "OK") && client_hear(&now.client, PATIENCE) &&
			!strncmp(now.client.packet, "T05thread:p70.1", 15),
		"... and changed for another in one breath");
	hang_up();
	ok(is_left(0) && is_left(1), "a client that goes leaves what it is attached to");
	call();
	ok(ask("?", "W00"), "... and the next one finds nothing attached");
	hang_up();
}

static void test_running(void)
{
	call();
	ok(ask("vAttach;71", "T05thread:p71."), "a VM is attached to");
	ok(ask("Z0,80001100,4", "OK"), "... and has a breakpoint that is not met");
	client_say(&now.client, "vCont;c");
	ok(ask("D;71", "OK") && is_left(1), "... and is left while it runs");
	ok(ask("vAttach;71", "T05thread:p71.") && ask("Z0,80001000,4", "OK"), "... and attached to again");
	client_say(&now.client, "vCont;c:p71.2");
	hang_up();
	ok(is_left(1), "... and left by a client that goes while it runs");
}

static void test_non_stop(void)
{
	call();
	ok(ask("QNonStop:1", "OK") && ask("?", "OK"), "non-stop");
	ok(ask("vAttach;71", "OK"), "... a VM is attached to");
	ok(client_hear(&now.client, PATIENCE) && !strncmp(now.client.packet, "%Stop:T05thread:p71.1;", 22),
		"... and its stop is told of");
	ok(ask("vStopped", "T00thread:p71.2;") && ask("vStopped", "OK"), "... and that of its other thread");
	ok(ask("vCont;c:p71.2", "OK") && ask("vCont;t:p71.2", "OK"), "... it goes and stops");
	ok(client_hear(&now.client, PATIENCE) && !strncmp(now.client.packet, "%Stop:T00thread:p71.2;", 22), "... one by one");
	ok(ask("vStopped", "OK") && ask("vCont;c", "OK") && ask("D;71", "OK") && is_left(1), "... and is left while it runs");
	ok(ask("?", "OK") && ask("vAttach;70", "OK"), "... for another");
	hang_up();
	ok(is_left(0), "... which a client that goes leaves");
}

static void test_end(void)
{
	vms[0].ends = true;
	call();
	ok(ask("vAttach;70", "T05thread:p70.1;") && ask("vCont;c", "W00;process:70"), "the guest of a VM ends");
	ok(is_left(0), "... and it is left");
	ok(ask("?", "W00") && ask("vAttach;71", "T05thread:p71.") && ask("D;71", "OK"), "... and another may be chosen");
	ok(ask("QNonStop:1", "OK") && ask("vAttach;70", "OK") && client_hear(&now.client, PATIENCE) && ask("vStopped", "OK"),
		"in non-stop");
	ok(ask("vCont;c", "OK") && client_hear(&now.client, PATIENCE) &&
			!strncmp(now.client.packet, "%Stop:W00;process:70", 20),
		"... its end is told of");
	ok(ask("vStopped", "OK") && is_left(0), "... and it is left");
	ok(ask("vAttach;71", "OK"), "... and another is attached to");
	hang_up();
	ok(is_left(1), "... which a client that goes leaves");
	vms[0].ends = false;
}

static void test_close(void)
{
	call();
	ok(ask("vAttach;71", "T05thread:p71.") && ask("Z0,80001000,4", "OK"), "a VM is attached to");
	close_server();
	ok(is_left(1), "... and left when the server is closed");
	open_server();
	call();
	ok(ask("vAttach;71", "T05thread:p71."), "... and attached to by the next server");
	client_say(&now.client, "vCont;c");
	close_server();
	ok(is_left(1), "... and left as it runs");
	close(now.client.fd);
}

int main(void)
{
	for (int self = 0; self < 2; self++) {
		serves_self = self;
		printf("# %s\n", self ? "the watcher serves" : "vCPU threads serve");
		open_server();
		test_alone();
		test_attach();
		test_running();
		test_non_stop();
		test_end();
		test_close();
	}
	return done();
}
