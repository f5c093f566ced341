/* SPDX-License-Identifier: MIT */
/* Guard nonblock: what lies on the board (late.h); private to board.c, which keeps it, and relatives.c, which judges it. */
#ifndef FDG_GUARDS_BOARD_H
#define FDG_GUARDS_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "guards/holders.h"
#include "guards/nonblock/shared.h"

#define FDG_POSTS 32
#define FDG_POST_SETTLED 2
#define FDG_POST_OBJECT 208 /* a path that is longer is not known */

struct fdg_post {
	_Atomic uint64_t number; /* the how manieth post this is, from 1; 0: being written */
	_Atomic unsigned char told; /* or FDG_POST_SETTLED: its description has the mode again that it had before */
	unsigned char was, asked, fixed;
	unsigned char passed; /* it went or came by SCM_RIGHTS */
	unsigned char call;
	int fd;
	int pid, parent; /* who changed it, and who forked that */
	uint32_t origin; /* for that process itself */
	uint64_t dev, ino, when;
	uint64_t description; /* 0: it was made after the fork, and only its maker knows it by that */
	uint64_t offset;
	char object[FDG_POST_OBJECT]; /* where it was changed, with the offset; addresses are each process's own */
};

struct fdg_board {
	_Atomic uint64_t count;
	_Atomic uint32_t written; /* how many are there to be read */
	struct fdg_children children;
	struct fdg_post post[FDG_POSTS];
};

/* NULL: there are no relatives. */
struct fdg_board *fdg_board(void);
/* Did this process fork, or post? */
bool fdg_board_has_acted(void);
/* A copy of what is posted there. False: it is being written, or was just now. */
bool fdg_board_copy(const struct fdg_post *posted, uint64_t number, struct fdg_post *ret);
/* Is this inode what was changed? */
bool fdg_post_is_of(const struct fdg_post *p, const struct stat *st);
/* *p is a copy. */
struct fdg_shared fdg_post_change(const struct fdg_post *p);
/* This process knows of the post. False: it did before. */
bool fdg_board_is_news(unsigned place, uint64_t number);

#endif
