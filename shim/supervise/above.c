// SPDX-License-Identifier: MIT
#include "supervise/above.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/fmt.h"
#include "base/judged.h"
#include "base/sys.h"
#include "options/options.h"

#include "base/poison.h"

#define PIECE 7
#define TEXT_MAX 65536

const char fdg_above_cure[] = "give these options to the fdguard above, or start this one where that does not supervise (above: fdguard run --no-supervise)";

/* ---- above ---- */

static struct {
	struct stat error; /* what standard error was */
	int first;
	char *text;
	size_t n;
} here;

void fdg_above_start(int first)
{
	here.first = first;
	if (fdg_sys_fstat(2, &here.error) < 0)
		here.error = (struct stat){ .st_dev = 0 };
}

/* Paths as they are here: who reads them may have another working directory. */
static void put_path(struct fdg_buf *b, const char *key, const char *path)
{
	if (path && *path)
		fdg_fmt(b, ":%s='%s'", key, path);
}

/* When it is asked for, which is seldom. */
static void make_text(void)
{
	const char *options = getenv("FDGUARD_OPTIONS");
	struct fdg_buf b = { fdg_sys_mmap(TEXT_MAX, false), 0, TEXT_MAX, false };

	if (!b.text)
		return;
	fdg_fmt(&b, "%d %lu %lu %s", here.first, (unsigned long)here.error.st_dev, (unsigned long)here.error.st_ino, options ? options : "");
	if (fdg_options.log.where == FDG_LOG_FILE)
		put_path(&b, "log", fdg_options.log.path);
	put_path(&b, "suppressions", fdg_options.suppressions);
	here.text = b.text;
	here.n = b.cut ? 0 : b.len;
}

int64_t fdg_above_piece(uint64_t offset)
{
	uint64_t piece = 0;

	if (!here.text)
		make_text();
	for (unsigned i = 0; i < PIECE && offset + i < here.n; i++)
		piece |= (uint64_t)(unsigned char)here.text[offset + i] << (8 * i);
	return (int64_t)piece;
}

/* ---- below ---- */

static void say_nothing(void *cookie, bool severe, const char *sentence)
{
	(void)cookie, (void)severe, (void)sentence;
}

static bool ask(char *text, size_t size)
{
	for (size_t at = 0; at + PIECE < size; at += PIECE) {
		long piece = fdg_sys5(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE, FDG_PROBE_TEXT, (long)at, 0);

		if (piece < 0)
			return false;
		for (unsigned i = 0; i < PIECE; i++) {
			text[at + i] = (char)(piece >> (8 * i));
			if (!text[at + i])
				return true;
		}
	}
	return false;
}

struct other {
	int pid;
	uint64_t dev, ino; /* of its standard error */
	struct fdg_options o;
};

