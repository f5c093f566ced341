/* SPDX-License-Identifier: MIT */
/*
 * What the tools know of a run: a line of the library's JSON log, and all lines of a process tree put together.
 *
 * Layers, one way: json (text -> values), log (a line), tree (images and coverage), judge (suppressions, baseline, what fails), check (starts CMD, waits, exit
 * status), and beside them the writers: functions `void NAME_write(const struct run *r, FILE *f)`, which say nothing on their own; the caller looks at
 * ferror(f).
 *
 * All strings are NUL-terminated, valid UTF-8 without a NUL inside, and come from programs that nobody vouches for: a writer escapes what its format and a terminal would
 * obey. They live in the run's pool until run_free. A string that was not in the log is NULL, except where it says otherwise.
 */
#ifndef FDG_TOOLS_LOG_H
#define FDG_TOOLS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/report.h"
#include "tools/pool.h"

#define LOG_FRAMES_MAX FDG_FRAMES_MAX
#define LOG_FIELDS_MAX 32
#define LOG_LINE_MAX (64u << 10) /* the library writes 4 KiB; more than this is no line of ours */

/* A line of source that the log tells itself: of Go programs, whose tables the supervisor read. */
struct log_source {
	const char *function; /* NULL: the symbol's */
	const char *file;     /* never NULL */
	unsigned line;        /* 0: not known */
};

/* A place in code. symbol is "name+0x4b" as the library found it (mangled in C++), or NULL; offset is a virtual address of the file. object is never NULL. */
struct log_frame {
	const char *object;
	uint64_t offset;
	const char *symbol;
	const struct log_source *source; /* NULL: it tells none */
};

/* A member that has no place in struct log_line ("kind", "fds", "parent_exe", …). text is the value: a string's content, else the JSON of it. */
struct log_field {
	const char *name, *text;
	bool is_string;
};

struct log_line {
	/* Always there. */
	const char *time; /* 2026-11-21T21:16:00.123Z */
	int64_t pid, tid;
	const char *exe, *guard, *id, *message;
	enum fdg_level level;
	bool fixed; /* action */

	int64_t fd;     /* -1: none */
	uint64_t count; /* 0: none */
	const char *peer, *local;
	int64_t age_ms; /* -1: none */
	const struct log_frame *site, *created; /* innermost first */
	unsigned sites, createds;
	const char *fix;
	uint64_t repeats;
	bool cut; /* the library left something out to fit into a line */
	const struct log_field *field; /* the rest, in the order of the line */
	unsigned fields;
};

/* text is one line without its newline, n bytes. False: ret_why says what is wrong with it, in a few words. */
bool log_parse(struct pool *pool, const char *text, size_t n, struct log_line *ret, const char **ret_why);
/* The text of a field; NULL: there is none. */
const char *log_field(const struct log_line *l, const char *name);
/* A field that is a number; `otherwise` if it is none. */
int64_t log_number(const struct log_line *l, const char *name, int64_t otherwise);
/* A field that is an array; NULL: it is none. Good until the next call of this or log_parse. */
struct json;
const struct json *log_array(const struct log_line *l, const char *name);
/* {"object":…,"offset":…,"symbol":…} */
bool log_frame_read(struct pool *pool, const struct json *v, struct log_frame *ret);
/* With strings of its own. */
struct log_frame log_frame_copy(struct pool *pool, const struct log_frame *f);

/* ---- a run ---- */

enum run_verdict {
	RUN_NEW,        /* neither of the below; fails the run where `fails` says so */
	RUN_FIXED,      /* action fixed: the program never felt it */
	RUN_BASELINED,  /* in the baseline */
	RUN_SUPPRESSED, /* by a line of the suppressions file */
};

/* A place in code that a finding is about: the line to mend. */
struct run_place {
	struct log_frame frame;
	uint64_t reports; /* lines */
	uint64_t most;    /* the highest count of a report; 0: none had one */
	int64_t pid;      /* whose the last report is */
};
#define RUN_PLACES_MAX 200

