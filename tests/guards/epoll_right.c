// SPDX-License-Identifier: MIT
/* epoll-right WAY: a loop that does what is to be done, or of which nobody can say that it does not. Prints what came of it. */
#include "epoll_right.h"

int loop;

int wait_for(struct epoll_event *e, int room, int ms)
{
	int n = epoll_wait(loop, e, room, ms);

	must(n >= 0, "epoll_wait");
	return n;
}

/* ---- errors and hang-ups, handled ---- */

static int one_of(int i)
{
	int p[2];

	switch (i % 4) {
	case 0:
		must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
		close(p[1]);
		return p[0];
	case 1:
		full_pipe(p);
		close(p[0]);
		return p[1];
	case 2:
		tcp_pair(p);
		reset(p[1]);
		return p[0];
	default:
		p[0] = udp_to_nobody(0);
		must(send(p[0], "x", 1, 0) == 1, "send");
		return p[0];
	}
}

static void handled(void)
{
	static const uint32_t how[] = { 0, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET, EPOLLONESHOT };
	int done = 0;
	struct epoll_event e[8];

	for (int i = 0; i < 400; i++) {
		int fd = one_of(i), n;

		add(loop, fd, how[i / 4 % 4], (uint64_t)(unsigned)fd);
		do {
			n = wait_for(e, 8, 1000);
		} while (n > 0 && !(e[0].events & (EPOLLERR | EPOLLHUP)));
		must(n == 1 && e[0].data.fd == fd, "one event");
		done += close(fd) == 0;
	}
	printf("handled %d\n", done);
}

/* The queue is read, as often as there is something in it. */
static void queue(void)
{
	int fd = stamped(1), taken = 0;
	char control[512];
	struct epoll_event e;

	add(loop, fd, EPOLLIN, 7);
	for (int64_t end = now_ms() + 1300; now_ms() < end; taken++) {
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof control };

		must(wait_for(&e, 1, 1000) == 1 && e.events == EPOLLERR && e.data.u64 == 7, "EPOLLERR alone");
		must(recvmsg(fd, &m, MSG_ERRQUEUE) == 0 && m.msg_controllen > 0, "a timestamp");
		must(send(fd, "x", 1, 0) == 1, "send");
	}
	printf("taken %s\n", taken > 100 ? "many" : "few");
}

static int take_all(int fd)
{
	char control[512];
	int n = 0;

	for (;; n++) {
		struct msghdr m = { .msg_control = control, .msg_controllen = sizeof control };

		if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
			return n;
	}
}

/* The queue is read now and then, and is told of all the while. Nobody else may take anything out of it. */
static void lazy(void)
{
	int fd = stamped(1), sent = 1, taken = 0;
	int64_t sends = now_ms(), takes = sends;
	struct epoll_event e;

	add(loop, fd, EPOLLIN, 7);
	for (int64_t t = sends, end = t + 2600; t < end; t = now_ms()) {
		must(wait_for(&e, 1, 10) <= 1, "told");
		if (t > sends + 3) {
			sends = t;
			must(send(fd, "x", 1, 0) == 1, "send");
			sent++;
		}
		if (t > takes + 300) {
			takes = t;
			taken += take_all(fd);
		}
	}
	for (int i = 0; i < 3000 && taken < sent; i++) { /* the kernel may be late */
		taken += take_all(fd);
		usleep(1000);
	}
	printf("lazy %s\n", taken == sent ? "all" : "not all");
}

/* It is read for the first time when there is time for it, and takes most of the memory by then. */
static void unhurried(void)
{
	int fd = stamped(160), taken;
	struct epoll_event e[ROOM];

	add(loop, fd, EPOLLIN, 7);
	for (int64_t end = now_ms() + 2600; now_ms() < end;)
		must(wait_for(e, ROOM, 100) <= 1, "told");
	taken = take_all(fd);
	printf("unhurried %d\n", taken);
}

/* ---- reading in small pieces ---- */

