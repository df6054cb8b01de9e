/* SPDX-License-Identifier: BSD-2-Clause */
/* Images as files bring them, broken in every way: each is refused with its sentence, and none writes outside RAM. No KVM. */
#include "host/linux_image.h"
#include "load_image.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The image, cut to size, is refused with this sentence. */
static void refused_cut(const struct image *image, size_t size, const char *want)
{
	struct ram ram;
	struct loaded loaded;
	char text[200] = "";
	int err;

	new_ram(&ram);
	write_file(image, size);
	err = load(&machine, &ram, &loaded, text, sizeof(text));
	ok(err < 0, "refused: %s", want);
	is_str(text, want, "and in these words");
	ram_close(&ram);
}

static void refused(const struct image *image, const char *want)
{
	refused_cut(image, sizeof(*image), want);
}

static void test_good(void)
{
	struct image image = good_image();
	struct ram ram;
	struct loaded loaded;
	char bytes[16], text[200] = "";

	new_ram(&ram);
	write_file(&image, sizeof(image));
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), 0, "a good image is loaded");
	is_int((int64_t)loaded.entry, CODE_AT + 4, "with its entry");
	ok(!loaded.on_reserved, "and needs nothing reserved");
	is_int(ram_read(&ram, CODE_AT, bytes, 16), 16, "its code can be read");
	ok(!memcmp(bytes, image.code, 16), "and is there");
	is_int(ram_read(&ram, CODE_AT + 0x1000, bytes, 16), 16, "its data can be read");
	ok(!memcmp(bytes, "DATADAT\0\0\0\0\0\0\0\0", 16), "and is followed by zeroes");
	ram_close(&ram);
}

/* The same image with the structs of the other class, for a machine that takes both. */
static void write_image32(unsigned machine_of_file, unsigned phentsize)
{
	struct image wide = good_image();
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment[2];
		uint8_t code[16], data[8];
	} i = { .header = { .e_type = ET_EXEC, .e_entry = CODE_AT + 4, .e_phentsize = phentsize, .e_phnum = 2 } };

	memcpy(i.header.e_ident, wide.header.e_ident, EI_NIDENT);
	i.header.e_ident[EI_CLASS] = ELFCLASS32;
	i.header.e_ident[EI_DATA] = ELFDATA2LSB;
	i.header.e_machine = machine_of_file;
	i.header.e_phoff = (char *)i.segment - (char *)&i;
	for (unsigned n = 0; n < 2; n++) {
		uint8_t *bytes = n ? i.data : i.code;

		i.segment[n].p_type = PT_LOAD;
		i.segment[n].p_offset = (char *)bytes - (char *)&i;
		i.segment[n].p_vaddr = i.segment[n].p_paddr = wide.segment[n].p_paddr;
		i.segment[n].p_filesz = wide.segment[n].p_filesz;
		i.segment[n].p_memsz = wide.segment[n].p_memsz;
	}
	memcpy(i.code, wide.code, sizeof(i.code));
	memcpy(i.data, wide.data, sizeof(i.data));
	write_file(&i, sizeof(i));
}

static void test_elf32(void)
{
	struct load_machine both = machine;
	struct ram ram;
	struct loaded loaded;
	char bytes[16], text[200] = "";

	new_ram(&ram);
	both.elf32_machine = EM_386;
	write_image32(EM_386, sizeof(Elf32_Phdr));
	is_int(load(&both, &ram, &loaded, text, sizeof(text)), 0, "a 32-bit image is loaded where it is taken");
	ok(loaded.elf32 && loaded.entry == CODE_AT + 4, "with its entry, and told to be one");
	is_int(ram_read(&ram, CODE_AT, bytes, 16), 16, "its code can be read");
	ok(!memcmp(bytes, "0123456789abcde", 16), "and is there");
	is_int(ram_read(&ram, CODE_AT + 0x1000, bytes, 16), 16, "its data can be read");
	ok(!memcmp(bytes, "DATADAT\0\0\0\0\0\0\0\0", 16), "and is followed by zeroes");
	load(&machine, &ram, &loaded, text, sizeof(text));
	is_str(text, "guest.elf: built for i386, this machine is x86-64", "refused where it is not");
	write_image32(EM_386, sizeof(Elf64_Phdr));
	load(&both, &ram, &loaded, text, sizeof(text));
	is_str(text, "guest.elf: has no program headers that can be used", "refused with headers of the other class");
	write_image32(EM_X86_64, sizeof(Elf32_Phdr));
	load(&both, &ram, &loaded, text, sizeof(text));
	is_str(text, "guest.elf: not a 64-bit ELF file", "refused: a 32-bit file for the 64-bit machine");
	ram_close(&ram);
}

