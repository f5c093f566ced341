// SPDX-License-Identifier: MIT
/* A file is made with one segment of notes, one that is loaded and three sections; then cut and damaged at every byte. */
#include "base/elf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 70000 /* more sections than a header can say */

static struct image {
	Elf64_Ehdr h;
	Elf64_Phdr p[2];
	struct { Elf64_Nhdr n; char name[8]; char text[4]; } note[2];
	char names[48];
	char text[64];
	Elf64_Shdr s[4];
} image;
static struct fdg_elf e;
static int fd = -1;

static void fill(void)
{
	memset(&image, 0, sizeof(image));
	memcpy(image.h.e_ident, ELFMAG, SELFMAG);
	image.h.e_ident[EI_CLASS] = ELFCLASS64;
	image.h.e_ident[EI_DATA] = ELFDATA2LSB;
	image.h.e_machine = EM_X86_64;
	image.h.e_phoff = offsetof(struct image, p);
	image.h.e_phentsize = sizeof(Elf64_Phdr);
	image.h.e_phnum = 2;
	image.h.e_shoff = offsetof(struct image, s);
	image.h.e_shentsize = sizeof(Elf64_Shdr);
	image.h.e_shnum = 4;
	image.h.e_shstrndx = 1;
	image.p[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = offsetof(struct image, note), .p_filesz = sizeof(image.note), .p_align = 4 };
	image.p[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct image, text), .p_filesz = sizeof(image.text), .p_vaddr = 0x401000 };
	image.note[0].n = (Elf64_Nhdr){ 4, 8, 3 };
	memcpy(image.note[0].name, "GNU", 4);
	image.note[1].n = (Elf64_Nhdr){ 4, 8, 4 };
	memcpy(image.note[1].name, "Go\0", 4);
	memcpy(image.names, "\0.names\0.text\0.go.buildinfo", 28);
	image.s[1] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_name = 1, .sh_offset = offsetof(struct image, names), .sh_size = 28 };
	image.s[2] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_name = 8, .sh_offset = offsetof(struct image, text), .sh_size = sizeof(image.text), .sh_addr = 0x401000 };
	image.s[3] = (Elf64_Shdr){ .sh_type = SHT_NOBITS, .sh_name = 14, .sh_offset = 1 << 30, .sh_size = 1 << 30 };
}

static bool open_bytes(size_t n)
{
	if (fd >= 0)
		close(fd);
	fd = memfd_create("elf", MFD_CLOEXEC);
	assert_int_equal(write(fd, &image, n), n);
	return fdg_elf_open(&e, fd);
}

static bool open_image(void)
{
	return open_bytes(sizeof(image));
}

static int setup(void **state)
{
	(void)state;
	fill();
	return 0;
}

static void its_header(void **state)
{
	(void)state;
	assert_true(open_image());
	assert_int_equal(e.machine, EM_X86_64);
	assert_int_equal(e.segments, 2);
	assert_int_equal(e.sections, 4);
	image.h.e_ident[EI_CLASS] = ELFCLASS32;
	assert_false(open_image());
	fill();
	image.h.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_false(open_image());
	fill();
	image.h.e_ident[0] = '#';
	assert_false(open_image());
	assert_false(fdg_elf_open(&e, -1));
	assert_false(fdg_elf_open(&e, 0x7fff));
}

static void sections_by_their_names(void **state)
{
	Elf64_Shdr s;

	(void)state;
	assert_true(open_image());
	assert_true(fdg_elf_section_named(&e, ".text", &s));
	assert_int_equal(s.sh_addr, 0x401000);
	assert_false(fdg_elf_section_named(&e, "text", &s));
	assert_false(fdg_elf_section_named(&e, ".tex", &s));
	assert_true(fdg_elf_section_named(&e, ".go.buildinfo", &s)); /* without bytes in the file */
	assert_false(fdg_elf_section(&e, 4, &s));
	image.s[2].sh_size = sizeof(image) + 1;
	assert_true(open_image());
	assert_false(fdg_elf_section_named(&e, ".text", &s)); /* it would end behind the file */
	image.h.e_shstrndx = 7;
	assert_true(open_image());
	assert_false(fdg_elf_section_named(&e, ".go.buildinfo", &s));
}

static void more_sections_than_the_header_can_say(void **state)
{
	Elf64_Shdr s;

	(void)state;
	image.h.e_shnum = 0;
	image.h.e_shstrndx = SHN_XINDEX;
	image.s[0].sh_size = 4;
	image.s[0].sh_link = 1;
	assert_true(open_image());
	assert_true(fdg_elf_section_named(&e, ".text", &s));
	image.s[0].sh_size = MANY;
	assert_true(open_image());
	assert_int_equal(e.sections, FDG_ELF_SECTIONS_MAX);
	assert_true(fdg_elf_section_named(&e, ".text", &s));
	assert_false(fdg_elf_section_named(&e, ".none", &s));
}

