// SPDX-License-Identifier: MIT
/*
 * The child's half of guard cloexec: runs once, in the library's constructor, before any code of the program.
 *
 *  1. Read the parent's note, if it was written for this exec.
 *  2. Walk /proc/self/fd from 3 on. Each descriptor is meant (the note says so, our own command line or environment names it, cloexec.allow, a shell parent's
 *     redirection), told (a leak that an ancestor reported), leaked (the note knows who made it) or unnamed.
 *  3. cloexec.inherited=close: close the last three, while nothing in this process can know them yet.
 *  4. Report: cloexec.leaked per kind and site, cloexec.inherited once, cloexec.forced for what the parent's library held back.
 *  5. Enter what stays open in the ledger, so that our own children do not report it again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/judged.h"
#include "base/sys.h"
#include "guards/cloexec/cloexec.h"
#include "guards/cloexec/inherited.h"
#include "guards/cloexec/leak.h"
#include "guards/cloexec/meant.h"
#include "guards/cloexec/naming.h"
#include "guards/reuseport/reuseport.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* Numbers looked at where /proc is not mounted. */
#define BLIND_WALK 4096

static bool is_open(int fd)
{
	return fdg_sys_fcntl(fd, F_GETFD, 0) >= 0;
}

static bool parent_is_shell(struct fdg_child *c)
{
	char exe[256];

	if (c->parent_is_shell >= 0)
		return c->parent_is_shell;
	fdg_inherited_parent(exe);
	c->parent_is_shell = fdg_is_shell(exe);
	return c->parent_is_shell;
}

/* `cmd 3<file` in a shell that we do not guard: single digits, and nothing that a shell does not open. */
static bool is_redirection(struct fdg_child *c, int fd, fdg_kindword kind)
{
	enum fdg_kind k = fdg_kindword_kind(kind);

	return fd <= 9 && (k == FDG_KIND_FILE || k == FDG_KIND_DIR || k == FDG_KIND_DEVICE || k == FDG_KIND_TTY || k == FDG_KIND_PIPE) &&
	       parent_is_shell(c);
}

static void count_kind(struct fdg_child *c, fdg_kindword kind)
{
	unsigned i = 0;

	while (i < c->kinds && c->seen[i].kind != kind)
		i++;
	if (i == FDG_KINDS_SEEN) {
		c->seen[--i].kind = FDG_KIND_UNKNOWN;
	} else if (i == c->kinds) {
		c->seen[c->kinds].kind = kind;
		c->seen[c->kinds++].count = 0;
	}
	c->seen[i].count++;
}

static void keep(int fd, fdg_kindword kind, uint32_t flag)
{
	fdg_ledger_learn(fd, kind, FDG_INHERITED | flag, NULL);
}

/* The same program started again has its listener, and is not to hand it to any other: it is as in the image before, where that knew who made it. */
static void keep_listener(int fd, fdg_kindword kind, const struct fdg_note_group *g)
{
	bool forced = fdg_cloexec_forces(fdg_kind_bit(fdg_kindword_kind(kind))) && fdg_sys_fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;

	fdg_ledger_learn(fd, kind, FDG_INHERITED | (forced ? FDG_FORCED : 0), g->createds ? fdg_pc_of(&g->created[0]) : NULL);
}

/* Leaked, told or unnamed: closed where the user asked for it, else remembered as told. */
static void stranger(int fd, fdg_kindword kind)
{
	if (fdg_inherited_closes())
		fdg_sys_close(fd);
	else
		keep(fd, kind, FDG_TOLD);
}

/* The first few by what /proc calls them. */
static void describe(struct fdg_child *c, int fd)
{
	char path[64], target[128];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (c->unnamed.count >= 4) {
		if (c->unnamed.count == 4 && c->what_text.len)
			fdg_put(&c->what_text, ", …");
		return;
	}
	fdg_fmt(&b, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, target, sizeof(target) - 1);
	if (n <= 0) /* /proc is not mounted */
		return;
	target[n] = '\0';
	fdg_fmt(&c->what_text, c->what_text.len ? ", %d %s" : "%d %s", fd, target);
}

