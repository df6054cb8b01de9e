/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `monitor dump`: the file is read back. RAM is at its physical and at its kernel's addresses, registers are in the notes by their
 * architecture's layout, what is zero takes no room, and what goes wrong leaves nothing.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/aarch64.h"
#include "arch/ppc64.h"
#include "arch/x86_64.h"
#include "files.h"
#include "linux_memory.h"
#include "machine/core_notes.h"
#include "machine/open.h"
#include "monitor/commands.h"
#include "tap.h"

static struct sim_host *sim;
static struct machine m;
static char printed[4096], dir[] = "/tmp/dump.XXXXXX";
static struct files files;

static struct {
	uint8_t *bytes;
	size_t size;
	const Elf64_Ehdr *head;
	const Elf64_Phdr *phdr;
} core;

static void print(void *arg, const char *text)
{
	(void)arg;
	strncat(printed, text, sizeof(printed) - strlen(printed) - 1);
}

static int ask(const char *command)
{
	printed[0] = '\0';
	for (unsigned i = 0; i < m.guest.n; i++)
		regfile_drop(&m.guest.vcpus[i]->regs);
	m.guest.memory.age++;
	return commands_run(&m, command, print, NULL);
}

static void open_machine(const char *arch, unsigned vcpus)
{
	struct capabilities caps = { 0 };
	char error[256];

	sim = sim_open(arch_find(arch), vcpus, LM_BASE, LM_SIZE);
	if (!sim || machine_open(&m, &sim->host, sim->arch, &caps, BATCH_AUTO, error, sizeof(error)))
		exit(1);
	memset(sim->ram, 0, LM_SIZE);
	m.files = &files;
}

/* Into core. False: there is no such file, or it is none. */
static bool read_core(const char *name)
{
	int fd = openat(files.dir, name, O_RDONLY);
	struct stat st = { 0 };

	free(core.bytes);
	core.bytes = NULL;
	if (fd < 0 || fstat(fd, &st))
		return false;
	core.size = (size_t)st.st_size;
	core.bytes = malloc(core.size);
	if (!core.bytes || read(fd, core.bytes, core.size) != (ssize_t)core.size)
		return false;
	close(fd);
	core.head = (void *)core.bytes;
	core.phdr = (void *)(core.bytes + core.head->e_phoff);
	return core.size > sizeof(*core.head) && !memcmp(core.bytes, ELFMAG, SELFMAG) && core.head->e_type == ET_CORE;
}

/* What is at a virtual address, by the first header that has it. */
static const uint8_t *at(uint64_t va)
{
	for (unsigned n = 0; n < core.head->e_phnum; n++) {
		const Elf64_Phdr *p = &core.phdr[n];

		if (p->p_type == PT_LOAD && va - p->p_vaddr < p->p_filesz)
			return core.bytes + p->p_offset + (va - p->p_vaddr);
	}
	return NULL;
}

/* The n-th note with this name and type. */
static const uint8_t *note(const char *name, uint32_t type, unsigned nth, size_t *size)
{
	const uint8_t *p = core.bytes + core.phdr[0].p_offset, *end = p + core.phdr[0].p_filesz;

	while (p < end) {
		const Elf64_Nhdr *n = (const void *)p;
		const uint8_t *desc = p + sizeof(*n) + (n->n_namesz + 3) / 4 * 4;

		if (n->n_type == type && !strcmp((const char *)(n + 1), name) && !nth--) {
			*size = n->n_descsz;
			return desc;
		}
		p = desc + (n->n_descsz + 3) / 4 * 4;
	}
	return NULL;
}

