// SPDX-License-Identifier: MIT
/* Handlers that change what is set for their signal, or the descriptor that the call waits for; and libc's own. */
#include "scene.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static void set(int signal, void (*handler)(int), int flags)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = flags };

	MUST(sigaction(signal, &a, NULL));
}

static void nothing(int signal)
{
	(void)signal;
}

static void once(int signal)
{
	set(signal, SIG_DFL, 0);
	atomic_fetch_add(&handled, 1);
}

static void once_ignored(int signal)
{
	set(signal, SIG_IGN, 0);
	atomic_fetch_add(&handled, 1);
}

static void then_interrupting(int signal)
{
	set(signal, nothing, 0);
	atomic_fetch_add(&handled, 1);
}

static void then_restarting(int signal)
{
	set(signal, nothing, SA_RESTART);
	atomic_fetch_add(&handled, 1);
}

static long reads(struct scene *s)
{
	return s->calls->take(s->a, big_buffer(10), 10);
}

/* The other end, which sends at the end. No handler is set but the scene's. */
static int pair_of(struct scene *s)
{
	int pair[2];

	set(SIGUSR1, SIG_DFL, 0);
	set(SIGPIPE, SIG_DFL, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	keep(s, pair[0]);
	keep(s, pair[1]);
	s->a = armed(s, pair[0]);
	return pair[1];
}

static void handler_changes_itself(struct scene *s)
{
	static void (*const handlers[])(int) = { once, once_ignored, then_interrupting, then_restarting };

	for (unsigned i = 0; i < 8; i++) {
		int peer = pair_of(s);

		set(SIGUSR1, handlers[i / 2], i % 2 ? SA_RESTART : 0);
		begin(s, reads);
		send_signal(s);
		MUST(write(peer, "abc", 3));
		end(s);
		forget(s);
	}
}

/* What interrupts is set while the call waits. */
static void handler_is_set_late(struct scene *s)
{
	int peer = pair_of(s);

	begin(s, reads);
	handle_signals(false);
	send_signal(s);
	MUST(write(peer, "abc", 3));
	end(s);
}

/* The old way to end a call whose handler restarts it. */
static int to_end;

static void ends_it(int signal)
{
	(void)signal;
	make_nonblocking(to_end);
	atomic_fetch_add(&handled, 1);
}

static void handler_makes_it_nonblocking(struct scene *s)
{
	int peer = pair_of(s);

	to_end = s->a;
	set(SIGUSR1, ends_it, SA_RESTART);
	begin(s, reads);
	send_signal(s);
	MUST(write(peer, "abc", 3));
	end(s);
}

/* All threads run a handler of libc's then. */
static void ids_are_set(struct scene *s)
{
	int peer = pair_of(s);

	begin(s, reads);
	MUST(setgid(getgid()));
	look(s, 0);
	MUST(write(peer, "abc", 3));
	end(s);
}

const struct listed signal_scenes[] = {
	{ "changes-itself", handler_changes_itself, true },
	{ "set-late", handler_is_set_late, true },
	{ "made-nonblocking", handler_makes_it_nonblocking, true },
	{ "ids", ids_are_set, true },
	{ NULL, NULL, false },
};
