// SPDX-License-Identifier: MIT
/*
 * Registrations of a file that is closed, or whose number is another file's now: they go on to fire as long as somebody else has the file, and cannot be taken out by the number.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/scan_facts.h"

#define TOLD 8

/* Has this other process the epoll, too? Where that may not be asked: if it has any. */
static bool has_epoll(struct scan *s, int epfd, int pid)
{
	struct scan_process other;
	bool r = false;

	if (!scan_process_open(&other, pid))
		return false;
	scan_process_read(&other);
	for (size_t i = 0; i < other.fds && !r; i++) {
		long same = other.fd[i].kind == SCAN_EPOLL ? syscall(SYS_kcmp, s->p->pid, pid, KCMP_FILE, epfd, other.fd[i].fd) : 1;

		r = same == 0 || (same < 0 && errno != EBADF);
	}
	scan_process_close(&other);
	return r;
}

/* A registration that another process made, in an epoll that both have: there the number is right. */
static bool is_theirs(struct scan *s, const struct scan_interest *i)
{
	const struct scan_holders *h = scan_holders_of(s);

	for (const struct scan_holder *o = scan_holder_find(h, i->ino); o && o < h->held + h->count && o->ino == i->ino; o++)
		if (o->fd == i->fd && has_epoll(s, i->epfd, o->pid))
			return true;
	return false;
}

bool scan_is_stale(struct scan *s, const struct scan_interest *i)
{
	uint64_t is;

	if (!i->has_ino)
		return false;
	is = scan_ino_of(s->p, i->fd);
	if (is == i->ino || (is == 0 && scan_find_fd(s->p, i->fd)))
		return false;
	return !is_theirs(s, i);
}

static int fetch_from(struct scan *s, int pid, int fd, uint64_t ino)
{
	const struct scan_fd f = { .fd = fd, .ino = ino };
	struct scan_process other;
	int copy;

	if (!scan_process_open(&other, pid))
		return -1;
	copy = scan_fetch(&other, &f);
	s->p->why_fetch = other.why_fetch ? other.why_fetch : s->p->why_fetch;
	scan_process_close(&other);
	return copy;
}

int scan_fetch_keeper(struct scan *s, const struct scan_interest *i, struct fdg_buf *b)
{
	const struct scan_holder *o;

	for (size_t n = 0; n < s->p->fds; n++) {
		if (s->p->fd[n].ino != i->ino)
			continue;
		fdg_fmt(b, "fd %d, a copy of it", s->p->fd[n].fd);
		return scan_fetch(s->p, &s->p->fd[n]);
	}
	o = scan_holder_find(scan_holders_of(s), i->ino);
	if (!o) {
		fdg_put(b, "a holder that cannot be seen");
		return -1;
	}
	fdg_fmt(b, "fd %d of %s", o->fd, scan_name_of(s, o->pid));
	return fetch_from(s, o->pid, o->fd, i->ino);
}

int scan_fetch_epoll(struct scan *s, int epfd)
{
	const struct scan_fd *f = scan_find_fd(s->p, epfd);

	return f && f->kind == SCAN_EPOLL ? scan_fetch(s->p, f) : -1;
}

static void say(struct scan *s, const struct scan_interest *i)
{
	struct scan_finding r;
	char keeper[128];
	struct fdg_buf b = FDG_BUF(r.message), k = FDG_BUF(keeper), what = FDG_BUF(r.what);
	const struct scan_fd *now = scan_find_fd(s->p, i->fd);
	int copy = scan_fetch_keeper(s, i, &k);

	scan_finding_begin(&r, FDG_EPOLL_STALE);
	r.f.level = FDG_LEVEL_WARNING;
	r.f.fd = i->fd;
	if (copy >= 0) {
		scan_put_what(&what, copy);
		close(copy);
		scan_add(s, &r, "kind", "it was a", r.what, 0);
	}
	fdg_fmt(&b, "%s closed fd %d and it is still registered in epoll %d, kept open by %s: %s", s->p->name, i->fd, i->epfd, keeper,
		now ? "its events will come as if they were of the file that has the number now" : "its events go on to come");
	snprintf(r.key, sizeof(r.key), "%d %d %llu", i->epfd, i->fd, (unsigned long long)i->ino);
	scan_add(s, &r, "epoll", "epoll", NULL, i->epfd);
	r.f.fix = "take it out of the epoll (EPOLL_CTL_DEL) before close, as long as a copy or a child may have it; make sockets with SOCK_CLOEXEC";
	scan_finding_say(s, &r);
}

void scan_stale(struct scan *s)
{
	size_t told = 0;

	for (size_t n = 0; n < s->p->interests; n++) {
		if (s->p->interest[n].is_told || !scan_is_stale(s, &s->p->interest[n]))
			continue;
		if (told++ < TOLD)
			say(s, &s->p->interest[n]);
	}
	if (told > TOLD)
		scan_note(s->out, "%s (pid %d): %zu more closed descriptors are still registered", s->p->name, s->p->pid, told - TOLD);
}
