/* SPDX-License-Identifier: MIT */
/*
 * Go's own table of functions, which every Go program has, stripped or not: which function an address is in, how deep its stack is there, which source line it comes from, and what was inlined.
 *
 * It is read from wherever it is (a process's memory) piece by piece. Nothing in it is believed: offsets are compared with the table's size, and whatever is repeated has a limit.
 */
#ifndef FDG_SUPERVISE_GOPCLNTAB_H
#define FDG_SUPERVISE_GOPCLNTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDG_GO_NAME 256
#define FDG_GO_FILE 512
#define FDG_GO_INLINED 64 /* functions inlined into each other */

/* Copies n bytes of that address; false: they are not all there. */
typedef bool fdg_gopcln_copy(void *cookie, uint64_t address, void *to, size_t n);

enum fdg_go_version { FDG_GO_2, FDG_GO_16, FDG_GO_18, FDG_GO_20 }; /* the releases that changed the table */

struct fdg_gopcln {
	fdg_gopcln_copy *copy;
	void *cookie;
	uint64_t address, size; /* of the table; size: at most */
	uint64_t text;          /* where the code begins; from Go 1.18 on offsets count from it. 0 in newer tables: to be set */
	uint64_t gofunc;        /* where what was inlined is told, from Go 1.18 on: to be set, or it is not told */
	/* What fdg_gopcln_open finds. */
	enum fdg_go_version version;
	unsigned pointer, quantum;
	uint64_t functions;                        /* how many */
	uint64_t names, units, files, values, map; /* offsets */
};

struct fdg_go_function {
	uint64_t entry, end;
	uint64_t at, data; /* offsets of its record, and of what is behind it */
	uint32_t name, stack, file, line, unit, datas, tables;
};

/* A function that an address is in, and the line there. */
struct fdg_go_line {
	char function[FDG_GO_NAME]; /* "main.(*dialer).tune" */
	char file[FDG_GO_FILE];     /* "": not known */
	unsigned line;
};

#define FDG_GO_MAGIC 8 /* bytes */
/* Do these bytes begin a table? */
bool fdg_gopcln_is_magic(const uint8_t bytes[FDG_GO_MAGIC]);
/* copy, cookie, address and size are set, and text and gofunc if they are known; false: there is no table that we can read. */
bool fdg_gopcln_open(struct fdg_gopcln *t);
/* The addresses that it knows; false: it cannot be read, or is none. */
bool fdg_gopcln_range(const struct fdg_gopcln *t, uint64_t *ret_first, uint64_t *ret_end);
bool fdg_gopcln_find(const struct fdg_gopcln *t, uint64_t pc, struct fdg_go_function *ret);
bool fdg_gopcln_name(const struct fdg_gopcln *t, const struct fdg_go_function *f, char ret[FDG_GO_NAME]);
/* How many bytes the function has on the stack at pc, without the return address. */
bool fdg_gopcln_depth(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t pc, uint32_t *ret);

/* Called for the functions that pc is in: what is inlined first, then what it is inlined into, in the end f itself. True: that is enough. */
typedef bool fdg_go_see(void *cookie, const struct fdg_go_line *l, bool is_inlined);
/* False: not even f's name is known. */
bool fdg_gopcln_lines(const struct fdg_gopcln *t, const struct fdg_go_function *f, uint64_t pc, fdg_go_see *see, void *cookie);
/* Can fdg_gopcln_lines tell what is inlined? */
bool fdg_gopcln_knows_inlined(const struct fdg_gopcln *t);

#endif
