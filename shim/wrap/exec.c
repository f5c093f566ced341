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
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "guards/closewait/connections.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/stale.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stdio.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/reuseport.h"
#include "options/options.h"
#include "report/report.h"
#include "wrap/environ.h"
#include "wrap/program.h"
#include "wrap/runs.h"
#include "wrap/spawn.h"
#include "wrap/system.h"
#include "wrap/told.h"

enum how { BY_PATH, BY_NAME, BY_FD, AT };

struct call {
	enum how how;
	const char *file;
	int fd, flags;
	char *const *argv;
	char *const *envp;
	const void *site;
	struct fdg_told *told; /* NULL: run.exec is off */
};

/*
 * Room for what an exec or spawn needs: a mapping of its own, since it may be made on a signal stack or a thread's smallest, and there is no heap in a signal handler
 * or a vfork child. A child of vfork that execs leaves its mapping to its parent, in the thread-local storage that both use; it is taken away when vfork returns
 * there.
 */
#define ON_STACK 1024u
#define CHOSEN_MAX 256

struct room {
	struct fdg_exec x;
	struct fdg_environ e;
	char note[FDG_NOTE_MAX];
	int chosen[CHOSEN_MAX];
};

enum { LEFT_MAX = 3 }; /* what is told, the room, the environment */
static _Thread_local struct { void *at; size_t size; } left[LEFT_MAX];

static void *take(size_t size)
{
	void *at = fdg_sys_mmap(size, false);

	for (unsigned i = 0; i < LEFT_MAX && at && fdg_vfork_depth > 0; i++)
		if (!left[i].at) {
			left[i].at = at;
			left[i].size = size;
			break;
		}
	return at;
}

/* The vfork child has exec'd or exited. Called by the entry of vfork and by clone, in the parent. */
void fdg_vfork_returned(int child)
{
	fdg_connection_start();
	fdg_started(child);
	for (unsigned i = 0; i < LEFT_MAX; i++)
		if (left[i].at) {
			fdg_sys_munmap(left[i].at, left[i].size);
			left[i].at = NULL;
		}
}

static void give(void *at, size_t size)
{
	for (unsigned i = 0; i < LEFT_MAX; i++)
		if (left[i].at == at)
			left[i].at = NULL;
	if (at)
		fdg_sys_munmap(at, size);
}

