/* SPDX-License-Identifier: MIT */
/*
 * finding -> line. A guard fills a struct, this folder turns it into text or JSON, leaves out what was said already or is
 * suppressed, and writes it with one write(2).
 *
 * Everything is async-signal-safe and lock-free, uses raw system calls and stack memory, and leaves errno alone. No descriptor is kept: a log
 * file is opened, written and closed per line, so that a program that closes or counts its descriptors never meets one of ours. Nothing
 * here can end the program: SIGPIPE and SIGXFSZ of our own write are swallowed, a sink that would block is given up after a
 * short wait, and what could not be written is counted and told at the end.
 */
#ifndef FDG_REPORT_REPORT_H
#define FDG_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"

enum fdg_finding_id {
#define FINDING(constant, guard, id, level) FDG_##constant,
#include "report/findings.def"
#undef FINDING
	FDG_FINDING_COUNT
};

#define FDG_FRAMES_MAX 32

/* A place in code: an object file and an offset into it (a virtual address of the file, load bias removed). The strings are the
 * caller's and must live until fdg_report returns. object NULL: unknown. */
struct fdg_place {
	const char *object;
	uint64_t offset;
};

/* What its object's symbols do not tell of a place, where somebody has read it elsewhere. Any of it may be NULL. */
struct fdg_source {
	const char *symbol;   /* "main.main+0x1d2"; "": it has none; NULL: to be read */
	const char *function; /* whose code it is, where that is inlined into the symbol */
	const char *file;
	unsigned line;
	const char *callee; /* what was called there */
};

/* A fact that has no field of its own: JSON gets "name":"text" (or a bare number when text is NULL), text gets an
 * indented line "label: text". */
struct fdg_fact {
	const char *name;  /* JSON key: lower case, underscores; NULL: in text alone */
	const char *label; /* for people; NULL: in JSON alone */
	const char *text;
	int64_t number;
};

/* As a label: in JSON alone, where text is written as it is ("[1,2]"). */
extern const char fdg_fact_array[];

struct fdg_finding {
	enum fdg_finding_id id;
	enum fdg_level level;      /* FINDING's default is in fdg_finding_level() */
	bool fixed;                /* action: fixed, else reported */
	const char *message;       /* one whole sentence that makes sense alone, no full stop */
	const char *fix;           /* what to do about it, or NULL */
	int fd;                    /* -1: none */
	uint64_t count;            /* number of objects; 0: none */
	const char *count_label;   /* what text calls it; NULL: "count" */
	const char *peer, *local;  /* "10.0.0.7:8001", or NULL */
	int64_t age_ms;            /* -1: none */
	const struct fdg_place *site, *created; /* innermost first */
	const struct fdg_source *source, *created_source; /* of the site's frames, and of created's; NULL: nothing is known but their symbols */
	unsigned sites, createds;
	const char *site_label; /* what text calls the site: "started at"; NULL: "at" */
	const struct fdg_fact *fact;
	unsigned facts;
	/* Two findings with the same id, key, first site and first created are the same one repeated; it is written again only when `count`
	 * or `fixed` changes, with the number of times it was held back. NULL: "". */
	const char *key;
};

#define FDG_FINDING_INIT(the_id) \
	{ .id = (the_id), .level = fdg_finding_level(the_id), .fd = -1, .age_ms = -1 }

enum fdg_level fdg_finding_level(enum fdg_finding_id id);
const char *fdg_finding_name(enum fdg_finding_id id);  /* "cloexec.leaked" */
const char *fdg_finding_guard(enum fdg_finding_id id); /* "cloexec" */

/* Writes the finding if it is new, not suppressed and, in text, of the level asked for. */
void fdg_report(const struct fdg_finding *f);
/* True if a finding of this level would be written or counted anywhere: lets a guard skip the work of making it. */
bool fdg_report_wants(enum fdg_level level);
/* A sentence that is no finding ("fdguard: …"), on standard error: a mistake in our options. At most 8 in a process. */
void fdg_report_say(const char *sentence);

