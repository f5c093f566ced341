/* SPDX-License-Identifier: MIT */
/*
 * What a process still has open when it ends: no finding (an exit closes it all), but what `fdguard check --leaks` lists.
 */
#ifndef FDG_GUARDS_CLOEXEC_LEFTOVER_H
#define FDG_GUARDS_CLOEXEC_LEFTOVER_H

#include "base/fmt.h"

/*
 * Appends a JSON array: an object for each kind and place, {"kind":"TCP socket","count":3,"object":"/bin/x","offset":"0x1a2b","symbol":"connect_all+0x4b"}, the
 * places that left most open first. Not listed: 0 to 2, and what the process was started with. Each is compared with the kernel before it is counted. What does not
 * fit is the last element: {"more":N}.
 */
void fdg_leftover_put(struct fdg_buf *b);

#endif
