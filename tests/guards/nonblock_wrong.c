// SPDX-License-Identifier: MIT
/*
 * The bug: the mode of a description is changed through one of two descriptors. nonblock-wrong WAY [socket|pipe|tty] [F_SETFL|FIONBIO|number|numberioctl]
 *   blocks    the copy is made blocking, the other counts on EAGAIN
 *   listed    as blocks, and all that is known of the other is that it is in an interest list
 *   wakes     the copy is made non-blocking, the other counts on waiting
 *   passed    as blocks, and the copy came by SCM_RIGHTS
 *   stream    as blocks, and the copy was made a stream before
 *   streamed  the same, after it
 *   zero      as blocks, and then the copy is made the standard input
 *   starts    as blocks, and then programs are started that only get the copy by a leak
 *   given     as blocks, and then a program is started with the copy as its standard input, which says how that is
 *   spawned   the same by posix_spawn
 *   vforked   the same by vfork
 *   child     a forked child makes it blocking, and its parent keeps it
 *   leaves    the same, and the child ends at once
 *   parent    the parent makes it blocking, and its child keeps it, unused: nobody is wronged
 *   program   the parent makes non-blocking what a program that it started has as its standard input
 *   used      a forked child makes it non-blocking, and its parent counts on waiting
 * Prints what F_GETFL says of both (1: non-blocking), and how reads on both go.
 */
#include <spawn.h>
#include <sys/epoll.h>

#include "nonblock_twin.h"

static const char *way, *kind, *call;

NAMED int copy_of(int fd)
{
	int copy = dup(fd);

	must(copy >= 0, "dup");
	return copy;
}

/* Reads first: to ask for the flags of a descriptor is to know of its mode. */
static void show(int copy, int fd)
{
	const char *how = read_nothing(copy), *other = read_nothing(fd);

	printf("copy %d %s, other %d %s\n", is_nonblocking(copy), how, is_nonblocking(fd), other);
}

/* Sent and received by this process. */
NAMED int pass(int fd)
{
	int pair[2], got;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	hand_over(pair[0], fd);
	got = take_over(pair[1]);
	close(pair[0]);
	close(pair[1]);
	return got;
}

static char *const says_how_it_is[] = { (char *)"nonblock-wrong", (char *)"says", NULL };

/* The program has `input` as its standard input, or an empty one. */
NAMED void start(int input)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		must(dup2(input >= 0 ? input : open("/dev/null", O_RDONLY | O_CLOEXEC), 0) == 0, "dup2");
		execv("/proc/self/exe", says_how_it_is);
		_exit(127);
	}
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

NAMED void spawn(int input)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	must(posix_spawn_file_actions_init(&actions) == 0, "actions");
	if (input >= 0)
		must(posix_spawn_file_actions_adddup2(&actions, input, 0) == 0, "adddup2");
	else
		must(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0, "addopen");
	must(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, says_how_it_is, environ) == 0, "posix_spawn");
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
	posix_spawn_file_actions_destroy(&actions);
}

NAMED void start_by_vfork(int input)
{
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(input, 0);
		execv("/proc/self/exe", says_how_it_is);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "vfork");
}

/* A copy that nobody asked for anything, in the place of fd. */
NAMED int put_into_list(int fd)
{
	struct epoll_event in = { .events = EPOLLIN };
	int copy = copy_of(fd);

	must(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, copy, &in) == 0, "epoll_ctl");
	close(fd);
	return copy;
}

static void blocks(void)
{
	struct ends e = ends_open(kind);
	int copy;

	set_nonblocking("F_SETFL", e.here, 1);
	if (strcmp(way, "listed") == 0)
		e.here = put_into_list(e.here);
	copy = strcmp(way, "passed") == 0 ? pass(e.here) : copy_of(e.here);
	if (strcmp(way, "stream") == 0)
		must(fdopen(copy, "r") != NULL, "fdopen");
	set_nonblocking(call, copy, 0);
	if (strcmp(way, "streamed") == 0)
		must(fdopen(copy, "r") != NULL, "fdopen");
	if (strcmp(way, "zero") == 0)
		must(dup2(copy, 0) == 0, "dup2");
	if (strcmp(way, "starts") == 0)
		start(-1);
	if (strcmp(way, "starts") == 0)
		spawn(-1);
	if (strcmp(way, "given") == 0)
		start(copy);
	if (strcmp(way, "vforked") == 0)
		start_by_vfork(copy);
	if (strcmp(way, "spawned") == 0)
		spawn(copy);
	show(copy, e.here);
}

static void wakes(void)
{
	struct ends e = ends_open(kind);
	int copy = copy_of(e.here);

	set_nonblocking(call, copy, 1);
	show(copy, e.here);
}

NAMED void leaves(void)
{
	struct ends e = ends_open(kind);
	const char *how;
	pid_t pid;

	set_nonblocking("F_SETFL", e.here, 1);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		set_nonblocking(call, e.here, 0);
		_exit(0);
	}
	must(waitpid(pid, NULL, 0) == pid, "waitpid");
	pause_ms(150);
	close(dup(e.there));
	how = read_nothing(e.here);
	printf("other %d %s\n", is_nonblocking(e.here), how);
}

/* A child that does one thing and stays until its parent says so. */
static void with_child(int child_changes, int on)
{
	struct ends e = ends_open(kind);
	const char *how;
	int go[2], done[2];
	char c;
	pid_t pid;

	must(pipe(go) == 0 && pipe(done) == 0, "pipe");
	if (!on)
		set_nonblocking("F_SETFL", e.here, 1);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		if (child_changes)
			set_nonblocking(call, e.here, on);
		must(write(done[1], "", 1) == 1 && read(go[0], &c, 1) == 1, "child");
		exit(0);
	}
	must(read(done[0], &c, 1) == 1, "done");
	if (!child_changes)
		set_nonblocking(call, e.here, on);
	pause_ms(150);
	close(done[1]); /* a call that a server makes now and then */
	how = read_nothing(e.here);
	printf("other %d %s\n", is_nonblocking(e.here), how);
	must(write(go[1], "", 1) == 1 && waitpid(pid, NULL, 0) == pid, "end");
}

static void program(void)
{
	struct ends e = ends_open(kind);
	int ready[2];
	char c;
	pid_t pid;

	must(pipe(ready) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		dup2(e.here, 0);
		dup2(ready[1], 1);
		close(e.there);
		close(ready[0]);
		execlp("sh", "sh", "-c", "echo; exec sleep 1", (char *)NULL);
		_exit(127);
	}
	must(read(ready[0], &c, 1) == 1, "ready");
	set_nonblocking(call, e.here, 1);
	pause_ms(150);
	close(ready[0]);
	printf("mine %d\n", is_nonblocking(e.here));
	must(kill(pid, SIGTERM) == 0 && waitpid(pid, NULL, 0) == pid, "end");
}

int main(int argc, char **argv)
{
	way = argc > 1 ? argv[1] : "";
	kind = argc > 2 ? argv[2] : "socket";
	call = argc > 3 ? argv[3] : "F_SETFL";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(way, "says") == 0)
		printf("input %d, ", is_nonblocking(0));
	else if (strcmp(way, "wakes") == 0)
		wakes();
	else if (strcmp(way, "child") == 0)
		with_child(1, 0);
	else if (strcmp(way, "parent") == 0)
		with_child(0, 0);
	else if (strcmp(way, "used") == 0)
		with_child(1, 1);
	else if (strcmp(way, "leaves") == 0)
		leaves();
	else if (strcmp(way, "program") == 0)
		program();
	else
		blocks();
	return 0;
}
