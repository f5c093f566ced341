/* SPDX-License-Identifier: MIT */
/*
 * The processes that are supervised, and their descriptors, as the kernel tells: by pidfd_getfd where we may, by /proc/PID where not (a container without CAP_SYS_PTRACE). For the supervisor's
 * one thread.
 */
#ifndef FDG_SUPERVISE_FACTS_H
#define FDG_SUPERVISE_FACTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct fdg_process {
	int pid, pidfd, parent; /* parent: when it was first met */
	unsigned index;         /* for rows.h */
	struct fdg_process *next;
	unsigned execs; /* seen, and not known to fail */
	bool is_exe_known;
	enum { FDG_PRELOAD_UNKNOWN, FDG_PRELOADED, FDG_NOT_PRELOADED } preload;
	enum { FDG_GO_UNKNOWN, FDG_GO, FDG_NOT_GO } go;
	bool is_select_told;
	int judged; /* FDG_PROBE_…: its last exec was looked at here, not by a preload of its parent's */
	char exe[PATH_MAX];
	uint64_t image, born; /* image: one number for each program of each process; born: its first one */
	uint64_t family; /* the image that it has its descriptors of: what fork copied is the parent's until an exec */
	/* blind.c's: titles are hashes, 0: none; title: before the last exec that was tried; told: as it was told of, while it was that image. */
	struct { bool has_asked; uint64_t title, told, image; } blind;
	uint64_t steers; /* as `born`: it has a BPF program of its own for a SO_REUSEPORT group */
	bool is_hint_lost; /* it copied more than is remembered */
};

/* What a descriptor refers to. */
struct fdg_identity {
	uint64_t dev, ino;
};

static inline bool fdg_identity_same(const struct fdg_identity *a, const struct fdg_identity *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* One descriptor of a process. */
struct fdg_file {
	int local;      /* it, fetched; -1: we may not. To be closed at once: it keeps a connection open */
	int flags;      /* as F_GETFL has them */
	unsigned mode;  /* st_mode */
	uint64_t dev, ino;
};

/* epoll: where a pidfd is put that tells of its process's end, with the pid as data. */
int fdg_facts_start(int epoll);
/* The process of a thread, made known if it is not yet; NULL: it cannot be known. */
struct fdg_process *fdg_facts_of(int tid);
/* How many were known when one could not be for want of room, or of descriptors, since this was last asked; 0: there was none. */
unsigned fdg_facts_crowd(void);
struct fdg_process *fdg_facts_find(int pid);
struct fdg_process *fdg_facts_next(const struct fdg_process *after);
void fdg_facts_forget(struct fdg_process *p);
/* It may be about to become another program; whether it is, is counted by who knows. */
void fdg_facts_exec(struct fdg_process *p);
/* Its name, as /proc has it now if an exec may have changed it. */
const char *fdg_facts_exe(struct fdg_process *p);
int fdg_facts_parent(int pid); /* 0: not known */

/* fd of the process, by one of its threads. False: there is none, or nothing is known of it. */
bool fdg_file_look(const struct fdg_process *p, int tid, int fd, struct fdg_file *ret);
void fdg_file_close(struct fdg_file *f);
/* Is `other` of process `pid` the same description as f, which is `fd` of process p? */
bool fdg_file_is_shared(const struct fdg_file *f, const struct fdg_process *p, int fd, int pid, int other);

bool fdg_identity_of(int pid, int fd, struct fdg_identity *ret);
bool fdg_stream_of(int pid, int fd, struct fdg_identity *ret); /* the same; false of what is no socket or pipe */
/* Has this thread the descriptors that its process has? By fd where the kernel does not say: a thread can have a table of its own (CLONE_FILES unshared). */
bool fdg_facts_has_table(const struct fdg_process *p, int tid, int fd);
int fdg_facts_filters(int tid); /* that it is under; 0: not known */
int fdg_facts_table(int pid); /* numbers that its table of descriptors has room for */
/* How many threads it has; 0: not known. */
int fdg_facts_threads(int pid);
/* Its number where it runs itself, which may be a namespace of its own; 0: not known. */
int fdg_facts_own_number(int pid);

/* Copies a process's memory; what is not there, or we may not see, is not copied: how many bytes were. */
long fdg_facts_read(int tid, uint64_t address, void *to, unsigned long n);

#endif
