/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels as files bring them: what a good one becomes in RAM, and each way in which one can be bad, refused with its sentence. No KVM. */
#include "host/bzimage.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM_SIZE 0x800000
#define PREF 0x200000
#define SETUP_SIZE (3 * 512) /* two sectors, and the boot sector */
#define KERNEL_SIZE 0x1000
#define INIT_SIZE 0x5000

static const char image_name[] = "bzImage", initrd_name[] = "initrd";

struct image {
	struct boot_params head; /* of which the file has the beginning */
	uint8_t kernel[KERNEL_SIZE];
};

static struct image good_image(void)
{
	struct image i = { 0 };
	struct boot_params *p = &i.head;

	boot_params_set(p, SETUP_SECTS, 1, 2);
	boot_params_set(p, SETUP_SYSSIZE, 4, KERNEL_SIZE / 16);
	boot_params_set(p, SETUP_BOOT_FLAG, 2, BOOT_FLAG);
	boot_params_set(p, SETUP_JUMP, 2, 0x6aeb);
	boot_params_set(p, SETUP_MAGIC, 4, MAGIC);
	boot_params_set(p, SETUP_VERSION, 2, 0x20f);
	boot_params_set(p, SETUP_LOADFLAGS, 1, 1);
	boot_params_set(p, SETUP_INITRD_MAX, 4, 0x7fffffff);
	boot_params_set(p, SETUP_XLOADFLAGS, 2, 0x7f);
	boot_params_set(p, SETUP_COMMAND_LINE_MAX, 4, 20);
	boot_params_set(p, SETUP_PREF_ADDRESS, 8, PREF);
	boot_params_set(p, SETUP_INIT_SIZE, 4, INIT_SIZE);
	boot_params_set(p, 0x26c, 8, 0x1122334455667788); /* code, behind the header's end */
	memset(i.kernel, 'k', sizeof(i.kernel));
	return i;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		diag("cannot write", name);
	close(fd);
}

static void write_image(const struct image *i, size_t cut)
{
	char bytes[SETUP_SIZE + KERNEL_SIZE];

	memcpy(bytes, i->head.bytes, SETUP_SIZE);
	memcpy(bytes + SETUP_SIZE, i->kernel, KERNEL_SIZE);
	write_file(image_name, bytes, sizeof(bytes) - cut);
}

struct result {
	struct ram ram;
	struct boot_params p;
	uint64_t entry, end;
	char text[200];
};

static const struct linux_boot boot = {
	.append = "quiet",
	.params = 0xa000,
	.command_line = 0xb000,
	.command_line_room = 0x1000,
	.rsdp = 0xe0000,
	.hole = 0xa0000,
	.hole_end = 0x100000,
};

static int load(struct result *r, const struct linux_boot *what)
{
	struct refusal why = { r->text, sizeof(r->text) };
	struct load_file f;
	int err;

	memset(r, 0, sizeof(*r));
	if (ram_open(&r->ram) || ram_map(&r->ram, 0, 0, RAM_SIZE, &why) || ram_map(&r->ram, 1, 1ull << 32, 0x10000, &why))
		diag("no memory", r->text);
	err = load_open(&f, image_name, &why);
	if (err)
		return err;
	err = bzimage_load(&f, &r->ram, &r->p, &r->entry, &r->end, &why);
	if (!err)
		err = boot_params_finish(&r->p, what, &r->ram, r->end, &why);
	load_close(&f);
	return err;
}

static const uint8_t *at(const struct result *r, uint64_t gpa)
{
	return r->ram.slot[0].hva + gpa;
}

static void is_area(const struct result *r, unsigned n, uint64_t start, uint64_t size, unsigned type)
{
	unsigned e = 0x2d0 + 20 * n;

	ok(boot_params_get(&r->p, e, 8) == start && boot_params_get(&r->p, e + 8, 8) == size &&
			boot_params_get(&r->p, e + 16, 4) == type,
		"e820: from 0x%llx on", (unsigned long long)start);
}

