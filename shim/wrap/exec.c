// SPDX-License-Identifier: MIT
/*
 * exec and spawn. Each goes through one function: ask guard cloexec (what is meant, what leaks), build the environment on the stack, make the real call, and
 * if it came back put everything as it was.
 *
 * All of it may run in a vfork child, on its parent's stack and in its parent's memory: nothing of ours is written but what lies in this frame, and the
 * close-on-exec flags of descriptors, which are the child's own.
 */
#include "wrap/wrap.h"

#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "wrap/environ.h"
#include "wrap/spawn.h"

enum how { BY_PATH, BY_NAME, BY_FD, AT };

struct call {
	enum how how;
	const char *file;
	int fd, flags;
	char *const *argv;
	char *const *envp;
	const void *site;
};

/*
 * Room for an environment: the stack, up to a size that a small thread's has; else a mapping. A vfork child that execs leaves its mapping to its parent, in
 * the thread-local storage that both use: the next exec of this thread takes it away.
 */
#define ON_STACK 16384u

static _Thread_local struct {
	void *at;
	size_t size;
} left;

static void free_mapping(void)
{
	if (left.at)
		fdg_sys_munmap(left.at, left.size);
	left.at = NULL;
}

static void *mapping(size_t size)
{
	free_mapping();
	left.at = fdg_sys_mmap(size, false);
	left.size = size;
	return left.at;
}

/* The environment to use, or the program's own where there is no room for another. */
#define ENVIRONMENT(e, own) \
	({ \
		void *room_ = !(e).size ? NULL : (e).size <= ON_STACK ? alloca((e).size) : mapping((e).size); \
		(e).size && !room_ ? (char **)(own) : fdg_environ_fill(&(e), room_); \
	})

static int real_exec(const struct call *c, char *const envp[])
{
	switch (c->how) {
	case BY_NAME:
		return real_execvpe(c->file, c->argv, envp);
	case BY_FD:
		return real_fexecve(c->fd, c->argv, envp);
	case AT:
		return real_execveat(c->fd, c->file, c->argv, envp, c->flags);
	case BY_PATH:
	default:
		return real_execve(c->file, c->argv, envp);
	}
}

static bool prepare(struct fdg_exec *x, struct fdg_environ *e, char note[FDG_NOTE_MAX])
{
	struct fdg_buf b = { note, 0, FDG_NOTE_MAX, false };
	bool say = fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_before(x);

	note[0] = '\0';
	if (say)
		fdg_note_write(&x->note, &b);
	fdg_environ_plan(e, x->envp, say ? note : NULL);
	return say;
}

/* A frame of its own: 6 KiB that most execs need not touch. */
__attribute__((noinline)) static int exec_with_note(const struct call *c)
{
	struct fdg_exec x;
	struct fdg_environ e;
	char note[FDG_NOTE_MAX];
	int r;

	x.spawned = false;
	x.file = c->how == BY_FD ? NULL : c->file;
	x.argv = c->argv;
	x.envp = c->envp;
	x.site = c->site;
	x.chosen_count = x.lifted_count = x.told_count = 0;
	prepare(&x, &e, note);
	r = real_exec(c, ENVIRONMENT(e, c->envp));
	/* An environment that was too long with our note may fit without. */
	if (errno == E2BIG && e.note)
		r = real_exec(c, c->envp);
	free_mapping();
	fdg_cloexec_after(&x, true);
	return r;
}

static int exec_it(const struct call *c)
{
	struct fdg_environ e;
	int r;

	if (!fdg_follows())
		return real_exec(c, c->envp);
	if (fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_has_work(0))
		return exec_with_note(c);
	fdg_environ_plan(&e, c->envp, NULL);
	r = real_exec(c, ENVIRONMENT(e, c->envp));
	free_mapping();
	return r;
}

WRAP(int, execve, (const char *path, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, envp, FDG_SITE });
}

WRAP(int, execv, (const char *path, char *const argv[]))
{
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, environ, FDG_SITE });
}

