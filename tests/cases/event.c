// SPDX-License-Identifier: MIT
/*
 * A small event library as libevent was in 2003, of our own making: an epoll backend that looks at EPOLLIN and EPOLLOUT. With loop.proper it does what libevent has done
 * since: an error or a hang-up is readable and writable.
 */
#include "event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define NAMED __attribute__((noinline))
#define FDS 1024
#define EVENTS 64

struct slot {
	struct watch *read, *write;
};

struct loop loop;
static int epoll = -1, noted = -1;
static struct slot slots[FDS];
static char notes[256];

void loop_open(bool proper)
{
	loop.proper = proper;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll >= 0)
		return;
	perror("epoll_create1");
	exit(98);
}

void journal_of(int fd)
{
	noted = fd;
	notes[0] = '\0';
}

const char *journal(void)
{
	return notes;
}

static int note(int op, int fd, int result)
{
	static const char *const name[] = { [EPOLL_CTL_ADD] = "ADD", [EPOLL_CTL_DEL] = "DEL", [EPOLL_CTL_MOD] = "MOD" };
	size_t used = strlen(notes);

	if (fd == noted)
		snprintf(notes + used, sizeof notes - used, "%s%s %s", used ? ", " : "", name[op], result == 0 ? "ok" : strerrorname_np(errno));
	return result;
}

static unsigned asked_for(const struct slot *s)
{
	return (s->read ? (unsigned)EPOLLIN : 0) | (s->write ? (unsigned)EPOLLOUT : 0);
}

NAMED static int backend_add(int op, int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.ptr = &slots[fd] };

	return note(op, fd, epoll_ctl(epoll, op, fd, &e));
}

NAMED static int backend_del(int fd)
{
	struct epoll_event e = { .data.ptr = &slots[fd] };

	return note(EPOLL_CTL_DEL, fd, epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &e));
}

int watch_add(struct watch *w)
{
	struct slot *s = &slots[w->fd];
	int op = s->read || s->write ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (w->what & WATCH_READ)
		s->read = w;
	if (w->what & WATCH_WRITE)
		s->write = w;
	return backend_add(op, w->fd, asked_for(s));
}

int watch_del(struct watch *w)
{
	struct slot *s = &slots[w->fd];

	if (!s->read && !s->write)
		return 0;
	*s = (struct slot){ NULL, NULL };
	return backend_del(w->fd);
}

/* The old loop asks for nothing, and saves itself an EPOLL_CTL_ADD later. */
int watch_pause(struct watch *w)
{
	return loop.proper ? watch_del(w) : backend_add(EPOLL_CTL_MOD, w->fd, 0);
}

static unsigned proper_what(unsigned what)
{
	return what & (EPOLLERR | EPOLLHUP) ? what | EPOLLIN | EPOLLOUT : what;
}

/* True if somebody was called. */
static bool call(const struct slot *s, unsigned what)
{
	unsigned error = loop.proper && what & (EPOLLERR | EPOLLHUP) ? WATCH_ERROR : 0;
	struct watch *reader = NULL, *writer = NULL;
	unsigned which = 0;

	if (loop.proper)
		what = proper_what(what);
	if (what & EPOLLIN) {
		reader = s->read;
		which |= WATCH_READ;
	}
	if (what & EPOLLOUT) {
		writer = s->write;
		which |= WATCH_WRITE;
	}
	if (!which)
		return false;
	if (reader)
		reader->call(reader, (which & reader->what) | error);
	if (writer && writer != reader && s->write == writer)
		writer->call(writer, WATCH_WRITE | error);
	return reader || writer;
}

void loop_turn(int timeout_ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(epoll, e, EVENTS, timeout_ms);

	if (n < 0 && errno != EINTR) {
		perror("epoll_wait");
		exit(98);
	}
	loop.turns += n > 0;
	for (int i = 0; i < n; i++)
		loop.idle += !call(e[i].data.ptr, e[i].events);
}
