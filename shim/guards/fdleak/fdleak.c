// SPDX-License-Identifier: MIT
/*
 * Guard fdleak: descriptors that only grow in number.
 *
 * The bug. On a path that few requests take, what was opened is not closed:
 *
 *     int fd = open(path, O_RDONLY | O_CLOEXEC);
 *
 *     if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
 *         return -1;                             // fd stays open
 *
 * Days later some other code, which is right, hears EMFILE.
 *
 * Right: close(fd) before that return.
 *
 * What we report. At each sweep the descriptors are counted by kind: those alone that have been open for a whole window (closewait.age), so that what comes and goes with the load is
 * not seen at all. fdleak_curve.c says whether their number only rises. A pool that fills, a server that warms up, and what once was higher and fell back are no growth.
 * The ledger may know of descriptors that were closed behind it: the kernel is asked before anything is said. Said again when the number has doubled.
 *
 * What we do. Nothing: nobody but the program knows what it needs.
 */
#include "guards/fdleak/fdleak.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/fdleak/fdleak_curve.h"
#include "guards/fdleak/fdleak_say.h"
#include "ledger/ledger.h"
#include "options/options.h"

#include "base/poison.h"

#define SLICE 65536u   /* descriptors looked at in one sweep; a process that has more is counted over several */
#define ASKED 2048u    /* descriptors that the kernel is asked about before a finding */
#define OLDEST 0x4000u /* windows that a birth goes back */

/* When a descriptor was first seen. */
struct birth {
	uint16_t generation, window; /* low bits of the entry's, and of `window` */
};

FDG_BIG static struct birth first[FDG_LEDGER_CHUNK];
FDG_BIG static struct birth *chunks[FDG_LEDGER_MAX / FDG_LEDGER_CHUNK]; /* [0] stays unused */

/* Written by who is in. */
FDG_BIG static struct {
	struct fdg_curve curve[FDG_FDLEAK_CLASSES];
	uint32_t all[FDG_FDLEAK_CLASSES], stay[FDG_FDLEAK_CLASSES]; /* of the sample under way, or the last one */
	uint32_t low[FDG_FDLEAK_CLASSES];                            /* in this window */
	uint32_t said[FDG_FDLEAK_CLASSES];
	uint64_t began; /* of this window */
	int cursor;     /* the next one to be counted; 0: a new sample begins */
	int owner;      /* the process whose curves these are */
	uint16_t window;
	bool is_sampled; /* low[] is of this window */
} leak;

static _Atomic int busy; /* pid of the sampler; it may be of a process that this one was forked from meanwhile */

enum fdg_fdleak_class fdg_fdleak_class_of(enum fdg_kind kind)
{
	switch (kind) {
	case FDG_KIND_SOCKET:
		return FDG_FDLEAK_SOCKETS;
	case FDG_KIND_FILE:
	case FDG_KIND_DIR:
	case FDG_KIND_DEVICE:
	case FDG_KIND_TTY:
		return FDG_FDLEAK_FILES;
	case FDG_KIND_PIPE:
		return FDG_FDLEAK_PIPES;
	case FDG_KIND_EPOLL:
		return FDG_FDLEAK_EPOLLS;
	default:
		return FDG_FDLEAK_OTHERS;
	}
}

static enum fdg_fdleak_class class_of(uint32_t state)
{
	return fdg_fdleak_class_of(fdg_kindword_kind(state & FDG_KIND_MASK));
}

static struct birth *find_birth(int fd)
{
	unsigned chunk = (unsigned)fd / FDG_LEDGER_CHUNK;

	if (chunk == 0)
		return &first[fd];
	if (chunk >= FDG_LEDGER_MAX / FDG_LEDGER_CHUNK)
		return NULL;
	if (!chunks[chunk])
		chunks[chunk] = fdg_sys_mmap(FDG_LEDGER_CHUNK * sizeof(struct birth), false);
	return chunks[chunk] ? &chunks[chunk][(unsigned)fd % FDG_LEDGER_CHUNK] : NULL;
}

/* For how many windows has it been open? Learns of those that are new. */
static unsigned windows_of(int fd)
{
	struct birth *b = find_birth(fd);
	uint16_t generation = (uint16_t)fdg_ledger_generation(fd), windows;

	if (!b)
		return 0;
	if (b->generation != generation)
		*b = (struct birth){ generation, leak.window };
	windows = (uint16_t)(leak.window - b->window);
	if (windows > OLDEST)
		b->window = (uint16_t)(leak.window - (windows = OLDEST));
	return windows;
}

