/* SPDX-License-Identifier: MIT */
/*
 * The last include of every file outside wrap/: from here on a bare `close` does not compile. Our own work goes through base/sys.h, which
 * no wrapper and no other preload can see. Macro names of libc's headers that a poisoned name would break are none of our business here:
 * whatever needs them is included before.
 */
#ifndef FDG_BASE_POISON_H
#define FDG_BASE_POISON_H

#ifndef FDG_TEST /* unit tests link libc's functions on purpose */
#include "poison-list.h" /* made from calls.def by CMake */
#endif

#endif
