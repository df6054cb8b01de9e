/* SPDX-License-Identifier: BSD-2-Clause */
/* See library_rig.h. */
#include "library_rig.h"

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the image */

static const uint8_t *map_image(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = fd < 0 || fstat(fd, &st) ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return map;
}

static const Elf64_Shdr *section(const uint8_t *image, uint32_t type, const char *name)
{
	const Elf64_Ehdr *head = (const void *)image;
	const Elf64_Shdr *s = (const void *)(image + head->e_shoff);
	const char *names = (const char *)image + s[head->e_shstrndx].sh_offset;

	for (unsigned i = 0; i < head->e_shnum; i++)
		if (s[i].sh_type == type && !strcmp(names + s[i].sh_name, name))
			return &s[i];
	errx(1, "no %s", name);
}

/* Where a function of ppc64le's begins when it is called from its own module: ELF V2 ABI, 3.4.1. */
static uint64_t local_entry(const Elf64_Ehdr *head, const Elf64_Sym *sym)
{
	return head->e_machine == EM_PPC64 ? (1u << (sym->st_other >> 5 & 7)) & ~3u : 0;
}

uint64_t rig_symbol(const struct rig *r, const char *name, uint64_t *size)
{
	const uint8_t *image = map_image(r->m.image);
	const Elf64_Shdr *table = section(image, SHT_SYMTAB, ".symtab"), *names = section(image, SHT_STRTAB, ".strtab");
	const Elf64_Sym *sym = (const void *)(image + table->sh_offset);

	for (size_t i = 0; i < table->sh_size / sizeof(*sym); i++) {
		if (strcmp((const char *)image + names->sh_offset + sym[i].st_name, name))
			continue;
		if (size)
			*size = sym[i].st_size;
		return sym[i].st_value + local_entry((const void *)image, &sym[i]);
	}
	errx(1, "%s: no %s", r->m.image, name);
}

void *rig_at(const struct rig *r, const char *name)
{
	return r->m.ram + (rig_symbol(r, name, NULL) - board_ram);
}

uint64_t rig_code(const struct rig *r)
{
	const Elf64_Shdr *text = section(map_image(r->m.image), SHT_PROGBITS, ".text");
	uint64_t hash = 0xcbf29ce484222325;

	for (uint64_t i = 0; i < text->sh_size; i++)
		hash = (hash ^ r->m.ram[text->sh_addr - board_ram + i]) * 0x100000001b3;
	return hash;
}

/* ---- the VMM */

static void do_nothing(int sig)
{
	(void)sig;
}

#define PAUSE_SIGNAL SIGUSR2

static int run_by_halves(struct rig_vcpu *v)
{
	int ret;

	do {
		ret = kvmgdb_enter(v->v->gdb);
		if (ret)
			break;
		ret = ioctl(v->v->fd, KVM_RUN, 0) < 0 ? -errno : 0;
	} while (kvmgdb_leave(v->v->gdb, ret) == KVMGDB_AGAIN);
	return ret;
}

static int run(struct rig_vcpu *v)
{
	if (v->rig->by_halves)
		return run_by_halves(v);
	return kvmgdb_run(v->v->gdb) < 0 ? -errno : 0;
}

static void show_event(struct rig_vcpu *v)
{
	struct rig *r = v->rig;

	while (r->event && !r->ends && kvmgdb_guest_event(v->v->gdb, (enum kvmgdb_event)r->event, 0, r->event_text))
		v->eintr++;
	r->event = 0;
}

static void serve(struct rig_vcpu *v)
{
	int code;

	v->exits++;
	if (v->v->run->exit_reason == KVM_EXIT_DEBUG) {
		v->debug_exits++;
		return;
	}
	v->in_handler = true;
	while (v->v->nr == 0 && v->rig->stays && !v->rig->ends)
		sleep_ms(1);
	show_event(v);
	if (machine_serve(v->v, &code) == ENDS)
		v->rig->ends = true;
	v->in_handler = false;
}

/* Those that only KVM lets in are pending behind it. */
static void take_kicks(const struct rig *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, r->kick);
	while (r->kick && sigtimedwait(&set, NULL, &(struct timespec){ 0 }) > 0)
		;
}

static void block_kick(struct rig_vcpu *v)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} __attribute__((packed)) mask = { .head.len = sizeof(mask.set) };
	sigset_t set;

	if (!v->rig->kick)
		return;
	sigemptyset(&set);
	sigaddset(&set, v->rig->kick);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	mask.set = ~v->rig->run_signals;
	if (ioctl(v->v->fd, KVM_SET_SIGNAL_MASK, &mask) < 0)
		err(1, "KVM_SET_SIGNAL_MASK");
}

static void hold(struct rig *r)
{
	r->paused++;
	while (r->pause && !r->ends)
		sleep_ms(1);
	r->paused--;
}

