// SPDX-License-Identifier: MIT
/* blocking-scenes [NAME]: what the differential's dice do not make: connections, splice, terminals, event descriptors, cancellation, and numbers that are used again. */
#include "scene.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void note(struct scene *s, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(s->text + s->used, sizeof(s->text) - s->used, format, list);
	va_end(list);
	if (n > 0 && s->used + (size_t)n < sizeof(s->text))
		s->used += (size_t)n;
}

void say(struct scene *s, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(s->said, sizeof(s->said), format, list);
	va_end(list);
}

int keep(struct scene *s, int fd)
{
	MUST(fd);
	if (s->keeps == KEPT)
		die("keep");
	return s->kept[s->keeps++] = fd;
}

void forget(struct scene *s)
{
	for (unsigned i = 0; i < s->keeps; i++) {
		unmark(s->kept[i]);
		close(s->kept[i]);
	}
	s->keeps = 0;
}

int armed(struct scene *s, int fd)
{
	struct rig r = { .mine = fd };

	if (!arm_rig(&r, s->marked)) {
		printf("%s: the kernel's O_NONBLOCK is not as it should be\n", s->marked ? "marked" : "bare");
		exit(1);
	}
	return keep(s, r.mine);
}

void run_job(void *cookie)
{
	struct scene *s = cookie;

	errno = 4321;
	s->ret = s->job(s);
	s->error = errno;
}

void begin(struct scene *s, long (*job)(struct scene *s))
{
	s->job = job;
	start_caller(&s->caller, run_job, s);
	look(s, 0);
}

void look(struct scene *s, unsigned ms)
{
	note(s, settle(&s->caller, ms) ? "done " : "waits ");
}

void end(struct scene *s)
{
	end_caller(&s->caller);
	note(s, "%s%ld (%d)\n", s->said, s->ret, s->error);
	s->said[0] = 0;
}

void send_signal(struct scene *s)
{
	int before = atomic_load(&handled);

	pthread_kill(s->caller.thread, SIGUSR1);
	while (atomic_load(&handled) == before && !is_done(&s->caller))
		;
	look(s, 0);
}

void limit(int fd, int option, int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };

	MUST(setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t)));
}

unsigned char *big_buffer(size_t n)
{
	static unsigned char both[2][4 << 20];
	unsigned char *b = both[gettid() == getpid()]; /* one is the job's */

	if (n > sizeof(both[0]))
		die("big_buffer");
	put_pattern(b, n, 0);
	return b;
}

size_t drain_now(int fd)
{
	static char b[65536];
	struct pollfd p = { fd, POLLIN, 0 };
	size_t sum = 0;
	ssize_t n;

	while (poll(&p, 1, 0) > 0 && (n = read(fd, b, sizeof(b))) > 0)
		sum += (size_t)n;
	return sum;
}

static void play_once(struct scene *s, const struct listed *l, int way, bool marked)
{
	memset(s, 0, sizeof(*s));
	s->marked = marked;
	s->calls = marked ? &marked_calls[way] : &bare_calls[way];
	handle_signals(false);
	l->play(s);
	forget(s);
}

#ifdef __SANITIZE_THREAD__
#define KEEPS_SIGNALS true
#else
#define KEEPS_SIGNALS false
#endif

static int play_list(const struct listed *l, const char *only)
{
	static struct scene bare, marked;
	int wrong = 0;

	for (; l->name; l++)
		for (int way = 0; way < WAYS && (!only || strcmp(only, l->name) == 0) && !(l->signals && KEEPS_SIGNALS); way++) {
			play_once(&bare, l, way, false);
			play_once(&marked, l, way, true);
			if (strcmp(bare.text, marked.text) == 0 && bare.used) {
				printf("ok: %s %s\n%s", l->name, bare.calls->name, getenv("FDG_SHOW") ? bare.text : "");
				continue;
			}
			printf("DIFFERENT: %s %s\n bare:\n%s marked:\n%s", l->name, bare.calls->name, bare.text, marked.text);
			wrong++;
		}
	return wrong;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	int wrong;

	setvbuf(stdout, NULL, _IOLBF, 0);
	wrong = play_list(peer_scenes, only) + play_list(byte_scenes, only) + play_list(thread_scenes, only) + play_list(signal_scenes, only) + play_list(control_scenes, only) + play_list(end_scenes, only);
	printf("%d different\n", wrong);
	return wrong != 0;
}