/*
 * All reports with one fingerprint and verdict. Notes are here too. run.start, run.end and run.exec are not; run.uncovered is, whether the launcher reported it or
 * check found it out.
 *
 * The fingerprint is text for people and for the baseline file, stable between builds and machines:
 *     cloexec.leaked kind=UDP-socket site=monitor:probe_fork created=monitor:dns_pool_open peer=none
 * ID; the kind of descriptor, where the finding is about code that makes one; then object base name and symbol without offset of the first frame of each list that there is (the offset where there is no symbol; the program's base name as
 * "exe=" where there is no frame at all), then the class of the peer: loopback, private, public, unix or none. hash is 64 bits of it, for SARIF and JUnit.
 */
struct run_finding {
	struct log_line line; /* of the reports with the highest level the one with the highest count, the first of them */
	const char *fingerprint;
	uint64_t hash;
	enum run_verdict verdict;
	bool fails;           /* makes check exit with 99 (98 for run.uncovered) */
	unsigned suppression; /* RUN_SUPPRESSED: line of the file */
	unsigned baseline;    /* line of the baseline that knows it; 0: none does. Not RUN_BASELINED: it knows fewer places */
	const char *excess;   /* that, in a sentence; else NULL */
	struct run_place *place; /* the different ones that share the fingerprint, at most RUN_PLACES_MAX; none where there is no frame */
	size_t places;
	uint64_t reports;     /* lines */
	uint64_t repeats;     /* held back by the library */
	bool again;           /* a process reported a place more than once */
	uint64_t most;        /* the highest count of a report; 0: none had one */
	uint64_t processes;   /* different pids, at most counted to RUN_PIDS_MAX */
	int64_t pid[16];      /* the first of them */
	struct seen *seen;    /* fdguard report's: when, on which hosts, to whom; else NULL */
};
#define RUN_PIDS_MAX 16

/* A program image that started: one run.start. */
struct run_image {
	int64_t pid, ppid;
	int64_t parent; /* tools/numbers.h's key of ppid */
	const char *exe;
	const char *command; /* argv joined with spaces, cut at 200 bytes; "" if not known */
	bool ended;          /* there was a run.end */
	bool filtered;       /* which came before a seccomp filter: nothing more was said */
	uint64_t lost;       /* lines, as the last run.end tells it */
	bool claimed;        /* somebody's run.exec is this one */
};

/* Descriptors that were still open when images ended (--leaks), by kind, place and program. */
struct run_open {
	const char *kind; /* "TCP socket" */
	struct log_frame made; /* object NULL: not known */
	const char *exe;
	uint64_t count, images;
};

/* A process that --max-time ended, or that was still there when check stopped waiting. */
struct run_stuck {
	int64_t pid;
	const char *exe, *command; /* never NULL */
	const char *where;         /* "sleeping in do_select", "running", …; never NULL */
	bool ended;                /* by check */
};

enum run_absence { RUN_LEFT_OUT, RUN_NEVER_BEGAN };

/* A program that is in left_out or unbegun of the run. */
struct run_absent {
	enum run_absence why;
	const char *exe;
	int64_t pid; /* the lowest of them */
	uint64_t count;
};

/* What a program that runs tests leaks into them itself: no finding. */
struct run_driver {
	const char *program, *what;
	uint64_t reports;
};

/* A process that entered a seccomp filter: an image, or a forked child of one. */
struct run_filtered {
	int64_t pid;
	const char *command; /* never NULL */
	bool forked;
};

/* Descriptors that a child got, and that were no finding since something names them. All reports of one place, kind and reason. */
struct run_meant {
	const char *kind, *what, *reason, *command, *exe; /* of the first one; what: as /proc calls it; none is NULL */
	struct log_frame made; /* object NULL: not known */
	int64_t fd;
	uint64_t count, times; /* descriptors in all; reports */
	bool weak;             /* the reason may well be about something else */
};

