/* SPDX-License-Identifier: MIT */
/* Private to options/ and to its command line tool: the pieces that the reader is made of. */
#ifndef FDG_OPTIONS_READER_H
#define FDG_OPTIONS_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "options/options.h"

/* Part of a text that somebody else owns; no NUL at its end. */
struct fdg_slice {
	const char *s;
	size_t n;
};

#define FDG_SLICE(string) ((struct fdg_slice){ (string), strlen(string) })

bool fdg_slice_is(struct fdg_slice v, const char *word);
/* Takes the next word of a comma list off `rest`; empty ones are passed over. */
bool fdg_slice_word(struct fdg_slice *rest, struct fdg_slice *ret_word);
/* The place of v in a comma list of words; -1: not there. */
int fdg_slice_index(struct fdg_slice v, const char *words);

/* The TYPE words of options.def. */
#define FDG_TYPES(X) \
	X(MODE) X(REPORT_OFF) X(INHERITED) X(FORTIFY) X(CURE) X(LEVEL) X(FORMAT) X(SWITCH) X(DURATION) X(COUNT) X(STACKS) X(KINDS) \
	X(SIGNAL) X(KEEPALIVE) X(FDSET) X(LOG) X(NAMES) X(PATH) X(PATTERN)

enum fdg_type {
#define X(type) FDG_TYPE_##type,
	FDG_TYPES(X)
#undef X
};

enum fdg_stage { FDG_BUILT, FDG_GUARD_LATER, FDG_OPTION_LATER };

/* A row of options.def; the key is in the row, since each pointer costs a relocation at every program start. */
struct fdg_row {
	char key[24];
	uint16_t field; /* offset in struct fdg_options */
	uint8_t type, stage;
	const char *def, *values;
};

enum {
#define OPTION(field, key, type, def, guard, values, meaning) FDG_ROW_##field,
#include "options.def"
#undef OPTION
	FDG_ROWS
};

extern const struct fdg_row fdg_rows[FDG_ROWS];

const struct fdg_row *fdg_row_find(struct fdg_slice key);

/* One reading of one text, with the files that it includes. */
struct fdg_reader {
	struct fdg_options *o;
	fdg_options_say *say;
	void *cookie;
	int mistakes;
	unsigned files;    /* read so far */
	uint64_t told;     /* rows that were said to be not built yet */
	struct fdg_option_source *source;
};

/* A text being read: FDGUARD_OPTIONS, or a file that it includes. */
struct fdg_option_source {
	struct fdg_option_source *parent;
	struct fdg_slice name; /* of the file; s is NULL for the text of the environment */
	uint64_t dev, ino;
	const char *start, *at; /* the text, and the setting that is being read */
};

void fdg_read_source(struct fdg_reader *r, struct fdg_option_source *source, size_t n);
void fdg_read_setting(struct fdg_reader *r, struct fdg_slice key, struct fdg_slice value);
void fdg_read_include(struct fdg_reader *r, struct fdg_slice name);

/* Reads v into a field of the row's type. Returns NULL, or why not ("": what the row accepts says it all) with *v narrowed to
 * what is wrong in it and the field as it was. */
const char *fdg_value_read(const struct fdg_row *row, struct fdg_slice *v, void *ret_field);
/* A copy in the arena, with the working directory in front if it has to be. `percents`: those of the directory are doubled. NULL, or why
 * not. */
const char *fdg_path_absolute(struct fdg_slice v, bool percents, const char **ret_path);

/* Says BEFORE 'quoted' AFTER, and where; counts it if it is a mistake. */
void fdg_say(struct fdg_reader *r, bool severe, const char *before, struct fdg_slice quoted, const char *after);
void fdg_say_unknown(struct fdg_reader *r, struct fdg_slice key);
void fdg_say_bad(struct fdg_reader *r, const struct fdg_row *row, struct fdg_slice value, const char *why);
/* Once per row and text. */
void fdg_say_later(struct fdg_reader *r, const struct fdg_row *row, const char *after);

#endif