/* Most programs start with nothing above 2, and pay for none of this. */
static void begin(struct fdg_child *c)
{
	c->any = true;
	memset(&c->named, 0, sizeof(c->named));
	memset(&c->unnamed, 0, sizeof(c->unnamed));
	c->kinds = 0;
	c->what_text = (struct fdg_buf)FDG_BUF(c->what);
	c->worst = FDG_LEVEL_NOTE;
	c->named.interesting = is_open;
	c->named.reader = fdg_sys_getpid();
	fdg_named_collect(&c->named, c->argv, c->envp);
}

static void tell_meant(struct fdg_child *c, int fd, fdg_kindword kind, const struct fdg_note_group *g)
{
	if ((g && g->letter != FDG_NOTE_LEAKED) || is_redirection(c, fd, kind))
		return;
	fdg_meant_found(&c->meant, &c->named, c->argv, c->envp, fd, kind, g && g->createds ? &g->created[0] : NULL);
}

/* A crowded group has no kind of its own. */
static void add_leaked(struct fdg_child_told *t, unsigned i, int fd, fdg_kindword kind)
{
	struct fdg_note_group *found = &t->found[i];

	found->kind = !found->count || found->kind == kind ? kind : FDG_KIND_UNKNOWN;
	fdg_note_group_add(found, fd);
	if (fdg_leak_level(kind) > t->worst[i])
		t->worst[i] = fdg_leak_level(kind);
}

/* Of what a parent without our library did, its supervisor knows more, and has told of it. */
static int judgement(struct fdg_child *c)
{
	long r;

	if (c->judged < 0) {
		r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);
		c->judged = r > 0 ? (int)r & (FDG_PROBE_JUDGED | FDG_PROBE_LEAKED) : 0;
	}
	return c->judged;
}

static void one(struct fdg_child *c, int fd)
{
	struct fdg_note_group *g;
	fdg_kindword kind = FDG_KIND_UNKNOWN;
	bool meant;

	/* What is close-on-exec did not come through exec: valgrind's own descriptors, another preload's. */
	if (fd == c->walker || fdg_sys_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC || fdg_kind_ask(fd, &kind) < 0)
		return;
	if (fdg_kindword_kind(kind) == FDG_KIND_SOCKET)
		fdg_reuseport_arrived(fd);
	if (!c->any)
		begin(c);
	g = c->told ? fdg_note_find(&c->told->note, fd) : NULL;
	meant = fdg_named_has(&c->named, fd) || fdg_fdset_has(&fdg_options.cloexec_allow, fd, fdg_kind_bit(fdg_kindword_kind(kind))) ||
		(!g && fdg_named_bats(&c->named, fd, fdg_kindword_kind(kind)));
	if (meant || (g && g->letter == FDG_NOTE_MEANT)) {
		keep(fd, kind, fdg_named_activated(&c->named, fd) ? 0 : FDG_MEANT);
		if (fdg_options.run_exec)
			tell_meant(c, fd, kind, g);
	} else if (g && (g->letter == FDG_NOTE_KEPT || g->letter == FDG_NOTE_AGAIN)) {
		keep_listener(fd, kind, g);
	} else if (g && g->letter == FDG_NOTE_TOLD) {
		stranger(fd, kind);
	} else if (g && fdg_kind_agrees(g->kind, kind)) {
		add_leaked(c->told, (unsigned)(g - c->told->note.group), fd, kind);
		stranger(fd, kind);
	} else if (is_redirection(c, fd, kind) || fdg_options.cloexec_inherited == FDG_INHERITED_KEEP) {
		keep(fd, kind, FDG_MEANT);
	} else if (judgement(c) == FDG_PROBE_JUDGED) {
		keep(fd, kind, FDG_MEANT);
	} else if (judgement(c)) {
		stranger(fd, kind);
	} else {
		describe(c, fd);
		fdg_note_group_add(&c->unnamed, fd);
		if (fdg_leak_level(kind) > c->worst)
			c->worst = fdg_leak_level(kind);
		count_kind(c, kind);
		stranger(fd, kind);
	}
}