/* A line of the suppressions or of the baseline file that matched nothing. */
struct run_stale {
	unsigned line;
	const char *text;
};

struct run_options {
	enum fdg_level fail_on;
	bool leaks;
	const char *suppressions, *baseline; /* the files; NULL: none */
};

struct run {
	struct pool pool;
	struct run_options o;
	char *const *argv; /* CMD; the one thing here that may be no UTF-8 */
	char *directory;   /* where check was started; "" if that has no path */
	const char *started; /* as in log lines */
	int64_t lasted_ms;
	int64_t cmd_pid;
	bool cmd_killed; /* by a signal */
	int cmd_status;  /* CMD's exit status as a shell tells it: 128 + N for signal N */
	int exit_status; /* check's own */
	int interrupted; /* the signal that check was sent: SIGINT, …; 0: none */
	bool timed_out; /* --max-time */
	bool no_exit_code; /* --no-exitcode: exit_status is CMD's, whatever was found */
	int64_t max_time_ms;

	struct run_finding *finding; /* failing ones first, then by level, verdict and fingerprint */
	size_t findings;
	size_t findings_max; /* different ones that are kept apart; 0: JUDGE_FINDINGS_MAX */
	uint64_t more_findings, more_failing; /* reports that are not here, since there were too many different ones; those of them that fail */
	struct run_image *image; /* as they started */
	size_t images;
	uint64_t unended; /* images without a run.end: killed, or ended behind libc's back */
	bool cmd_mute;    /* CMD is one of them, and was not killed */
	struct run_filtered *filtered;
	size_t filtereds;
	uint64_t more_filtered; /* that are not in the list */
	uint64_t more_images; /* beyond what is kept here */
	uint64_t execs;     /* starts of images that the library saw */
	uint64_t elsewhere; /* of these, images that a run or check inside this one gave options of their own: what they report is not ours to see */
	uint64_t left_out;  /* by options only and skip, as far as their starts were seen */
	uint64_t unbegun;   /* killed before the library woke up in them, or not loaded at all */
	uint64_t lost;      /* findings that the library could not write or keep */
	uint64_t callers; /* reports left out because they are about what check's own caller leaked */
	uint64_t caller_fds;
	struct run_absent *absent;
	size_t absents;
	struct run_driver *driver;
	size_t drivers;
	struct run_open *open;
	size_t opens;
	uint64_t more_opens; /* descriptors, beyond these */
	struct run_stuck *stuck;
	size_t stucks;
	struct run_meant *meant; /* weak reasons first */
	size_t meants;
	uint64_t more_meant; /* reports that are not in the list */
	struct run_stale *stale_suppression, *stale_baseline;
	size_t stale_suppressions, stale_baselines;
	const char **problem; /* sentences: what makes this run no proof (a log that is not whole, …); they make the exit status 98 */
	size_t problems;
	const char *unwritten[8]; /* "FILE: why": results that could not be written; they make the exit status 2 */
	size_t unwrittens;
	size_t old_entries; /* of the baseline, written by an fdguard that did not tell kinds and places */
	struct {
		bool done;
		size_t entries, added, gone, changed;
		size_t accepted; /* findings that it let through from now on */
		const char **vague; /* objects without names for their code, so that entries go by address */
		size_t vagues;
	} update; /* of the baseline */
};

/* What a writer may want to count: findings that this one is about. */
static inline bool run_is_uncovered(const struct run_finding *f)
{
	return f->line.id[0] == 'r' && __builtin_strcmp(f->line.id, "run.uncovered") == 0;
}

/* It stands for places that were not told apart: a baseline that knew it would know all that is added to them. */
static inline bool log_is_crowded(const struct log_line *l)
{
	return log_field(l, "crowded") != NULL;
}

void run_free(struct run *r);

#endif