/* The environment to use, or the program's own where there is no room for another; *mapped is to be given back. */
#define ENVIRONMENT(e, own, mapped) \
	({ \
		*(mapped) = (e)->size > ON_STACK ? take((e)->size) : NULL; \
		void *room_ = (e)->size > ON_STACK ? *(mapped) : (e)->size ? alloca((e)->size) : NULL; \
		(e)->size && !room_ ? (char **)(own) : fdg_environ_fill((e), room_); \
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

static bool prepare(struct room *r)
{
	struct fdg_buf b = { r->note, 0, sizeof(r->note), false };
	bool say = fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_before(&r->x);

	if (say)
		fdg_note_write(&r->x.note, &b);
	fdg_environ_plan(&r->e, r->x.envp, say ? r->note : NULL);
	return say;
}

/* Not a text without "#!", which the kernel refuses and a shell goes on with. One that may not be read may be run. */
static bool looks_like_one(const char *path)
{
	char first[4];
	int fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return true;
	n = fdg_sys_read(fd, first, sizeof(first));
	fdg_sys_close(fd);
	return n == sizeof(first) && (memcmp(first, "\177ELF", 4) == 0 || memcmp(first, "#!", 2) == 0);
}

static bool is_program(const char *path)
{
	struct stat st;

	return fdg_sys_stat(path, &st) == 0 && S_ISREG(st.st_mode) && fdg_sys3(SYS_faccessat, AT_FDCWD, path, X_OK) == 0 && looks_like_one(path);
}

/* This image ends here, as far as one can tell before: a shell tries each folder of PATH. A name that libc is to look up there is not judged. */
static bool ends_image(const struct call *c)
{
	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return false;
	if (c->how == BY_PATH || c->how == BY_NAME)
		if (!c->file || !strchr(c->file, '/') || !is_program(c->file))
			return false;
	fdg_sweep_tell_last();
	return fdg_report_exec();
}

/* What is told before the image is gone. The search of PATH tries many a file, and only one that is there is judged. */
static void leave(const struct call *c, const struct fdg_nonblock_given *given)
{
	char *file = fdg_phase_now() == FDG_ACTIVE && !fdg_foreign_memory() ? take(PATH_MAX) : NULL;
	struct fdg_buf b = { file, 0, PATH_MAX, false };

	if (!file)
		return;
	if (c->how == BY_NAME)
		fdg_put_program_in_path(&b, c->file);
	else
		fdg_put_program(&b, c->how == BY_PATH ? AT_FDCWD : c->fd, c->file);
	if (is_program(file)) {
		fdg_nonblock_exec_tell(given);
		if (fdg_stdio_has_work())
			fdg_stdio_leave(file);
		fdg_handover_starting(); /* nobody is started, but an image that takes over what listens */
		if (fdg_reuseport_any() && fdg_runs(file, c->argv, c->envp))
			fdg_reuseport_leaving(true, c->site);
	}
	give(file, PATH_MAX);
}

__attribute__((noinline)) static void tell_bare(struct fdg_told *t, const struct fdg_environ *e)
{
	t->x.error = E2BIG;
	fdg_report_run_exec(&t->x);
	t->x.error = 0;
	fdg_told_bare(t, e);
	fdg_report_run_exec(&t->x);
}

/* An environment that is too long with what we add may fit without. */
static int exec_with(const struct call *c, const struct fdg_environ *e)
{
	void *mapped;
	char **env = ENVIRONMENT(e, c->envp, &mapped);
	struct fdg_nonblock_given given;
	bool ended;
	int r;

	if (!fdg_forked_from)
		fdg_sweep_now(FDG_SWEEP_END);
	ended = (fdg_options.format == FDG_JSON || fdg_metrics_any()) && ends_image(c);
	fdg_nonblock_exec(&given);
	if (given.count || fdg_stdio_has_work() || fdg_reuseport_any())
		leave(c, &given);
	r = real_exec(c, env);
	if (errno == E2BIG && env != c->envp) {
		if (c->told)
			tell_bare(c->told, e);
		r = real_exec(c, c->envp);
	}
	fdg_nonblock_exec_failed(&given);
	fdg_stdio_stay();
	if (ended)
		fdg_report_exec_failed();
	give(mapped, e->size);
	return r;
}

static int exec_with_note(const struct call *c)
{
	struct room *room = take(sizeof(*room));
	int r;

	if (!room)
		return real_exec(c, c->envp);
	room->x.file = c->how == BY_FD ? NULL : c->file;
	room->x.argv = c->argv;
	room->x.envp = c->envp;
	room->x.site = c->site;
	room->x.program_fd = c->how == BY_FD || c->how == AT ? c->fd : -1;
	prepare(room);
	r = exec_with(c, &room->e);
	fdg_cloexec_after(&room->x, true);
	give(room, sizeof(*room));
	return r;
}

static int exec_followed(const struct call *c)
{
	struct fdg_environ e;

	if (fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_has_work(0))
		return exec_with_note(c);
	fdg_environ_plan(&e, c->envp, NULL);
	return exec_with(c, &e);
}

/* A frame of its own: only where run.exec is on. */
__attribute__((noinline)) static int exec_told(const struct call *c)
{
	struct fdg_told *told = take(sizeof(*told));
	struct call telling = *c;
	int r;

	if (!told)
		return exec_followed(c);
	fdg_told_look(told, c->how == BY_PATH ? AT_FDCWD : c->fd, c->file, c->how == BY_NAME, c->argv, c->envp);
	fdg_report_run_exec(&told->x);
	telling.told = told;
	r = exec_followed(&telling);
	told->x.error = errno;
	fdg_report_run_exec(&told->x);
	give(told, sizeof(*told));
	return r;
}

static int exec_it(const struct call *c)
{
	if (!fdg_follows())
		return real_exec(c, c->envp);
	return fdg_options.run_exec ? exec_told(c) : exec_followed(c);
}

int fdg_execve(const char *path, char *const argv[], char *const envp[], const void *site)
{
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, envp, site, NULL });
}

int fdg_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags, const void *site)
{
	return exec_it(&(struct call){ AT, path, dirfd, flags, argv, envp, site, NULL });
}

WRAP(int, execve, (const char *path, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, envp, FDG_SITE, NULL });
}

WRAP(int, execv, (const char *path, char *const argv[]))
{
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, environ, FDG_SITE, NULL });
}

WRAP(int, execvp, (const char *file, char *const argv[]))
{
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, environ, FDG_SITE, NULL });
}

WRAP(int, execvpe, (const char *file, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, envp, FDG_SITE, NULL });
}

WRAP(int, fexecve, (int fd, char *const argv[], char *const envp[]))
{
	return exec_it(&(struct call){ BY_FD, NULL, fd, 0, argv, envp, FDG_SITE, NULL });
}

WRAP(int, execveat, (int dirfd, const char *path, char *const argv[], char *const envp[], int flags))
{
	return exec_it(&(struct call){ AT, path, dirfd, flags, argv, envp, FDG_SITE, NULL });
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
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, environ, FDG_SITE, NULL });
}

