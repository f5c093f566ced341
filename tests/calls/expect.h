/* SPDX-License-Identifier: MIT */
/*
 * For the programs of this folder. Each defines body(), which plays a program that knows of no preload and checks that it gets what POSIX
 * and Linux promise. main.c runs the body as a program, constructor.c from a library's constructor; expect.c holds the helpers.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <errno.h>
#include <stdbool.h>

void body(void);

/* Runs one case: a static void function without arguments, which must leave the same descriptors open that it found. */
#define RUN(one) run_case(#one, one)
/* The same in a forked child, for a case that closes what others need. */
#define RUN_IN_CHILD(one) run_case_in_child(#one, one)

#define EXPECT(condition) expect_true((condition), #condition, __FILE__, __LINE__)
#define SAME(got, want) expect_same((long long)(got), (long long)(want), #got, #want, __FILE__, __LINE__)
/* call returns -1 and errno is error */
#define FAILS(call, error) \
	do { \
		errno = 0; \
		long long fails_ret = (long long)(call); \
		expect_fails(fails_ret, errno, (error), #call, __FILE__, __LINE__); \
	} while (0)
/* call does not return -1, and leaves errno as it was */
#define KEEPS_ERRNO(call) \
	do { \
		errno = 4711; \
		long long keeps_ret = (long long)(call); \
		int keeps_errno = errno; \
		expect_true(keeps_ret != -1, #call, __FILE__, __LINE__); \
		expect_same(keeps_errno, 4711, "errno after " #call, "errno before", __FILE__, __LINE__); \
	} while (0)

bool expect_true(bool ok, const char *what, const char *file, int line);
bool expect_same(long long got, long long want, const char *got_text, const char *want_text, const char *file,
		 int line);
void expect_fails(long long ret, int error, int want, const char *what, const char *file, int line);
int expect_failures(void); /* so far, in this process */
void run_case(const char *name, void (*one)(void));
void run_case_in_child(const char *name, void (*one)(void));
/* Forks, runs one(cookie) in the child, and returns the child's exit status, 128 + N if signal N ended it. */
int in_child(void (*one)(void *), void *cookie);
int wait_for(int pid); /* the exit status, or 128 + signal */

bool is_open(int fd); /* by fstat, which nobody wraps */
int lowest(void);     /* the number that the next descriptor must get */
bool cloexec(int fd); /* what F_GETFD says; a closed descriptor is a failure */
void *nowhere(void);  /* a NULL that compilers cannot see */
int none(void);       /* a -1 likewise */
long bare(long number, long a, long b, long c, long d, long e,
	  long f); /* the kernel's answer (-errno), past every wrapper */
void write_file(const char *path, const char *text, unsigned mode);
/* The whole of a file, in a static buffer. */
const char *read_file(const char *path);

/*
 * What a program that we exec finds out. CHILD is a program of its own, SELF the running one; both take "child" and a question:
 *   has UNARY     exit status 0 if the descriptor is open; its number is told by that many x, because a number may be taken as a hint
 *   number N      the same, told in digits
 *   exit N        exits with N
 *   args A B…     writes argv[0], A, B, … to standard output, one per line
 *   env NAME      writes NAME=value, or NAME alone, to standard output
 *   cat           copies standard input to standard output
 *   signals       exit status 0 if SIGINT and SIGQUIT are at their default and SIGCHLD is not blocked
 */
#define SELF "/proc/self/exe"
extern const char child_path[];
#define CHILD child_path
const char *unary(int fd);             /* a static buffer for each of four calls in turn */
bool child_has(int fd);                /* fork, exec CHILD */
int child_main(int argc, char **argv); /* does "child …", or returns -1 if that is not what argv says */

/* An empty directory, made the current one, and a PATH without surprises; and its removal. */
void scratch_enter(void);
void scratch_leave(void);
/* True if an object whose name ends in $CALLS_NEEDS is loaded, or nothing is needed: a preload that was not found would pass as bare. */
bool preload_is_there(void);

#endif
