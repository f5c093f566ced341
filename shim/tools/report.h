/* SPDX-License-Identifier: MIT */
/*
 * fdguard report: the logs of many processes and hosts, put together.
 *
 * Layers, one way: report_read (files -> lines), report_take (a line -> the tables below), judge (which lines are one finding), and the writers: report_text, page_*
 * (HTML), and those of check (junit, sarif). What a line is, is log.h's business.
 *
 * All strings come from programs that nobody vouches for; see log.h. Times are milliseconds since 1970, UTC; 0: not known.
 */
#ifndef FDG_TOOLS_REPORT_H
#define FDG_TOOLS_REPORT_H

#include "tools/judge.h"
#include "tools/log.h"
#include "tools/lookup.h"

#define REPORT_FINDINGS_MAX 200000 /* different ones that are kept apart */
#define REPORT_IMAGES_MAX 200000
#define REPORT_SERIES_MAX 20000
#define REPORT_BAD_SHOWN 3
#define SEEN_MAX 16 /* hosts and peers of one finding that are told apart */

/* A LOG that was read: a file. */
struct report_file {
	const char *path, *host;  /* host: as the user gave it, or ""; lines may name others */
	const char *problem;      /* why it could not be read, or to its end; NULL: it was */
	uint64_t lines;           /* of ours */
	uint64_t findings, images;
	uint64_t bad;             /* none of ours */
	bool half;                /* the last line had no end, and is none of ours */
	const char *why[REPORT_BAD_SHOWN]; /* sentences about the first of these */
};

/* Somebody that a finding has to do with, and how often. */
struct seen_name {
	uint32_t name; /* number in report.strings */
	uint64_t times, most;
};

/* What report knows of a run_finding beside it. */
struct seen {
	int64_t since, first, last; /* since: as the reports tell how long it went on already */
	uint64_t processes;
	struct seen_name host[SEEN_MAX], peer[SEEN_MAX];
	unsigned hosts, peers;
	uint64_t more_hosts, more_peers; /* reports of others */
};

struct report_process {
	uint32_t host;
	int64_t pidns, pid;
};

/* A program image as run.start told of it; one that ran unguarded; or a process that findings alone tell of. */
struct report_image {
	struct report_process who;
	int64_t ppid;
	int64_t start, end;
	uint32_t exe, command; /* numbers of strings; command "" if not known */
	enum { IMAGE_GUARDED, IMAGE_UNCOVERED, IMAGE_UNTOLD } kind;
	bool ended, filtered;
	const char *why;      /* IMAGE_UNCOVERED: the sentence */
	uint64_t findings[3]; /* by level */
	uint64_t lost;
	size_t parent;        /* after report_finish: one more than its index in report.image; 0: none is known */
	size_t before;        /* the image that became this one by exec; as above */
};

enum series_kind { SERIES_OPEN, SERIES_CLOSE_WAIT, SERIES_WAKEUPS, SERIES_KINDS };

struct series_point {
	int64_t ms;
	uint64_t value;
};

/* What was measured of one process: of CLOSE_WAIT of one peer, of wake-ups of one descriptor or of all. */
struct series {
	enum series_kind kind;
	struct report_process who;
	uint32_t exe, what; /* what: the peer, or "fd 9"; "" for all */
	struct series_point *point; /* by time, after report_finish */
	size_t points, room;
	uint64_t most;
	uint64_t count;     /* a counter that is being differentiated: its last value */
	int64_t count_ms;   /* and when; 0: there was none */
};

struct report {
	struct run r; /* its findings have `seen` */
	struct judge *judge;
	struct sources *sources;
	enum fdg_level level;
	bool commands; /* argument lists are told */
	struct pool scratch;
	struct strings strings;

	struct report_file *file;
	size_t files, file_room;
	uint64_t lines, bad, unread; /* unread: files */
	uint64_t below, others;      /* lines below --level; of the run that are not shown (run.exec, run.meant) */
	int64_t first, last;         /* of all lines */
	uint64_t processes;          /* that said something */

	struct report_image *image;
	size_t images, image_room;
	uint64_t more_images;
	struct lookup image_lookup, untold_lookup;
	struct series *series;
	size_t serieses, series_room;
	uint64_t more_points;
	struct lookup series_lookup;
	uint64_t *known; /* pairs that were counted: a set of hashes */
	struct lookup known_lookup;
	size_t knowns, known_room;
	uint32_t *hosts; /* numbers of names; "" is one where no name was given */
	size_t host_count, host_room;
};

void report_begin(struct report *p);
/* report_read.c: a LOG as the user gave it: FILE, DIRECTORY, - or HOST= and one of these. False: nothing could be read. */
bool report_read(struct report *p, const char *log);
/* report_take.c: a line; f is the file that it is from. */
void report_take(struct report *p, struct report_file *f, const struct log_line *l);
/* After the last line: sorts, and finds parents. */
void report_finish(struct report *p);
void report_free(struct report *p);

/* report_images.c */
void report_image_start(struct report *p, const struct report_process *who, const struct log_line *l);
void report_image_end(struct report *p, const struct report_process *who, const struct log_line *l);
void report_image_finding(struct report *p, const struct report_process *who, const struct log_line *l);
void report_images_finish(struct report *p);

/* report_series.c: points, as far as the line has some. */
void report_series_take(struct report *p, const struct report_process *who, const struct log_line *l);
void report_series_finish(struct report *p);

/* report_frame.c: "dns_pool_open at src/pool.c:42 (monitor+0x19c2)", as much of it as is known, nothing that a terminal would obey; the text is in the pool. */
void report_put_frame(const struct report *p, const struct log_frame *frame, FILE *f);
char *report_frame_text(const struct report *p, struct pool *pool, const struct log_frame *frame);
/* True the first time that this pair comes. */
bool report_is_new(struct report *p, uint64_t a, const void *b, size_t n);
/* Of a line; 0: it is none. */
int64_t report_time(const char *text);
/* "2026-11-21 21:16:00 UTC", "not known". */
const char *report_when(struct pool *pool, int64_t ms);
static inline const char *report_string(const struct report *p, uint32_t number)
{
	return strings_text(&p->strings, number);
}

/* ---- writers ---- */

/* top: how many findings of one kind are told whole; 0: all. */
void report_text_write(const struct report *p, size_t top, FILE *f);
void report_page_write(const struct report *p, FILE *f);

#endif
