// SPDX-License-Identifier: MIT
/* Sockets that a program which this one starts has as well, and the programs that have them. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/scan_facts.h"

#define TOLD 8

struct heir {
	int pid, fd;
	size_t count;
};

struct heirs {
	struct heir *heir;
	size_t count, room;
};

static bool is_left_open(const struct scan_fd *f)
{
	return f->fd > 2 && (f->kind == SCAN_SOCKET || f->kind == SCAN_EPOLL) && f->flags && !(f->flags & O_CLOEXEC);
}

static bool is_ancestor(struct scan *s, int pid)
{
	struct scan_process p;
	int at = s->p->status.parent;

	for (int depth = 0; at > 1 && depth < 64; depth++) {
		if (at == pid)
			return true;
		if (!scan_process_open(&p, at))
			return false;
		at = p.status.parent;
		scan_process_close(&p);
	}
	return at == pid;
}

/* An argument, or a variable that systemd's and others' children are told by. */
static bool is_meant(const struct scan_process *p, int fd)
{
	size_t n;
	char *text = scan_read_file(p->dir, "cmdline", 1u << 17, &n);
	bool r = text && scan_names_number(text, n, fd);

	free(text);
	text = scan_read_file(p->dir, "environ", 1u << 20, &n);
	r = r || (text && (memmem(text, n, "LISTEN_FDS=", 11) || memmem(text, n, "NODE_CHANNEL_FD=", 16)));
	free(text);
	return r;
}

/* Another program, that began later and was not told of it. A copy of the same program has a server's sockets on purpose. */
static bool is_heir(struct scan *s, const struct scan_holder *h)
{
	struct scan_process p;
	bool r;

	if (h->fd < 3 || is_ancestor(s, h->pid) || !scan_process_open(&p, h->pid))
		return false;
	r = p.start >= s->p->start && p.exe[0] == '/' && strcmp(p.exe, s->p->exe) != 0 && !is_meant(&p, h->fd);
	scan_process_close(&p);
	return r;
}

static void count_for(struct heirs *all, struct scan *s, const struct scan_holder *h)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->heir[i].pid == h->pid) {
			all->heir[i].count += all->heir[i].fd >= 0;
			return;
		}
	all->heir = pool_grow(all->heir, all->count, &all->room, sizeof(*all->heir));
	all->heir[all->count++] = is_heir(s, h) ? (struct heir){ h->pid, h->fd, 1 } : (struct heir){ h->pid, -1, 0 };
}

static void collect(struct scan *s, struct heirs *all, size_t *ret_open, int *ret_first)
{
	for (size_t n = 0; n < s->p->fds; n++) {
		const struct scan_fd *f = &s->p->fd[n];
		const struct scan_holders *h;

		if (!is_left_open(f))
			continue;
		*ret_first = (*ret_open)++ ? *ret_first : f->fd;
		if (s->o->all || !f->ino)
			continue;
		h = scan_holders_of(s);
		for (const struct scan_holder *o = scan_holder_find(h, f->ino); o && o < h->held + h->count && o->ino == f->ino; o++)
			count_for(all, s, o);
	}
}

static void say_heir(struct scan *s, const struct heir *h)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);

	scan_finding_begin(&r, FDG_CLOEXEC_LEAKED);
	fdg_fmt(&b, "%s has ", scan_name_of(s, h->pid));
	scan_put_kind(&b, SCAN_SOCKET, h->count);
	fdg_fmt(&b, " of %s, which %s not close-on-exec, and nothing names %s", s->p->name, h->count == 1 ? "is" : "are", h->count == 1 ? "it" : "them");
	r.f.count = h->count;
	r.f.count_label = "sockets";
	r.f.fd = h->fd;
	snprintf(r.key, sizeof(r.key), "%d", h->pid);
	scan_add(s, &r, "holder_pid", "who has them", NULL, h->pid);
	r.f.fix = "create them with SOCK_CLOEXEC (accept4 for accepted ones), or start the program with fdguard run, which does so; what has them already keeps them until it ends";
	scan_finding_say(s, &r);
}

static void say_open(struct scan *s, size_t open, int first)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);

	scan_finding_begin(&r, FDG_CLOEXEC_LEAKED);
	r.f.level = FDG_LEVEL_NOTE;
	fdg_put_count(&b, open);
	fdg_fmt(&b, " of %s's sockets and epolls %s not close-on-exec: whatever it starts has %s, too", s->p->name, open == 1 ? "is" : "are", open == 1 ? "it" : "them");
	snprintf(r.key, sizeof(r.key), "open");
	r.f.count = open;
	r.f.fd = first;
	r.f.fix = "create them with SOCK_CLOEXEC and EPOLL_CLOEXEC";
	scan_finding_say(s, &r);
}

void scan_cloexec(struct scan *s)
{
	struct heirs all = { .heir = NULL };
	size_t open = 0, told = 0;
	int first = -1;

	collect(s, &all, &open, &first);
	for (size_t i = 0; i < all.count; i++)
		if (all.heir[i].count && told++ < TOLD)
			say_heir(s, &all.heir[i]);
	if (told > TOLD)
		scan_note(s->out, "%s (pid %d): %zu more processes have sockets of it", s->p->name, s->p->pid, told - TOLD);
	if (open && !told)
		say_open(s, open, first);
	free(all.heir);
}
