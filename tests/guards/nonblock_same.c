// SPDX-License-Identifier: MIT
/*
 * Programs that nonblock=fix has to leave as they are: nobody in them counts on a mode that was not asked for last, or nobody can be known to. nonblock-same WAY
 *   down      a non-blocking descriptor is copied, and then made blocking: the copy waits; file: the copy is a stream
 *   up        the other way round: the copy does not wait; loop: it is in an interest list; looped: it was asked to block before
 *   given     a child has the connection as 0 and 1, and makes it blocking for all three before it execs; closed: and closes its own number
 *   spawned vforked sent number login
 *             one copy was asked to block, and the other one goes to another program: by posix_spawn, vfork, SCM_RIGHTS, its number, login_tty
 *   gone left the same by posix_spawn and fork, and the copy that was asked is closed before; left: by the child
 *   parent child
 *             both set O_NONBLOCK for a moment, one after the other; then that one waits
 *   crowd     a child does so, with 40 changes of other descriptions in between; then its parent waits
 *   third     one child asks not to wait; its parent asks to; another child, which never asked, waits
 *   calmed    a program makes its standard input blocking; then its parent starts another one. kept: a copy was asked to block before
 *   vfork     a vfork child makes blocking what it gives to its program
 *   refused   F_SETFL failed; then a copy is made non-blocking; and a second time the other way round
 * Prints how it goes.
 */
#include <spawn.h>
#include <sys/epoll.h>
#include <utmp.h>

#include "nonblock_twin.h"

static const char *way;

static int is(const char *name)
{
	return strcmp(way, name) == 0;
}

static void set(int fd, int on)
{
	set_nonblocking("F_SETFL", fd, on);
}

static int copy_of(int fd)
{
	int copy = dup(fd);

	must(copy >= 0, "dup");
	return copy;
}

static void say(int fd)
{
	const char *how = read_nothing(fd);

	printf("%d %s\n", is_nonblocking(fd), how);
}

/* Something to read comes in a moment. */
static int writes_to;

static void write_now(int sig)
{
	(void)sig;
	must(write(writes_to, "x\n", 2) == 2, "write");
}

static void write_soon(int fd)
{
	struct sigaction on = { .sa_handler = write_now, .sa_flags = SA_RESTART };
	struct itimerval soon = { .it_value = { 0, 50000 } };

	writes_to = fd;
	must(sigaction(SIGALRM, &on, NULL) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0, "timer");
}

static void down(void)
{
	struct ends e = ends_open("socket");
	FILE *stream;
	char line[9];
	int copy;

	set(e.here, 1);
	copy = copy_of(e.here);
	if (is("down")) {
		set(e.here, 0);
		say(copy);
		return;
	}
	stream = fdopen(copy, "r");
	set(e.here, 0);
	write_soon(e.there);
	puts(fgets(line, sizeof(line), stream) ? "line" : strerror(errno));
}

static void up(void)
{
	struct ends e = ends_open("socket");
	struct epoll_event in = { .events = EPOLLIN };
	int copy = copy_of(e.here), loop = epoll_create1(0);

	if (is("looped"))
		set(copy, 0);
	set(e.here, 1);
	if (!is("up"))
		must(epoll_ctl(loop, EPOLL_CTL_ADD, copy, &in) == 0, "epoll_ctl");
	say(copy);
}

/* This program, as one that says how fd is. */
static void become_reader(int fd)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", fd);
	execl("/proc/self/exe", "nonblock-same", "says", number, (char *)NULL);
	_exit(127);
}

static void ended(pid_t pid)
{
	int status = 0;

	must(pid > 0 && waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		printf("status %x\n", status);
}

static void given(void)
{
	struct ends e = ends_open("socket");
	pid_t pid;

	must(fcntl(e.here, F_SETFD, FD_CLOEXEC) == 0, "F_SETFD");
	set(e.here, 1);
	pid = fork();
	if (pid == 0) {
		dup2(e.here, 0);
		dup2(e.here, 2);
		set(e.here, 0);
		if (is("closed"))
			close(e.here);
		become_reader(0);
	}
	ended(pid);
}

static void spawn_reader(int fd)
{
	static char *const argv[] = { (char *)"nonblock-same", (char *)"says", (char *)"0", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	must(posix_spawn_file_actions_init(&actions) == 0 && posix_spawn_file_actions_adddup2(&actions, fd, 0) == 0, "actions");
	must(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	ended(pid);
}

static void vfork_reader(int fd)
{
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(fd, 0);
		execl("/proc/self/exe", "nonblock-same", "says", "0", (char *)NULL);
		_exit(127);
	}
	ended(pid);
}

static void send_to_reader(int fd)
{
	int channel[2];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0, "socketpair");
	pid = fork();
	if (pid == 0) {
		say(take_over(channel[1]));
		exit(0);
	}
	hand_over(channel[0], fd);
	ended(pid);
}

static void fork_reader(int fd, int copy)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (is("left"))
			must(close(copy) == 0 && dup2(fd, 0) == 0, "dup2");
		else
			set(copy, 0);
		if (is("login"))
			must(login_tty(fd) == 0, "login_tty");
		become_reader(is("number") ? fd : 0);
	}
	ended(pid);
}

/* Its standard output is the terminal. */
static void show_terminal(int fd)
{
	char text[99];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	must(n > 2, "read");
	text[n - 2] = '\0'; /* CR LF */
	puts(text);
}

