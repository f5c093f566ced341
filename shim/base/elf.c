// SPDX-License-Identifier: MIT
#include "base/elf.h"

#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"

#include "base/poison.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_HERE ELFDATA2LSB
#else
#define BYTE_ORDER_HERE ELFDATA2MSB
#endif

#define GO_BUILD_ID 4 /* of a note "Go" */

static bool is_within(const struct fdg_elf *e, uint64_t at, uint64_t n)
{
	return at <= e->size && n <= e->size - at;
}

bool fdg_elf_read(const struct fdg_elf *e, uint64_t at, void *ret, size_t n)
{
	return is_within(e, at, n) && fdg_sys4(SYS_pread64, e->fd, ret, n, at) == (long)n;
}

size_t fdg_elf_read_some(const struct fdg_elf *e, uint64_t at, void *ret, size_t n)
{
	if (at >= e->size)
		return 0;
	if (n > e->size - at)
		n = e->size - at;
	return fdg_elf_read(e, at, ret, n) ? n : 0;
}

/* Where there are more sections than the header can say, the first one says it; the same of the index of their names. */
static void read_many(struct fdg_elf *e, const Elf64_Ehdr *h, uint64_t *ret_names)
{
	Elf64_Shdr first;
	uint64_t n = h->e_shnum;

	*ret_names = h->e_shstrndx;
	if (h->e_shentsize != sizeof(first) || !h->e_shoff)
		n = 0;
	else if ((!n || *ret_names == SHN_XINDEX) && fdg_elf_read(e, h->e_shoff, &first, sizeof(first))) {
		n = n ? n : first.sh_size;
		*ret_names = *ret_names == SHN_XINDEX ? first.sh_link : *ret_names;
	}
	e->sections = n < FDG_ELF_SECTIONS_MAX ? (unsigned)n : FDG_ELF_SECTIONS_MAX;
	e->sections_at = h->e_shoff;
}

bool fdg_elf_open(struct fdg_elf *e, int fd)
{
	Elf64_Ehdr h;
	Elf64_Shdr names;
	uint64_t index;
	struct stat st;

	*e = (struct fdg_elf){ .fd = fd };
	if (fdg_sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	e->size = (uint64_t)st.st_size;
	if (!fdg_elf_read(e, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != BYTE_ORDER_HERE)
		return false;
	e->type = h.e_type;
	e->machine = h.e_machine;
	e->entry = h.e_entry;
	e->segments_at = h.e_phoff;
	if (h.e_phentsize == sizeof(Elf64_Phdr))
		e->segments = h.e_phnum < FDG_ELF_SEGMENTS_MAX ? h.e_phnum : FDG_ELF_SEGMENTS_MAX;
	read_many(e, &h, &index);
	if (index < e->sections && fdg_elf_section(e, (unsigned)index, &names) && names.sh_type == SHT_STRTAB) {
		e->names_at = names.sh_offset;
		e->names_size = names.sh_size;
	}
	return true;
}

bool fdg_elf_segment(const struct fdg_elf *e, unsigned index, Elf64_Phdr *ret)
{
	return index < e->segments && is_within(e, e->segments_at, 0) && fdg_elf_read(e, e->segments_at + index * sizeof(*ret), ret, sizeof(*ret));
}

bool fdg_elf_segment_of_type(const struct fdg_elf *e, uint32_t type, Elf64_Phdr *ret)
{
	Elf64_Phdr p;

	for (unsigned i = 0; i < e->segments && fdg_elf_segment(e, i, &p); i++)
		if (p.p_type == type) {
			*ret = p;
			return true;
		}
	return false;
}

bool fdg_elf_section(const struct fdg_elf *e, unsigned index, Elf64_Shdr *ret)
{
	Elf64_Shdr s;

	if (index >= e->sections || !is_within(e, e->sections_at, 0) || !fdg_elf_read(e, e->sections_at + index * sizeof(s), &s, sizeof(s)))
		return false;
	if (s.sh_type != SHT_NOBITS && !is_within(e, s.sh_offset, s.sh_size))
		return false;
	*ret = s;
	return true;
}

static bool is_named(const struct fdg_elf *e, const Elf64_Shdr *s, const char *name, size_t n)
{
	char got[FDG_ELF_SECTION_NAME];

	return s->sh_name < e->names_size && n <= e->names_size - s->sh_name && fdg_elf_read(e, e->names_at + s->sh_name, got, n) && memcmp(got, name, n) == 0;
}

bool fdg_elf_section_named(const struct fdg_elf *e, const char *name, Elf64_Shdr *ret)
{
	size_t n = strlen(name) + 1;
	Elf64_Shdr s;

	for (unsigned i = 1; n <= FDG_ELF_SECTION_NAME && e->names_size && i < e->sections; i++)
		if (fdg_elf_section(e, i, &s) && is_named(e, &s, name, n)) {
			*ret = s;
			return true;
		}
	return false;
}

bool fdg_elf_offset_of(const struct fdg_elf *e, uint64_t address, uint64_t *ret_offset, uint64_t *ret_left)
{
	Elf64_Phdr p;

	for (unsigned i = 0; i < e->segments && fdg_elf_segment(e, i, &p); i++) {
		if (p.p_type != PT_LOAD || address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz || !is_within(e, p.p_offset, p.p_filesz))
			continue;
		*ret_offset = p.p_offset + (address - p.p_vaddr);
		*ret_left = p.p_filesz - (address - p.p_vaddr);
		return true;
	}
	return false;
}

static uint64_t padded(uint64_t n, uint64_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static bool segment_has_note(const struct fdg_elf *e, const Elf64_Phdr *p, const char *name, size_t size, uint32_t type)
{
	uint64_t at = p->p_offset, end = p->p_offset + p->p_filesz, align = p->p_align == 8 ? 8 : 4;
	char got[FDG_ELF_SECTION_NAME];
	Elf64_Nhdr n;

	if (!is_within(e, p->p_offset, p->p_filesz))
		return false;
	for (unsigned i = 0; i < FDG_ELF_NOTES_MAX && at < end && fdg_elf_read(e, at, &n, sizeof(n)); i++) {
		if (n.n_type == type && n.n_namesz == size && fdg_elf_read(e, at + sizeof(n), got, size) && memcmp(got, name, size) == 0)
			return true;
		at += padded(sizeof(n) + padded(n.n_namesz, 4), align) + padded(n.n_descsz, align);
	}
	return false;
}

bool fdg_elf_has_note(const struct fdg_elf *e, const char *name, size_t size, uint32_t type)
{
	Elf64_Phdr p;

	for (unsigned i = 0; size <= FDG_ELF_SECTION_NAME && i < e->segments && fdg_elf_segment(e, i, &p); i++)
		if (p.p_type == PT_NOTE && segment_has_note(e, &p, name, size, type))
			return true;
	return false;
}

bool fdg_elf_is_go(const struct fdg_elf *e)
{
	Elf64_Shdr s;

	return fdg_elf_has_note(e, "Go\0", 4, GO_BUILD_ID) || fdg_elf_section_named(e, ".go.buildinfo", &s);
}