static void test_entry(void)
{
	struct load_machine physical = machine;
	struct image image = good_image();
	struct ram ram;
	struct loaded loaded;
	char text[200] = "";

	new_ram(&ram);
	physical.entry_is_physical = true;
	image.segment[0].p_vaddr = 0xffff000000000000;
	image.header.e_entry = 0xffff000000000008;
	write_file(&image, sizeof(image));
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), 0, "a virtual entry");
	is_int((int64_t)loaded.entry, CODE_AT + 8, "moves with its segment");
	is_int(load(&physical, &ram, &loaded, text, sizeof(text)), 0, "also where a physical one is looked for first");
	is_int((int64_t)loaded.entry, CODE_AT + 8, "and moves there too");
	image.header.e_entry = CODE_AT;
	write_file(&image, sizeof(image));
	is_int(load(&physical, &ram, &loaded, text, sizeof(text)), 0, "a physical entry");
	is_int((int64_t)loaded.entry, CODE_AT, "is where it says");
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), 0, "also where a virtual one is looked for first");
	is_int((int64_t)loaded.entry, CODE_AT, "and is there too");
	image.segment[0].p_vaddr = CODE_AT + 0x1000;
	image.segment[1].p_vaddr = CODE_AT;
	image.header.e_entry = CODE_AT + 4;
	write_file(&image, sizeof(image));
	load(&physical, &ram, &loaded, text, sizeof(text));
	is_int((int64_t)loaded.entry, CODE_AT + 4, "where it can be either, the machine says which: physical");
	load(&machine, &ram, &loaded, text, sizeof(text));
	is_int((int64_t)loaded.entry, CODE_AT + 0x1004, "or virtual");
	ram_close(&ram);
}

/* A file can ask for many times its size, and for hours of copying. */
static void test_overlaps(void)
{
	struct image *image = calloc(1, RAM_SIZE);
	struct ram ram;
	struct loaded loaded;
	char text[200] = "";

	new_ram(&ram);
	*image = good_image();
	image->segment[0].p_offset = 0;
	image->segment[0].p_filesz = image->segment[0].p_memsz = RAM_SIZE - 0x2000;
	image->segment[1].p_offset = 0;
	image->segment[1].p_filesz = image->segment[1].p_memsz = 0x2000;
	write_file(image, RAM_SIZE);
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), 0, "segments that lie on each other are loaded");
	image->segment[1].p_filesz++;
	image->segment[1].p_memsz++;
	write_file(image, RAM_SIZE);
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), -ENOEXEC, "but no more bytes of them than there is RAM");
	is_str(text, "guest.elf: its segments hold more bytes than the VM has RAM, 0x8000 (--memory)", "with a sentence");
	ram_close(&ram);
	free(image);
}

static void test_reserved(void)
{
	struct image image = good_image();
	struct ram ram;
	struct loaded loaded;
	char text[200] = "";

	new_ram(&ram);
	image.segment[1].p_paddr = RAM_AT + 0xfff;
	write_file(&image, sizeof(image));
	is_int(load(&machine, &ram, &loaded, text, sizeof(text)), 0, "an image on the reserved range is loaded");
	ok(loaded.on_reserved, "and is told to be");
	image.segment[1].p_paddr = RAM_AT + 0x1000;
	write_file(&image, sizeof(image));
	load(&machine, &ram, &loaded, text, sizeof(text));
	ok(!loaded.on_reserved, "one right behind it is not");
	ram_close(&ram);
}

static void test_origin(void)
{
	struct image i = good_image();

	i.header.e_machine = EM_AARCH64;
	refused(&i, "guest.elf: built for aarch64, this machine is x86-64");
	i.header.e_machine = 0xfefe; /* the same in either byte order */
	refused(&i, "guest.elf: built for ELF machine 65278, this machine is x86-64");
	i = good_image();
	i.header.e_ident[EI_CLASS] = ELFCLASS32;
	refused(&i, "guest.elf: not a 64-bit ELF file");
	i = good_image();
	i.header.e_ident[EI_DATA] = OUR_DATA == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
	i.header.e_machine = (Elf64_Half)(EM_X86_64 << 8);
	refused(&i, "guest.elf: its byte order is not this machine's");
	i = good_image();
	i.header.e_ident[0] = 'X';
	refused(&i, "guest.elf: not an ELF file");
}

