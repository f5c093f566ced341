// SPDX-License-Identifier: MIT
/*
 * nonblock-stall WAY: a thread with an event loop makes a call that waits for 200 ms, until the other thread does its part (wrong ways); or nothing of the kind
 * (right ways). Prints what came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMED __attribute__((noinline))
#define LATER_US 200000

static int loop, pair[2];

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static void add(int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

/* One turn of the loop: this thread has one. */
static void turn_loop(void)
{
	struct epoll_event e;

	must(epoll_wait(loop, &e, 1, 0) >= 0, "epoll_wait");
}

NAMED static void make_pair(int flags)
{
	must(socketpair(AF_UNIX, SOCK_STREAM | flags, 0, pair) == 0, "socketpair");
	__asm__ volatile("");
}

static void *later(void *f)
{
	usleep(LATER_US);
	((void (*)(void))f)();
	return NULL;
}

static void in_a_while(void (*f)(void))
{
	static pthread_t t;

	must(pthread_create(&t, NULL, later, (void *)f) == 0, "pthread_create");
}

static void speak(void)
{
	must(write(pair[1], "x", 1) == 1, "write");
}

static void drain(void)
{
	char room[65536];

	while (recv(pair[1], room, sizeof room, MSG_DONTWAIT) > 0)
		;
}

NAMED static int wait_in_read(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	printf("read %zd\n", n);
	return n < 0 && errno != EAGAIN;
}

NAMED static int wait_in_recv(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	printf("recv %zd\n", n);
	return 0;
}

NAMED static int wait_in_number(int fd)
{
	char c;
	long n = syscall(SYS_read, fd, &c, 1L);

	printf("read %ld\n", n);
	return 0;
}

static void listed(int flags)
{
	make_pair(flags);
	add(pair[0], EPOLLIN);
	turn_loop();
}

