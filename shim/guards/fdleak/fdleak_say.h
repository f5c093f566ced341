/* SPDX-License-Identifier: MIT */
#ifndef FDG_GUARDS_FDLEAK_FDLEAK_SAY_H
#define FDG_GUARDS_FDLEAK_FDLEAK_SAY_H

#include "guards/fdleak/fdleak.h"
#include "guards/fdleak/fdleak_curve.h"

/* fdleak.growth, in words. `now` is how many of the class are open now, `total` how many of all. Raw system calls; async-signal-safe. */
void fdg_fdleak_say(enum fdg_fdleak_class class, const struct fdg_rise *rise, uint32_t now, uint32_t total);

#endif
