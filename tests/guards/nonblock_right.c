// SPDX-License-Identifier: MIT
/*
 * What programs do on purpose with the mode of a shared description, and what is nobody's business. nonblock-right WAY [socket|pipe|tty] [F_SETFL|FIONBIO|…]
 *   all         copies made by dup, dup2 and F_DUPFD, each made non-blocking before any is used
 *   restore     changed through a copy, and put back before anybody looks
 *   same        set to what it is
 *   own         the copy has a description of its own
 *   closed      the other descriptor is closed before the change
 *   reused      the other descriptor's number is another socket by the time of the change
 *   connection  a server that forks for each connection; the child changes the mode, the server closes its own
 *   inetd       the same, and the child makes it its 0 to 2 and execs
 *   over        a child held it, and is gone; then its parent changes the mode
 *   prefork     children make a listener non-blocking that only they use
 *   handed      a child gets the connection by SCM_RIGHTS; its parent closes its own, and the child changes the mode
 *   leaked      a program that was started has a copy that it knows nothing of
 *   lent        what a program has as its standard input, made non-blocking and put back
 *   twice       a forked child asks for what its parent asked for
 */
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>

#include "nonblock_twin.h"

static const char *kind, *call;

NAMED void all(void)
{
	struct ends e = ends_open(kind);
	int copy[3] = { dup(e.here), dup2(e.here, 50), fcntl(e.here, F_DUPFD_CLOEXEC, 60) };

	set_nonblocking(call, copy[0], 1);
	set_nonblocking(call, e.here, 1);
	set_nonblocking(call, copy[2], 1);
	set_nonblocking(call, copy[1], 1);
	for (int i = 0; i < 3; i++)
		printf("%d %s ", is_nonblocking(copy[i]), read_nothing(copy[i]));
	printf("%d %s\n", is_nonblocking(e.here), read_nothing(e.here));
}

NAMED void restore(void)
{
	struct ends e = ends_open(kind);
	int copy = dup(e.here);

	set_nonblocking(call, copy, 1);
	printf("%s ", read_nothing(copy));
	set_nonblocking(call, copy, 0);
	printf("%d %s ", is_nonblocking(copy), read_nothing(copy));
	printf("%d %s\n", is_nonblocking(e.here), read_nothing(e.here));
}

NAMED void same(void)
{
	struct ends e = ends_open(kind);
	int copy = dup(e.here);

	set_nonblocking(call, copy, 0);
	printf("%s ", read_nothing(e.here));
	set_nonblocking(call, e.here, 1);
	set_nonblocking(call, copy, 1);
	set_nonblocking(call, copy, 1);
	printf("%s %s\n", read_nothing(copy), read_nothing(e.here));
}

NAMED void own(void)
{
	struct ends e = ends_open("pipe");
	char path[32];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", e.here);
	other = open(path, O_RDONLY);
	must(other >= 0, "open");
	set_nonblocking(call, other, 1);
	printf("%s %s\n", read_nothing(other), read_nothing(e.here));
}

NAMED void closed(void)
{
	struct ends e = ends_open(kind);
	int copy = dup(e.here);

	set_nonblocking("F_SETFL", copy, 1);
	set_nonblocking("F_SETFL", e.here, 1);
	close(e.here);
	set_nonblocking(call, copy, 0);
	printf("%s\n", read_nothing(copy));
}

NAMED void reused(void)
{
	struct ends e = ends_open(kind), other;
	int copy = dup(e.here), old = e.here;

	set_nonblocking("F_SETFL", copy, 1);
	set_nonblocking("F_SETFL", old, 1);
	close(old);
	other = ends_open(kind);
	must(other.here == old, "the number");
	set_nonblocking("F_SETFL", old, 1);
	set_nonblocking(call, copy, 0);
	printf("%s %s\n", read_nothing(copy), read_nothing(old));
}

NAMED int listen_anywhere(struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(fd, (struct sockaddr *)at, length) == 0 && listen(fd, 16) == 0 && getsockname(fd, (struct sockaddr *)at, &length) == 0, "listen");
	return fd;
}

NAMED int connect_to(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0, "connect");
	return fd;
}

static pid_t fork_child(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	return pid;
}

static void end_child(pid_t pid, int sig)
{
	must(pid > 1 && (!sig || kill(pid, sig) == 0) && waitpid(pid, NULL, 0) == pid, "end");
}

static void serve(int fd, int execs)
{
	must(write(fd, "x", 1) == 1, "write");
	if (!execs)
		exit(0);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	close(fd);
	execl("/bin/echo", "echo", "y", (char *)NULL);
	_exit(127);
}

/* Both directions: a child that wants to wait, and one that does not. */
NAMED void server(int execs)
{
	struct sockaddr_in at;
	int listener = listen_anywhere(&at), got = 0;

	for (int i = 0; i < 8; i++) {
		int client = connect_to(&at), fd = accept4(listener, NULL, NULL, i & 1 ? SOCK_NONBLOCK : 0);
		pid_t pid;
		char c;

		must(fd >= 0, "accept4");
		pid = fork_child();
		if (pid == 0) {
			set_nonblocking(call, fd, !(i & 1));
			if (execs)
				set_nonblocking(call, fd, 0);
			serve(fd, execs);
		}
		close(fd);
		while (read(client, &c, 1) == 1)
			got++;
		close(client);
		end_child(pid, 0);
	}
	pause_ms(120);
	close(dup(listener));
	printf("%d\n", got);
}