static void *run_vcpu(void *arg)
{
	struct rig_vcpu *v = arg;
	struct rig *r = v->rig;
	bool prepared = false;

	v->tid = (pid_t)syscall(SYS_gettid);
	block_kick(v);
	while (!r->ends && !v->leaves) {
		int ret = run(v);

		v->runs++;
		if (ret == -EINTR) {
			/* It may have been set to call this thread out. */
			__atomic_store_n(&v->v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
			v->wrong_reason += v->v->run->exit_reason != KVM_EXIT_INTR;
			take_kicks(r);
			v->eintr++;
		} else if (ret && ret != -EAGAIN) {
			errx(1, "vCPU %u: KVM_RUN: %s", v->v->nr, strerror(-ret));
		} else if (!ret) {
			serve(v);
		}
		if (r->pause)
			hold(r);
		if (r->prepare && !prepared)
			r->prepare();
		prepared = true;
	}
	return NULL;
}

static void add_vcpu(struct rig *r, unsigned nr)
{
	if (kvmgdb_add_vcpu(r->gdb, nr, r->m.vcpus[nr].fd, NULL, &r->m.vcpus[nr].gdb))
		errx(1, "kvmgdb_add_vcpu");
}

void rig_open_as(struct rig *r, const char *image, unsigned vcpus, int mode, struct kvmgdb_config config, int kick)
{
	struct sigaction action = { .sa_handler = do_nothing };
	char why[200];

	memset(r, 0, sizeof(*r));
	r->kick = kick;
	r->run_signals = config.run_signals;
	sigaction(PAUSE_SIGNAL, &action, NULL);
	machine_open(&r->m, image, vcpus);
	machine_start(&r->m);
	*(int *)rig_at(r, "mode") = mode;
	config.size = sizeof(config);
	config.flags |= getenv("VCPUS_SERVE") ? KVMGDB_VCPUS_SERVE : 0; /* all is to be the same with it */
	config.kvm_fd = r->m.kvm;
	config.vm_fd = r->m.vm;
	config.opaque = &r->m;
	if (!config.reset)
		config.reset = machine_start;
	if (kvmgdb_open(&config, &r->gdb, why, sizeof(why)))
		errx(1, "kvmgdb_open: %s", why);
	if (kvmgdb_set_memory(r->gdb, 0, board_ram, MACHINE_RAM, r->m.ram, 0))
		errx(1, "kvmgdb_set_memory");
	for (unsigned i = 0; i < r->m.n; i++) {
		r->vcpus[i].rig = r;
		r->vcpus[i].v = &r->m.vcpus[i];
		add_vcpu(r, i);
	}
}

static void start_thread(struct rig *r, unsigned nr)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	if (r->stack && pthread_attr_setstacksize(&attr, r->stack))
		errx(1, "a stack of %zu bytes", r->stack);
	if (pthread_create(&r->m.vcpus[nr].thread, &attr, run_vcpu, &r->vcpus[nr]))
		errx(1, "a thread");
	pthread_attr_destroy(&attr);
}

void rig_start(struct rig *r)
{
	r->started = true;
	for (unsigned i = 0; i < r->m.n; i++)
		start_thread(r, i);
}

void rig_close(struct rig *r)
{
	size_t run_size = (size_t)ioctl(r->m.kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	r->ends = true;
	for (unsigned i = 0; r->started && i < r->m.n; i++) {
		if (r->vcpus[i].gone)
			continue;
		kvmgdb_kick(r->m.vcpus[i].gdb);
		pthread_join(r->m.vcpus[i].thread, NULL);
	}
	kvmgdb_close(r->gdb);
	for (unsigned i = 0; i < r->m.n; i++) {
		munmap(r->m.vcpus[i].run, run_size);
		close(r->m.vcpus[i].fd);
	}
	close(r->m.vm);
	close(r->m.kvm);
	munmap(r->m.ram, MACHINE_RAM);
}

void rig_drop(struct rig *r, unsigned nr)
{
	r->vcpus[nr].leaves = true;
	kvmgdb_kick(r->m.vcpus[nr].gdb);
	pthread_join(r->m.vcpus[nr].thread, NULL);
	kvmgdb_remove_vcpu(r->m.vcpus[nr].gdb);
	r->vcpus[nr].gone = true;
}

void rig_take_back(struct rig *r, unsigned nr)
{
	r->vcpus[nr].leaves = r->vcpus[nr].gone = false;
	add_vcpu(r, nr);
	start_thread(r, nr);
}

static unsigned long counter(const struct rig *r)
{
	return *(volatile unsigned long *)rig_at(r, "counter");
}

bool rig_runs(const struct rig *r)
{
	unsigned long before = counter(r);

	return comes_true(counter(r) != before);
}

bool rig_stands(const struct rig *r)
{
	unsigned long before = counter(r);

	sleep_ms(100);
	return counter(r) == before;
}

unsigned long rig_debug_exits(const struct rig *r)
{
	unsigned long n = 0;

	for (unsigned i = 0; i < r->m.n; i++)
		n += r->vcpus[i].debug_exits;
	return n;
}

/* Each is told again: a signal that comes before KVM_RUN does nothing. */
static bool are_paused(const struct rig *r)
{
	if (r->paused == r->m.n)
		return true;
	for (unsigned i = 0; i < r->m.n; i++)
		pthread_kill(r->m.vcpus[i].thread, PAUSE_SIGNAL);
	sleep_ms(1);
	return false;
}

bool rig_pause(struct rig *r)
{
	r->pause = 1;
	return comes_true(are_paused(r));
}

void rig_resume(struct rig *r)
{
	r->pause = 0;
	if (!comes_true(!r->paused))
		errx(1, "a vCPU does not go on behind the VMM's pause");
}

/* An exit that it serves already may be through before it has seen that it is to stay. */
static bool stays_in(const struct rig *r)
{
	unsigned long exits = r->vcpus[0].exits;

	sleep_ms(20);
	return r->vcpus[0].in_handler && r->vcpus[0].exits == exits;
}

void rig_stay(struct rig *r)
{
	r->stays = true;
	if (!comes_true(stays_in(r)))
		errx(1, "no exit comes");
}

void rig_come_back(struct rig *r, int fd)
{
	r->stays = false;
	if (!comes_true(!client_says(client_ask(fd, PATIENCE, "qThreadExtraInfo,1"), "in the VMM")))
		errx(1, "a vCPU does not come back from an exit");
}

bool rig_is_left(const struct rig *r)
{
	return comes_true(!kvmgdb_attached(r->gdb));
}
