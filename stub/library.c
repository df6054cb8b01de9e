/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and closes the library's handle of a VM: embed.c's host, a machine, a server and its thread. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/vm.h"
#include "library.h"
#include "machine/open.h"
#include "monitor/commands.h"
#include "run/probe.h"
#include "run/turn.h"

#define SCRATCH_MEMORY (1ull << 20)
#define SERVER_STACK (1u << 20)
#define FLAGS (KVMGDB_WAIT | KVMGDB_NO_THREAD | KVMGDB_NO_EINTR | KVMGDB_TRACE | KVMGDB_VCPUS_SERVE)

/* ---- opening */

__attribute__((format(printf, 4, 5))) static int refused(int err, char *error, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (error && size)
		vsnprintf(error, size, format, ap);
	va_end(ap);
	return err;
}

/* The VMM's structure may be shorter than ours, or longer. */
static int take_config(const struct kvmgdb_config *config, struct kvmgdb_config *own, char *error, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)config;

	memset(own, 0, sizeof(*own));
	if (config->size < offsetof(struct kvmgdb_config, kick_signal))
		return refused(-EINVAL, error, size, "config.size is not that of a configuration");
	for (size_t i = sizeof(*own); i < config->size; i++)
		if (bytes[i])
			return refused(-E2BIG, error, size, "the configuration has what this library (%s) does not know",
				MACHINE_VERSION);
	memcpy(own, config, config->size < sizeof(*own) ? config->size : sizeof(*own));
	if (own->flags & KVMGDB_NO_EINTR && own->run_signals)
		return refused(-EINVAL, error, size,
			"KVMGDB_NO_EINTR and run_signals: while such a signal is pending, KVM_RUN does nothing but fail with "
			"EINTR");
	if (own->flags & ~(uint32_t)FLAGS)
		return refused(-EINVAL, error, size, "flags 0x%x: this library (%s) does not know all of them", own->flags,
			MACHINE_VERSION);
	return 0;
}

static const struct arch *this_arch(void)
{
	struct utsname name;

	return uname(&name) ? NULL : arch_find(name.machine);
}

/* What this host's KVM does, tried in a VM of its own. */
static int probe(int kvm, const struct arch *arch, struct capabilities *caps, char *error, size_t size)
{
	uint64_t base;
	struct host *scratch = vm_open_scratch(kvm, SCRATCH_MEMORY, &base, error, size);
	int err;

	if (!scratch)
		return -ENOTSUP;
	err = capabilities_probe(caps, arch, scratch, base);
	scratch->ops->close(scratch);
	return err ? refused(-ENOTSUP, error, size, "this host's KVM did not run a few instructions: %s", strerror(-err)) : 0;
}

static int open_host(struct kvmgdb *gdb, char *error, size_t size)
{
	const struct kvmgdb_config *c = &gdb->config;
	struct embed_config embed = {
		.kvm_fd = c->kvm_fd,
		.vm_fd = c->vm_fd,
		.kick_signal = c->kick_signal,
		.kick = c->kick,
		.run_signals = c->run_signals,
		.read_memory = c->read_memory,
		.write_memory = c->write_memory,
		.reset = c->reset,
		.opaque = c->opaque,
	};

	gdb->host = embed_open(&embed, error, size);
	return gdb->host ? 0 : -EINVAL;
}

/* ---- what the server and the machine ask of the VMM */

static void log_sentence(void *arg, enum server_level level, const char *sentence)
{
	struct kvmgdb *gdb = arg;

	if (gdb->config.log)
		gdb->config.log(gdb->config.opaque, (enum kvmgdb_level)level, sentence); /* both are syslog(3)'s */
}

static void log_text(void *arg, const char *text)
{
	log_sentence(arg, SERVER_INFO, text);
}

/* A debugger that only asks is refused all the time: gdb, that unwinds a stack, looks beyond its end. */
static void log_detail(void *arg, const char *text)
{
	log_sentence(arg, SERVER_DEBUG, text);
}

