/* SPDX-License-Identifier: MIT */
/*
 * How a number changes over time, and does it only rise? Plain memory of its owner's; no clock, no system call.
 *
 * The time is cut into windows, and of each the lowest number is kept, the last FDG_CURVE_POINTS of them. Two windows make one of the next scale, which is twice as long: what is
 * too slow or too uneven to be seen in minutes is seen in hours.
 */
#ifndef FDG_GUARDS_FDLEAK_FDLEAK_CURVE_H
#define FDG_GUARDS_FDLEAK_FDLEAK_CURVE_H

#include <stdbool.h>
#include <stdint.h>

#define FDG_CURVE_POINTS 16u
#define FDG_CURVE_SCALES 12u

struct fdg_curve_point {
	uint64_t ms; /* the window's end */
	uint32_t low;
};

struct fdg_curve {
	struct fdg_curve_scale {
		struct fdg_curve_point point[FDG_CURVE_POINTS]; /* a ring */
		uint32_t windows;                               /* closed until now */
		uint32_t past[2];                               /* the highest of those that left the ring: lately, and before */
	} scale[FDG_CURVE_SCALES];
};

/* point[0] to point[points - 1], each higher than the one before. */
struct fdg_rise {
	struct fdg_curve_point point[FDG_CURVE_POINTS];
	unsigned points;
	uint64_t windows; /* of the first scale, from the begin of the first point's to the end */
};

/* A window is over, at `ms`; its lowest number was `low`. */
void fdg_curve_add(struct fdg_curve *c, uint64_t ms, uint32_t low);
/* Does it only rise? Of several answers the one over the longest time. */
bool fdg_curve_rises(const struct fdg_curve *c, struct fdg_rise *ret);

#endif
