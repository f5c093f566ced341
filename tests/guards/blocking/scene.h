/* SPDX-License-Identifier: MIT */
/* A scene is played twice, bare and marked, and writes down what it sees: the two texts must be equal. */
#ifndef BLOCKING_SCENE_H
#define BLOCKING_SCENE_H

#include "calls.h"
#include "rig.h"

enum { TEXT = 8192, KEPT = 32 };

struct scene {
	const struct calls *calls;
	bool marked;
	char text[TEXT];
	size_t used;
	char said[256]; /* by the job */
	int kept[KEPT]; /* to be closed at the end */
	unsigned keeps;
	struct caller caller;
	long (*job)(struct scene *s);
	long ret;
	int error;
	int a, b;       /* what the job works on */
	size_t n;
	int flags;
};

typedef void play(struct scene *s);
struct listed {
	const char *name;
	play *play;
	bool signals; /* ThreadSanitizer hands them out when it likes to */
};
extern const struct listed peer_scenes[], byte_scenes[], thread_scenes[], signal_scenes[], control_scenes[], end_scenes[]; /* each ends with a NULL */

__attribute__((format(printf, 2, 3))) void note(struct scene *s, const char *format, ...);
/* The same from the job; it is noted at its end. */
__attribute__((format(printf, 2, 3))) void say(struct scene *s, const char *format, ...);
/* fd is to be closed at the end. */
int keep(struct scene *s, int fd);
/* Closes what was kept. */
void forget(struct scene *s);
/* A duplicate of fd that blocks: really, or by mark. */
int armed(struct scene *s, int fd);
void run_job(void *cookie);
/* Runs job in a thread until it sleeps or is done, and notes which. */
void begin(struct scene *s, long (*job)(struct scene *s));
/* After something happened: notes whether it is done now. */
void look(struct scene *s, unsigned ms);
/* Waits for its end, and notes what came. */
void end(struct scene *s);
void send_signal(struct scene *s);
void limit(int fd, int option, int ms);
unsigned char *big_buffer(size_t n);
size_t drain_now(int fd);

#endif
