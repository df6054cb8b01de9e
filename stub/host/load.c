/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns the way of files into guest RAM. Knows the ELF format (System V ABI, chapters 4 and 5) and trusts no number in a file;
 * knows no architecture but by its ELF number.
 */
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum entry_is {
	ENTRY_IS_PHYSICAL,
	ENTRY_IS_VIRTUAL,
	ENTRY_ARE
};

/* A sequence of segments under way. */
struct loading {
	const struct load_file *file;
	const struct load_machine *machine;
	const struct ram *ram;
	const struct refusal *why;
	uint64_t entry;		   /* as the file has it */
	uint64_t found[ENTRY_ARE]; /* where that is, taken for a physical and for a virtual address ... */
	bool have[ENTRY_ARE];	   /* ... in a segment */
	uint64_t bytes;		   /* of the file, in all segments so far */
	bool anything;
	uint64_t linked, linked_end; /* the virtual addresses of all segments so far */
	uint64_t moved;		     /* the first segment's physical address is so far from its virtual one ... */
	bool moved_apart;	     /* ... and another's is not */
	Elf64_Phdr dynamic;	     /* PT_DYNAMIC, or PT_NULL */
	struct loaded *loaded;
};

int load_open(struct load_file *f, const char *path, const struct refusal *why)
{
	struct stat st;

	/* Without O_NONBLOCK a FIFO would be waited for. */
	*f = (struct load_file){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	if (f->fd < 0)
		return refuse(why, -errno, "%s: %s", path, strerror(errno));
	if (fstat(f->fd, &st) < 0) {
		int err = -errno;

		load_close(f);
		return refuse(why, err, "%s: %s", path, strerror(-err));
	}
	if (!S_ISREG(st.st_mode)) {
		load_close(f);
		return refuse(
			why, -EINVAL, "%s: is %s, not an image", path, S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	}
	f->size = (uint64_t)st.st_size;
	return 0;
}

void load_close(struct load_file *f)
{
	close(f->fd);
	f->fd = -1;
}

int load_read(const struct load_file *f, uint64_t offset, void *buf, uint64_t len)
{
	for (uint64_t done = 0; done < len;) {
		/* offset + done is inside the file as it was, or pread says that it is not. */
		ssize_t n = pread(f->fd, (uint8_t *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENODATA;
		if (n > 0)
			done += (uint64_t)n;
	}
	return 0;
}

static int refuse_read(const struct load_file *f, int err, const struct refusal *why)
{
	return refuse(why, err, "%s: %s", f->path, err == -ENODATA ? "ends too early" : strerror(-err));
}

static int refuse_place(
	const struct load_file *f, const struct ram *ram, uint64_t gpa, uint64_t size, const struct refusal *why)
{
	char has[80] = "none";

	ram_describe(ram, has, sizeof(has));
	return refuse(why, -ENOSPC, "%s: needs RAM at 0x%" PRIx64 "..0x%" PRIx64 ", the VM has %s (--memory)", f->path, gpa,
		gpa + size, has);
}

int load_part(const struct load_file *f, uint64_t offset, uint64_t len, const struct ram *ram, uint64_t gpa, uint64_t room,
	const struct refusal *why)
{
	const struct ram_slot *p = ram_find(ram, gpa, room);
	int err;

	if (!p)
		return refuse_place(f, ram, gpa, room, why);
	err = load_read(f, offset, p->hva + (gpa - p->gpa), len);
	return err ? refuse_read(f, err, why) : 0;
}

int load_whole(const struct load_file *f, const struct ram *ram, uint64_t gpa, uint64_t room, const struct refusal *why)
{
	return load_part(f, 0, f->size, ram, gpa, room > f->size ? room : f->size, why);
}

static const char *machine_name(unsigned machine, char *buf, size_t size)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
		{ EM_386, "i386" }, { EM_X86_64, "x86-64" }, { EM_ARM, "arm" }, { EM_AARCH64, "aarch64" },
		{ EM_RISCV, "riscv" }, { EM_PPC, "powerpc" }, { EM_PPC64, "powerpc64" }, { EM_S390, "s390x" },
		{ EM_MIPS, "mips" }, { 258, "loongarch" }, /* EM_LOONGARCH, which older <elf.h> lack */
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].machine == machine)
			return names[i].name;
	}
	snprintf(buf, size, "ELF machine %u", machine);
	return buf;
}

