/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot and PVH: what an image is told, and headers that are broken in every way, each refused with its sentence. No KVM. */
#include "host/multiboot.h"
#include "host/pvh.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define RAM_SIZE 0x200000
#define CODE_AT 0x100000
#define INFO 0x1000
#define INFO_END 0x7000

static const char image_name[] = "guest.elf";

static const struct load_machine machine = {
	.elf_machine = EM_X86_64, .elf32_machine = EM_386, .entry_is_physical = true, .reserved = INFO, .reserved_end = 0xa000
};

typedef int loader(const struct boot_request *, struct boot_start *, const struct refusal *);

static struct ram ram;
static char sentence[256];
static struct boot_start start;

static void new_ram(void)
{
	char text[100];

	if (ram_open(&ram) || ram_map(&ram, 0, 0, RAM_SIZE, &(struct refusal){ text, sizeof(text) }))
		diag("no memory", text);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		diag("cannot write", name);
	close(fd);
}

/* Loads the file; RAM is there until the next. */
static int load_with(loader *load, const char *append, const char *initrd)
{
	struct boot_request r = {
		.machine = &machine, .ram = &ram, .info = INFO, .info_end = INFO_END, .append = append, .initrd = initrd
	};
	struct refusal why = { sentence, sizeof(sentence) };
	struct load_file f;
	int err = load_open(&f, image_name, &why);

	if (err)
		return err;
	ram_close(&ram);
	new_ram();
	sentence[0] = '\0';
	start = (struct boot_start){ 0 };
	r.file = &f;
	err = load(&r, &start, &why);
	load_close(&f);
	return err;
}

static uint32_t word(uint64_t gpa)
{
	uint32_t value = 0;

	ram_read(&ram, gpa, &value, sizeof(value));
	return value;
}

static const char *text_at(uint64_t gpa)
{
	size_t len = 100;

	return (const char *)ram_at(&ram, gpa, &len);
}

static void refused(loader *load, const void *bytes, size_t size, const char *want)
{
	write_file(image_name, bytes, size);
	ok(load_with(load, NULL, NULL) < 0, "refused: %s", want);
	is_str(sentence, want, "and in these words");
}

/* --- multiboot 1, as a file whose header says where it goes */

struct plain1 {
	uint32_t header[8]; /* magic, flags, checksum, header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr */
	uint8_t code[32];
};

static struct plain1 good1(void)
{
	return (struct plain1){ .header = { 0x1badb002, 0x10003, 0 - (0x1badb002 + 0x10003), CODE_AT, CODE_AT, 0,
					CODE_AT + 0x1000, CODE_AT + 32 },
		.code = "code" };
}

static void test_multiboot(void)
{
	struct plain1 image = good1();

	write_file(image_name, &image, sizeof(image));
	write_file("module", "1234", 4);
	write_file("a,b", "5", 1);
	is_int(load_with(multiboot_load, "a b", "module its text,a,,b"), 0,
		"a multiboot image that says where it goes is loaded");
	is_int((int64_t)start.entry, CODE_AT + 32, "its entry");
	ok(start.eax == 0x2badb002 && start.ebx == INFO, "its registers");
	ok(!memcmp(text_at(CODE_AT + 32), "code", 5), "it is in RAM");
	is_int(word(INFO) & 0x24d, 0x24d, "it is told of memory, command line, modules, map, loader");
	is_str(text_at(word(INFO + 16)), "guest.elf a b", "the command line, with the name in front");
	is_int(word(INFO + 4), 640, "low memory");
	is_int(word(INFO + 8), 1024, "high memory");
	is_int(word(INFO + 20), 2, "two modules");
	ok(word(word(INFO + 24)) == CODE_AT + 0x1000 && word(word(INFO + 24) + 4) == CODE_AT + 0x1004,
		"the first is behind .bss");
	is_str(text_at(word(word(INFO + 24) + 8)), "module its text", "its text");
	ok(!memcmp(text_at(CODE_AT + 0x1000), "1234", 4), "its bytes");
	ok(word(word(INFO + 24) + 16) == CODE_AT + 0x2000, "the second is on the next page");
	is_str(text_at(word(word(INFO + 24) + 24)), "a,b", "its name has a comma");
	is_int(word(INFO + 44), 3 * 24, "three ranges of memory");
	is_int(load_with(multiboot_load, NULL, NULL), 0, "without a command line and modules");
	is_int(word(INFO + 20), 0, "no module");
	ok(load_with(multiboot_load, NULL, "none") < 0, "a module that is not there");
	is_str(sentence, "none: No such file or directory", "is named");
}

