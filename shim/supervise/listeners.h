/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport from outside: SO_REUSEPORT listeners of the programs, and their queues. What is a finding is told at the top of guards/reuseport/outside.c.
 *
 * To be told of each close would make all of them twenty times as slow. So setsockopt(SO_REUSEPORT) is told of, which is rare, and from then on the kernel is asked twenty times a second what listens, and how many wait
 * there (sock_diag: 20 µs); where somebody waits for longer, who does (a walk over all connections of the machine: 1 ms, 3 to 10 with 50,000 of them, and never more than a twentieth of the time).
 * Nothing is asked while no program has such a socket. Before an execve, and a dup2 over one, there is a look of its own.
 */
#ifndef FDG_SUPERVISE_LISTENERS_H
#define FDG_SUPERVISE_LISTENERS_H

#include "supervise/facts.h"
#include "supervise/listener.h"

#define FDG_LISTENERS 1024 /* remembered at once */

/* epoll: where a timer is put, with `data`. */
void fdg_listeners_start(int epoll, uint64_t data);
/* That timer. */
void fdg_listeners_tick(void);

/* It set SO_REUSEPORT, or a BPF program of its own for the group. */
void fdg_listeners_set(struct fdg_process *p, const struct fdg_listener *l);
void fdg_listeners_steered(struct fdg_process *p);
/* It is about to put something in place of fd, or to be another program. */
void fdg_listeners_replacing(const struct fdg_process *p, int fd);
void fdg_listeners_executing(const struct fdg_process *p);
/* It has ended; before it is forgotten. */
void fdg_listeners_ended(const struct fdg_process *p);

#endif