static void test_good(void)
{
	struct image i = good_image();
	struct result r;

	write_image(&i, 0);
	if (!is_int(load(&r, &boot), 0, "a good kernel"))
		diag("why", r.text);
	is_int((int64_t)r.entry, PREF + 0x200, "its 64-bit entry");
	is_int((int64_t)r.end, PREF + INIT_SIZE, "and the end of what it needs");
	ok(!memcmp(at(&r, PREF), i.kernel, KERNEL_SIZE), "it is where it prefers to be");
	ok(!memcmp(at(&r, boot.params), r.p.bytes, BOOT_PARAMS_SIZE), "so is the page");
	is_int((int64_t)boot_params_get(&r.p, SETUP_MAGIC, 4), MAGIC, "with the kernel's header");
	is_int((int64_t)boot_params_get(&r.p, 0x26c, 8), 0, "and no more than that");
	is_int((int64_t)boot_params_get(&r.p, SETUP_LOADER, 1), 0xff, "the loader is none that is known");
	is_int((int64_t)boot_params_get(&r.p, 0x70, 8), 0xe0000, "the RSDP");
	is_int((int64_t)boot_params_get(&r.p, SETUP_RAMDISK_SIZE, 4), 0, "no RAM disk");
	is_int((int64_t)boot_params_get(&r.p, SETUP_COMMAND_LINE, 4), 0xb000, "the command line's place");
	is_str((const char *)at(&r, 0xb000), "quiet", "the command line");
	is_int((int64_t)boot_params_get(&r.p, 0x1e8, 1), 4, "e820: four areas");
	is_area(&r, 0, 0, 0xa0000, 1);
	is_area(&r, 1, 0x100000, RAM_SIZE - 0x100000, 1);
	is_area(&r, 2, 1ull << 32, 0x10000, 1);
	is_area(&r, 3, 0xa0000, 0x60000, 2);
	ram_close(&r.ram);
}

static void test_initrd(void)
{
	struct image i = good_image();
	struct linux_boot with = boot;
	struct result r;
	uint64_t start;

	with.initrd = initrd_name;
	write_file(initrd_name, "ramdisk", 7);
	write_image(&i, 0);
	is_int(load(&r, &with), 0, "a kernel with a RAM disk");
	start = boot_params_get(&r.p, SETUP_RAMDISK, 4);
	ok(start >= r.end && start < RAM_SIZE && !memcmp(at(&r, start), "ramdisk", 7), "which is behind the kernel");
	is_int((int64_t)boot_params_get(&r.p, SETUP_RAMDISK_SIZE, 4), 7, "with its size");
	ram_close(&r.ram);

	boot_params_set(&i.head, SETUP_INITRD_MAX, 4, PREF);
	write_image(&i, 0);
	ok(load(&r, &with) < 0 && strstr(r.text, "takes an initial RAM disk up to 0x200001 only"), "too high: %s", r.text);
	ram_close(&r.ram);

	boot_params_set(&i.head, SETUP_INITRD_MAX, 4, 0x7fffffff);
	boot_params_set(&i.head, SETUP_INIT_SIZE, 4, RAM_SIZE - PREF - 4);
	write_image(&i, 0);
	ok(load(&r, &with) < 0 && strstr(r.text, "initrd: needs RAM at 0x800000..0x800007"), "no room: %s", r.text);
	ram_close(&r.ram);
}

static void test_command_line(void)
{
	struct image i = good_image();
	struct linux_boot with = boot;
	struct result r;

	with.append = "12345678901234567890";
	write_image(&i, 0);
	is_int(load(&r, &with), 0, "a command line as long as the kernel takes");
	is_str((const char *)at(&r, 0xb000), with.append, "is there");
	ram_close(&r.ram);
	with.append = "123456789012345678901";
	ok(load(&r, &with) < 0, "a longer one is refused");
	is_str(r.text, "the command line has 21 bytes, and this kernel takes 20", "in these words");
	ram_close(&r.ram);
	with.command_line_room = 10;
	ok(load(&r, &with) < 0 && strstr(r.text, "takes 9"), "nor is there more than its room");
	ram_close(&r.ram);
	with = boot;
	with.append = NULL;
	is_int(load(&r, &with), 0, "none");
	is_str((const char *)at(&r, 0xb000), "", "is an empty one");
	ram_close(&r.ram);
}

/* A good image with another value somewhere. */
static void refused(unsigned where, unsigned size, uint64_t value, const char *want)
{
	struct image i = good_image();
	struct result r;

	boot_params_set(&i.head, where, size, value);
	write_image(&i, 0);
	ok(load(&r, &boot) < 0, "refused: %s", want);
	is_str(r.text, want, "and in these words");
	ram_close(&r.ram);
}