static void test_multiboot_refusals(void)
{
	struct plain1 image = good1();

	image.header[1] |= 0x10;
	image.header[2] -= 0x10;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: its multiboot header demands what is not known here (flags 0x10)");
	image = good1();
	refused(multiboot_load, &image, 20, "guest.elf: its multiboot header is cut short");
	image.header[4] = CODE_AT + 4;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: its multiboot header has it loaded from before its first byte");
	image = good1();
	image.header[4] = CODE_AT - 4;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: its multiboot header has it loaded from before its first byte");
	image = good1();
	image.header[5] = CODE_AT + 0x1000;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: its multiboot header has more loaded than there is: is it cut short?");
	image.header[5] = CODE_AT - 1;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: its multiboot header has more loaded than there is: is it cut short?");
	image = good1();
	image.header[6] = CODE_AT + 4;
	refused(multiboot_load, &image, sizeof(image), "guest.elf: its multiboot header has .bss end before what is loaded");
	image = good1();
	image.header[7] = CODE_AT + 0x1000;
	refused(multiboot_load, &image, sizeof(image), "guest.elf: its entry 0x101000 is not in what is loaded");
	image = good1();
	image.header[3] = image.header[4] = 0x8000;
	image.header[7] = 0x8020;
	image.header[6] = 0;
	refused(multiboot_load, &image, sizeof(image), "guest.elf: needs RAM that this machine starts with (0x1000..0xa000)");
	image = good1();
	image.header[6] = 0xffffffff;
	refused(multiboot_load, &image, sizeof(image),
		"guest.elf: needs RAM at 0x100000..0xffffffff, the VM has 0x0..0x200000 (--memory)");
	image = good1();
	image.header[2]++;
	refused(multiboot_load, &image, sizeof(image), "guest.elf: has no multiboot header");
	image = good1();
	image.header[1] = 3;
	image.header[2] = 0 - (0x1badb002 + 3);
	refused(multiboot_load, &image, sizeof(image), "guest.elf: not an ELF file");
}

static void test_long_line(void)
{
	struct plain1 image = good1();
	static char line[INFO_END];

	memset(line, 'x', sizeof(line) - 1);
	write_file(image_name, &image, sizeof(image));
	ok(load_with(multiboot_load, line, NULL) < 0, "a command line that has no room");
	is_str(sentence, "guest.elf: there are only 0x6000 bytes for what it is to be told: is the command line too long?",
		"is refused");
	ok(word(INFO_END) == 0, "and nothing is written behind its place");
}

/* --- multiboot 2, likewise */

struct plain2 {
	uint32_t header[4];
	struct {
		uint16_t type, flags;
		uint32_t size, word[4];
	} address;
	struct {
		uint16_t type, flags;
		uint32_t size, entry, pad;
	} entry;
	struct {
		uint16_t type, flags;
		uint32_t size;
	} end;
	uint8_t code[16];
};

#define HEADER2 ((uint32_t)offsetof(struct plain2, code))

static struct plain2 good2(void)
{
	return (struct plain2){ .header = { 0xe85250d6, 0, HEADER2, 0 - (0xe85250d6 + HEADER2) },
		.address = { 2, 0, 24, { CODE_AT, CODE_AT, 0, 0 } },
		.entry = { 3, 0, 12, CODE_AT + HEADER2, 0 },
		.end = { 0, 0, 8 },
		.code = "code" };
}

/* The tag's address, or 0. */
static uint64_t find_tag(uint32_t type)
{
	uint64_t at = INFO + 8, end = INFO + word(INFO);

	while (at < end && word(at) != type)
		at += (word(at + 4) + 7) & ~7u;
	return at < end ? at : 0;
}

static void test_multiboot2(void)
{
	struct plain2 image = good2();

	write_file(image_name, &image, sizeof(image));
	write_file("module", "1234", 4);
	is_int(load_with(multiboot2_load, "a b", "module its text"), 0, "a multiboot2 image that says where it goes is loaded");
	is_int((int64_t)start.entry, CODE_AT + HEADER2, "its entry");
	ok(start.eax == 0x36d76289 && start.ebx == INFO, "its registers");
	is_str(text_at(find_tag(1) + 8), "a b", "the command line, without the name");
	is_str(text_at(find_tag(3) + 16), "its text", "the module's text");
	ok(word(find_tag(3) + 8) == CODE_AT + 0x1000 && word(find_tag(3) + 12) == CODE_AT + 0x1004, "the module's place");
	is_int(word(find_tag(6) + 4), 16 + 3 * 24, "three ranges of memory");
	ok(find_tag(0) && find_tag(0) + 8 == INFO + word(INFO), "the end is at the end");
	ok(!find_tag(14) && !find_tag(15), "there is no ACPI");
}