/* Commands of breakpoints have printed it, and no client takes it: a line is a sentence, without its end. */
static void log_lines(void *arg, const char *text)
{
	char line[256];
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", n > sizeof(line) ? (int)sizeof(line) : (int)n, text);
		log_sentence(arg, SERVER_INFO, line);
	}
}

/* The guest is the VMM's: whether it ends, the VMM says. */
static bool ends(void *arg, enum server_event event, int code)
{
	struct kvmgdb *gdb = arg;

	(void)code;
	if (event == SERVER_KILLED)
		return gdb->config.kill && !gdb->config.kill(gdb->config.opaque);
	atomic_store(&gdb->told, event == SERVER_EXITED);
	return event == SERVER_EXITED;
}

static void client(void *arg, bool here)
{
	struct kvmgdb *gdb = arg;

	if (gdb->config.client)
		gdb->config.client(gdb->config.opaque, here);
}

static int command(struct machine *m, const char *line, text_fn *print, void *arg)
{
	struct kvmgdb *gdb = (struct kvmgdb *)m;
	int err = commands_run(m, line, print, arg);

	return err == -ENOSYS && gdb->config.command ? gdb->config.command(gdb->config.opaque, line, print, arg) : err;
}

/* By a vCPU's thread, which is not to wait here: as own_begin(), with its signals blocked already. */
static bool begin_at_once(void *arg)
{
	struct kvmgdb *gdb = arg;
	bool begun;

	pthread_mutex_lock(&gdb->lock);
	begun = !gdb->working;
	if (begun) {
		gdb->working = true;
		gdb->worker = pthread_self();
	}
	pthread_mutex_unlock(&gdb->lock);
	return begun;
}

static void end_work(void *arg)
{
	struct kvmgdb *gdb = arg;

	pthread_mutex_lock(&gdb->lock);
	gdb->working = false;
	pthread_cond_broadcast(&gdb->changed);
	pthread_mutex_unlock(&gdb->lock);
}

static int open_server(struct kvmgdb *gdb, char *error, size_t size)
{
	bool vcpus = gdb->config.flags & KVMGDB_VCPUS_SERVE;
	const struct server_config config = {
		.trace = gdb->config.flags & KVMGDB_TRACE,
		.serves_self = true,
		.arg = gdb,
		.log = log_sentence,
		.print = log_lines,
		.ends = ends,
		.client = client,
		.begins = vcpus ? begin_at_once : NULL,
		.ends_work = end_work,
	};
	int err = server_open(&gdb->server, &gdb->machine, &config);

	return err ? refused(err, error, size, "the server: %s", strerror(-err)) : 0;
}

/* ---- a thread of the VMM's that is with us: a handler of the VMM's is not to find it with a lock held */

void own_quiet(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

void own_loud(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool own_begin(struct kvmgdb *gdb)
{
	sigset_t before;
	bool mine;

	own_quiet(&before);
	pthread_mutex_lock(&gdb->lock);
	mine = gdb->working && pthread_equal(gdb->worker, pthread_self());
	while (gdb->working && !mine)
		pthread_cond_wait(&gdb->changed, &gdb->lock);
	if (!mine)
		gdb->mask = before;
	gdb->working = true;
	gdb->worker = pthread_self();
	pthread_mutex_unlock(&gdb->lock);
	if (mine)
		own_loud(&before);
	return !mine;
}

void own_end(struct kvmgdb *gdb, bool begun)
{
	sigset_t before;

	if (!begun)
		return;
	pthread_mutex_lock(&gdb->lock);
	before = gdb->mask;
	gdb->working = false;
	pthread_cond_broadcast(&gdb->changed);
	pthread_mutex_unlock(&gdb->lock);
	own_loud(&before);
}

/* ---- the server's thread */

void own_work(struct kvmgdb *gdb)
{
	bool begun = own_begin(gdb);

	server_dispatch(gdb->server, 0);
	own_end(gdb, begun);
}

static void *serve(void *arg)
{
	struct kvmgdb *gdb = arg;
	struct pollfd fds[] = { { .fd = server_fd(gdb->server), .events = POLLIN }, { .fd = gdb->wake, .events = POLLIN } };

	while (!atomic_load(&gdb->closing))
		if (poll(fds, 2, -1) > 0 && fds[0].revents)
			own_work(gdb);
	return NULL;
}

/* Its stack is not left to the VMM's limits, or to libc. */
static int create_thread(struct kvmgdb *gdb)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	err = pthread_attr_setstacksize(&attr, SERVER_STACK);
	if (!err)
		err = pthread_create(&gdb->thread, &attr, serve, gdb);
	pthread_attr_destroy(&attr);
	return err;
}

/* With all signals blocked, as a thread inherits them. */
static int start_thread(struct kvmgdb *gdb, char *error, size_t size)
{
	sigset_t before;
	int err;

	if (gdb->config.flags & KVMGDB_NO_THREAD)
		return 0;
	gdb->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gdb->wake < 0)
		return refused(-errno, error, size, "a descriptor for the server: %s", strerror(errno));
	own_quiet(&before);
	err = create_thread(gdb);
	own_loud(&before);
	gdb->threaded = !err;
	return err ? refused(-err, error, size, "a thread for the server: %s", strerror(err)) : 0;
}