WRAP(int, execlp, (const char *file, const char *arg, ...))
{
	va_list ap;
	char **argv;

	COLLECT(arg, argv, ap);
	va_end(ap);
	return exec_it(&(struct call){ BY_NAME, file, -1, 0, argv, environ, FDG_SITE, NULL });
}

WRAP(int, execle, (const char *path, const char *arg, ...))
{
	va_list ap;
	char **argv;
	char *const *envp;

	COLLECT(arg, argv, ap);
	envp = va_arg(ap, char *const *);
	va_end(ap);
	return exec_it(&(struct call){ BY_PATH, path, -1, 0, argv, envp, FDG_SITE, NULL });
}

/* ---- spawn: the child is another process, the mark is lifted here for as long as the call takes ---- */

typedef int spawn_call(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

struct spawn {
	spawn_call *real;
	pid_t *pid;
	const char *file;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
	char *const *argv, *const *envp;
	struct fdg_told *told; /* NULL: run.exec is off */
};

static int real_spawn(const struct spawn *s, char *const envp[])
{
	return s->real(s->pid, s->file, s->actions, s->attributes, s->argv, envp);
}

static bool is_closed_by(const void *actions, int fd)
{
	return fdg_spawn_closes(actions, fd);
}

static int spawn_with(const struct spawn *s, const struct fdg_environ *e)
{
	void *mapped;
	char **env = ENVIRONMENT(e, s->envp, &mapped);
	int r;

	fdg_nonblock_starts(s->actions ? is_closed_by : NULL, s->actions);
	r = real_spawn(s, env);
	if (r == E2BIG && env != s->envp) {
		if (s->told)
			fdg_told_bare(s->told, e);
		r = real_spawn(s, s->envp);
	}
	give(mapped, e->size);
	return r;
}

static int spawn_with_note(const struct spawn *s, const void *site)
{
	struct room *room = take(sizeof(*room));
	int r;

	if (!room)
		return real_spawn(s, s->envp);
	room->x.spawned = true;
	room->x.file = s->file;
	room->x.argv = s->argv;
	room->x.envp = s->envp;
	room->x.site = site;
	room->x.program_fd = -1;
	room->x.chosen = room->chosen;
	room->x.chosen_count = s->actions ? fdg_spawn_targets(s->actions, room->chosen, CHOSEN_MAX) : 0;
	prepare(room);
	r = spawn_with(s, &room->e);
	fdg_cloexec_after(&room->x, r != 0);
	give(room, sizeof(*room));
	return r;
}

static int spawn_followed(const struct spawn *s, const void *site)
{
	struct fdg_environ e;

	if (fdg_phase_now() == FDG_ACTIVE && fdg_cloexec_has_work(s->actions != NULL))
		return spawn_with_note(s, site);
	fdg_environ_plan(&e, s->envp, NULL);
	return spawn_with(s, &e);
}

/* A failed one started nothing, and there is nothing to tell. */
__attribute__((noinline)) static int spawn_told(struct spawn s, bool by_name, const void *site)
{
	pid_t child = -1;
	int r;

	s.told = take(sizeof(*s.told));
	if (!s.told)
		return spawn_followed(&s, site);
	if (!s.pid)
		s.pid = &child;
	fdg_told_look(s.told, AT_FDCWD, s.file, by_name, s.argv, s.envp);
	r = spawn_followed(&s, site);
	s.told->x.child = *s.pid;
	if (r == 0)
		fdg_report_run_exec(&s.told->x);
	give(s.told, sizeof(*s.told));
	return r;
}

static int spawn_it(const struct spawn *s, bool by_name, const void *site)
{
	int r;

	if (!fdg_follows())
		return real_spawn(s, s->envp);
	fdg_connection_start();
	fdg_reuseport_starting();
	if (s->actions)
		fdg_spawn_sources(s->actions, fdg_nonblock_give_up);
	r = fdg_options.run_exec ? spawn_told(*s, by_name, site) : spawn_followed(s, site);
	if (r == 0 && s->pid)
		fdg_started(*s->pid);
	return r;
}

#define SPAWN(name, call, by_name) \
	int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, \
		 char *const argv[], char *const envp[]); \
	__attribute__((visibility("default"))) int name(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, \
		const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) \
	{ \
		return spawn_it(&(struct spawn){ real_##call, pid, file, actions, attributes, argv, envp, NULL }, by_name, FDG_SITE); \
	}

/* libc's old versions run a file that is no program with sh; binaries from before 2012 still ask for them by version. */
#if defined(__x86_64__)
__asm__(".symver fdg_wrap_posix_spawn, posix_spawn@@GLIBC_2.15");
__asm__(".symver fdg_wrap_posix_spawnp, posix_spawnp@@GLIBC_2.15");
__asm__(".symver fdg_wrap_posix_spawn_old, posix_spawn@GLIBC_2.2.5");
__asm__(".symver fdg_wrap_posix_spawnp_old, posix_spawnp@GLIBC_2.2.5");
SPAWN(fdg_wrap_posix_spawn, posix_spawn, false)
SPAWN(fdg_wrap_posix_spawnp, posix_spawnp, true)
SPAWN(fdg_wrap_posix_spawn_old, posix_spawn_old, false)
SPAWN(fdg_wrap_posix_spawnp_old, posix_spawnp_old, true)
#else
SPAWN(posix_spawn, posix_spawn, false)
SPAWN(posix_spawnp, posix_spawnp, true)
#endif

/* ---- a shell, started inside libc ---- */

struct shell {
	struct room room;
	struct fdg_environ_window window;
	char *argv[4];
};

/* NULL: no room, and nothing is done. */
static struct shell *shell_prepare(const char *command, const void *site)
{
	struct shell *s = take(sizeof(*s));
	struct fdg_exec *x = &s->room.x;

	fdg_connection_start();
	if (!s)
		return NULL;
	s->argv[0] = (char *)"sh";
	s->argv[1] = (char *)"-c";
	s->argv[2] = (char *)command;
	x->spawned = true;
	x->file = "/bin/sh";
	x->argv = s->argv;
	x->envp = environ;
	x->site = site;
	x->program_fd = -1;
	prepare(&s->room);
	fdg_nonblock_starts(NULL, NULL);
	return s;
}

/* It was started as the process `child`, or by popen. */
static void tell_shell(int child, FILE *popened)
{
	struct fdg_told *t = fdg_options.run_exec ? take(sizeof(*t)) : NULL;

	if (!t)
		return;
	fdg_told_look(t, AT_FDCWD, "/bin/sh", false, NULL, environ);
	t->x.child = popened ? fdg_told_shell(popened) : child;
	fdg_report_run_exec(&t->x);
	give(t, sizeof(*t));
}

static struct shell *shell_before(const char *command, const void *site)
{
	struct shell *s = shell_prepare(command, site);

	if (s)
		fdg_environ_open(&s->window, &s->room.e);
	return s;
}

/* Not reached when the thread is cancelled in system(): lifted marks stay lifted then, and the room stays mapped. */
static void shell_after(struct shell *s, bool failed)
{
	if (!s)
		return;
	fdg_environ_close(&s->window);
	fdg_cloexec_after(&s->room.x, failed);
	give(s, sizeof(*s));
}

WRAP(int, system, (const char *command))
{
	struct shell *s;
	pid_t child = 0;
	void *mapped;
	char **env;
	int r;

	fdg_reuseport_starting();
	if (!fdg_follows() || !command || !(s = shell_prepare(command, FDG_SITE)))
		return real_system(command);
	if (!s->room.e.add_preload && !s->room.e.add_options && !s->room.e.note && !fdg_options.run_exec) {
		r = real_system(command);
	} else {
		env = ENVIRONMENT(&s->room.e, environ, &mapped);
		r = fdg_system(command, env, &child);
		give(mapped, s->room.e.size);
		if (child)
			tell_shell(child, NULL);
	}
	shell_after(s, r == -1);
	return r;
}

WRAP(FILE *, popen, (const char *command, const char *mode))
{
	struct shell *s;
	bool force, cloexec;
	FILE *f;

	fdg_reuseport_starting();
	if (!fdg_follows() || !command || !mode)
		return real_popen(command, mode);
	cloexec = strchr(mode, 'e') != NULL;
	force = fdg_phase_now() == FDG_ACTIVE && (!strcmp(mode, "r") || !strcmp(mode, "w")) && fdg_cloexec_forces(FDG_KIND_PIPE_BIT);
	s = shell_before(command, FDG_SITE);
	f = real_popen(command, !force ? mode : *mode == 'r' ? "re" : "we");
	shell_after(s, !f);
	if (f)
		tell_shell(-1, f);
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
	fdg_closing(fileno(f), FDG_SITE);
	fdg_ledger_forget(fileno(f));
	return real_pclose(f);
}

WRAP(int, wordexp, (const char *words, wordexp_t *we, int flags))
{
	struct shell *s;
	int r;

	if (!fdg_follows() || !words || flags & WRDE_NOCMD)
		return real_wordexp(words, we, flags);
	s = shell_before(words, FDG_SITE);
	r = real_wordexp(words, we, flags);
	shell_after(s, r != 0);
	return r;
}