static void passed_on(void)
{
	struct ends e = ends_open(is("login") ? "tty" : "socket");
	int fd = is("login") ? e.there : e.here, copy;

	set(fd, 1);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (!is("number") && !is("login"))
		set(copy, 0);
	if (is("gone"))
		close(copy);
	if (is("spawned") || is("gone"))
		spawn_reader(fd);
	else if (is("vforked"))
		vfork_reader(fd);
	else if (is("sent"))
		send_to_reader(fd);
	else
		fork_reader(fd, copy);
	if (is("login"))
		show_terminal(e.here);
}

/* Between processes, in turn. */
enum { OTHERS = 40, FIRST_OTHER = 100 };

static void give(const int to[2])
{
	must(write(to[1], "", 1) == 1, "give");
}

static void take(const int from[2])
{
	char c;

	must(read(from[0], &c, 1) == 1, "take");
}

static void for_a_moment(int fd)
{
	set(fd, 1);
	for (int i = 0; is("crowd") && i < OTHERS; i++)
		set(FIRST_OTHER + i, 1);
	set(fd, 0);
}

static void toggled(void)
{
	struct ends e = ends_open("socket");
	int turn[2], back[2];
	pid_t pid;

	must(pipe(turn) == 0 && pipe(back) == 0, "pipe");
	for (int i = 0; is("crowd") && i < OTHERS; i++)
		must(dup2(socket(AF_UNIX, SOCK_STREAM, 0), FIRST_OTHER + i) >= 0, "dup2");
	pid = fork();
	if ((pid == 0) == is("child")) {
		if (!is("crowd"))
			for_a_moment(e.here);
		give(turn);
		take(back);
		say(e.here);
		give(turn);
	} else {
		take(turn);
		for_a_moment(e.here);
		give(back);
		take(turn);
	}
	if (pid == 0)
		exit(0);
	ended(pid);
}

static void third(void)
{
	struct ends e = ends_open("socket");
	int turn[2], asked[2], stay[2];
	pid_t quiet, loud;

	must(pipe(turn) == 0 && pipe(asked) == 0 && pipe(stay) == 0, "pipe");
	quiet = fork();
	if (quiet == 0) {
		take(turn);
		say(e.here);
		exit(0);
	}
	loud = fork();
	if (loud == 0) {
		set(e.here, 1);
		give(asked);
		take(stay);
		_exit(0);
	}
	take(asked);
	set(e.here, 0);
	give(turn);
	ended(quiet);
	give(stay);
	ended(loud);
}

static void calm(void)
{
	char c;

	set(0, 0);
	must(write(1, "", 1) == 1, "calm");
	must(read(3, &c, 1) == 0, "stay");
}

static void calmed(void)
{
	struct ends e = ends_open("socket");
	posix_spawn_file_actions_t actions;
	char *const argv[] = { (char *)"nonblock-same", (char *)"calm", NULL }, *const nothing[] = { (char *)"nonblock-same", (char *)"nothing", NULL };
	int copy = fcntl(e.here, F_DUPFD_CLOEXEC, 60), ready[2], stay[2];
	pid_t pid, other;
	char c;

	set(e.here, 1);
	if (is("kept"))
		set(copy, 0);
	must(pipe2(ready, O_CLOEXEC) == 0 && pipe2(stay, O_CLOEXEC) == 0 && posix_spawn_file_actions_init(&actions) == 0, "begin");
	posix_spawn_file_actions_adddup2(&actions, e.here, 0);
	posix_spawn_file_actions_adddup2(&actions, ready[1], 1);
	posix_spawn_file_actions_adddup2(&actions, stay[0], 3);
	must(posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ) == 0 && read(ready[0], &c, 1) == 1, "calm");
	must(posix_spawn(&other, "/proc/self/exe", NULL, NULL, nothing, environ) == 0, "nothing");
	ended(other);
	say(copy);
	close(stay[1]);
	ended(pid);
	if (is("kept")) /* else guard nonblock.stdio puts it back */
		say(copy);
}

static void vforks(void)
{
	struct ends e = ends_open("socket");
	int copy = copy_of(e.here);
	pid_t pid;

	set(e.here, 1);
	pid = vfork();
	if (pid == 0) {
		fcntl(copy, F_SETFL, O_RDWR);
		dup2(copy, 0);
		execl("/proc/self/exe", "nonblock-same", "says", "0", (char *)NULL);
		_exit(127);
	}
	ended(pid);
	say(copy);
}

static void refused(void)
{
	for (int on = 1; on >= 0; on--) {
		struct ends e = ends_open("socket");
		int copy, r;

		set(e.here, on);
		r = fcntl(e.here, F_SETFL, O_RDWR | O_DIRECT | (on ? 0 : O_NONBLOCK));
		must(r < 0 && errno == EINVAL, "refused");
		copy = copy_of(e.here);
		set(copy, 1);
		set(copy, on);
		say(e.here);
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *way; void (*act)(void); } ways[] = {
		{ "down", down }, { "file", down }, { "up", up }, { "loop", up }, { "looped", up }, { "given", given }, { "closed", given },
		{ "spawned", passed_on }, { "vforked", passed_on }, { "sent", passed_on }, { "number", passed_on }, { "login", passed_on }, { "gone", passed_on }, { "left", passed_on },
		{ "parent", toggled }, { "child", toggled }, { "crowd", toggled }, { "third", third }, { "calmed", calmed }, { "kept", calmed }, { "vfork", vforks },
		{ "refused", refused }, { "calm", calm },
	};

	way = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (is("nothing"))
		return 0;
	if (is("says")) {
		say(atoi(argv[2]));
		return 0;
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (is(ways[i].way)) {
			ways[i].act();
			return 0;
		}
	return 2;
}
