/* SPDX-License-Identifier: MIT */
/*
 * epoll-model: a program that plays random sequences on epolls and descriptors and keeps a model of them: which number is which description, what is registered where, by whom.
 */
#ifndef TESTS_GUARDS_EPOLL_MODEL_MODEL_H
#define TESTS_GUARDS_EPOLL_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Numbers that a sequence uses: from FIRST on; the limit of the table is NUMBERS, or less for a while. */
enum {
	FIRST = 3,
	NUMBERS = 44,
	REGISTRATIONS = 256,
	BURIED = 4096,
	TOLD_MOST = 6,
	STEPS = 250,
	UNSEEN_STEPS = 1200,
	UNSEEN_REST = 600
};

enum kind {
	CLOSED,
	STREAM = 1 << 0,
	DATAGRAM = 1 << 1,
	PACKETS = 1 << 2,
	PIPE_OUT = 1 << 3,
	PIPE_IN = 1 << 4,
	EVENT = 1 << 5,
	UDP = 1 << 6,
	PLAIN = 1 << 7,
	EPOLL = 1 << 8,
	LOCAL = STREAM | DATAGRAM | PACKETS,
	SOCKETS = LOCAL | UDP,
	ANY = (1 << 9) - 1,
};

struct descriptor {
	int description; /* 0: closed */
	enum kind kind;
	int maker;                  /* of the description: 0, or a child's ordinal */
	bool blocks, has_travelled; /* through a socket: that it is the same description is not easily seen */
};

/* Of a set: the description of an epoll. The kernel's key is description and number, and so is ours. */
struct registration {
	int set, description, number, owner;
	uint32_t events;
	uint64_t data;
	unsigned told; /* ERR or HUP, level-triggered, by a wait that could have waited */
};

/* What children share with their parent. */
struct common {
	struct registration registration[REGISTRATIONS];
	struct registration grave[BURIED];
	unsigned buried;
	int descriptions, children;
	long count[64];
	size_t used;
	char transcript[8 << 20];
};

enum counted {
	COUNT_CTL_DONE,
	COUNT_CTL_FAILED,
	COUNT_NESTED,
	COUNT_EXCLUSIVE,
	COUNT_EVENTS,
	COUNT_NO_EVENTS,
	COUNT_EDGE,
	COUNT_ONCE,
	COUNT_FAULTS,
	COUNT_FAILED,
	COUNT_NOBODYS, /* an event of a registration whose number was closed */
	COUNT_GHOSTS,  /* … while there was a copy */
	COUNT_REVIVED,
	COUNT_STAYED, /* errors of closed numbers, after a siege */
	COUNT_TRANSLATED,
	COUNT_CLOSED,
	COUNT_CLOSED_REGISTERED,
	COUNT_DUPLICATED,
	COUNT_NOT_DUPLICATED,
	COUNT_PASSED,
	COUNT_CHILDREN,
	COUNT_VFORKED,
	COUNT_HELD,
	COUNT_FULL,
	COUNTS
};

extern struct descriptor numbers[NUMBERS];
extern struct common *common;
/*
 * tame: nothing is played whose outcome epoll=fix leaves open. mended: the program does itself what epoll=fix is to do for it. unseen: some calls are made behind
 * everybody's back.
 */
extern bool tame, mended, unseen;
extern int me; /* 0, a child's ordinal, or VFORKED */
enum { VFORKED = -1 };

/* world.c */
uint64_t dice(void);
void dice_from(uint64_t seed);
unsigned below(unsigned n);
bool in(unsigned thousandths);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* What the call made of errno, too. */
long say_result(long r);
void say_data(uint64_t data);
int pick(enum kind kinds); /* an open number, or -1 */
int number_count(void);
int any_number(void); /* an open one for the most part */
bool is_open(int n);
void arrive(int n, enum kind kind, bool blocks);
void arrive_copy(int from, int n);
struct registration *find_registration(int set, int description, int number);
struct registration *any_registration(void);
struct registration *add_registration(int set, int number, const struct epoll_event *event);
int number_of(int description);
/* Numbers are about to be closed; and have been. */
void take_back(int first, int last);
void leaving(int first, int last);
void left(int first, int last);

/* unseen.c */
int unseen_close(int n);
int unseen_dup3(int from, int to, int flags);
int unseen_control(int epoll, int op, int n, struct epoll_event *event);

/* ghosts.c */
void bury(const struct registration *r);
bool has_copy(int description, int first, int last); /* under a number that is not among these */
void come_back(int n);
bool is_ghost(int set, int description, int number);
unsigned ghosts_that_carry(int set, uint64_t data);
void haunt(int set, uint64_t data);
bool is_haunted(int set);

/* descriptors.c */
void step_make(void);
void step_duplicate(void);
void step_pass(void);
void step_close(void);
void step_limit(void);
void limit_to(int n);

/* control.c */
void control(int epoll, int op, int n, struct epoll_event *event);
void say_list(int epoll);
void step_control(void);
void step_list(void);
void step(void);

/* traffic.c */
void step_traffic(void);

/* wait.c */
void step_wait(void);
void step_poll(void);
void besiege(void);
bool is_live(int set, uint64_t data);

/* children.c */
void step_fork(void);
void step_vfork(void);
void step_hold(void);
void end_holder(void);

#endif