static int open_all(struct kvmgdb *gdb, char *error, size_t size)
{
	const struct arch *arch = this_arch();
	struct capabilities caps;
	int err;

	if (!arch)
		return refused(-ENOTSUP, error, size, "this machine's architecture has no stub");
	err = probe(gdb->config.kvm_fd, arch, &caps, error, size);
	if (!err)
		err = open_host(gdb, error, size);
	if (!err)
		err = machine_open(&gdb->machine, gdb->host, arch, &caps, BATCH_AUTO, error, size);
	if (err)
		return err;
	machine_set_commands(&gdb->machine, command);
	gdb->machine.may_end = gdb->config.kill;
	machine_set_log(&gdb->machine, log_text, log_detail, gdb);
	err = open_server(gdb, error, size);
	if (!err && !(gdb->config.flags & KVMGDB_WAIT))
		turn_set_off(&gdb->machine.guest);
	return err ? err : start_thread(gdb, error, size);
}

int kvmgdb_open(const struct kvmgdb_config *config, struct kvmgdb **opened, char *error, size_t error_size)
{
	struct kvmgdb *gdb = calloc(1, sizeof(*gdb));
	int err;

	if (!gdb)
		return refused(-ENOMEM, error, error_size, "out of memory");
	gdb->wake = -1;
	gdb->process = getpid();
	pthread_mutex_init(&gdb->lock, NULL);
	pthread_cond_init(&gdb->changed, NULL);
	err = take_config(config, &gdb->config, error, error_size);
	if (!err)
		err = open_all(gdb, error, error_size);
	if (err)
		kvmgdb_close(gdb);
	else
		*opened = gdb;
	return err;
}

/* ---- closing */

static void stop_thread(struct kvmgdb *gdb)
{
	if (!gdb->threaded)
		return;
	atomic_store(&gdb->closing, true);
	eventfd_write(gdb->wake, 1);
	pthread_join(gdb->thread, NULL);
	gdb->threaded = false;
}

void own_free_vcpu(struct kvmgdb_vcpu *v)
{
	turn_remove(v->vcpu);
	embed_remove_vcpu(v->embed);
	free(v);
}

void kvmgdb_close(struct kvmgdb *gdb)
{
	struct kvmgdb_vcpu *v, *next;

	if (!gdb || gdb->process != getpid())
		return;
	stop_thread(gdb);
	server_close(gdb->server);
	for (v = gdb->vcpus; v; v = next) {
		next = v->next;
		own_free_vcpu(v);
	}
	machine_close(&gdb->machine);
	if (gdb->host)
		gdb->host->ops->close(gdb->host);
	if (gdb->wake >= 0)
		close(gdb->wake);
	pthread_cond_destroy(&gdb->changed);
	pthread_mutex_destroy(&gdb->lock);
	free(gdb);
}

const char *kvmgdb_version(void)
{
	return MACHINE_VERSION;
}
