/* SPDX-License-Identifier: BSD-2-Clause */
/* Position-independent images: which relocations are done, and what is refused. No KVM. */
#include "load_image.h"

#include <stdlib.h>

/* A position-independent image: its second segment has the table of relocations and the words that they are for. */
struct independent {
	struct image image;
	Elf64_Dyn dynamic[4];
	struct {
		Elf64_Rela rela[2];
		uint64_t word[2];
	} data;
};

#define DATA_AT (CODE_AT + 0x1000)
#define WORD_AT(n) (DATA_AT + offsetof(struct independent, data.word[n]) - offsetof(struct independent, data))

static struct independent independent_image(void)
{
	struct independent i = { .image = good_image(),
		.dynamic = { { DT_RELA, { DATA_AT } }, { DT_RELASZ, { sizeof(i.data.rela) } },
			{ DT_RELAENT, { sizeof(Elf64_Rela) } }, { DT_NULL, { 0 } } },
		.data = { .rela = { { WORD_AT(0), R_X86_64_RELATIVE, CODE_AT + 8 }, { WORD_AT(1), R_X86_64_64, 1 } },
			.word = { 0, 5 } } };
	Elf64_Phdr *segment = i.image.segment;

	i.image.header.e_type = ET_DYN;
	i.image.header.e_phoff = offsetof(struct independent, image.segment);
	segment[0] = (Elf64_Phdr){
		.p_type = PT_DYNAMIC, .p_offset = offsetof(struct independent, dynamic), .p_filesz = sizeof(i.dynamic)
	};
	segment[1].p_offset = offsetof(struct independent, data);
	segment[1].p_filesz = segment[1].p_memsz = sizeof(i.data);
	segment[1].p_vaddr = DATA_AT;
	i.image.header.e_entry = DATA_AT;
	return i;
}

static int load_independent(const struct independent *i, struct ram *ram, char *text, size_t size)
{
	struct loaded loaded;

	new_ram(ram);
	write_file(i, sizeof(*i));
	return load(&machine, ram, &loaded, text, size);
}

static void refused_independent(const struct independent *i, const char *want)
{
	struct ram ram;
	char text[200] = "";

	ok(load_independent(i, &ram, text, sizeof(text)) < 0, "refused: %s", want);
	is_str(text, want, "and in these words");
	ram_close(&ram);
}

static void words_are(const struct independent *i, uint64_t first, uint64_t second, const char *name)
{
	struct ram ram;
	uint64_t words[2] = { 0 };
	char text[200] = "";

	is_int(load_independent(i, &ram, text, sizeof(text)), 0, name);
	ram_read(&ram, i->image.segment[1].p_paddr + WORD_AT(0) - DATA_AT, words, sizeof(words));
	ok(words[0] == first && words[1] == second, "... with 0x%x and 0x%x", (unsigned)words[0], (unsigned)words[1]);
	ram_close(&ram);
}

static void test_independent(void)
{
	struct independent i = independent_image();

	words_are(&i, CODE_AT + 8, 5, "a position-independent image: a relative relocation is done, one by a symbol is not");
	i.image.segment[1].p_vaddr += 0x100000;
	for (unsigned n = 0; n < 2; n++)
		i.data.rela[n].r_offset += 0x100000;
	i.dynamic[0].d_un.d_val += 0x100000;
	words_are(&i, CODE_AT + 8, 5, "one with virtual addresses: where it lies, with what it is linked to");
	i = independent_image();
	i.image.header.e_type = ET_EXEC;
	words_are(&i, 0, 5, "an image that is not position-independent: none is done");
	i = independent_image();
	i.dynamic[0].d_tag = DT_NULL;
	words_are(&i, 0, 5, "one without relocations");
	i = independent_image();
	i.data.rela[0].r_offset = DATA_AT + sizeof(i.data) - 7;
	refused_independent(&i, "guest.elf: its relocation at 0x4039 is outside the image");
	i.data.rela[0].r_offset = UINT64_MAX - 3;
	refused_independent(&i, "guest.elf: its relocation at 0xfffffffffffffffc is outside the image");
	i = independent_image();
	i.dynamic[1].d_un.d_val = sizeof(i.data) + 1;
	refused_independent(&i, "guest.elf: its relocation table at 0x4000 is outside the image");
	i.dynamic[0].d_un.d_val = DATA_AT - 1;
	refused_independent(&i, "guest.elf: its relocation table at 0x3fff is outside the image");
	i = independent_image();
	i.dynamic[2].d_un.d_val = 16;
	refused_independent(&i, "guest.elf: its relocations have 0x10 bytes each");
	i = independent_image();
	i.image.segment[0].p_offset = UINT64_MAX - 1;
	refused_independent(&i, "guest.elf: its dynamic section is outside the file");
	i = independent_image();
	i.image.segment[1].p_vaddr = i.image.segment[1].p_paddr = 0;
	refused_independent(&i, "guest.elf: is position-independent and linked to 0, where it cannot be: link it to RAM (ld "
				"-Ttext-segment=ADDRESS)");
}

int main(void)
{
	char dir[] = "/tmp/host_relocate.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0) {
		printf("Bail out! no directory for files\n");
		return 1;
	}
	test_independent();
	unlink(image_name);
	if (chdir("/") < 0 || rmdir(dir) < 0)
		diag("left behind", dir);
	return done();
}