static void test_shape(void)
{
	struct image i = good_image();

	i.header.e_type = ET_REL;
	refused(&i, "guest.elf: is an object file, not a linked image");
	i.header.e_type = ET_CORE;
	refused(&i, "guest.elf: is a core dump, not a linked image");
	i = good_image();
	i.header.e_phnum = 0;
	refused(&i, "guest.elf: has no program headers that can be used");
	i = good_image();
	i.header.e_phentsize = 32;
	refused(&i, "guest.elf: has no program headers that can be used");
	i = good_image();
	i.header.e_phoff = sizeof(i) - 8;
	refused(&i, "guest.elf: its program headers are outside the file");
	i.header.e_phoff = UINT64_MAX - 8;
	refused(&i, "guest.elf: its program headers are outside the file");
	i = good_image();
	i.segment[0].p_type = PT_INTERP;
	refused(&i, "guest.elf: is dynamically linked, a VM has no loader for it");
	i.segment[0].p_type = i.segment[1].p_type = PT_NOTE;
	refused(&i, "guest.elf: has no segment to load");
	i = good_image();
	i.header.e_entry = CODE_AT + 16;
	refused(&i, "guest.elf: its entry 0x3010 is in none of its segments");
}

static void test_segments(void)
{
	struct image i = good_image();

	i.segment[1].p_offset = sizeof(i) - 7;
	refused(&i, "guest.elf: the segment at 0x4000 is outside the file: is it cut short?");
	i.segment[1].p_offset = UINT64_MAX - 3;
	refused(&i, "guest.elf: the segment at 0x4000 is outside the file: is it cut short?");
	i = good_image();
	i.segment[1].p_filesz = i.segment[1].p_memsz = UINT64_MAX;
	refused(&i, "guest.elf: the segment at 0x4000 is outside the file: is it cut short?");
	i = good_image();
	i.segment[1].p_memsz = 7;
	refused(&i, "guest.elf: the segment at 0x4000 has more bytes in the file than in memory");
	i.segment[1].p_memsz = UINT64_MAX - 0x3fff;
	refused(&i, "guest.elf: the segment at 0x4000 ends beyond all addresses");
	i.segment[1].p_memsz = RAM_SIZE;
	refused(&i, "guest.elf: needs RAM at 0x4000..0xc000, the VM has 0x1000..0x9000 (--memory)");
	i = good_image();
	i.segment[1].p_paddr = RAM_AT + RAM_SIZE - 0xff;
	refused(&i, "guest.elf: needs RAM at 0x8f01..0x9001, the VM has 0x1000..0x9000 (--memory)");
	i.segment[1].p_paddr = RAM_AT - 1;
	refused(&i, "guest.elf: needs RAM at 0xfff..0x10ff, the VM has 0x1000..0x9000 (--memory)");
	i.segment[1].p_paddr = UINT64_MAX - 0xff;
	refused(&i, "guest.elf: the segment at 0xffffffffffffff00 ends beyond all addresses");
}

static void test_cut(void)
{
	struct image i = good_image();

	refused_cut(&i, 0, "guest.elf: not an ELF file");
	refused_cut(&i, 3, "guest.elf: not an ELF file");
	refused_cut(&i, 4, "guest.elf: ends too early");
	refused_cut(&i, sizeof(i.header) - 1, "guest.elf: ends too early");
	refused_cut(&i, sizeof(i.header), "guest.elf: its program headers are outside the file");
	refused_cut(&i, offsetof(struct image, code) - 1, "guest.elf: its program headers are outside the file");
	refused_cut(&i, offsetof(struct image, code), "guest.elf: the segment at 0x3000 is outside the file: is it cut short?");
	refused_cut(&i, sizeof(i) - 1, "guest.elf: the segment at 0x4000 is outside the file: is it cut short?");
}

/* Every byte of the headers, at every value that is likely to hurt: refused or loaded, and nothing else happens. */
static void test_any_byte(void)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff };
	struct ram ram;
	unsigned silent = 0;

	new_ram(&ram);
	for (size_t at = 0; at < offsetof(struct image, code); at++) {
		for (size_t n = 0; n < sizeof(values); n++) {
			struct image image = good_image();
			struct loaded loaded;
			char text[200] = "";

			((uint8_t *)&image)[at] = values[n];
			write_file(&image, sizeof(image));
			if (load(&machine, &ram, &loaded, text, sizeof(text)) && !text[0])
				silent++;
		}
	}
	is_int(silent, 0, "no single wrong byte is refused without a sentence");
	ram_close(&ram);
}

static void refused_open(const char *path, const char *want)
{
	char text[200] = "";
	struct load_file f;

	ok(load_open(&f, path, &(struct refusal){ text, sizeof(text) }) < 0, "cannot be opened: %s", want);
	is_str(text, want, "and in these words");
}