WRAP(int, execvp, (const char *file, char *const argv[]))
{
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, environ, FDG_SITE });
}

WRAP(int, execvpe, (const char *file, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, envp, FDG_SITE });
}

WRAP(int, fexecve, (int fd, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_FD, NULL, fd, 0, argv, envp, FDG_SITE });
}

WRAP(int, execveat, (int dirfd, const char *path, char *const argv[], char *const envp[], int flags))
{
	return exec_it(&(struct call){ AT, path, dirfd, flags, argv, envp, FDG_SITE });
}

/* The list forms: count, then copy to the stack, as libc does. */
#define COLLECT(first, argv, ap) \
	do { \
		size_t n_ = 1, i_; \
		va_start(ap, first); \
		while ((first) && va_arg(ap, char *)) \
			n_++; \
		va_end(ap); \
		argv = alloca((n_ + 1) * sizeof(char *)); \
		va_start(ap, first); \
		argv[0] = (char *)(first); \
		for (i_ = 1; i_ <= n_ && argv[i_ - 1]; i_++) \
			argv[i_] = va_arg(ap, char *); \
	} while (0)

WRAP(int, execl, (const char *path, const char *arg, ...))
{
	va_list ap;
	char **argv;

	COLLECT(arg, argv, ap);
	va_end(ap);
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, environ, FDG_SITE });
}

WRAP(int, execlp, (const char *file, const char *arg, ...))
{
	va_list ap;
	char **argv;

	COLLECT(arg, argv, ap);
	va_end(ap);
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, environ, FDG_SITE });
}

WRAP(int, execle, (const char *path, const char *arg, ...))
{
	va_list ap;
	char **argv;
	char *const *envp;

	COLLECT(arg, argv, ap);
	envp = va_arg(ap, char *const *);
	va_end(ap);
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, envp, FDG_SITE });
}

/* ---- spawn: the child is another process, the mark is lifted here for as long as the call takes ---- */