/* Seen in the window before the last one, or earlier: open for all of the last one. */
#define STAYS 2u

bool fdg_fdleak_stays(int fd, enum fdg_fdleak_class class, unsigned *ret_windows)
{
	uint32_t state = fdg_ledger_state(fd);

	if (!state || class_of(state) != class)
		return false;
	*ret_windows = windows_of(fd);
	return *ret_windows >= STAYS;
}

static void count(int fd)
{
	uint32_t state = fdg_ledger_state(fd);
	enum fdg_fdleak_class class = class_of(state);

	if (!state) /* closed meanwhile, by another thread */
		return;
	leak.all[class]++;
	leak.stay[class] += windows_of(fd) >= STAYS;
}

/* False: there is more to be counted. */
static bool count_slice(void)
{
	int fd = fdg_ledger_next(leak.cursor);

	for (unsigned i = 0; !leak.cursor && i < FDG_FDLEAK_CLASSES; i++)
		leak.all[i] = leak.stay[i] = 0;
	for (unsigned n = 0; fd >= 0 && n < SLICE; n++, fd = fdg_ledger_next(fd + 1))
		count(fd);
	leak.cursor = fd < 0 ? 0 : fd;
	return fd < 0;
}

static bool is_open(int fd, enum fdg_fdleak_class class)
{
	struct stat st;

	if (fdg_sys_fstat(fd, &st) < 0)
		return false;
	return class == FDG_FDLEAK_SOCKETS ? S_ISSOCK(st.st_mode) : class == FDG_FDLEAK_PIPES ? S_ISFIFO(st.st_mode) : !S_ISSOCK(st.st_mode);
}

/* Are they, as the kernel says? Asks about an even part of them. */
static bool are_open(enum fdg_fdleak_class class)
{
	unsigned step = leak.stay[class] / ASKED + 1, seen = 0, asked = 0, there = 0, windows;

	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (fdg_fdleak_stays(fd, class, &windows) && seen++ % step == 0) {
			asked++;
			there += is_open(fd, class);
		}
	return there * 10 >= asked * 9;
}

static void judge(enum fdg_fdleak_class class)
{
	uint32_t total = 0, last;
	struct fdg_rise rise;

	if (!fdg_curve_rises(&leak.curve[class], &rise))
		return;
	last = rise.point[rise.points - 1].low;
	if (last / 2 < leak.said[class] || !are_open(class))
		return;
	leak.said[class] = last;
	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++)
		total += leak.all[i];
	fdg_fdleak_say(class, &rise, leak.all[class], total);
}

static void close_window(uint64_t now)
{
	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++)
		if (leak.low[i] || leak.curve[i].scale[0].windows) {
			fdg_curve_add(&leak.curve[i], now, leak.low[i]);
			judge((enum fdg_fdleak_class)i);
		}
	leak.window++;
	leak.began = now;
	leak.is_sampled = false;
}

static void take(uint64_t now)
{
	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++)
		if (!leak.is_sampled || leak.stay[i] < leak.low[i])
			leak.low[i] = leak.stay[i];
	leak.is_sampled = true;
	if (now - leak.began >= (uint64_t)fdg_options.closewait_age_ms)
		close_window(now);
}

/* A forked child has a curve of its own: what it came with is where it begins. */
static void begin(int pid, uint64_t now)
{
	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++) {
		leak.curve[i] = (struct fdg_curve){ 0 };
		leak.said[i] = 0;
	}
	leak.owner = pid;
	leak.began = now;
	leak.cursor = 0;
	leak.is_sampled = false;
}

void fdg_fdleak_restart(void)
{
	for (unsigned i = 0; i < FDG_LEDGER_CHUNK; i++)
		first[i] = (struct birth){ 0, 0 };
	leak.owner = 0;
}

void fdg_fdleak_sample(uint64_t now)
{
	int pid, seen = 0;

	if (fdg_options.fdleak == FDG_OFF || fdg_foreign_memory())
		return;
	pid = fdg_sys_getpid();
	while (!atomic_compare_exchange_strong(&busy, &seen, pid))
		if (seen == pid)
			return;
	if (leak.owner != pid)
		begin(pid, now);
	if (count_slice())
		take(now);
	atomic_store(&busy, 0);
}
