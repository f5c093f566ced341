// SPDX-License-Identifier: MIT
#include "report/lost.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "options/options.h"
#include "report/desk.h"
#include "report/report.h"
#include "report/run.h"
#include "report/sink.h"
#include "report/told.h"

#include "base/poison.h"

/* With run.exec=on: shared with forked children, and with the whole tree. */
static _Atomic uint64_t *below;
static struct fdg_lost_tree *tree;

static struct fdg_lost_tree *map_tree_of(int fd)
{
	struct stat st;
	long at;

	if (fdg_sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(*tree))
		return NULL;
	at = fdg_sys6(SYS_mmap, 0, sizeof(*tree), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return fdg_is_err(at) ? NULL : (struct fdg_lost_tree *)at;
}

__attribute__((noinline)) static struct fdg_lost_tree *map_tree(void)
{
	char path[PATH_MAX];
	struct fdg_buf b = FDG_BUF(path);
	struct fdg_lost_tree *at;
	int fd;

	fdg_sink_put_name(&b);
	fdg_put(&b, FDG_LOST_SUFFIX);
	fd = b.cut ? -1 : fdg_sys_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	at = map_tree_of(fd);
	fdg_sys_close(fd);
	return at;
}

void fdg_lost_start(void)
{
	below = NULL;
	tree = NULL;
	if (!fdg_options.run_exec)
		return;
	below = fdg_sys_mmap(sizeof(*below), true);
	tree = fdg_options.log.where == FDG_LOG_FILE ? map_tree() : NULL;
}

/* By the kernel's copy: somebody may have cut the file short, and touching it would be a SIGBUS then. Two at once may count as one. */
void fdg_lost_tell(void)
{
	uint64_t n;

	if (!tree || !fdg_sys_peek(&tree->lines, &n, sizeof(n)))
		return;
	n++;
	fdg_sys_poke(&tree->lines, &n, sizeof(n));
}

void fdg_lost_program(const char *file)
{
	char name[sizeof(tree->program)];
	struct fdg_buf b = FDG_BUF(name);

	if (!tree || !fdg_sys_peek(tree->program, name, 1) || name[0])
		return;
	fdg_put_printable(&b, file, strlen(file));
	fdg_sys_poke(tree->program, name, b.len + 1);
}

static _Atomic uint64_t all; /* of all subjects */

void fdg_lost_count(int r, _Atomic uint64_t *lost)
{
	int none = 0;

	atomic_fetch_add(&all, 1);

	if (below && fdg_run.pid != fdg_sys_getpid()) {
		atomic_fetch_add(below, 1);
		return;
	}
	atomic_compare_exchange_strong(&fdg_run.lost_reason, &none, -r);
	atomic_fetch_add(lost, 1);
}

void fdg_lost_drop(void)
{
	fdg_lost_tell();
	atomic_fetch_add(&fdg_run.dropped, 1);
}

uint64_t fdg_lost_below(void)
{
	return below ? atomic_load(below) : 0;
}

#define MAPS_MAX (1 << 20)

/* Is the process that started this one guarded too? If the log is of no use still when that ends, it says so: of a tree of a thousand processes one sentence is enough. */
static bool has_guarded_parent(void)
{
	static const char name[] = "/libfdguard.so";
	char path[48], *text;
	struct fdg_buf b = FDG_BUF(path);
	size_t n, room;
	bool found;

	fdg_fmt(&b, "/proc/%d/maps", fdg_run_ppid());
	text = fdg_read_all(path, MAPS_MAX, &n, &room);
	if (!text)
		return false;
	found = memmem(text, n, name, sizeof(name) - 1);
	fdg_sys_munmap(text, room);
	return found;
}

static void say_lost(void)
{
	uint64_t lost = atomic_load(&fdg_run.lost);
	char text[1024];
	struct fdg_buf b = FDG_BUF(text);

	if (!lost && (!atomic_load(&fdg_run.lost_run) || has_guarded_parent()))
		return;
	if (lost)
		fdg_put_count(&b, lost);
	fdg_put(&b, lost == 0 ? "the start or end of this run" : lost == 1 ? " finding" : " findings");
	fdg_put(&b, " could not be written to ");
	fdg_sink_put_name(&b);
	fdg_put(&b, ": ");
	fdg_sink_put_reason(&b, atomic_load(&fdg_run.lost_reason));
	fdg_desk_say(text);
}

static void say_dropped(void)
{
	uint64_t dropped = atomic_load(&fdg_run.dropped);
	char text[256];
	struct fdg_buf b = FDG_BUF(text);

	if (!dropped)
		return;
	fdg_put_count(&b, dropped);
	fdg_put(&b, dropped == 1 ? " more finding was" : " more findings were");
	fdg_put(&b, " not written: there were more than ");
	fdg_put_count(&b, FDG_TOLD_MAX);
	fdg_put(&b, " different ones");
	fdg_desk_say(text);
}

uint64_t fdg_report_lost(void)
{
	return atomic_load(&all);
}

void fdg_report_say_lost(bool is_over)
{
	char text[1024];
	struct fdg_buf b = FDG_BUF(text);

	if (is_over) {
		fdg_put_count(&b, atomic_load(&all));
		fdg_put(&b, atomic_load(&all) == 1 ? " line" : " lines");
	} else {
		fdg_put(&b, "a line");
	}
	fdg_put(&b, " could not be written to ");
	fdg_sink_put_name(&b);
	fdg_put(&b, ": ");
	fdg_sink_put_reason(&b, atomic_load(&fdg_run.lost_reason));
	if (!is_over)
		fdg_put(&b, "; how many there were is said when the program has ended");
	fdg_desk_say(text);
}

void fdg_lost_say(void)
{
	say_lost();
	say_dropped();
}
