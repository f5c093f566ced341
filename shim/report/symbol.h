/* SPDX-License-Identifier: MIT */
/*
 * Places in code: address -> object and offset (in this process), object and offset -> symbol (from the file).
 */
#ifndef FDG_REPORT_SYMBOL_H
#define FDG_REPORT_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "report/report.h"

/*
 * Finds the object that holds pc in this process. Async-signal-safe and lock-free (glibc's _dl_find_object). ret->object points into the
 * loader's memory, or is the program's own path (fdg_report_start); a return address is looked up as the call before it.
 */
bool fdg_place_of(const void *pc, struct fdg_place *ret);
/* The way back: the return address in this process. NULL: no such object is loaded here. Walks the loader's list: before the program runs. */
const void *fdg_pc_of(const struct fdg_place *p);
/*
 * Appends "symbol+0x4b" from the file's .symtab, else .dynsym; false, and nothing appended, if it has none. Reads the file in
 * pieces (a mapping of a file that is cut meanwhile would raise SIGBUS); hostile files are no harm.
 */
bool fdg_symbol_of(const struct fdg_place *p, struct fdg_buf *ret);
/* The same within fdg_aside (base/apart.h), for several at a time. */
bool fdg_symbol_read(const struct fdg_place *p, struct fdg_buf *ret);
/*
 * Where the static variable of the program itself (not of a library, whose file may be another by now) that p lies in ends, by the symbols of the running file.
 * *ret_end is NULL if they name none, as in a file that is stripped. False: it could not be read now. Reads the whole table.
 */
bool fdg_variable_end(const void *p, const void **ret_end);
/*
 * The call stack from here, innermost first, without frames of libc and of this library; at most `max`. Returns how many. Uses
 * _Unwind_Backtrace, so only for reports: microseconds, and not in a vfork child.
 */
unsigned fdg_stack(struct fdg_place *ret, unsigned max);
/* The same as return addresses, which stay harmless when the library that they are in is unloaded. */
unsigned fdg_stack_pcs(const void **ret, unsigned max);

#endif
