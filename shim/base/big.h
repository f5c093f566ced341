/* SPDX-License-Identifier: MIT */
/*
 * For large zeroed tables, of which a process touches little: kept apart, so that what every process writes lies in few pages. A page that is first touched costs
 * a process as much as ten wrapped calls, and a forked child once more.
 */
#ifndef FDG_BASE_BIG_H
#define FDG_BASE_BIG_H

#define FDG_BIG __attribute__((section(".bss.zz_big")))

#endif
