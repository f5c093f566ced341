/* SPDX-License-Identifier: MIT */
/*
 * The symbol that an address of an ELF file lies in.
 */
#ifndef FDG_REPORT_ELF_H
#define FDG_REPORT_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"

/*
 * Appends "symbol+0x4b" for a virtual address of the file that fd is open on; false, and nothing appended, if the file is no
 * 64-bit ELF file of this machine's byte order, or names nothing there.
 *
 * The file is read, never mapped: a file that is cut off while we look at it would end the program with SIGBUS. At most
 * FDG_ELF_SYMBOLS symbols of a table and FDG_ELF_SECTIONS sections are looked at; of a name that
 * is longer than FDG_ELF_NAME the first FDG_ELF_HEAD bytes are told, then "~" and a hash of the whole of it.
 */
#define FDG_ELF_SYMBOLS (4u << 20)
#define FDG_ELF_SECTIONS 4096u
#define FDG_ELF_NAME 200u
#define FDG_ELF_HEAD (FDG_ELF_NAME - 17)
#define FDG_ELF_LONGEST (1u << 20) /* what is beyond is not looked at */
bool fdg_elf_symbol(int fd, uint64_t address, struct fdg_buf *ret);
/* Where the variable ends that a virtual address lies in; the furthest end, where several names cover it. 0: the file names none there. */
uint64_t fdg_elf_variable_end(int fd, uint64_t address);

#endif
