/* SPDX-License-Identifier: MIT */
/*
 * What kind of program a file is: whether a preloaded library gets into it, and if not, why. As this process sees the file, and by its own user and group.
 */
#ifndef FDG_BASE_IMAGE_H
#define FDG_BASE_IMAGE_H

#include <elf.h>
#include <limits.h>
#include <stdbool.h>

#if defined(__x86_64__)
#define FDG_IMAGE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define FDG_IMAGE_MACHINE EM_AARCH64
#endif
#define FDG_IMAGE_SCRIPT 256   /* bytes of a script's first line: the kernel's BINPRM_BUF_SIZE */
#define FDG_IMAGE_SEGMENTS 128 /* program headers; real files have a dozen */

enum fdg_image_kind {
	FDG_IMAGE_UNKNOWN,    /* it cannot be read, or is no program: the kernel decides */
	FDG_IMAGE_DYNAMIC,    /* the loader preloads */
	FDG_IMAGE_ASAN,       /* so does it here, but AddressSanitizer's runtime objects to not being first */
	FDG_IMAGE_STATIC,     /* no loader in it; what it starts may have one */
	FDG_IMAGE_FOREIGN,    /* another architecture or another C library */
	FDG_IMAGE_PRIVILEGED, /* the loader ignores LD_PRELOAD */
	FDG_IMAGE_MISSING,    /* a script whose interpreter is not there */
	FDG_IMAGE_KINDS
};

enum fdg_image_privilege { FDG_IMAGE_SUID, FDG_IMAGE_SGID, FDG_IMAGE_CAPABLE };

/* Large: where a stack is small it lies elsewhere. */
struct fdg_image {
	enum fdg_image_kind kind;
	unsigned detail;       /* PRIVILEGED: enum fdg_image_privilege. FOREIGN: e_machine; 0: another C library */
	char loader[256];      /* FOREIGN: the other C library's; MISSING: the interpreter; else "" */
	char real[PATH_MAX];   /* the file as /proc calls it; "": could not be opened */
	unsigned mode;         /* its st_mode; 0: there is none */
	/* For the look itself. */
	int fd, root, held;
	unsigned segments;
	Elf64_Ehdr elf;
	Elf64_Phdr segment[FDG_IMAGE_SEGMENTS];
	char program[PATH_MAX], start[FDG_IMAGE_SCRIPT];
};

/* For a script the kind is its interpreter's. Opens the file for as long as it looks; writes to ret alone: right in a vfork child. */
void fdg_image_look(const char *path, struct fdg_image *ret);
/* The same by another root, an open directory: of names that begin at "/", and of what links say. `program` is good until fdg_image_done. */
void fdg_image_look_in(int root, const char *path, struct fdg_image *ret);
void fdg_image_done(struct fdg_image *f);

/* Why the loader will not preload us into a program, as far as one can tell beforehand. */
enum fdg_barred {
	FDG_NOT_BARRED,
	FDG_BARRED_OUT_OF_REACH,
	FDG_BARRED_IGNORED,
	FDG_BARRED_NO_ROOM, /* arguments and environment are too long to add anything */
	FDG_BARRED_QUESTION /* it does not run: the loader is asked about it */
};

/* A start of a program, as it is told with run.exec=on. */
struct fdg_run_exec {
	const char *file;
	const struct fdg_image *image; /* what is known of the file; NULL: nothing */
	bool elsewhere;                /* it is given options of its own, and may report to another place */
	enum fdg_barred barred;        /* why the loader will not preload us into it, as far as one can tell */
	int child;                     /* the process that a spawn made; 0: this one; -1: one that we do not know the number of */
	int error;
};

#endif
