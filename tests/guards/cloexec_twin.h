// SPDX-License-Identifier: MIT
/* What cloexec-wrong and cloexec-right each write their own way. Non-zero: it failed. */
#ifndef TESTS_GUARDS_CLOEXEC_TWIN_H
#define TESTS_GUARDS_CLOEXEC_TWIN_H

int make_socket(void);
int make_epoll(void);
int make_file(void);
int make_pipe(void);
int make_dup(void);

/* Not inlined, and no tail calls: a report has to name them. */
#define MAKER __attribute__((noinline)) int

extern volatile int made;

#endif
