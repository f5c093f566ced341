// SPDX-License-Identifier: MIT
/*
 * Compiled with -fno-exceptions: then pthread_cleanup_push registers a buffer with libc, and needs no personality routine of the unwinder that is linked into
 * us (which cannot read the contexts of the one that cancels).
 */
#include "wrap/system.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "wrap/real.h"

/* How many calls are under way in this process, and what SIGINT and SIGQUIT did before the first. */
static struct {
	atomic_flag locked;
	int count;
	struct sigaction interrupt, quit;
} calls = { .locked = ATOMIC_FLAG_INIT };

/* A forked child may find it taken for ever: then the lock is no more. */
static void lock(void)
{
	for (int i = 0; i < 1000000 && atomic_flag_test_and_set(&calls.locked); i++)
		;
}

static void unlock(void)
{
	atomic_flag_clear(&calls.locked);
}

struct call {
	pid_t pid;
	int status;
	sigset_t mask;
};

static void ignore_signals(struct call *c, sigset_t *ret_defaults)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t child;

	sigemptyset(&ignore.sa_mask);
	sigemptyset(ret_defaults);
	lock();
	if (calls.count++ == 0) {
		sigaction(SIGINT, &ignore, &calls.interrupt);
		sigaction(SIGQUIT, &ignore, &calls.quit);
	}
	if (calls.interrupt.sa_handler != SIG_IGN)
		sigaddset(ret_defaults, SIGINT);
	if (calls.quit.sa_handler != SIG_IGN)
		sigaddset(ret_defaults, SIGQUIT);
	unlock();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &c->mask);
}

static void restore_signals(const struct call *c)
{
	lock();
	if (--calls.count == 0) {
		sigaction(SIGINT, &calls.interrupt, NULL);
		sigaction(SIGQUIT, &calls.quit, NULL);
	}
	unlock();
	pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
}

static void cancelled(void *p)
{
	struct call *c = p;

	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) == -1 && errno == EINTR)
		;
	restore_signals(c);
}

static void wait_for(struct call *c)
{
	pthread_cleanup_push(cancelled, c);
	while (waitpid(c->pid, &c->status, 0) == -1)
		if (errno != EINTR) {
			c->status = -1;
			break;
		}
	pthread_cleanup_pop(0);
}

int fdg_system(const char *command, char *const envp[], pid_t *ret_child)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	struct call c = { .status = -1 };
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	ignore_signals(&c, &defaults);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &c.mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	error = real_posix_spawn(&c.pid, "/bin/sh", NULL, &attributes, argv, envp);
	posix_spawnattr_destroy(&attributes);
	if (error == 0) {
		*ret_child = c.pid;
		wait_for(&c);
	} else {
		c.status = W_EXITCODE(127, 0);
	}
	restore_signals(&c);
	if (error)
		errno = error;
	return c.status;
}