typedef int spawn_call(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

#define CHOSEN_MAX 32

__attribute__((noinline)) static int spawn_with_note(spawn_call *real, pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
						     const posix_spawnattr_t *attributes, char *const argv[], char *const envp[], const void *site,
						     const int *chosen, unsigned chosen_count)
{
	struct fdg_exec x;
	struct fdg_environ e;
	char note[FDG_NOTE_MAX];
	int r;

	x.spawned = true;
	x.file = file;
	x.argv = argv;
	x.envp = envp;
	x.site = site;
	x.chosen = chosen;
	x.chosen_count = chosen_count;
	x.lifted_count = x.told_count = 0;
	prepare(&x, &e, note);
	r = real(pid, file, actions, attributes, argv, ENVIRONMENT(e, envp));
	if (r == E2BIG && e.note)
		r = real(pid, file, actions, attributes, argv, envp);
	free_mapping();
	fdg_cloexec_after(&x, r != 0);
	return r;
}

static int spawn_it(spawn_call *const *real, pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		    const posix_spawnattr_t *attributes, char *const argv[], char *const envp[], const void *site)
{
	struct fdg_environ e;
	int chosen[CHOSEN_MAX], r;
	unsigned count;

	if (!fdg_follows())
		return (*real)(pid, file, actions, attributes, argv, envp);
	count = actions ? fdg_spawn_targets(actions, chosen, CHOSEN_MAX) : 0;
	if (fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_has_work(count))
		return spawn_with_note(*real, pid, file, actions, attributes, argv, envp, site, chosen, count);
	fdg_environ_plan(&e, envp, NULL);
	r = (*real)(pid, file, actions, attributes, argv, ENVIRONMENT(e, envp));
	free_mapping();
	return r;
}

#define SPAWN(name, call) \
	int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, \
		 char *const argv[], char *const envp[]); \
	__attribute__((visibility("default"))) int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, \
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) \
	{ \
		return spawn_it(&real_##call, pid, file, actions, attributes, argv, envp, FDG_SITE); \
	}

/* libc's old versions run a file that is no program with sh; binaries from before 2012 still ask for them by version. */
#if defined(__x86_64__)
__asm__(".symver fdg_wrap_posix_spawn, posix_spawn@@GLIBC_2.15");
__asm__(".symver fdg_wrap_posix_spawnp, posix_spawnp@@GLIBC_2.15");
__asm__(".symver fdg_wrap_posix_spawn_old, posix_spawn@GLIBC_2.2.5");
__asm__(".symver fdg_wrap_posix_spawnp_old, posix_spawnp@GLIBC_2.2.5");
SPAWN(fdg_wrap_posix_spawn, posix_spawn)
SPAWN(fdg_wrap_posix_spawnp, posix_spawnp)
SPAWN(fdg_wrap_posix_spawn_old, posix_spawn_old)
SPAWN(fdg_wrap_posix_spawnp_old, posix_spawnp_old)
#else
SPAWN(posix_spawn, posix_spawn)
SPAWN(posix_spawnp, posix_spawnp)
#endif

/* ---- a shell, started inside libc ---- */

struct shell {
	struct fdg_exec x;
	struct fdg_environ_window window;
	char *argv[4];
	char note[FDG_NOTE_MAX];
};

static void shell_before(struct shell *s, const char *command, const void *site)
{
	struct fdg_environ e;
	bool say;

	s->argv[0] = (char *)"sh";
	s->argv[1] = (char *)"-c";
	s->argv[2] = (char *)command;
	s->argv[3] = NULL;
	s->x.spawned = true;
	s->x.file = "/bin/sh";
	s->x.argv = s->argv;
	s->x.envp = environ;
	s->x.site = site;
	s->x.chosen_count = s->x.lifted_count = s->x.told_count = 0;
	say = prepare(&s->x, &e, s->note);
	memset(&s->window, 0, sizeof(s->window));
	if (e.size)
		fdg_environ_open(&s->window, say ? s->note : NULL);
}

static void shell_after(struct shell *s, bool failed)
{
	fdg_environ_close(&s->window);
	fdg_cloexec_after(&s->x, failed);
}

WRAP(int, system, (const char *command))
{
	struct shell s;
	int r;

	if (!fdg_follows() || !command)
		return real_system(command);
	shell_before(&s, command, FDG_SITE);
	r = real_system(command);
	shell_after(&s, r == -1);
	return r;
}

WRAP(FILE *, popen, (const char *command, const char *mode))
{
	struct shell s;
	bool force, cloexec;
	FILE *f;

	if (!fdg_follows() || !command || !mode)
		return real_popen(command, mode);
	cloexec = strchr(mode, 'e') != NULL;
	force = fdg_phase_now() == FDG_ACTIVE && (!strcmp(mode, "r") || !strcmp(mode, "w")) && fdg_cloexec_forces(FDG_KIND_PIPE_BIT);
	shell_before(&s, command, FDG_SITE);
	f = real_popen(command, !force ? mode : *mode == 'r' ? "re" : "we");
	shell_after(&s, !f);
	if (f && !fdg_out()) {
		fdg_made(fileno(f), FDG_KINDWORD(PIPE), force, cloexec, FDG_SITE);
		fdg_ledger_flag(fileno(f), FDG_STREAM, 0);
	}
	return f;
}
FDG_TWIN(_IO_popen, popen)

WRAP(int, pclose, (FILE *f))
{
	FDG_PASS(pclose, f);
	fdg_ledger_forget(fileno(f));
	return real_pclose(f);
}

WRAP(int, wordexp, (const char *words, wordexp_t *we, int flags))
{
	struct shell s;
	int r;

	if (!fdg_follows() || !words || flags & WRDE_NOCMD)
		return real_wordexp(words, we, flags);
	shell_before(&s, words, FDG_SITE);
	r = real_wordexp(words, we, flags);
	shell_after(&s, r != 0);
	return r;
}
