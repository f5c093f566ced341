// SPDX-License-Identifier: MIT
/*
 * lookup-life WHAT: a program that looks names up at the server of test_lookup.sh and does something else as well; prints what it sees, which must be the same without us.
 * The lookups come one upon the other, so that a resolver that keeps anything between them has it.
 */
#include "lookup_life.h"

static int open_at_start;

static void *in_thread(void *cookie)
{
	char name[64];
	uintptr_t bad = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "ok%d.t%lu.example", i, (unsigned long)(uintptr_t)cookie);
		bad += strcmp(first(name), "192.0.2.1") != 0;
	}
	return (void *)bad;
}

static void threads(void)
{
	pthread_t t[64];
	pthread_attr_t small;
	uintptr_t all = 0;
	void *bad;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (size_t i = 0; i < COUNT(t); i++)
		must(pthread_create(&t[i], &small, in_thread, (void *)i) == 0, "thread");
	for (size_t i = 0; i < COUNT(t); i++) {
		pthread_join(t[i], &bad);
		all += (uintptr_t)bad;
	}
	say("64 threads, 1000 lookups each: %lu bad", (unsigned long)all);
}

static void one(void)
{
	const char *found = first("ok.example");

	say("%s, and %d more open", found, open_now() - open_at_start);
	errno = 4711;
	first("nx.example");
	first("192.0.2.7");
	say("%s %s %s", first("ok.example"), first("nx.example"), first("h1"));
	say("%d more open", open_now() - open_at_start);
}

/* What is kept between lookups goes when none comes any more. */
static void idle(void)
{
	densely();
	for (int i = 0; i < 200 && open_now() != open_at_start; i++) {
		usleep(50000);
		close(open("/dev/null", O_RDONLY));
	}
	say("%d more open", open_now() - open_at_start);
	say("%s", first("ok.example"));
}

/* Who lists what is open. */
static void listed(void)
{
	DIR *d;
	int n = 0;

	densely();
	d = opendir("/proc/self/fd");
	must(d != NULL, "opendir");
	while (readdir(d))
		n++;
	say("%d", n);
}

/* Numbers that lookups leave to the program. */
static void close_all(void)
{
	int closed = 0;

	densely();
	for (int fd = 3; fd < 2000; fd++)
		closed += close(fd) == 0;
	say("closed %d, %s", closed, first("ok.example"));
	densely();
	closefrom(3);
	say("%s", first("ok.example"));
	densely();
	close_range(3, ~0u, 0);
	say("%s %s", first("ok.example"), first("tc.example"));
}

static void put_over_all(void)
{
	int file = open("/etc/hosts", O_RDONLY), bad = 0;

	densely();
	for (int fd = 900; fd < 1100; fd++)
		must(dup2(file, fd) == fd, "dup2");
	for (int i = 0; i < 20; i++)
		first("ok.example");
	for (int fd = 900; fd < 1100; fd++)
		bad += lseek(fd, 0, SEEK_CUR) != 0;
	say("%d bad, %s", bad, first("ok.example"));
}

/* As many as are allowed, and in the order of their numbers. */
static void fill(void)
{
	struct rlimit limit = { 1200, 1200 };
	int n = 0, fd, last = 0, disorder = 0;

	setrlimit(RLIMIT_NOFILE, &limit);
	densely();
	while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
		n++;
		disorder += last && fd != last + 1;
		last = fd;
	}
	say("%d more open, out of order %d, then %s", n, disorder, strerror(errno));
	close(last);
	say("with one free: %s %s %s", first("ok.example"), first("h1"), first("tc.example"));
	say("and it is free: %d", dup(0) == last);
}

/* Sockets of ours lie among the last numbers, and somebody takes all others behind our back. */
static void fill_unseen(void)
{
	struct rlimit limit = { 1100, 1100 };
	int n = 0;

	setrlimit(RLIMIT_NOFILE, &limit);
	densely();
	while (raw(SYS_dup, 0) >= 0)
		n++;
	n += socket(AF_INET, SOCK_DGRAM, 0) >= 0;
	while (raw(SYS_dup, 0) >= 0)
		n++;
	say("%d", n);
}

static void few(void)
{
	struct rlimit limit = { 12, 12 };

	setrlimit(RLIMIT_NOFILE, &limit);
	densely();
	say("%s %s", first("ok.example"), first("tc.example"));
	while (dup(0) >= 0)
		;
	close(11);
	say("%s %s", first("ok.example"), first("tc.example"));
}

