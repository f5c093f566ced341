// SPDX-License-Identifier: MIT
/* nonblock-stdio-wrong WAY [N]: turns stdin non-blocking (or another way round), and leaves it so. */
#include "nonblock_stdio_twin.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

static int by_return(int fd)
{
	turn(fd, 1);
	return 3;
}

static int by_ioctl(int fd)
{
	turn_by_ioctl(fd, 1);
	return 3;
}

static int by_number(int fd)
{
	turn_by_number(fd, 1);
	return 3;
}

/* The other way round: it was non-blocking. */
static int to_blocking(int fd)
{
	turn(fd, 0);
	return 3;
}

static int by_exit(int fd)
{
	turn(fd, 1);
	exit(3);
}

static int by_underscore_exit(int fd)
{
	turn(fd, 1);
	_exit(3);
}

static int by_quick_exit(int fd)
{
	turn(fd, 1);
	quick_exit(3);
}

static int by_exit_group(int fd)
{
	turn(fd, 1);
	syscall(SYS_exit_group, 3);
	return 99;
}

static int by_exit_of_its_thread(int fd)
{
	turn(fd, 1);
	syscall(SYS_exit, 3);
	return 99;
}

static int by_exec(int fd)
{
	turn(fd, 1);
	execl("/proc/self/exe", "again", "mode", (char *)NULL);
	return 99;
}

static int by_exec_of_name(int fd)
{
	turn(fd, 1);
	execlp("fd-mode", "fd-mode", (char *)NULL);
	return 99;
}

static int by_exec_in_child(int fd)
{
	pid_t child = fork();

	if (child == 0)
		return by_exec_of_name(fd);
	collect(child);
	return 3;
}

/* What the program that is exec'd does. */
static int mode(int fd)
{
	puts(fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking");
	return 3;
}

static int by_copy(int fd)
{
	turn(dup(fd), 1);
	return 3;
}

static int after_close(int fd)
{
	turn(fd, 1);
	close(fd);
	return 3;
}

static int after_close_by_number(int fd)
{
	turn(fd, 1);
	syscall(SYS_close, fd);
	return 3;
}

static int after_fclose(int fd)
{
	(void)fd;
	turn(0, 1);
	fclose(stdin);
	return 3;
}

static int after_dup2(int fd)
{
	turn(fd, 1);
	must(dup2(open("/dev/null", O_RDONLY), fd) == fd, "dup2");
	return 3;
}

static int after_close_range(int fd)
{
	int copy = dup(fd);

	close(fd);
	turn(copy, 1);
	must(close_range((unsigned)copy, ~0u, 0) == 0, "close_range");
	return 3;
}

static int as_daemon(int fd)
{
	turn(fd, 1);
	return daemon(1, 0) == 0 ? 3 : 99; /* whoever waits for us sees 0 */
}

static int in_child(int fd)
{
	pid_t child = fork();

	if (child == 0) {
		turn(fd, 1);
		_exit(0);
	}
	collect(child);
	return 3;
}

static const char *mode_word(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking";
}

static int turn_and_return(void *fd)
{
	turn(*(int *)fd, 1);
	return 0;
}

static int in_clone(int fd)
{
	static _Alignas(64) char stack[65536];
	pid_t child = clone(turn_and_return, stack + sizeof stack, SIGCHLD, &fd);

	must(child > 0, "clone");
	collect(child);
	return 3;
}

static void *exits_alone(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	exit(3);
}

/* The first thread is gone when another one ends the program. */
static int by_last_thread(int fd)
{
	static pthread_t leader;
	pthread_t thread;

	turn(fd, 1);
	leader = pthread_self();
	must(pthread_create(&thread, NULL, exits_alone, &leader) == 0, "thread");
	pthread_exit(NULL);
}

/* The same description by another number, with no dup that could be seen. */
static int through_message(int fd)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } u = { .align = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { (char[]){ 0 }, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u };
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	memcpy(CMSG_DATA(&u.align), &fd, sizeof fd);
	must(sendmsg(pair[0], &m, 0) == 1 && recvmsg(pair[1], &m, 0) == 1, "message");
	memcpy(&fd, CMSG_DATA(&u.align), sizeof fd);
	return fd;
}

