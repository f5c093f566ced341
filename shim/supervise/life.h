/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's life: from the program's start until nobody runs under its filter any more, which may be long after the first program has ended.
 */
#ifndef FDG_SUPERVISE_LIFE_H
#define FDG_SUPERVISE_LIFE_H

#include <stdnoreturn.h>

#include "supervise/listener.h"

/* A process of its own, made by `program` (its pid), which hands over the listener through `sock`, and to the guardian through the other. */
noreturn void fdg_life(struct fdg_listener *l, int program, int sock, int guardians_sock);

#endif