/*
 * Marks (mark) or forgets (unmark) that something was told, in memory that fork and vfork children share with us, so that a
 * parent that starts a thousand children says one thing once. fdg_told_mark returns true if it was marked before. When the table is full
 * everything counts as told.
 */
bool fdg_told_mark(uint64_t hash);
void fdg_told_unmark(uint64_t hash);
/* Maps that memory if it is not there yet. Children share only what was mapped before they were made: fork and vfork call this first. */
void fdg_told_prepare(void);
uint64_t fdg_hash(uint64_t seed, const void *data, size_t n); /* FNV-1a */

/* Life cycle; called by wrap's start-up, fork and exit files alone. fdg_options must be set. exe, argv and the suppression text are kept
 * by reference or in the arena; argv may be NULL, and so may exe: then it is asked for when it is needed. */
void fdg_report_start(const char *exe, int argc, char *const argv[]);
void fdg_report_run_start(void); /* json: the run.start line */
/* json: a run.sample line, with these numbers and this JSON text of further members. */
void fdg_report_run_sample(const char *message, const struct fdg_fact *fact, unsigned facts, const char *members);
void fdg_report_fork_child(void);
void fdg_report_end(void); /* json: run.end; text: what was lost; once, and only in the process that started */
/* Before this image is replaced: json's run.end. False: there is none to write (text, a forked child). A failed exec takes it back, and the image ends later. */
bool fdg_report_exec(void);
void fdg_report_exec_failed(void);
/* Before a seccomp filter, after which nothing is written any more: json's run.end, with "until":"seccomp"; in a forked child too. If the filter does not go in, the run goes on and has another
 * one at its end, which counts. */
void fdg_report_filter(void);
/* With run.exec=on: the line that says which file is about to be executed, or, with an errno, that it was not; base/image.h. Right in a vfork child. */
struct fdg_run_exec;
void fdg_report_run_exec(const struct fdg_run_exec *x);
/* With run.exec=on: a descriptor that a child is to have, as far as we can tell. As it is: neither suppressed nor compared with what was said. Right in a vfork child. */
void fdg_report_run_meant(const struct fdg_finding *f);
/* Who lists, for run.end, what is still open: a JSON array of at most FDG_REPORT_OPEN_MAX - 16 bytes. */
#define FDG_REPORT_OPEN_MAX 2048
struct fdg_buf;
typedef void fdg_report_open(struct fdg_buf *b);
void fdg_report_open_by(fdg_report_open *put);
/*
 * The supervisor speaks for other processes: whose lines follow, and what their run.end counts. Kept by reference until the next call; NULL: ourselves. For one thread,
 * without signal handlers. fdg_report_subject_end writes the run.end of the subject, which was replaced by an exec or has ended.
 */
struct fdg_subject {
	int pid, tid, ppid;
	const char *exe;
	int argc;
	char *const *argv; /* NULL: not known */
	uint64_t findings, suppressed, held_back, dropped, lost;
	uint64_t of[FDG_FINDING_COUNT][2];
};
void fdg_report_as(struct fdg_subject *s);
/* How many lines were lost, whoever they were about; and a sentence about that, at the first one, and when all is over. */
uint64_t fdg_report_lost(void);
void fdg_report_say_lost(bool is_over);
void fdg_report_subject_end(bool by_exec);
/* What was counted since the process began, or of the subject. */
struct fdg_counts {
	uint64_t of[FDG_FINDING_COUNT][2]; /* findings by id: reported, fixed; those too that the log's level leaves out */
	uint64_t suppressed, held_back, dropped, lost;
	int pid;
	const char *exe;
};
void fdg_report_count(struct fdg_counts *ret);
void fdg_report_retire(void); /* after a seccomp filter: never make a system call again */

#endif
