// SPDX-License-Identifier: MIT
#include "supervise/look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "options/options.h"
#include "supervise/exec.h"

#include "base/poison.h"

#define PATIENCE_MS 100
#define BUSY_MS 2000 /* more, while it has something to do but no processor */
#define STACK (256u << 10)

/* ---- the look, in the thread ---- */

static bool read_link(const char *path, char ret[PATH_MAX])
{
	long n = fdg_sys_readlink(path, ret, PATH_MAX - 1);

	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* what: "root", "fd/3" */
static bool link_of(int tid, const char *what, char ret[PATH_MAX])
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);

	fdg_fmt(&b, "/proc/%d/%s", tid, what);
	return read_link(path, ret);
}

static bool link_of_descriptor(int pid, int fd, char ret[PATH_MAX])
{
	char what[32];
	struct fdg_buf b = FDG_BUF(what);

	fdg_fmt(&b, "fd/%d", fd);
	return link_of(pid, what, ret);
}

/* A name that does not begin at the root, from the root on. False: where it begins is not below the root. */
static bool from_root(const struct fdg_look *l, char ret[PATH_MAX])
{
	static char root[PATH_MAX], start[PATH_MAX];
	struct fdg_buf b = { ret, 0, PATH_MAX, false };
	bool is_known = l->directory == AT_FDCWD ? link_of(l->tid, "cwd", start) : link_of_descriptor(l->tid, l->directory, start);
	size_t n;

	if (!is_known || !link_of(l->tid, "root", root))
		return false;
	n = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (start[0] != '/' || strncmp(start, root, n) != 0 || (start[n] && start[n] != '/'))
		return false;
	fdg_put(&b, start + n);
	fdg_put(&b, "/");
	fdg_put(&b, l->name);
	return !b.cut;
}

/* A name that says "self" means who says it, not us. */
static bool of_itself(const struct fdg_look *l, char ret[PATH_MAX])
{
	static const char self[] = "/proc/self/";
	struct fdg_buf b = { ret, 0, PATH_MAX, false };

	if (strncmp(l->name, self, sizeof(self) - 1) != 0)
		return false;
	fdg_fmt(&b, "/proc/%d/", l->tid);
	fdg_put(&b, l->name + sizeof(self) - 1);
	return !b.cut;
}

/* By the links of /proc, as they lead from here: a link's own "/" is ours then, not theirs. */
static void by_proc(const struct fdg_look *l, char ret[PATH_MAX])
{
	struct fdg_buf b = { ret, 0, PATH_MAX, false };

	if (of_itself(l, ret))
		return;
	fdg_fmt(&b, "/proc/%d/", l->tid);
	if (l->name[0] == '/')
		fdg_put(&b, "root");
	else if (l->directory == AT_FDCWD)
		fdg_put(&b, "cwd/");
	else
		fdg_fmt(&b, l->name[0] ? "fd/%d/" : "fd/%d", l->directory);
	fdg_put(&b, l->name);
}

static int open_root(int tid)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);

	fdg_fmt(&b, "/proc/%d/root", tid);
	return fdg_sys_open(path, O_PATH | O_CLOEXEC, 0);
}

static void look_at_image(struct fdg_look *l)
{
	static char path[PATH_MAX], itself[PATH_MAX];
	bool is_absolute = l->name[0] == '/' && !of_itself(l, itself);
	int root = is_absolute || (l->name[0] && l->name[0] != '/' && from_root(l, path)) ? open_root(l->tid) : -1;

	if (root >= 0) {
		fdg_image_look_in(root, is_absolute ? l->name : path, &l->image);
		fdg_sys_close(root);
		return;
	}
	by_proc(l, path);
	fdg_image_look_in(-1, path, &l->image);
}

/* A text without #! is refused by the kernel: execvp gives it to a shell then, by another call. */
static bool is_program(const struct fdg_image *f)
{
	return S_ISREG(f->mode) && (f->mode & 0111) && f->kind != FDG_IMAGE_MISSING && (f->kind != FDG_IMAGE_UNKNOWN || f->fd < 0);
}

