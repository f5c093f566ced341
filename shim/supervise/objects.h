/* SPDX-License-Identifier: MIT */
/*
 * The files whose code a process runs.
 */
#ifndef FDG_SUPERVISE_OBJECTS_H
#define FDG_SUPERVISE_OBJECTS_H

#include "supervise/facts.h"

#define FDG_OBJECTS 64

struct fdg_object {
	uint64_t first, end; /* where it is mapped */
	uint64_t behind;     /* its first part's end */
	uint64_t bias;       /* what the addresses of the file are off by */
	int fd;              /* -1: it cannot be opened, or is no ELF file */
	char name[256];      /* what it is called there */
};

struct fdg_objects {
	unsigned count;
	struct fdg_object object[FDG_OBJECTS];
};

/* What is mapped now; the files are opened when they are asked for. */
bool fdg_objects_look(struct fdg_process *p, struct fdg_objects *ret);
/* The one that holds the address, open; NULL: none does. */
struct fdg_object *fdg_objects_find(struct fdg_process *p, struct fdg_objects *o, uint64_t address);
void fdg_objects_close(struct fdg_objects *o);

#endif