static void test_multiboot2_refusals(void)
{
	struct plain2 image = good2();

	image.address.size = 200;
	refused(multiboot2_load, &image, sizeof(image), "guest.elf: its multiboot2 header has a tag that ends outside of it");
	image.address.size = 0;
	refused(multiboot2_load, &image, sizeof(image), "guest.elf: its multiboot2 header has a tag that ends outside of it");
	image.address.size = 16;
	refused(multiboot2_load, &image, sizeof(image), "guest.elf: its multiboot2 header has a tag that is too short");
	image = good2();
	image.end.type = 77;
	refused(multiboot2_load, &image, sizeof(image),
		"guest.elf: its multiboot2 header demands tag 77, which is not known here");
	image.end.flags = 1;
	refused(multiboot2_load, &image, sizeof(image), "guest.elf: its multiboot2 header has no end");
	image = good2();
	image.entry.type = 1;
	image.entry.entry = 99;
	refused(multiboot2_load, &image, sizeof(image),
		"guest.elf: its multiboot2 header demands information 99, which is not known here");
	image.entry.entry = 6;
	refused(multiboot2_load, &image, sizeof(image),
		"guest.elf: its multiboot2 header has addresses, and no entry among them");
	image = good2();
	image.header[1] = 4;
	image.header[3] -= 4;
	refused(multiboot2_load, &image, sizeof(image),
		"guest.elf: its multiboot2 header is for another architecture than i386");
	image = good2();
	refused(multiboot2_load, &image, HEADER2 - 8, "guest.elf: its multiboot2 header is cut short");
	image.entry.entry = CODE_AT + sizeof(image);
	refused(multiboot2_load, &image, sizeof(image), "guest.elf: its entry 0x100050 is not in what is loaded");
}

/* --- PVH */

struct pvh_image {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	uint32_t note[5]; /* sizes of name and descriptor, type, name, descriptor */
	uint8_t code[16];
};

static struct pvh_image good_pvh(void)
{
	struct pvh_image i = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_entry = CODE_AT,
			.e_phoff = offsetof(struct pvh_image, segment),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2 },
		.segment = { { .p_type = PT_LOAD,
				     .p_offset = offsetof(struct pvh_image, code),
				     .p_filesz = 16,
				     .p_memsz = 0x100,
				     .p_vaddr = 0xffffffff80000000 + CODE_AT,
				     .p_paddr = CODE_AT },
			{ .p_type = PT_NOTE, .p_offset = offsetof(struct pvh_image, note), .p_filesz = 20 } },
		.note = { 4, 4, 18, 0, CODE_AT + 8 },
		.code = "code",
	};

	memcpy(&i.note[3], "Xen", 4);
	return i;
}

static void test_pvh(void)
{
	struct pvh_image image = good_pvh();

	write_file(image_name, &image, sizeof(image));
	write_file("module", "1234", 4);
	is_int(load_with(pvh_load, "a b", "module"), 0, "an image with a PVH note is loaded");
	is_int((int64_t)start.entry, CODE_AT + 8, "its entry is that of the note");
	ok(start.ebx == INFO && word(INFO) == 0x336ec578 && word(INFO + 4) == 1, "it is told so");
	is_str(text_at(word(INFO + 24)), "a b", "the command line");
	is_int(word(INFO + 12), 1, "one module");
	ok(word(word(INFO + 16)) == CODE_AT + 0x1000 && word(word(INFO + 16) + 8) == 4, "its place");
	ok(word(INFO + 48) == 3 && word(word(INFO + 40) + 8) == 0xa0000, "the memory map");
	ok(!word(INFO + 32), "there is no ACPI");
}

static bool has_note(const struct pvh_image *image, size_t size)
{
	struct load_file f;
	bool is;

	write_file(image_name, image, size);
	if (load_open(&f, image_name, NULL))
		return false;
	is = pvh_is(&f);
	load_close(&f);
	return is;
}

static void test_pvh_refusals(void)
{
	struct pvh_image image = good_pvh();

	ok(has_note(&image, sizeof(image)), "the note is seen");
	ok(!has_note(&image, offsetof(struct pvh_image, note) + 16), "not one that is cut short");
	image.note[0] = 0xfffffff0;
	ok(!has_note(&image, sizeof(image)), "not one with a name beyond all files");
	image = good_pvh();
	image.note[1] = 0xffffffff;
	ok(!has_note(&image, sizeof(image)), "not one with a descriptor beyond all files");
	image = good_pvh();
	image.segment[1].p_offset = UINT64_MAX - 8;
	ok(!has_note(&image, sizeof(image)), "not notes beyond all files");
	image = good_pvh();
	image.header.e_phoff = UINT64_MAX - 8;
	ok(!has_note(&image, sizeof(image)), "not program headers beyond all files");
	image = good_pvh();
	image.note[4] = CODE_AT + 0x100;
	refused(pvh_load, &image, sizeof(image), "guest.elf: its entry 0x100100 is in none of its segments");
	image.note[4] = 0;
	refused(pvh_load, &image, sizeof(image), "guest.elf: has no PVH entry");
}

int main(void)
{
	char dir[] = "/tmp/host_boot.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		diag("no directory", dir);
	new_ram();
	test_multiboot();
	test_multiboot_refusals();
	test_long_line();
	test_multiboot2();
	test_multiboot2_refusals();
	test_pvh();
	test_pvh_refusals();
	ram_close(&ram);
	unlink(image_name);
	unlink("module");
	unlink("a,b");
	rmdir(dir);
	return done();
}