bool load_is_elf(const struct load_file *f)
{
	char magic[SELFMAG];

	return !load_read(f, 0, magic, sizeof(magic)) && !memcmp(magic, ELFMAG, SELFMAG);
}

/* The machine, which is at the same place in files of either class, in the file's byte order. */
static unsigned elf_machine(const Elf64_Ehdr *e)
{
	const uint8_t *b = (const uint8_t *)&e->e_machine;

	return e->e_ident[EI_DATA] == ELFDATA2MSB ? (unsigned)b[0] << 8 | b[1] : (unsigned)b[1] << 8 | b[0];
}

/* Of the second kind that the machine takes, if it takes two. All machines with one are little-endian. */
static bool is_elf32(const Elf64_Ehdr *e, const struct load_machine *machine)
{
	return machine->elf32_machine && elf_machine(e) == machine->elf32_machine && e->e_ident[EI_CLASS] == ELFCLASS32 &&
	       e->e_ident[EI_DATA] == ELFDATA2LSB;
}

static int check_origin(
	const struct load_file *f, const Elf64_Ehdr *e, const struct load_machine *machine, const struct refusal *why)
{
	const int our_data = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	char its[24], ours[24];

	if (is_elf32(e, machine))
		return 0;
	if (elf_machine(e) != machine->elf_machine)
		return refuse(why, -ENOEXEC, "%s: built for %s, this machine is %s", f->path,
			machine_name(elf_machine(e), its, sizeof(its)), machine_name(machine->elf_machine, ours, sizeof(ours)));
	if (e->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(why, -ENOEXEC, "%s: not a 64-bit ELF file", f->path);
	if (e->e_ident[EI_DATA] != our_data)
		return refuse(why, -ENOEXEC, "%s: its byte order is not this machine's", f->path);
	return 0;
}

/* What is used of the header, from a file of the other class. */
static void widen_header(Elf64_Ehdr *e)
{
	Elf32_Ehdr narrow;

	memcpy(&narrow, e, sizeof(narrow));
	e->e_type = narrow.e_type;
	e->e_entry = narrow.e_entry;
	e->e_phoff = narrow.e_phoff;
	e->e_phentsize = narrow.e_phentsize;
	e->e_phnum = narrow.e_phnum;
}

static Elf64_Phdr wide_segment(const Elf32_Phdr *p)
{
	return (Elf64_Phdr){
		.p_type = p->p_type,
		.p_offset = p->p_offset,
		.p_vaddr = p->p_vaddr,
		.p_paddr = p->p_paddr,
		.p_filesz = p->p_filesz,
		.p_memsz = p->p_memsz,
	};
}

static size_t segment_size(bool elf32)
{
	return elf32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
}

static int check_shape(const struct load_file *f, const Elf64_Ehdr *e, bool elf32, const struct refusal *why)
{
	uint64_t table = (uint64_t)e->e_phnum * segment_size(elf32);

	if (e->e_type != ET_EXEC && e->e_type != ET_DYN)
		return refuse(why, -ENOEXEC, "%s: is %s, not a linked image", f->path,
			e->e_type == ET_REL ? "an object file"
					    : (e->e_type == ET_CORE ? "a core dump" : "an ELF file of unknown type"));
	if (!e->e_phnum || e->e_phnum == PN_XNUM || e->e_phentsize != segment_size(elf32))
		return refuse(why, -ENOEXEC, "%s: has no program headers that can be used", f->path);
	if (e->e_phoff > f->size || table > f->size - e->e_phoff)
		return refuse(why, -ENOEXEC, "%s: its program headers are outside the file", f->path);
	return 0;
}

static int read_header(
	const struct load_file *f, const struct load_machine *machine, Elf64_Ehdr *e, bool *elf32, const struct refusal *why)
{
	int err;

	if (!load_is_elf(f))
		return refuse(why, -ENOEXEC, "%s: not an ELF file", f->path);
	err = load_read(f, 0, e, sizeof(*e));
	if (err)
		return refuse_read(f, err, why);
	err = check_origin(f, e, machine, why);
	if (err)
		return err;
	*elf32 = is_elf32(e, machine);
	if (*elf32)
		widen_header(e);
	return check_shape(f, e, *elf32, why);
}

static int check_segment(const struct loading *l, const Elf64_Phdr *p)
{
	const char *path = l->file->path;

	if (p->p_filesz > p->p_memsz)
		return refuse(l->why, -ENOEXEC, "%s: the segment at 0x%" PRIx64 " has more bytes in the file than in memory",
			path, p->p_paddr);
	if (p->p_offset > l->file->size || p->p_filesz > l->file->size - p->p_offset)
		return refuse(l->why, -ENOEXEC, "%s: the segment at 0x%" PRIx64 " is outside the file: is it cut short?", path,
			p->p_paddr);
	if (p->p_memsz > UINT64_MAX - p->p_paddr || p->p_memsz > UINT64_MAX - p->p_vaddr)
		return refuse(l->why, -ENOEXEC, "%s: the segment at 0x%" PRIx64 " ends beyond all addresses", path, p->p_paddr);
	return 0;
}

/* A virtual one moves with its segment. */
static void look_for_entry(struct loading *l, const Elf64_Phdr *p)
{
	const uint64_t starts[ENTRY_ARE] = { [ENTRY_IS_PHYSICAL] = p->p_paddr, [ENTRY_IS_VIRTUAL] = p->p_vaddr };

	for (unsigned i = 0; i < ENTRY_ARE; i++) {
		if (l->have[i] || l->entry < starts[i] || l->entry - starts[i] >= p->p_memsz)
			continue;
		l->found[i] = p->p_paddr + (l->entry - starts[i]);
		l->have[i] = true;
	}
}

/*
 * No image needs more bytes of its file than there is RAM; one whose segments lie on each other can ask for 65534 times as many. What
 * is refused here would have been copied for hours.
 */
static int count_bytes(struct loading *l, const Elf64_Phdr *p)
{
	uint64_t ram = ram_size(l->ram);

	if (p->p_filesz > ram || l->bytes > ram - p->p_filesz)
		return refuse(l->why, -ENOEXEC,
			"%s: its segments hold more bytes than the VM has RAM, 0x%" PRIx64 " (--memory)", l->file->path, ram);
	l->bytes += p->p_filesz;
	return 0;
}

static void note_place(struct loading *l, const Elf64_Phdr *p)
{
	if (!l->anything) {
		l->moved = p->p_paddr - p->p_vaddr;
		l->linked = p->p_vaddr;
	}
	if (p->p_paddr - p->p_vaddr != l->moved)
		l->moved_apart = true;
	if (p->p_vaddr < l->linked)
		l->linked = p->p_vaddr;
	if (p->p_vaddr + p->p_memsz > l->linked_end)
		l->linked_end = p->p_vaddr + p->p_memsz;
}

static int load_segment(struct loading *l, const Elf64_Phdr *p)
{
	int err = check_segment(l, p);

	if (err)
		return err;
	look_for_entry(l, p);
	note_place(l, p);
	l->anything = true;
	if (p->p_paddr + p->p_memsz > l->loaded->end)
		l->loaded->end = p->p_paddr + p->p_memsz;
	if (p->p_paddr < l->machine->reserved_end && p->p_paddr + p->p_memsz > l->machine->reserved)
		l->loaded->on_reserved = true;
	if (!ram_find(l->ram, p->p_paddr, p->p_memsz))
		return refuse_place(l->file, l->ram, p->p_paddr, p->p_memsz, l->why);
	err = count_bytes(l, p);
	return err ? err : load_part(l->file, p->p_offset, p->p_filesz, l->ram, p->p_paddr, p->p_memsz, l->why);
}

static int load_header(struct loading *l, const Elf64_Phdr *p)
{
	if (p->p_type == PT_INTERP)
		return refuse(l->why, -ENOEXEC, "%s: is dynamically linked, a VM has no loader for it", l->file->path);
	if (p->p_type == PT_DYNAMIC)
		l->dynamic = *p;
	return p->p_type == PT_LOAD && p->p_memsz ? load_segment(l, p) : 0;
}

static int read_segment(const struct load_file *f, const Elf64_Ehdr *e, bool elf32, unsigned i, Elf64_Phdr *p)
{
	Elf32_Phdr narrow;
	int err;

	if (!elf32)
		return load_read(f, e->e_phoff + i * sizeof(*p), p, sizeof(*p));
	err = load_read(f, e->e_phoff + i * sizeof(narrow), &narrow, sizeof(narrow));
	if (!err)
		*p = wide_segment(&narrow);
	return err;
}

bool load_program_header(const struct load_file *f, unsigned i, Elf64_Phdr *p)
{
	Elf64_Ehdr e;
	bool elf32;

	if (!load_is_elf(f) || load_read(f, 0, &e, sizeof(e)))
		return false;
	elf32 = e.e_ident[EI_CLASS] == ELFCLASS32;
	if (elf32)
		widen_header(&e);
	return i < e.e_phnum && e.e_phentsize == segment_size(elf32) && e.e_phoff <= f->size &&
	       !read_segment(f, &e, elf32, i, p);
}

/* What the machine takes it for first; images of either kind are built for all of them. */
static int choose_entry(struct loading *l)
{
	enum entry_is first = l->machine->entry_is_physical ? ENTRY_IS_PHYSICAL : ENTRY_IS_VIRTUAL;
	enum entry_is other = first == ENTRY_IS_PHYSICAL ? ENTRY_IS_VIRTUAL : ENTRY_IS_PHYSICAL;

	if (!l->anything)
		return refuse(l->why, -ENOEXEC, "%s: has no segment to load", l->file->path);
	if (!l->have[first] && !l->have[other])
		return refuse(
			l->why, -ENOEXEC, "%s: its entry 0x%" PRIx64 " is in none of its segments", l->file->path, l->entry);
	l->loaded->entry = l->found[l->have[first] ? first : other];
	return 0;
}

/* An image whose segments are moved apart is one that finds them itself: a kernel with tables of its own. */
static int finish_independent(const struct loading *l, unsigned machine)
{
	struct load_place place = { .file = l->file, .why = l->why, .linked = l->linked, .size = l->linked_end - l->linked };
	const struct ram_slot *slot = ram_find(l->ram, l->linked + l->moved, place.size);

	if (l->moved_apart || l->dynamic.p_type != PT_DYNAMIC)
		return 0;
	if (!slot)
		return refuse_place(l->file, l->ram, l->linked + l->moved, place.size, l->why);
	place.bytes = slot->hva + (l->linked + l->moved - slot->gpa);
	return load_relocate(&place, &l->dynamic, machine);
}

static int refuse_linked_to_0(const struct loading *l)
{
	return refuse(l->why, -ENOSPC,
		"%s: is position-independent and linked to 0, where it cannot be: link it to RAM (ld -Ttext-segment=ADDRESS)",
		l->file->path);
}

int load_elf(const struct load_file *f, const struct load_machine *machine, const struct ram *ram, struct loaded *loaded,
	const struct refusal *why)
{
	struct loading l = { .file = f, .machine = machine, .ram = ram, .why = why, .loaded = loaded };
	Elf64_Ehdr e = { 0 };
	int err;

	*loaded = (struct loaded){ 0 };
	err = read_header(f, machine, &e, &loaded->elf32, why);
	l.entry = machine->entry ? machine->entry : e.e_entry;
	for (unsigned i = 0; !err && i < e.e_phnum; i++) {
		Elf64_Phdr p;

		err = read_segment(f, &e, loaded->elf32, i, &p);
		err = err ? refuse_read(f, err, why) : load_header(&l, &p);
	}
	if (e.e_type == ET_DYN && l.anything && !l.linked && (err == -ENOSPC || loaded->on_reserved))
		return refuse_linked_to_0(&l);
	if (!err)
		err = choose_entry(&l);
	return !err && e.e_type == ET_DYN && !loaded->elf32 ? finish_independent(&l, e.e_machine) : err;
}