static bool read_other(struct other *ret)
{
	char *text = fdg_sys_mmap(TEXT_MAX, false), *end = text;

	if (!text || !ask(text, TEXT_MAX))
		return false;
	ret->pid = (int)strtol(text, &end, 10);
	if (ret->pid <= 0)
		return false;
	ret->dev = strtoul(end, &end, 10);
	ret->ino = strtoul(end, &end, 10);
	fdg_options_defaults(&ret->o);
	fdg_options_read(&ret->o, end, say_nothing, NULL);
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_names(const struct fdg_names *a, const struct fdg_names *b)
{
	bool same = a->count == b->count;

	for (unsigned i = 0; same && i < a->count; i++)
		same = strcmp(a->glob[i], b->glob[i]) == 0;
	return same;
}

static bool same_set(const struct fdg_fdset *a, const struct fdg_fdset *b)
{
	return a->kinds == b->kinds && a->ranges == b->ranges && memcmp(a->range, b->range, a->ranges * sizeof(a->range[0])) == 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return fdg_sys_stat(a, &one) == 0 && fdg_sys_stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool same_log(const struct fdg_log_target *a, const struct fdg_log_target *b)
{
	if (a->where != b->where || a->where != FDG_LOG_FILE)
		return a->where == b->where;
	return same_text(a->path, b->path) || same_file(a->path, b->path);
}

static bool same_error(const struct other *a)
{
	struct stat st;

	return fdg_sys_fstat(2, &st) < 0 || (st.st_dev == a->dev && st.st_ino == a->ino);
}

static void put_semicolon(struct fdg_buf *b)
{
	if (b->len)
		fdg_put(b, "; ");
}

/* One of the supervisor's guards. True: less is seen than was asked for here. */
static bool put_mode(struct fdg_buf *b, const char *key, enum fdg_mode there, enum fdg_mode asked)
{
	static const char *const words[] = { [FDG_OFF] = "off", [FDG_REPORT] = "report", [FDG_FIX] = "fix" };

	if (there == asked)
		return false;
	put_semicolon(b);
	fdg_fmt(b, "%s=%s (here: %s)", key, words[there], words[asked]);
	return there == FDG_OFF;
}

static bool put_modes(struct fdg_buf *b, const struct fdg_options *there)
{
	const struct fdg_options *o = &fdg_options;
	bool less = put_mode(b, "cloexec", there->cloexec, o->cloexec);

	less |= put_mode(b, "select", there->select_mode, o->select_mode);
	less |= put_mode(b, "nonblock", there->nonblock, o->nonblock);
	less |= put_mode(b, "reuseport", there->reuseport, o->reuseport);
	return less;
}

static void put_other(struct fdg_buf *b, const char *key, bool same)
{
	if (same)
		return;
	put_semicolon(b);
	fdg_fmt(b, "another %s", key);
}

static void put_others(struct fdg_buf *b, const struct fdg_options *there)
{
	const struct fdg_options *o = &fdg_options;

	put_other(b, "cloexec.kinds", o->cloexec_kinds == there->cloexec_kinds);
	put_other(b, "cloexec.allow", same_set(&o->cloexec_allow, &there->cloexec_allow));
	put_other(b, "suppressions", same_text(o->suppressions, there->suppressions));
	put_other(b, "only", same_names(&o->only, &there->only));
	put_other(b, "skip", same_names(&o->skip, &there->skip));
}

/* Of no account where they go elsewhere. */
static void put_manner(struct fdg_buf *b, const struct fdg_options *there)
{
	put_other(b, "level", fdg_options.level == there->level);
	put_other(b, "format", fdg_options.format == there->format);
	put_other(b, "stacks", fdg_options.stacks == there->stacks);
}

static const char *name_of(const struct fdg_log_target *l)
{
	static const char *const words[] = { [FDG_LOG_STDERR] = "standard error", [FDG_LOG_SYSLOG] = "syslog", [FDG_LOG_JOURNAL] = "the journal", [FDG_LOG_NONE] = "nowhere" };

	return l->where == FDG_LOG_FILE ? l->path : words[l->where];
}

static bool put_log(struct fdg_buf *b, const struct fdg_log_target *there)
{
	if (same_log(&fdg_options.log, there) || fdg_options.log.where == FDG_LOG_NONE)
		return false;
	put_semicolon(b);
	fdg_fmt(b, "findings go to %s (here: %s)", name_of(there), name_of(&fdg_options.log));
	return true;
}

enum fdg_above fdg_above_compare(const char *name, char *text, size_t size)
{
	static struct other above;
	char differ[2048];
	struct fdg_buf d = FDG_BUF(differ), b = { text, 0, size, false };
	bool less;

	text[0] = '\0';
	if (!read_other(&above)) {
		fdg_fmt(&b, "%s is supervised by a fdguard above this one, of another version: what that was asked for counts", name);
		return FDG_ABOVE_LESS;
	}
	less = put_modes(&d, &above.o);
	put_others(&d, &above.o);
	if (put_log(&d, &above.o.log))
		less = true;
	else
		put_manner(&d, &above.o);
	if (fdg_options.log.where == FDG_LOG_STDERR && above.o.log.where == FDG_LOG_STDERR)
		put_other(&d, "standard error", same_error(&above));
	fdg_fmt(&b, "%s is supervised by the fdguard above this one (of process %d), whose options count: %s", name, above.pid, differ);
	return less ? FDG_ABOVE_LESS : d.len ? FDG_ABOVE_OTHER : FDG_ABOVE_SAME;
}