static int by_message(int fd)
{
	int copy = through_message(fd);

	turn(copy, 1);
	close(copy);
	return 3;
}

/* Goes on with the one that came. */
static int to_message(int fd)
{
	int copy = through_message(fd);

	turn(fd, 1);
	must(dup2(open("/dev/null", O_RDONLY), fd) == fd, "dup2");
	puts(mode_word(copy));
	return 3;
}

/* Its child goes on with it when it has left. */
static int to_heir(int fd)
{
	pid_t self = getpid();

	turn(fd, 1);
	if (fork())
		_exit(0);
	while (getppid() == self)
		usleep(1000);
	printf("%s ", mode_word(fd));
	return 3;
}

/* The same, where it has only closed its own; the child has changed it, too, and put back what it met. */
static int to_worker(int fd)
{
	int changed[2], done[2];
	pid_t child;
	char c;

	turn(fd, 1);
	must(pipe(changed) == 0 && pipe(done) == 0, "pipe");
	child = fork();
	if (child == 0) {
		turn(fd, 0);
		turn(fd, 1);
		close(changed[0]);
		close(changed[1]);
		close(done[1]);
		must(read(done[0], &c, 1) == 0, "read");
		printf("%s ", mode_word(fd));
		exit(0);
	}
	close(changed[1]);
	must(read(changed[0], &c, 1) == 0, "read");
	close(fd);
	close(done[1]);
	collect(child);
	return 3;
}

/* Killed: whoever does not handle a signal. */
static int by_signal(int number)
{
	turn(0, 1);
	raise(number);
	return 99;
}

/* A program that is one, and cannot be started: a script whose interpreter is missing. */
static int by_exec_that_fails(int fd)
{
	turn(fd, 1);
	execl("./broken", "broken", (char *)NULL);
	puts(fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking");
	return 3;
}

/* A child that its parent's handlers are not for. */
static int killed_child(int number, int by_number)
{
	int status;
	pid_t child;

	turn(0, 1);
	child = by_number ? (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L) : fork();
	if (child == 0) {
		kill((pid_t)syscall(SYS_getpid), number);
		_exit(99);
	}
	must(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == number, "child");
	puts(fcntl(0, F_GETFL) & O_NONBLOCK ? "still non-blocking" : "blocking");
	return 3;
}

static int by_signal_in_child(int number)
{
	return killed_child(number, 0);
}

static int by_signal_in_raw_child(int number)
{
	return killed_child(number, 1);
}

int main(int argc, char **argv)
{
	static const struct way ways[] = {
		{ "return", by_return },
		{ "ioctl", by_ioctl },
		{ "number", by_number },
		{ "blocking", to_blocking },
		{ "exit", by_exit },
		{ "_exit", by_underscore_exit },
		{ "quick_exit", by_quick_exit },
		{ "exit_group", by_exit_group },
		{ "exit-by-number", by_exit_of_its_thread },
		{ "exec", by_exec },
		{ "exec-name", by_exec_of_name },
		{ "exec-child", by_exec_in_child },
		{ "mode", mode },
		{ "copy", by_copy },
		{ "close", after_close },
		{ "close-by-number", after_close_by_number },
		{ "fclose", after_fclose },
		{ "dup2", after_dup2 },
		{ "close_range", after_close_range },
		{ "daemon", as_daemon },
		{ "child", in_child },
		{ "clone", in_clone },
		{ "last-thread", by_last_thread },
		{ "message", by_message },
		{ "to-message", to_message },
		{ "heir", to_heir },
		{ "worker", to_worker },
		{ "signal", by_signal },
		{ "signal-child", by_signal_in_child },
		{ "signal-raw-child", by_signal_in_raw_child },
		{ "exec-fails", by_exec_that_fails },
	};
	const char *naps = getenv("NAP_MS"); /* its starter has had the time to close what it gave it */

	if (naps)
		usleep((useconds_t)atoi(naps) * 1000);
	RUN(ways, argc, argv);
}
