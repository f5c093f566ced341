/* SPDX-License-Identifier: MIT */
#ifndef FDG_WRAP_SPAWN_H
#define FDG_WRAP_SPAWN_H

#include <spawn.h>
#include <stdbool.h>

/* The numbers that these file actions open on purpose in the child (adddup2, addopen), at most `max` of them. Returns how many; 0 where the
 * layout of this libc is not known. */
unsigned fdg_spawn_targets(const posix_spawn_file_actions_t *actions, int *ret_fds, unsigned max);

/* Calls f for each descriptor that one of the actions duplicates. */
void fdg_spawn_sources(const posix_spawn_file_actions_t *actions, void (*f)(int fd));

/* Does one of them close fd? */
bool fdg_spawn_closes(const posix_spawn_file_actions_t *actions, int fd);

#endif
