/* SPDX-License-Identifier: MIT */
/* Where interest.c keeps what was registered; private to it. Records never move and are never given back. Async-signal-safe. */
#ifndef FDG_GUARDS_EPOLL_RECORDS_H
#define FDG_GUARDS_EPOLL_RECORDS_H

#include <stdatomic.h>
#include <stdint.h>

#include "ledger/ledger.h"

struct fdg_record {
	_Atomic uint64_t set; /* 0: free */
	_Atomic uint64_t data;
	_Atomic uint64_t description; /* of the fd */
	_Atomic uintptr_t site;
	_Atomic uint32_t events, generation, state, version;
	_Atomic int epfd, owner;
	_Atomic uint32_t more; /* of the same fd: for fdg_record_at; 0: none */
	_Atomic uint32_t carried; /* where carried.c has it */
};

extern struct fdg_record fdg_record_first[FDG_LEDGER_CHUNK];
struct fdg_record *fdg_record_far(int fd);

/* The first of fd. NULL: nothing near it was ever registered. */
static inline struct fdg_record *fdg_record_of(int fd)
{
	if (__builtin_expect((unsigned)fd < FDG_LEDGER_CHUNK, 1))
		return &fdg_record_first[fd];
	return fdg_record_far(fd);
}

struct fdg_record *fdg_record_at(uint32_t more);

/* The next of the same fd; NULL: it was the last. */
static inline struct fdg_record *fdg_record_next(struct fdg_record *r)
{
	uint32_t more = atomic_load_explicit(&r->more, memory_order_acquire);

	return more ? fdg_record_at(more) : NULL;
}

/* As fdg_record_of, but maps it. NULL: fd is too high, or there is no memory. */
struct fdg_record *fdg_record_make(int fd);
/* A free record more at the end of r's chain. NULL: there is no room. */
struct fdg_record *fdg_record_lengthen(struct fdg_record *r);

#endif
