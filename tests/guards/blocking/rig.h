/* SPDX-License-Identifier: MIT */
/* A channel with two ends: `mine`, on which a thread makes one call, and `theirs`, where the test acts when that thread sleeps. */
#ifndef BLOCKING_RIG_H
#define BLOCKING_RIG_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum channel { TCP, UNIX, PIPE, SEQPACKET, DGRAM, UDP, CHANNELS };
extern const char *const channel_names[CHANNELS];

struct rig {
	enum channel channel;
	bool gives;  /* mine sends */
	int mine, theirs;
	int other;   /* shares mine's description; non-blocking where mine is marked */
	size_t full; /* bytes that were put in to fill it */
};

void open_rig(struct rig *rig, enum channel channel, bool gives);
/* mine blocks: as the kernel has it, or (marked) as the guard has it. True: the kernel's flag is as it should be then. */
bool arm_rig(struct rig *rig, bool marked);
void close_rig(struct rig *rig);
/* Puts in what goes in. */
void fill_rig(struct rig *rig);
/* Is O_NONBLOCK set in the kernel, whatever fcntl says? */
bool is_nonblocking(int fd);

/* One call in a thread. */
struct caller {
	pthread_t thread;
	void (*call)(void *cookie);
	void *cookie;
	_Atomic int tid; /* when it is about to make the call */
	_Atomic bool done;
};

void start_caller(struct caller *c, void (*call)(void *cookie), void *cookie);
/* Until it is done (true), or sleeps (false) and has done so for `ms`. */
bool settle(struct caller *c, unsigned ms);
bool is_done(struct caller *c);
void end_caller(struct caller *c);

/* Handlers for SIGUSR1 and SIGPIPE; how often they ran since. */
void handle_signals(bool restart);
/* The same, but SIGUSR1's is of the other kind each time that it has run. */
void handle_signals_in_turn(bool restart);
extern _Atomic int handled, pipes_broken;

/* xorshift, for the same cases with the same seed. */
uint64_t dice(uint64_t sides);
void seed_dice(uint64_t seed);

/* Byte i of what is sent. */
void put_pattern(unsigned char *b, size_t n, size_t from);
uint64_t hash(const void *b, size_t n, uint64_t h);

void die(const char *what);
#define MUST(x) do { if ((long)(x) < 0) die(#x); } while (0)

#endif