static int in_read(void)
{
	listed(0);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int in_recv(void)
{
	listed(0);
	in_a_while(speak);
	return wait_in_recv(pair[0]);
}

static int in_number(void)
{
	listed(0);
	in_a_while(speak);
	return wait_in_number(pair[0]);
}

NAMED static int wait_in_write(int fd)
{
	static char much[1 << 20];

	printf("write %zd\n", write(fd, much, sizeof much));
	return 0;
}

static void drain_for_a_while(void)
{
	for (int i = 0; i < 100; i++) {
		drain();
		usleep(10000);
	}
}

static int in_write(void)
{
	listed(0);
	in_a_while(drain_for_a_while);
	return wait_in_write(pair[0]);
}

/* It is non-blocking when it is put into the list, and somebody changes it afterwards. */
static int turned(void)
{
	listed(SOCK_NONBLOCK);
	fcntl(pair[0], F_SETFL, O_RDWR);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int turned_by_ioctl(void)
{
	int off = 0;

	listed(SOCK_NONBLOCK);
	ioctl(pair[0], FIONBIO, &off);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int turned_by_copy(void)
{
	listed(SOCK_NONBLOCK);
	fcntl(dup(pair[0]), F_SETFL, O_RDWR);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

/* ---- a listener whose queue is full ---- */

static struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0nonblock-stall" };
static int listener;

static void listen_at(int flags)
{
	snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "nonblock-stall-%d", getpid());
	listener = socket(AF_UNIX, SOCK_STREAM | flags, 0);
	must(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 0) == 0, "listen");
}

static void visit(void)
{
	must(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof name) == 0, "connect");
}

static void welcome(void)
{
	must(accept(listener, NULL, NULL) >= 0, "accept");
}

NAMED static int wait_in_accept(int fd)
{
	printf("accept %s\n", accept(fd, NULL, NULL) >= 0 ? "one" : "none");
	return 0;
}

static int in_accept(void)
{
	listen_at(0);
	add(listener, EPOLLIN);
	turn_loop();
	in_a_while(visit);
	return wait_in_accept(listener);
}

NAMED static int wait_in_connect(int fd)
{
	printf("connect %d\n", connect(fd, (struct sockaddr *)&name, sizeof name));
	return 0;
}

static int in_connect(void)
{
	listen_at(0);
	visit();
	turn_loop();
	in_a_while(welcome);
	return wait_in_connect(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* ---- right ---- */

static int nonblocking(void)
{
	listed(SOCK_NONBLOCK);
	return wait_in_read(pair[0]);
}

static int ready(void)
{
	listed(0);
	speak();
	return wait_in_read(pair[0]);
}

/* Waits, and has no loop to neglect. */
static int no_loop(void)
{
	make_pair(0);
	add(pair[0], EPOLLIN);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static void *other_thread(void *nothing)
{
	(void)nothing;
	wait_in_read(pair[0]);
	return NULL;
}

static int in_other_thread(void)
{
	pthread_t t;

	listed(0);
	must(pthread_create(&t, NULL, other_thread, NULL) == 0, "pthread_create");
	later((void *)speak);
	return pthread_join(t, NULL);
}

static int not_listed(void)
{
	make_pair(0);
	turn_loop();
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int taken_out(void)
{
	listed(0);
	must(epoll_ctl(loop, EPOLL_CTL_DEL, pair[0], NULL) == 0, "epoll_ctl");
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int loop_is_over(void)
{
	listed(0);
	close(loop);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int in_child(void)
{
	int status;
	pid_t child;

	listed(0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		in_a_while(speak);
		exit(wait_in_read(pair[0]));
	}
	must(waitpid(child, &status, 0) == child && status == 0, "child");
	return 0;
}

/* The number is another descriptor's by now. */
static int number_again(void)
{
	int old;

	listed(0);
	old = pair[0];
	close(pair[0]);
	close(pair[1]);
	make_pair(0);
	must(pair[0] == old, "the same number");
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static void *wait_too(void *epoll)
{
	struct epoll_event e;

	must(epoll_wait(*(int *)epoll, &e, 1, 0) >= 0, "epoll_wait");
	return NULL;
}

static void turn_in_other_thread(int epoll)
{
	pthread_t t;

	must(pthread_create(&t, NULL, wait_too, &epoll) == 0 && pthread_join(t, NULL) == 0, "another thread");
}

/* Another thread serves the rest meanwhile. */
static int in_pool(void)
{
	listed(0);
	turn_in_other_thread(loop);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int connect_in_pool(void)
{
	turn_in_other_thread(loop);
	return in_connect();
}

/* It is in the list of an epoll that another thread waits on. */
static int in_list_of_other(void)
{
	struct epoll_event e = { .events = EPOLLRDHUP };
	int other = epoll_create1(EPOLL_CLOEXEC);

	turn_loop();
	make_pair(0);
	must(epoll_ctl(other, EPOLL_CTL_ADD, pair[0], &e) == 0, "epoll_ctl");
	turn_in_other_thread(other);
	in_a_while(speak);
	return wait_in_read(pair[0]);
}

static int connecting(void)
{
	listen_at(0);
	visit();
	turn_loop();
	return wait_in_connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*go)(void);
	} ways[] = {
		{ "read", in_read }, { "recv", in_recv }, { "write", in_write }, { "accept", in_accept }, { "connect", in_connect }, { "turned", turned },
		{ "turned-by-ioctl", turned_by_ioctl }, { "turned-by-copy", turned_by_copy },
		{ "number", in_number }, { "pool", in_pool }, { "pool-connect", connect_in_pool }, { "other-loop", in_list_of_other },
		{ "nonblocking", nonblocking }, { "ready", ready }, { "no-loop", no_loop }, { "other-thread", in_other_thread }, { "not-listed", not_listed },
		{ "taken-out", taken_out }, { "loop-is-over", loop_is_over }, { "child", in_child }, { "number-again", number_again }, { "connecting", connecting },
	};

	loop = epoll_create1(EPOLL_CLOEXEC);
	add(eventfd(0, EFD_NONBLOCK), EPOLLIN);
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			return ways[i].go();
	fprintf(stderr, "no such way\n");
	return 99;
}
