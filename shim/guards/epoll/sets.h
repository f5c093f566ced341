/* SPDX-License-Identifier: MIT */
/*
 * Epolls that were shared by fork: which of the relatives waits on them? A parent may set up listener and epoll for its children and then close its own copies; what is
 * dead to it is alive to them. A table in memory that fork children share with their parent. Async-signal-safe.
 */
#ifndef FDG_GUARDS_EPOLL_SETS_H
#define FDG_GUARDS_EPOLL_SETS_H

#include <stdbool.h>

#define FDG_SETS 256u

/* In a parent that has an interest list, before its first fork: children share only what was mapped before. */
void fdg_sets_forking(void);
/* A thread begins to wait on epfd. */
void fdg_sets_waits(int epfd);
/* Another process that lives has waited on it. */
bool fdg_sets_used(int epfd);
/* Has any process what is epfd here, under the same number, for what we may know? All of them are looked at. */
bool fdg_sets_somebody_has(int epfd);
/* May that process have what is epfd here, under the same number? True too where we may not look. */
bool fdg_sets_may_have(int epfd, int pid);

#endif