static uint64_t word(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void test_bare(void)
{
	size_t size;
	const uint8_t *n;
	struct stat st;

	open_machine("aarch64", 2);
	sim_set(sim, 0, A64_SCTLR_EL1, 0);
	sim_set(sim, 0, A64_PSTATE, 5);
	sim_set(sim, 1, A64_PSTATE, 4);
	sim_set(sim, 1, A64_PC, 0x1234567890abcdefull);
	sim_set(sim, 1, A64_SP_EL0, 0x1111222233334444ull);
	memcpy(sim->ram + 0x123456, "here", 5);
	memcpy(sim->ram + LM_SIZE - 4, "end", 4);
	m.files = NULL;
	is_int(ask("dump a"), -EPERM, "without --files");
	ok(strstr(m.guest.why, "without --files") != NULL, "... %s", m.guest.why);
	m.files = &files;
	is_int(ask("dump"), -EINVAL, "without a name");
	is_int(ask("dump a phys"), -EINVAL, "with something else");
	is_int(ask("dump ../a"), -EINVAL, "with a path");
	is_int(ask("dump a"), 0, "a machine without a kernel");
	ok(!strncmp(printed, "a: 32 MiB of RAM, 2 vCPUs\nNo VMCOREINFO", 39), "... is told of: %s", printed);
	ok(read_core("a") && core.head->e_machine == 183 && core.head->e_phnum == 2, "... is a core file, of notes and RAM");
	ok(core.phdr[1].p_paddr == LM_BASE && core.phdr[1].p_vaddr == LM_BASE && core.phdr[1].p_filesz == LM_SIZE &&
			core.phdr[1].p_memsz == LM_SIZE && core.phdr[1].p_offset % 4096 == 0,
		"... which is at its guest-physical address");
	ok(!memcmp(at(LM_BASE), sim->ram, LM_SIZE), "... and all there");
	ok(!fstatat(files.dir, "a", &st, 0) && st.st_blocks * 512 < 0x80000, "... without room for zeroes");
	n = note("CORE", 1, 1, &size);
	ok(n && size == 392 && n[32] == 2, "... the second vCPU's NT_PRSTATUS");
	ok(n && word(n + 112 + 8 * 32) == 0x1234567890abcdefull, "... its pc");
	ok(n && word(n + 112 + 8 * 31) == 0x1111222233334444ull, "... its stack pointer, which is that of its mode");
	ok(n && word(n + 112 + 8 * 7) == sim_get(sim, 1, A64_X(7)), "... its x7");
	n = note("CORE", 2, 0, &size);
	ok(n && size == 528 && !memcmp(n + 16 * 5, sim_bytes(sim, 0, 0x60800000001500a0ull), 16),
		"... v5 of the first one, which is a part of its z5");
	is_int(ask("dump a"), -EEXIST, "it is not written over");
}

/* The note of ours: each id that KVM lists. */
static void test_regs(void)
{
	size_t size, i = 16;
	const uint8_t *n = note(CORE_NOTE_NAME, CORE_NOTE_REGS, 1, &size);
	unsigned count = n ? (unsigned)(word(n + 8) & UINT32_MAX) : 0, good = 0;

	ok(n && word(n) == (1ull << 32 | 1), "the second vCPU's values");
	for (unsigned k = 0; k < count && i + 16 <= size; k++) {
		uint64_t id = word(n + i), bytes = word(n + i + 8) & UINT32_MAX;

		good += bytes == KEY_SIZE(id) && !memcmp(n + i + 16, sim_bytes(sim, 1, id), bytes);
		i += 16 + (bytes + 7) / 8 * 8;
	}
	ok(count > 100 && good == count && i == size, "... all %u of them", count);
}

static void set_kernel(void)
{
	lm_kernel(sim);
	lm_new_info(sim);
	sim_set(sim, 0, A64_SCTLR_EL1, 1);
	sim_set(sim, 0, A64_TCR_EL1, 0x10ull | 0x10ull << 16 | 2ull << 30 | 5ull << 32);
	sim_set(sim, 0, A64_TTBR0_EL1, 0);
	sim_set(sim, 0, A64_TTBR1_EL1, LM_TABLES);
	sim_set(sim, 0, A64_VBAR_EL1, LM_KERNEL + LM_VECTORS);
	sim_set(sim, 0, A64_PSTATE, 5);
}

static void test_kernel(void)
{
	size_t size;
	const uint8_t *n;

	set_kernel();
	is_int(ask("dump b"), 0, "a machine with a kernel");
	ok(!strcmp(printed, "b: 32 MiB of RAM, 2 vCPUs\n"), "... is told of: %s", printed);
	ok(read_core("b") && core.head->e_phnum == 3, "... has its RAM and the kernel");
	ok(core.phdr[1].p_vaddr == LM_KERNEL && core.phdr[1].p_paddr == LM_IMAGE && core.phdr[1].p_filesz == 8 << 20,
		"... that by its own mapping");
	ok(core.phdr[2].p_vaddr == LM_LINEAR && core.phdr[2].p_paddr == LM_BASE && core.phdr[2].p_filesz == LM_SIZE,
		"... and RAM by the map of RAM");
	ok(!memcmp(at(LM_KERNEL + LM_BANNER), LM_BANNER_TEXT, strlen(LM_BANNER_TEXT)), "... its banner is there");
	ok(at(LM_LINEAR + LM_IMAGE - LM_BASE + LM_BANNER) == at(LM_KERNEL + LM_BANNER), "... once in the file");
	n = note("VMCOREINFO", 0, 0, &size);
	ok(n && size == strlen((char *)lm_at(sim, LM_INFO)) && !memcmp(n, lm_at(sim, LM_INFO), size),
		"... and VMCOREINFO, as it is");
	lm_put(sim, LM_TABLES + 0x2000 + 8 * ((LM_KERNEL >> 21 & 511) + 8), (LM_BASE + (24 << 20)) | 0x701, 8);
	is_int(ask("dump c virtual"), 0, "by the page tables, too");
	ok(read_core("c") && core.head->e_phnum == 6 && at(LM_KERNEL + (16 << 20)) == at(LM_LINEAR + (24 << 20)),
		"... what they map is there as well");
}

static bool gives_up(void)
{
	return true;
}

static void test_failures(void)
{
	struct rlimit limit, before;
	struct files other = files;

	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 1 << 20;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	is_int(ask("dump d"), -EFBIG, "a file that can not be as long");
	setrlimit(RLIMIT_FSIZE, &before);
	other.gives_up = gives_up;
	m.files = &other;
	is_int(ask("dump d"), -EINTR, "the program is to end");
	ok(strstr(m.guest.why, "told to end") != NULL, "... %s", m.guest.why);
	is_int(ask("dump d"), -EINTR, "... once more: nothing was left of that");
	m.files = &files;
	is_int(ask("dump d"), 0, "... and now it is made");
}

/* Of a machine of this architecture, which stays open: with this e_machine and these e_flags. */
static void dump_of(const char *name, int machine, unsigned flags)
{
	char command[80];

	snprintf(command, sizeof(command), "dump %s", name);
	is_int(ask(command), 0, name);
	ok(read_core(name) && core.head->e_machine == machine && core.head->e_flags == flags, "... is a core file");
}

/* x86-64: struct user_regs_struct, and the XSAVE area. */
static void test_x86(void)
{
	size_t size;
	const uint8_t *n;

	open_machine("x86_64", 1);
	sim_set(sim, 0, X86_CR0, 0);
	sim_set(sim, 0, X86_CR4, 0);
	sim_set(sim, 0, X86_EFER, 0);
	dump_of("x86-64", EM_X86_64, 0);
	n = note("CORE", 1, 0, &size);
	ok(n && size == 336 && word(n + 112 + 8 * 16) == sim_get(sim, 0, X86_RIP) &&
			word(n + 112 + 8 * 19) == sim_get(sim, 0, X86_RSP) && word(n + 112 + 8 * 15) == UINT64_MAX,
		"... its NT_PRSTATUS");
	ok(n && word(n + 112 + 8 * 21) == sim_get(sim, 0, KEY_BLOCK(X86_SREGS, 8, 0x48)), "... fs_base");
	n = note("LINUX", 0x202, 0, &size);
	ok(n && size >= 576 && word(n + 464) == sim_get(sim, 0, KEY_BLOCK(X86_XCRS, 8, 16)),
		"... its extended state, with XCR0");
	n = note(CORE_NOTE_NAME, CORE_NOTE_BLOCK, 1, &size);
	ok(n && size == 24 + X86_SREGS_SIZE && !strcmp((const char *)n + 8, "sregs") &&
			!memcmp(n + 24, sim_bytes(sim, 0, KEY_BLOCK(X86_SREGS, 8, 0)), 8),
		"... struct kvm_sregs");
}

/* ppc64le: struct pt_regs, AltiVec, and of VSX what those and the floating-point registers have not. */
static void test_ppc(void)
{
	size_t size;
	const uint8_t *n;

	open_machine("ppc64le", 1);
	dump_of("ppc64le", EM_PPC64, 2);
	n = note("CORE", 1, 0, &size);
	ok(n && size == 112 + 48 * 8 + 8 && word(n + 112 + 8 * 32) == sim_get(sim, 0, PPC_PC), "... its NT_PRSTATUS");
	n = note("CORE", 2, 0, &size);
	ok(n && size == 264 && !memcmp(n + 8 * 3, sim_bytes(sim, 0, 0x1030000000000023ull), 8), "... f3");
	n = note("LINUX", 0x100, 0, &size);
	ok(n && size == 544 && !memcmp(n + 16 * 3, sim_bytes(sim, 0, 0x1040000000000043ull), 16), "... vr3");
	ok(n && !memcmp(n + 16 * 32, sim_bytes(sim, 0, 0x1020000000000081ull), 4), "... vscr");
	n = note("LINUX", 0x102, 0, &size);
	ok(n && size == 256, "... and the rest of vs0 to vs31");
}

/* riscv64: a debugger takes floating-point registers where the file's flags have an ABI with them. */
static void test_riscv(void)
{
	size_t size;
	const uint8_t *n;

	open_machine("riscv64", 1);
	dump_of("riscv64", EM_RISCV, EF_RISCV_FLOAT_ABI_DOUBLE);
	n = note("CORE", 1, 0, &size);
	ok(n && size == 112 + 32 * 8 + 8, "... its NT_PRSTATUS");
	n = note("CORE", 2, 0, &size);
	ok(n && size == 528, "... and floating-point registers");
}

int main(void)
{
	char command[80], error[256];

	if (!mkdtemp(dir) || files_open(&files, dir, &(struct refusal){ error, sizeof(error) }))
		return 1;
	test_bare();
	test_regs();
	test_kernel();
	test_failures();
	test_x86();
	test_ppc();
	test_riscv();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	is_int(system(command), 0, "(they are gone)");
	return done();
}