/* What else the kernel refuses for certain: a finding, or a repair, for a start that fails is one too many. */
static bool is_refused(const struct fdg_image *f)
{
	struct statfs fs;

	if (f->fd < 0)
		return false;
	if (fdg_sys2(SYS_fstatfs, f->fd, &fs) == 0 && (fs.f_flags & ST_NOEXEC))
		return true;
	return (f->kind == FDG_IMAGE_STATIC || f->kind == FDG_IMAGE_DYNAMIC) && f->elf.e_type != ET_EXEC && f->elf.e_type != ET_DYN;
}

/* The file's own name, without links. */
static bool real_name(const char *path, char ret[PATH_MAX])
{
	int fd = fdg_sys_open(path, O_PATH | O_CLOEXEC, 0);
	bool is_known = fd >= 0 && link_of_descriptor(fdg_sys_getpid(), fd, ret);

	if (fd >= 0)
		fdg_sys_close(fd);
	return is_known;
}

static void look(struct fdg_look *l)
{
	struct stat st;

	look_at_image(l);
	l->is_program = is_program(&l->image) && !is_refused(&l->image) && real_name(l->image.program, l->exe) && fdg_sys_stat(l->image.program, &st) == 0;
	if (l->is_program)
		l->file = (struct fdg_identity){ st.st_dev, st.st_ino };
	l->is_go = l->is_program && fdg_metrics_any() && fdg_exec_is_go(l->image.program);
	fdg_image_done(&l->image);
}

/* ---- the thread ---- */

enum { IDLE, ASKED };

static struct fdg_look work;         /* the thread's, while it is ASKED */
static _Atomic uint32_t state;
static atomic_int thread_id;

static void *serve(void *nothing)
{
	atomic_store_explicit(&thread_id, fdg_sys_gettid(), memory_order_relaxed);
	for (;;) {
		while (atomic_load_explicit(&state, memory_order_acquire) != ASKED)
			fdg_sys4(SYS_futex, &state, FUTEX_WAIT_PRIVATE, IDLE, NULL);
		look(&work);
		atomic_store_explicit(&state, IDLE, memory_order_release);
		fdg_sys3(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1);
	}
	return nothing;
}

static bool make_thread(void)
{
	uint64_t all = ~UINT64_C(0), mask;
	pthread_attr_t how;
	pthread_t thread;
	bool is_made;

	if (pthread_attr_init(&how) != 0)
		return false;
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, STACK);
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(all));
	is_made = pthread_create(&thread, &how, serve, NULL) == 0;
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	pthread_attr_destroy(&how);
	return is_made;
}

/* The first one makes it: until then there is nothing that costs. */
static bool has_thread(void)
{
	static bool is_made;

	is_made = is_made || make_thread();
	return is_made;
}

static int64_t now_ms(void)
{
	struct timespec t;

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A machine that is busy is no file system that does not answer: "4711 (fdguard) R" */
static bool is_running(void)
{
	char text[128];
	struct fdg_buf path = FDG_BUF(text);
	int fd, id = atomic_load_explicit(&thread_id, memory_order_relaxed);
	const char *behind;
	long n;

	if (!id) /* it has not begun */
		return true;
	fdg_fmt(&path, "/proc/self/task/%d/stat", id);
	fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	n = fdg_sys_read(fd, text, sizeof(text) - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	behind = strrchr(text, ')');
	return behind && behind[1] == ' ' && behind[2] == 'R';
}

static bool is_done_in_time(void)
{
	int64_t end = now_ms() + PATIENCE_MS, last = end + BUSY_MS, left;
	struct timespec t;

	while (atomic_load_explicit(&state, memory_order_acquire) != IDLE) {
		left = end - now_ms();
		if (left <= 0) {
			if (end > last || !is_running())
				return false;
			end += PATIENCE_MS;
			continue;
		}
		t = (struct timespec){ left / 1000, left % 1000 * 1000000 };
		fdg_sys4(SYS_futex, &state, FUTEX_WAIT_PRIVATE, ASKED, &t);
	}
	return true;
}

bool fdg_look(struct fdg_look *l)
{
	if (atomic_load_explicit(&state, memory_order_acquire) != IDLE || !has_thread())
		return false;
	work = *l;
	atomic_store_explicit(&state, ASKED, memory_order_release);
	fdg_sys3(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1);
	if (!is_done_in_time())
		return false;
	*l = work;
	return true;
}