NAMED void connection(void)
{
	server(0);
}

NAMED void inetd(void)
{
	server(1);
}

NAMED void over(void)
{
	struct ends e = ends_open(kind);
	pid_t pid = fork_child();

	if (pid == 0)
		_exit(0);
	end_child(pid, 0);
	set_nonblocking(call, e.here, 1);
	pause_ms(120);
	close(dup(e.there));
	printf("%s\n", read_nothing(e.here));
}

NAMED void wait_for_parent(int fd)
{
	must(write(fd, "", 1) == 1, "write");
	for (;;)
		pause();
}

NAMED void prefork(void)
{
	struct sockaddr_in at;
	int listener = listen_anywhere(&at), ready[2];
	pid_t pid[2];
	char c;

	must(pipe(ready) == 0, "pipe");
	for (int i = 0; i < 2; i++) {
		pid[i] = fork_child();
		if (pid[i] == 0) {
			set_nonblocking(call, listener, 1);
			must(accept(listener, NULL, NULL) < 0 && errno == EAGAIN, "accept");
			wait_for_parent(ready[1]);
		}
	}
	must(read(ready[0], &c, 1) == 1 && read(ready[0], &c, 1) == 1, "read");
	pause_ms(120);
	close(dup(ready[0]));
	for (int i = 0; i < 2; i++)
		end_child(pid[i], SIGTERM);
	printf("listener %d\n", is_nonblocking(listener));
}

NAMED void handed(void)
{
	int channel[2], status = 1;
	struct ends e;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0, "socketpair");
	pid = fork_child();
	if (pid == 0) {
		int fd = take_over(channel[1]);

		set_nonblocking(call, fd, 1);
		_exit(strcmp(read_nothing(fd), "EAGAIN") != 0);
	}
	e = ends_open(kind);
	hand_over(channel[0], e.here);
	close(e.here);
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	printf("status %d\n", status);
}

/* The program has e as its standard input, or by a leak. */
static void with_program(int given)
{
	struct ends e = ends_open(kind);
	int ready[2];
	pid_t pid;
	char c;

	must(pipe(ready) == 0, "pipe");
	pid = fork_child();
	if (pid == 0) {
		dup2(ready[1], 1);
		if (given)
			dup2(e.here, 0);
		execlp("sh", "sh", "-c", "echo; exec sleep 5", (char *)NULL);
		_exit(127);
	}
	must(read(ready[0], &c, 1) == 1, "read");
	set_nonblocking(call, e.here, 1);
	if (given)
		set_nonblocking(call, e.here, 0);
	pause_ms(120);
	close(dup(ready[0]));
	end_child(pid, SIGTERM);
	printf("%s\n", read_nothing(e.here));
}

NAMED void leaked(void)
{
	with_program(0);
}

NAMED void lent(void)
{
	with_program(1);
}

NAMED void twice(void)
{
	struct ends e = ends_open(kind);
	int go[2];
	pid_t pid;
	char c;

	must(pipe(go) == 0, "pipe");
	pid = fork_child();
	if (pid == 0) {
		must(read(go[0], &c, 1) == 1, "read");
		set_nonblocking(call, e.here, 1);
		_exit(strcmp(read_nothing(e.here), "EAGAIN") != 0);
	}
	set_nonblocking(call, e.here, 1);
	must(write(go[1], "", 1) == 1, "write");
	end_child(pid, 0);
	pause_ms(120);
	close(dup(go[0]));
	printf("%s\n", read_nothing(e.here));
}

static void watch(int loop, int op, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fd } };

	must(epoll_ctl(loop, op, fd, &event) == 0, "epoll_ctl");
}

NAMED void idle(void)
{
	struct ends e = ends_open(kind);
	int go[2], done[2], loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;
	pid_t pid;
	char c;

	must(pipe(go) == 0 && pipe(done) == 0, "pipe");
	set_nonblocking(call, e.here, 1);
	watch(loop, EPOLL_CTL_ADD, done[0]);
	watch(loop, EPOLL_CTL_ADD, e.here);
	must(epoll_wait(loop, &event, 1, 0) == 0, "epoll_wait");
	watch(loop, EPOLL_CTL_DEL, e.here);
	pid = fork_child();
	if (pid == 0) {
		set_nonblocking(call, e.here, 0);
		must(write(done[1], "", 1) == 1, "write");
		_exit(read(go[0], &c, 1) != 1);
	}
	must(epoll_wait(loop, &event, 1, -1) == 1 && read(done[0], &c, 1) == 1, "done");
	for (int i = 0; i < 3; i++) /* a loop that turns now and then */
		must(epoll_wait(loop, &event, 1, 70) == 0, "epoll_wait");
	must(write(go[1], "", 1) == 1, "write");
	end_child(pid, 0);
	printf("idle\n");
}

int main(int argc, char **argv)
{
	static const struct { const char *way; void (*act)(void); } ways[] = {
		{ "all", all }, { "restore", restore }, { "same", same }, { "own", own }, { "closed", closed }, { "reused", reused }, { "over", over },
		{ "prefork", prefork }, { "handed", handed }, { "leaked", leaked }, { "lent", lent }, { "twice", twice }, { "idle", idle }, { "connection", connection }, { "inetd", inetd },
	};

	kind = argc > 2 ? argv[2] : "socket";
	call = argc > 3 ? argv[3] : "F_SETFL";
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(argv[1], ways[i].way) == 0) {
			ways[i].act();
			return 0;
		}
	return 2;
}