static void addresses(void **state)
{
	uint64_t at = 0, left = 0;

	(void)state;
	assert_true(open_image());
	assert_true(fdg_elf_offset_of(&e, 0x401008, &at, &left));
	assert_int_equal(at, offsetof(struct image, text) + 8);
	assert_int_equal(left, sizeof(image.text) - 8);
	assert_false(fdg_elf_offset_of(&e, 0x401000 + sizeof(image.text), &at, &left));
	assert_false(fdg_elf_offset_of(&e, 0x400fff, &at, &left));
	image.p[1].p_filesz = sizeof(image);
	assert_true(open_image());
	assert_false(fdg_elf_offset_of(&e, 0x401008, &at, &left));
}

static void what_go_made(void **state)
{
	(void)state;
	assert_true(open_image());
	assert_true(fdg_elf_has_note(&e, "GNU", 4, 3));
	assert_false(fdg_elf_has_note(&e, "GNU", 4, 4));
	assert_true(fdg_elf_is_go(&e));
	image.h.e_shnum = 0; /* stripped of all sections */
	assert_true(open_image());
	assert_true(fdg_elf_is_go(&e));
	image.note[1].n.n_type = 3;
	assert_true(open_image());
	assert_false(fdg_elf_is_go(&e));
	image.h.e_shnum = 4; /* built without an id */
	assert_true(open_image());
	assert_true(fdg_elf_is_go(&e));
	image.names[15] = 'x';
	assert_true(open_image());
	assert_false(fdg_elf_is_go(&e));
}

static void notes_without_an_end(void **state)
{
	(void)state;
	image.h.e_shnum = 0;
	image.note[0].n.n_descsz = UINT32_MAX;
	assert_true(open_image());
	assert_false(fdg_elf_is_go(&e));
	image.note[0].n = (Elf64_Nhdr){ UINT32_MAX, UINT32_MAX, 3 };
	assert_true(open_image());
	assert_false(fdg_elf_is_go(&e));
	image.p[0].p_offset = UINT64_MAX - 8;
	assert_true(open_image());
	assert_false(fdg_elf_is_go(&e));
}

static void ask_all(void)
{
	uint64_t at, left;
	Elf64_Shdr s;

	fdg_elf_is_go(&e);
	fdg_elf_section_named(&e, ".none", &s);
	if (fdg_elf_offset_of(&e, 0x401008, &at, &left))
		assert_true(at <= e.size && left <= e.size - at);
	for (unsigned i = 0; i < e.sections; i++)
		if (fdg_elf_section(&e, i, &s) && s.sh_type != SHT_NOBITS)
			assert_true(s.sh_offset <= e.size && s.sh_size <= e.size - s.sh_offset);
}

static void files_that_are_cut_or_damaged(void **state)
{
	static const unsigned char values[] = { 0, 0x7f, 0xff };

	(void)state;
	for (size_t n = 0; n < sizeof(image); n++)
		if (open_bytes(n))
			ask_all();
	for (size_t i = EI_NIDENT; i < sizeof(image); i++)
		for (unsigned v = 0; v < sizeof(values); v++) {
			fill();
			((unsigned char *)&image)[i] = values[v];
			assert_true(open_image());
			ask_all();
		}
}

static void what_is_read_is_there(void **state)
{
	char got[8];

	(void)state;
	memcpy(image.text, "0123456789", 10);
	assert_true(open_image());
	assert_true(fdg_elf_read(&e, offsetof(struct image, text), got, 8));
	assert_memory_equal(got, "01234567", 8);
	assert_false(fdg_elf_read(&e, sizeof(image) - 7, got, 8));
	assert_int_equal(fdg_elf_read_some(&e, sizeof(image) - 7, got, 8), 7);
	assert_int_equal(fdg_elf_read_some(&e, UINT64_MAX, got, 8), 0);
	assert_false(fdg_elf_read(&e, UINT64_MAX - 3, got, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(its_header, setup),
		cmocka_unit_test_setup(sections_by_their_names, setup),
		cmocka_unit_test_setup(more_sections_than_the_header_can_say, setup),
		cmocka_unit_test_setup(addresses, setup),
		cmocka_unit_test_setup(what_go_made, setup),
		cmocka_unit_test_setup(notes_without_an_end, setup),
		cmocka_unit_test_setup(files_that_are_cut_or_damaged, setup),
		cmocka_unit_test_setup(what_is_read_is_there, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
