// SPDX-License-Identifier: MIT
/* How a case ended: its exit status, read by the runner. And the rows of patterns.def. */
#ifndef SELECT_CORPUS_VERDICT_H
#define SELECT_CORPUS_VERDICT_H

enum verdict {
	RIGHT,
	IS_ERROR = 10, /* select failed */
	IS_LOST,       /* timed out, though the descriptor was ready */
	IS_EARLY,      /* said that it was ready before it was */
	IS_SHORT,      /* timed out before its time */
	IS_EXTRA,      /* a wrong count, or a descriptor that was not ready */
	IS_MISSED,     /* a count without the descriptor's bit */
	IS_DAMAGED,    /* something beside the set changed */
	NO_SCENE = 99, /* the case could not be set up */
};

/* What the bits of descriptors beyond FD_SETSIZE lie on. */
enum place {
	ON_ARGUMENT, /* of the same call: another set, the timeout, the signal mask */
	ON_NOTHING,  /* memory that the program does not use any more */
	ON_CANARY,   /* the stack protector's */
	ON_OTHER,    /* memory that is in use; or, before that is known, that no argument owns */
	PLACES,
};

/* What happens on the descriptor, a little after the program has gone to sleep. */
enum happening {
	READABLE, /* a byte comes */
	REQUESTS, /* a byte comes, and another whenever the last was answered */
	WRITABLE, /* its full buffer is drained */
	URGENT,   /* out-of-band data comes */
	ALREADY,  /* a byte is there before the program looks */
};

enum crowd {
	SPARSE,    /* nothing else is open */
	OWN,       /* every number below is open: the program opened it */
	INHERITED, /* every number below is open: its parent did */
};

struct row {
	const char *name;
	enum happening happening;
	long ready_limit, idle_limit; /* microseconds; below 0: for ever */
	const char *meant[3];         /* the sets: letters for descriptors */
};

#endif