static int number_of(const char *name)
{
	int v = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		v = v * 10 + (*name - '0');
	return *name ? -1 : v;
}

/* Numbers that the kernel's smallest descriptor table has. */
#define SMALL_TABLE 64

/*
 * True if nothing above 2 is open, found without /proc, whose first use costs a new process more than all the rest of our start. poll says POLLNVAL for each
 * number that is not open, 3 to 64. Then select, which looks at no number beyond the table, says whether the table is a small one: it refuses fd 64, which is
 * closed (EBADF), only if that number is in the table. A process that had more than 64 descriptors before it exec'd has a bigger one.
 */
static bool nothing_is_open(void)
{
	struct pollfd p[SMALL_TABLE - 2]; /* 3 … SMALL_TABLE */
	const int n = SMALL_TABLE - 2;
	uint64_t set[2] = { 0, 1 }; /* fd 64 */
	struct timespec none = { 0, 0 };

	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = i + 3, .events = 0 };
	if (fdg_sys_poll(p, (unsigned)n, 0) != n)
		return false;
	for (int i = 0; i < n; i++)
		if (p[i].revents != POLLNVAL)
			return false;
	return fdg_sys6(SYS_pselect6, SMALL_TABLE + 1, (long)set, 0, 0, (long)&none, 0) == 0;
}

/* The kernel lists /proc/self/fd by rising number and remembers where it was as a number, so closing on the way is safe. */
static void walk(struct fdg_child *c)
{
	char batch[2048] __attribute__((aligned(8)));
	long n;

	if (nothing_is_open())
		return;
	c->walker = fdg_sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (c->walker < 0) {
		for (int fd = 3; fd < BLIND_WALK; fd++)
			if (is_open(fd))
				one(c, fd);
		return;
	}
	while ((n = fdg_sys3(SYS_getdents64, c->walker, batch, sizeof(batch))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(batch + at);
			int fd = d->d_name[0] == '.' ? -1 : number_of(d->d_name);

			at += d->d_reclen;
			if (fd > 2)
				one(c, fd);
		}
	}
	fdg_sys_close(c->walker);
}

/* Gone, or dead and waiting to be collected: then it is nobody's parent any more. */
static bool is_gone(int pid)
{
	char path[64], stat[512];
	struct fdg_buf b = FDG_BUF(path);
	const char *state;
	long n;
	int fd;

	if (fdg_sys2(SYS_kill, pid, 0) == -ESRCH)
		return true;
	fdg_fmt(&b, "/proc/%d/stat", pid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd == -ENOENT;
	n = fdg_sys_read(fd, stat, sizeof(stat) - 1);
	fdg_sys_close(fd);
	stat[n > 0 ? n : 0] = '\0';
	state = strrchr(stat, ')'); /* behind the name, which can hold anything */
	return state && (state[2] == 'Z' || state[2] == 'X');
}

/* The parent that spawned us may be gone already, or stand outside our pid namespace. */
static bool note_is_for_us(const struct fdg_note *n)
{
	int parent = fdg_sys_getppid();

	if (!n->spawned)
		return n->pid == fdg_sys_getpid();
	return n->pid == parent || parent == 0 || is_gone(n->pid);
}

static void look(struct fdg_child *c)
{
	walk(c);
	fdg_inherited_say(c);
	fdg_meant_write(&c->meant, c->argv);
}

/* A frame of its own: 6 KiB that a start without a note does not touch. */
__attribute__((noinline)) static void look_with_note(struct fdg_child *c, const char *note)
{
	struct fdg_child_told t;

	memset(t.found, 0, sizeof(t.found));
	memset(t.worst, 0, sizeof(t.worst));
	if (fdg_note_read(note, &t.note) && note_is_for_us(&t.note))
		c->told = &t;
	look(c);
}

void fdg_inherited_start(char *const argv[], char *const envp[], const char *note)
{
	struct fdg_child c;

	c.argv = argv;
	c.envp = envp;
	c.told = NULL;
	c.parent_is_shell = -1;
	c.walker = -1;
	c.any = false;
	c.judged = -1;
	c.meant = NULL;
	if (note)
		look_with_note(&c, note);
	else
		look(&c);
}
