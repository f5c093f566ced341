// SPDX-License-Identifier: MIT
/* An object file from anywhere: the input is the file, its last eight bytes are an address as well. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "report/elf.h"

enum { CODE = 1, SYMTAB, STRTAB, DYNSYM, SECTIONS };

#define NAMES "\0first\0second\0label\0$x"

struct image {
	Elf64_Ehdr header;
	Elf64_Shdr section[SECTIONS];
	Elf64_Sym symbol[4], dynamic[2];
	char names[sizeof(NAMES)];
	uint64_t address;
};

#define AT(member) offsetof(struct image, member)
#define TABLE(type, member) \
	{ .sh_type = (type), .sh_offset = AT(member), .sh_size = sizeof(((struct image *)0)->member), .sh_entsize = sizeof(Elf64_Sym), .sh_link = STRTAB }
#define SYMBOL(name, type, value, size) { .st_name = (name), .st_info = (type), .st_shndx = CODE, .st_value = (value), .st_size = (size) }

static const struct image image = {
	.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_shoff = AT(section), .e_shentsize = sizeof(Elf64_Shdr),
		    .e_shnum = SECTIONS },
	.section = { [CODE] = { .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = 0x1000, .sh_size = 0x200 },
		     [SYMTAB] = TABLE(SHT_SYMTAB, symbol),
		     [STRTAB] = { .sh_type = SHT_STRTAB, .sh_offset = AT(names), .sh_size = sizeof(NAMES) },
		     [DYNSYM] = TABLE(SHT_DYNSYM, dynamic) },
	.symbol = { [1] = SYMBOL(1, STT_FUNC, 0x1000, 0x40), SYMBOL(7, STT_FUNC, 0x1040, 0), SYMBOL(14, STT_NOTYPE, 0x1080, 8) },
	.dynamic = { [1] = SYMBOL(20, STT_FUNC, 0x1100, 0x80) },
	.names = NAMES,
	.address = 0x1044,
};

const struct fuzz_seed fuzz_seeds[] = {
	{ &image, sizeof(image) },
	FUZZ_TEXT("#!/bin/sh\n"),
	FUZZ_TEXT("\x7f" "ELF\2\1\1"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static void look(int fd, uint64_t address)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);
	bool found = fdg_elf_symbol(fd, address, &b);
	const char *plus = strrchr(text, '+');

	must(found == (b.len > 0) && !b.cut);
	must(!found || (plus && plus > text && plus - text <= (long)FDG_ELF_NAME && strtoull(plus + 1, NULL, 16) <= address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd = -1;
	uint64_t address = 0;

	if (fd < 0)
		fd = memfd_create("object", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
	if (n >= sizeof(address))
		memcpy(&address, data + n - sizeof(address), sizeof(address));
	look(fd, address);
	look(fd, 0x1001);
	return 0;
}
