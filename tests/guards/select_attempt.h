/* SPDX-License-Identifier: MIT */
/* One call of select's family, made twice on equal memory: by the reference and by whoever answers to the name. */
#ifndef SELECT_ATTEMPT_H
#define SELECT_ATTEMPT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	SETS = 3,
	SET_MOST = 4096,                 /* bytes of a set: 32,768 descriptors */
	MEMORY = SETS * SET_MOST + 2048, /* three sets, timeout, mask, and what lies around them */
	GUARD = 128,
};

enum call { CALL_SELECT, CALL_UNDER_SELECT, CALL_PSELECT, CALL_NUMBER_SELECT, CALL_NUMBER_PSELECT6, CALLS };

/* Where the sets, the timeout and the mask lie. In the blocks they lie in any order, with gaps or exactly one behind the other. */
enum place {
	PLACE_HEAP,        /* a block of malloc's */
	PLACE_MAPPING,     /* a block in the middle of a mapping */
	PLACE_PAGE_END,    /* a block that ends where PROT_NONE begins */
	PLACE_STATIC,      /* a static block */
	PLACE_STACK,       /* a block that is a local variable */
	PLACE_ALLOCA,      /* a block of alloca's */
	PLACE_MALLOCED,    /* each set malloc'ed by itself, just so long as it must be */
	PLACE_STATIC_SETS, /* static fd_set s[32], one for each set */
	PLACE_LOCAL_SETS,  /* fd_set s[32] on the stack */
	PLACE_LOCAL_16,    /* fd_set s[16] on the stack */
	PLACES
};

enum given {
	GIVEN_NULL,
	GIVEN_OWN,
	GIVEN_FIRST,     /* the same memory as in */
	GIVEN_READ_ONLY, /* can be read, not written */
	GIVEN_NOWHERE,   /* can be neither */
};

enum size_argument { SIZE_RIGHT, SIZE_WRONG, SIZE_ABSENT, SIZE_NOWHERE }; /* of pselect6's sixth argument */

enum signals {
	SIGNALS_NONE,
	SIGNALS_PENDING, /* one is blocked and pending; the call's mask may let it in */
	SIGNALS_TIMER,   /* one comes again and again, with a handler */
	SIGNALS_IGNORED, /* the same, ignored */
};

struct plan {
	enum call call;
	enum place place;
	int nfds;
	size_t size; /* bytes of each set */
	enum given sets[SETS], timeout, mask;
	unsigned char bits[SETS][SET_MOST];
	long seconds, fraction;
	sigset_t blocked; /* the mask's content */
	enum size_argument mask_size;
	enum signals signals;
	bool restart;                  /* SA_RESTART on the handler */
	bool by_libc;                  /* the reference is libc's function, found past us, instead of the kernel */
	int order[SETS + 2];           /* of the parts of a block: the sets, the timeout (3), the mask (4) */
	size_t gap;                    /* between them */
	unsigned char filling[MEMORY]; /* what lies around them, and in uninitialised tails */
};

struct outcome {
	long ret;
	int error;
	bool faulted; /* SIGSEGV ended the call */
	int handled;  /* how often the handler ran; for SIGNALS_TIMER, whether it did */
	bool pending, mask_kept;
	bool mask_written;
	long seconds, fraction;
	size_t used;
	unsigned char memory[2 * MEMORY];
};

void attempts_begin(void); /* once */
/* tested: by name; else by the reference. */
void attempt(const struct plan *plan, bool tested, struct outcome *ret_outcome);
/* How many would be ready at once, or -errno, for sets alone: 0 means that the call would wait. */
long attempt_probe(const struct plan *plan);

#endif
