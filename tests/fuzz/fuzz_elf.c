// SPDX-License-Identifier: MIT
/* An ELF file from anywhere, as base/elf.h reads it: the input is the file, its last eight bytes are an address as well. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/elf.h"
#include "driver.h"

#define NAMES "\0.note.go.buildid\0.gopclntab\0.shstrtab"

struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment[2];
	struct { Elf64_Nhdr head; char name[4]; char text[8]; } note;
	Elf64_Shdr section[4];
	char names[sizeof(NAMES)];
	uint64_t address;
};

#define AT(member) offsetof(struct image, member)
#define SIZE(member) sizeof(((struct image *)0)->member)

static const struct image image = {
	.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_phoff = AT(segment), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2, .e_shoff = AT(section),
		    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 3 },
	.segment = { { .p_type = PT_LOAD, .p_vaddr = 0x1000, .p_filesz = sizeof(struct image) }, { .p_type = PT_NOTE, .p_offset = AT(note), .p_filesz = SIZE(note), .p_align = 4 } },
	.note = { { 4, 8, 4 }, "Go", "abcdefg" },
	.section = { [1] = { .sh_type = SHT_NOTE, .sh_name = 1, .sh_offset = AT(note), .sh_size = SIZE(note) },
		     [2] = { .sh_type = SHT_PROGBITS, .sh_name = 18, .sh_addr = 0x1100, .sh_offset = AT(note), .sh_size = 8 },
		     [3] = { .sh_type = SHT_STRTAB, .sh_name = 29, .sh_offset = AT(names), .sh_size = SIZE(names) } },
	.names = NAMES,
	.address = 0x1010,
};

const struct fuzz_seed fuzz_seeds[] = { { &image, sizeof(image) }, FUZZ_TEXT("#!/bin/sh\n"), FUZZ_TEXT("\x7f" "ELF\2\1\1") };
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static void look(const struct fdg_elf *e, uint64_t address)
{
	uint64_t at, left;
	Elf64_Phdr p;
	Elf64_Shdr s;

	must(e->segments <= FDG_ELF_SEGMENTS_MAX && e->sections <= FDG_ELF_SECTIONS_MAX);
	for (unsigned i = 0; i < e->sections; i++)
		if (fdg_elf_section(e, i, &s) && s.sh_type != SHT_NOBITS)
			must(s.sh_offset <= e->size && s.sh_size <= e->size - s.sh_offset);
	if (fdg_elf_section_named(e, ".gopclntab", &s))
		must(s.sh_type == SHT_NOBITS || s.sh_size <= e->size);
	if (fdg_elf_offset_of(e, address, &at, &left))
		must(at < e->size && left && left <= e->size - at);
	if (fdg_elf_segment_of_type(e, PT_NOTE, &p))
		must(p.p_type == PT_NOTE);
	fdg_elf_is_go(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	struct fdg_elf e;
	uint64_t address = 0;

	if (fd < 0)
		fd = memfd_create("object", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
	if (n >= sizeof(address))
		memcpy(&address, data + n - sizeof(address), sizeof(address));
	if (fdg_elf_open(&e, fd))
		look(&e, address);
	return 0;
}