static void lowered(void)
{
	struct rlimit limit = { 64, 64 };
	int n = 0;

	densely();
	setrlimit(RLIMIT_NOFILE, &limit);
	say("%s", first("ok.example"));
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	say("%d more", n);
}

static void children(void)
{
	densely();
	for (int i = 0; i < 3; i++) {
		const char *mine;
		pid_t pid = fork();

		if (!pid) {
			int open = open_now() - open_at_start;

			say("child: %d more open, %s", open, first("ok.example"));
			_exit(0);
		}
		mine = first("ok2.example"); /* while the child looks up */
		wait_for(pid);
		say("parent: %s", mine);
	}
	densely();
	if (!vfork()) {
		first("ok.example"); /* in its parent's memory */
		_exit(0);
	}
	say("%s", first("ok.example"));
}

static void exec(void)
{
	densely();
	execl("/proc/self/exe", "lookup-life", "opened", (char *)NULL);
}

static void opened(void)
{
	say("%d open", open_at_start);
}

/* Another network, which has no server. */
static void elsewhere(void)
{
	densely();
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	say("%s", first("ok.example"));
}

static void elsewhere_and_back(void)
{
	int here = open("/proc/self/ns/net", O_RDONLY);

	densely();
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	say("%s", first("ok.example"));
	must(setns(here, 0) == 0, "setns");
	say("%s", first("ok.example"));
}

static void filtered(void)
{
	densely();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter(SECCOMP_RET_ALLOW, -1) == 0, "filter");
	say("%d more open", open_now() - open_at_start);
	say("%s", first("ok.example"));
}

/* From outside: a call that libc's resolver does not make is refused from now on, or the end, and the program begins behind that. */
static void behind(unsigned action)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter(action, SYS_recvmmsg) == 0, "filter");
	setenv("LD_PRELOAD", getenv("THEN_PRELOAD"), 1);
	execl("/proc/self/exe", "lookup-life", "one", (char *)NULL);
}

static void refused(void)
{
	behind(SECCOMP_RET_ERRNO | EPERM);
}

static void killed(void)
{
	behind(SECCOMP_RET_KILL_PROCESS);
}

/* In a lookup that waits for a server that does not answer. */
static void cancelled(void)
{
	pthread_t t;
	void *r;

	densely();
	for (int i = 0; i < 20; i++) {
		must(pthread_create(&t, NULL, waits, NULL) == 0, "thread");
		usleep(5000);
		pthread_cancel(t);
		pthread_join(t, &r);
		if (r != PTHREAD_CANCELED)
			say("not cancelled");
	}
	say("%d more open", open_now() - open_at_start);
	say("%s", first("ok.example"));
}

static void jumped(void)
{
	densely();
	for (int i = 0; i < 200; i++)
		jump_out_of_lookup(100 + i * 10, i % 2);
	say("%s %s", first("ok.example"), first("tc.example"));
	say("few: %d", open_now() - open_at_start < 30);
}

/* Each time from further down the stack than the last one. */
static void jumped_deeper(void)
{
	for (int i = 0; i < 30; i++)
		jump_out_of_depth(i);
	say("few: %d", open_now() - open_at_start < 10);
	say("%s", first("ok.example"));
}

static void disturbed(void)
{
	int bad = 0;

	every(300);
	for (int i = 0; i < 2000; i++)
		bad += strcmp(first("ok.example"), "192.0.2.1") != 0;
	every(0);
	say("%d bad", bad);
}

static void forked_in_the_middle(void)
{
	must(pipe(from_handler) == 0, "pipe");
	fork_in_lookup();
	say("%s", first("ok.example"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*go)(void);
	} whats[] = { { "threads", threads }, { "one", one }, { "idle", idle }, { "listed", listed }, { "close_all", close_all }, { "put_over_all", put_over_all }, { "fill", fill },
		      { "fill_unseen", fill_unseen }, { "few", few }, { "lowered", lowered }, { "children", children }, { "exec", exec }, { "opened", opened },
		      { "elsewhere", elsewhere }, { "elsewhere_and_back", elsewhere_and_back }, { "filtered", filtered }, { "refused", refused }, { "killed", killed },
		      { "cancelled", cancelled }, { "jumped", jumped }, { "jumped_deeper", jumped_deeper }, { "disturbed", disturbed }, { "forked_in_the_middle", forked_in_the_middle } };

	open_at_start = open_now();
	for (size_t i = 0; argc == 2 && i < COUNT(whats); i++)
		if (strcmp(whats[i].name, argv[1]) == 0) {
			whats[i].go();
			return 0;
		}
	return 99;
}
