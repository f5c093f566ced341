/* SPDX-License-Identifier: MIT */
/*
 * The options of a process: environment -> one struct that is written once, before the program's first
 * instruction, and read without a lock ever after.
 *
 * Syntax: key=value separated by ':' or white space; a value that contains either is quoted with '…';
 * include=FILE reads the same from a file, one per line, with # comments. A later setting of a key wins.
 * Durations take ms, s, m, h (a bare number is seconds; "0" is 0); sizes k, M.
 *
 * Nothing here allocates from the heap, uses stdio or touches errno: it runs before libc is initialised. Strings live in the arena.
 */
#ifndef FDG_OPTIONS_OPTIONS_H
#define FDG_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum fdg_mode { FDG_OFF, FDG_REPORT, FDG_FIX };                  /* MODE, REPORT_OFF */
enum fdg_inherited { FDG_INHERITED_REPORT, FDG_INHERITED_CLOSE, FDG_INHERITED_KEEP };
enum fdg_fortify { FDG_FORTIFY_REPORT, FDG_FORTIFY_FIX };
enum fdg_cure { FDG_CURE_SHUTDOWN, FDG_CURE_KEEPALIVE };
enum fdg_level { FDG_LEVEL_NOTE, FDG_LEVEL_WARNING, FDG_LEVEL_ERROR }; /* ordered */
enum fdg_format { FDG_TEXT, FDG_JSON };
enum fdg_log { FDG_LOG_STDERR, FDG_LOG_FILE, FDG_LOG_SYSLOG, FDG_LOG_JOURNAL, FDG_LOG_NONE };

/* A set of descriptors as a user names them: 3,7-9,pipe. A full list refuses further ranges: it is an error, not a cut. */
#define FDG_FDSET_RANGES 32
struct fdg_fdset {
	unsigned kinds; /* bits of base/kind.h */
	unsigned ranges;
	struct { int first, last; } range[FDG_FDSET_RANGES];
};

struct fdg_keepalive {
	bool on;
	int idle, interval, count; /* seconds, seconds, probes; 0: the system's */
};

struct fdg_log_target {
	enum fdg_log where;
	const char *path; /* FDG_LOG_FILE: as given, placeholders and all, made absolute with the start-up working directory */
};

struct fdg_names {
	unsigned count;
	const char *const *glob;
};

/* The C type of each TYPE word of options.def. */
typedef enum fdg_mode fdg_type_MODE, fdg_type_REPORT_OFF;
typedef enum fdg_inherited fdg_type_INHERITED;
typedef enum fdg_fortify fdg_type_FORTIFY;
typedef enum fdg_cure fdg_type_CURE;
typedef enum fdg_level fdg_type_LEVEL;
typedef enum fdg_format fdg_type_FORMAT;
typedef bool fdg_type_SWITCH;
#define FDG_DURATION_MAX 3153600000000 /* 100 years: in nanoseconds they fit an int64_t */
typedef int64_t fdg_type_DURATION; /* milliseconds */
typedef unsigned fdg_type_COUNT, fdg_type_STACKS, fdg_type_KINDS;
typedef int fdg_type_SIGNAL; /* a number; 0: none */
typedef struct fdg_keepalive fdg_type_KEEPALIVE;
typedef struct fdg_fdset fdg_type_FDSET;
typedef struct fdg_log_target fdg_type_LOG;
typedef struct fdg_names fdg_type_NAMES;
typedef const char *fdg_type_PATH; /* "" when unset; made absolute */
typedef const char *fdg_type_PATTERN; /* the same, with placeholders as in log */

struct fdg_options {
#define OPTION(field, key, type, def, guard, values, meaning) fdg_type_##type field;
#include "options.def"
#undef OPTION
};

/* The options of this process. Written by wrap's start-up alone, before the program runs. */
extern struct fdg_options fdg_options;

static inline bool fdg_metrics_any(void)
{
	return fdg_options.metrics && *fdg_options.metrics;
}

/* What the parser has to say, a sentence at a time, without a full stop or prefix: "unknown key 'cloexce' (did you mean
 * 'cloexec'?)". `severe` is false for what is no mistake: an option of a guard that is not built yet. */
typedef void fdg_options_say(void *cookie, bool severe, const char *sentence);

/* Sets every field to its default. */
void fdg_options_defaults(struct fdg_options *ret);
/* The same, read from options.def: for the test that compares them. */
void fdg_options_defaults_of_table(struct fdg_options *ret);
/*
 * Reads `text` (the value of FDGUARD_OPTIONS; NULL is empty) over what `o` holds. A mistake leaves its field as it was, is
 * said, and the rest is read. Returns the number of mistakes. Includes nest to a depth of 4 and files are read to 64 KiB; more is a mistake.
 */
int fdg_options_read(struct fdg_options *o, const char *text, fdg_options_say *say, void *cookie);
/* One setting, as --set takes it: "key=value", where the value is the rest of the text, unquoted. */
int fdg_options_set(struct fdg_options *o, const char *setting, fdg_options_say *say, void *cookie);

bool fdg_fdset_has(const struct fdg_fdset *s, int fd, unsigned kind_bit);
/* Shell globs (* ? [a-z] [!a]) on a program's base name; async-signal-safe. */
bool fdg_glob(const char *pattern, const char *text);
bool fdg_names_match(const struct fdg_names *n, const char *name);

#endif