/* Level-triggered; the end comes while most is still there. */
static void partial(void)
{
	static char much[65536];
	struct epoll_event e;
	size_t got = 0, least;
	char some[16];
	ssize_t n = 1;
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0 && write(p[1], much, sizeof much) == sizeof much, "pipe2");
	close(p[1]);
	add(loop, p[0], EPOLLIN, (uint64_t)(uintptr_t)p);
	for (least = 0; n > 0 && wait_for(&e, 1, 2000) == 1; got += (size_t)n) {
		must(e.data.ptr == p, "its data");
		n = read(p[0], some, 1 + least++ % sizeof some);
	}
	printf("partial %zu, then %zd\n", got, n);
}

/*
 * A reader that does nothing about the end, because another writer may come. The fix makes it rest; and then each byte has to be told of, however little of it is taken.
 */
static void fifo_reader(int fd)
{
	struct epoll_event e[ROOM];
	size_t got = 0;
	int64_t end = now_ms() + 3500;
	char c;

	while (got < 4096 && now_ms() < end)
		if (wait_for(e, ROOM, 1000) == 1 && read(fd, &c, 1) == 1)
			got++;
	printf("fifo %zu\n", got);
}

static void fifo(void)
{
	static char some[4096];
	char path[] = "fifo.XXXXXX", name[64];
	int fd;
	pid_t writer;

	must(mkdtemp(path) != NULL, "mkdtemp");
	snprintf(name, sizeof name, "%s/fifo", path);
	must(mknod(name, S_IFIFO | 0600, 0) == 0, "mkfifo");
	fd = open(name, O_RDONLY | O_NONBLOCK);
	close(open(name, O_WRONLY));
	add(loop, fd, EPOLLIN, 1);
	writer = fork();
	if (writer == 0) {
		int to;

		usleep(2400000);
		to = open(name, O_WRONLY);
		_exit(write(to, some, sizeof some) != sizeof some);
	}
	fifo_reader(fd);
	waitpid(writer, NULL, 0);
	unlink(name);
	rmdir(path);
}

/* A listener that has had no descriptor to give: and it spun. Then there are descriptors, and it takes one visitor each time that it is told. */
static void room(void)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), got = 0;
	struct rlimit r, none;
	struct epoll_event e;
	int64_t begun = now_ms();

	must(bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 9) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0, "listen");
	for (int i = 0; i < 9; i++)
		must(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, len) == 0, "connect");
	add(loop, fd, EPOLLIN, 1);
	must(getrlimit(RLIMIT_NOFILE, &r) == 0, "getrlimit");
	none = r;
	none.rlim_cur = 4;
	must(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
	while (got < 9 && now_ms() < begun + 4000) {
		if (now_ms() > begun + 2200)
			setrlimit(RLIMIT_NOFILE, &r);
		if (wait_for(&e, 1, 1000) == 1 && accept(fd, NULL, NULL) >= 0)
			got++;
	}
	printf("room %d\n", got);
}

static const struct {
	const char *name;
	void (*go)(void);
} ways[] = {
	{ "handled", handled }, { "queue", queue }, { "lazy", lazy }, { "unhurried", unhurried }, { "partial", partial }, { "fifo", fifo }, { "room", room }, { "herd", herd },
	{ "herd-of-one", herd_of_one }, { "pool", pool }, { "shared", shared }, { "edges", edges }, { "busy", busy }, { "stream", stream }, { "same", same },
	{ "hot", hot }, { "inner", inner }, { "polled", polled }, { "selected", selected }, { "enclosed", enclosed }, { "raced", raced }, { "unseen", unseen },
	{ "worker", worker }, { "shells-worker", shells_worker }, { "worker-of-a-waiter", worker_of_a_waiter }, { "descendant", descendant }, { "descendant-of-a-waiter", descendant_of_a_waiter },
	{ "heir", heir }, { "saved", saved }, { "executed", executed },
	{ "copied", copied }, { "reader", reader }, { "by-ring", by_ring }, { "early", early }, { "again", again },
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	loop = epoll_create1(0);
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].go();
			return 0;
		}
	fprintf(stderr, "no such way\n");
	return 99;
}
