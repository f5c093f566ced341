/* SPDX-License-Identifier: MIT */
/*
 * An ELF file's header, segments, sections and notes: 64-bit files of this byte order. The file is read in pieces and never mapped, for one that is cut meanwhile would end the process with
 * SIGBUS; and nothing in it is believed: every offset, size and number is compared with the file's length and with the limits below.
 */
#ifndef FDG_BASE_ELF_H
#define FDG_BASE_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDG_ELF_SEGMENTS_MAX 128u
#define FDG_ELF_SECTIONS_MAX 4096u
#define FDG_ELF_NOTES_MAX 64u       /* looked at in a segment */
#define FDG_ELF_SECTION_NAME 64u    /* longer names are none that anybody asks for */

struct fdg_elf {
	int fd;
	uint64_t size; /* of the file */
	uint16_t type, machine;
	uint64_t entry;
	unsigned segments, sections;
	uint64_t segments_at, sections_at;
	uint64_t names_at, names_size; /* of the sections; size 0: there are none */
};

/* fd stays the caller's, and open for as long as e is used. False: it is no such file. */
bool fdg_elf_open(struct fdg_elf *e, int fd);
/* All n bytes at an offset of the file, or false. */
bool fdg_elf_read(const struct fdg_elf *e, uint64_t at, void *ret, size_t n);
/* At most n bytes, as far as the file goes: how many. */
size_t fdg_elf_read_some(const struct fdg_elf *e, uint64_t at, void *ret, size_t n);
bool fdg_elf_segment(const struct fdg_elf *e, unsigned index, Elf64_Phdr *ret);
bool fdg_elf_segment_of_type(const struct fdg_elf *e, uint32_t type, Elf64_Phdr *ret);
/* What it says is within the file, but for SHT_NOBITS. */
bool fdg_elf_section(const struct fdg_elf *e, unsigned index, Elf64_Shdr *ret);
bool fdg_elf_section_named(const struct fdg_elf *e, const char *name, Elf64_Shdr *ret);
/* Where in the file the byte at a virtual address is, and how many follow it in its segment; false: nowhere. */
bool fdg_elf_offset_of(const struct fdg_elf *e, uint64_t address, uint64_t *ret_offset, uint64_t *ret_left);
/* Has it a note of this name, with the zeros that belong to it, and type? */
bool fdg_elf_has_note(const struct fdg_elf *e, const char *name, size_t size, uint32_t type);
/* Made by Go's linker, stripped or not, static, PIE or with cgo. */
bool fdg_elf_is_go(const struct fdg_elf *e);

#endif