static void test_files(void)
{
	refused_open("missing.elf", "missing.elf: No such file or directory");
	refused_open(".", ".: is a directory, not an image");
	mkfifo("fifo", 0600);
	refused_open("fifo", "fifo: is no regular file, not an image");
	unlink("fifo");
	write_file("", 0);
	chmod(image_name, 0);
	if (geteuid() == 0)
		skip("a file without permission", "root may read everything");
	else
		refused_open(image_name, "guest.elf: Permission denied");
	unlink(image_name);
}

struct linux_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, reserved[3];
	char magic[4];
	uint32_t pe;
};

static int load_linux(const struct linux_header *h, size_t size, uint64_t *entry, uint64_t *end, char *text, size_t text_size)
{
	struct refusal why = { text, text_size };
	struct ram ram;
	struct load_file f;
	int err;

	new_ram(&ram);
	write_file(h, size);
	if (load_open(&f, image_name, &why))
		return -1;
	err = linux_image_is(&f, LINUX_IMAGE_ARM64) ? linux_image_load(&f, &ram, 0x2000, entry, end, &why) : -ENOTSUP;
	load_close(&f);
	ram_close(&ram);
	return err;
}

static void test_linux(void)
{
	struct linux_header h = { .text_offset = 0x100, .image_size = 0x1000, .magic = LINUX_IMAGE_ARM64 };
	uint64_t entry = 0, end = 0;
	char text[200] = "";

	is_int(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)), 0, "a Linux Image is loaded");
	is_int((int64_t)entry, 0x2100, "at its offset");
	is_int((int64_t)end, 0x3100, "with room for its image size");
	h.image_size = 0x7000;
	ok(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)) < 0, "one that needs more RAM is refused");
	is_str(text, "guest.elf: needs RAM at 0x2100..0x9100, the VM has 0x1000..0x9000 (--memory)", "in these words");
	h.image_size = UINT64_MAX - 0x2000;
	ok(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)) < 0, "one that needs all addresses as well");
	is_str(text, "guest.elf: its header asks for memory beyond all addresses", "in these words");
	h = (struct linux_header){ .text_offset = UINT64_MAX, .image_size = 1, .magic = LINUX_IMAGE_ARM64 };
	ok(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)) < 0, "and one with a wild offset");
	h = (struct linux_header){ .image_size = 0x1000, .flags = 1, .magic = LINUX_IMAGE_ARM64 };
	ok(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)) < 0, "and a big-endian one");
	is_int(load_linux(&h, sizeof(h) - 1, &entry, &end, text, sizeof(text)), -ENOTSUP, "half a header is no Image");
	h.magic[0] = 'R';
	is_int(load_linux(&h, sizeof(h), &entry, &end, text, sizeof(text)), -ENOTSUP, "nor is another magic");
}

static void test_ram(void)
{
	struct ram ram;
	char bytes[8] = "";

	new_ram(&ram);
	is_int(ram_read(&ram, RAM_AT - 1, bytes, 2), -EFAULT, "below RAM there is nothing");
	is_int(ram_read(&ram, RAM_AT + RAM_SIZE, bytes, 1), -EFAULT, "nor behind it");
	is_int(ram_write(&ram, UINT64_MAX, bytes, 8), -EFAULT, "nor at the end of all addresses");
	is_int(ram_read(&ram, RAM_AT + RAM_SIZE - 3, bytes, 8), 3, "a read ends with RAM");
	is_int(ram_write(&ram, RAM_AT + RAM_SIZE - 3, bytes, 8), 3, "a write as well");
	ok(!ram_find(&ram, RAM_AT, RAM_SIZE + 1), "no piece is longer than it is");
	ok(ram_find(&ram, RAM_AT, RAM_SIZE), "nor shorter");
	ok(!ram_find(&ram, RAM_AT + 1, UINT64_MAX), "a length that wraps around is in none");
	ram_drop(&ram);
	is_int(ram_read(&ram, RAM_AT, bytes, 1), -EFAULT, "unmapped RAM is not there");
	ram_close(&ram);
}

int main(void)
{
	char dir[] = "/tmp/host_load.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0) {
		printf("Bail out! no directory for files\n");
		return 1;
	}
	test_good();
	test_elf32();
	test_entry();
	test_overlaps();
	test_reserved();
	test_origin();
	test_shape();
	test_segments();
	test_cut();
	test_any_byte();
	test_linux();
	test_ram();
	test_files();
	if (chdir("/") < 0 || rmdir(dir) < 0)
		diag("left behind", dir);
	return done();
}