static void test_bad(void)
{
	struct image i = good_image();
	struct result r;

	refused(SETUP_VERSION, 2, 0x20b,
		"bzImage: a kernel of boot protocol 2.11: from 2.12 on (Linux 3.8) it can be started here");
	refused(SETUP_XLOADFLAGS, 2, 0x7e,
		"bzImage: a 32-bit kernel, or one without a 64-bit entry: it cannot be started here");
	refused(SETUP_LOADFLAGS, 1, 0, "bzImage: a zImage, which belongs below 640 KiB: it cannot be started here");
	refused(SETUP_SYSSIZE, 4, 0x20, "bzImage: has no kernel behind its boot code");
	refused(SETUP_SYSSIZE, 4, 0xffffffff,
		"bzImage: is cut short: it has 0x1600 bytes, and by its header there are 0x10000005f0");
	refused(SETUP_SECTS, 1, 0, "bzImage: is cut short: it has 0x1600 bytes, and by its header there are 0x1a00");
	refused(SETUP_PREF_ADDRESS, 8, 0x8000, "bzImage: its header asks for memory at 0x8000, where no kernel can be");
	refused(SETUP_PREF_ADDRESS, 8, UINT64_MAX - 0xfff,
		"bzImage: its header asks for memory at 0xfffffffffffff000, where no kernel can be");
	refused(SETUP_PREF_ADDRESS, 8, 1ull << 32,
		"bzImage: its header asks for memory at 0x100000000, where no kernel can be");
	refused(SETUP_INIT_SIZE, 4, 0xffffffff,
		"bzImage: needs RAM at 0x200000..0x1001fffff, the VM has 0x0..0x800000 and 0x100000000..0x100010000 "
		"(--memory)");

	write_image(&i, 16);
	ok(load(&r, &boot) < 0 && strstr(r.text, "is cut short"), "16 bytes are missing: %s", r.text);
	ram_close(&r.ram);
	write_image(&i, 15);
	ok(!load(&r, &boot), "15 are what the header's size is rounded up by");
	ram_close(&r.ram);
}

static bool is_one(size_t size, unsigned where, unsigned value)
{
	struct image i = good_image();
	char text[200];
	struct load_file f;
	bool is;

	boot_params_set(&i.head, where, 1, value);
	write_image(&i, SETUP_SIZE + KERNEL_SIZE - size);
	if (load_open(&f, image_name, &(struct refusal){ text, sizeof(text) }))
		return false;
	is = bzimage_is(&f);
	load_close(&f);
	return is;
}

static void test_is(void)
{
	ok(is_one(SETUP_SIZE + KERNEL_SIZE, 0, 'M'), "a bzImage is known");
	ok(is_one(SETUP_HEADER_END, 0, 'M'), "also when nothing but its header is there");
	ok(!is_one(SETUP_HEADER_END - 1, 0, 'M'), "but not with less");
	ok(!is_one(SETUP_SIZE + KERNEL_SIZE, SETUP_BOOT_FLAG, 0), "nor without its boot flag");
	ok(!is_one(SETUP_SIZE + KERNEL_SIZE, SETUP_MAGIC, 'h'), "nor without its magic");
	ok(!is_one(0, 0, 0), "an empty file is none");
}

/* What a kernel without a header of its own is given. */
static void test_made(void)
{
	struct result r = { 0 };
	struct refusal why = { r.text, sizeof(r.text) };

	if (ram_open(&r.ram) || ram_map(&r.ram, 0, 0, RAM_SIZE, &why))
		diag("no memory", r.text);
	boot_params_make_header(&r.p);
	is_int(boot_params_finish(&r.p, &boot, &r.ram, PREF, &why), 0, "a kernel without a header");
	is_str((const char *)at(&r, 0xb000), "quiet", "has a command line");
	is_int((int64_t)boot_params_get(&r.p, SETUP_MAGIC, 4), MAGIC, "and a header");
	ram_close(&r.ram);
}

int main(void)
{
	char dir[] = "/tmp/host_bzimage.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	test_good();
	test_initrd();
	test_command_line();
	test_bad();
	test_is();
	test_made();
	unlink(image_name);
	unlink(initrd_name);
	rmdir(dir);
	return done();
}
