// SPDX-License-Identifier: MIT
/* Lookups of callers that wait: in many threads, in children, with hardly a descriptor, while files change. */
#include "lookup.h"

/* The least that a thread may have; what a sanitizer makes of our code needs more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK = 64 << 10 };
#else
enum { STACK = 16 << 10 };
#endif
enum { THREADS = 8, TIMES = 200 };

static void nothing_is_left_open(void **state)
{
	unsigned before = fds();
	struct fdg_lookup *l = make();

	(void)state;
	assert_int_equal(fds(), before);
	for (int i = 0; i < 300; i++)
		assert_int_equal(count(l, i % 3 ? "ok.test" : "tc.test"), 2);
	assert_true(fds() <= before + 10);
	fdg_lookup_free(l);
	assert_int_equal(fds(), before);
}

static void errno_is_left_alone(void **state)
{
	struct fdg_lookup *l = make();

	(void)state;
	errno = 77;
	count(l, "ok.test");
	count(l, "nx.test");
	count(l, "99999999999999999999");
	assert_int_equal(errno, 77);
	fdg_lookup_free(l);
}

static void children_have_their_own(void **state)
{
	struct fdg_lookup *l = make();
	int status;

	(void)state;
	count(l, "ok.test");
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit((count(l, "ok.test") != 2) + 2 * (count(l, "tc.test") != 2));
		assert_int_equal(count(l, "ok2.test"), 2);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count(l, "ok.test"), 2);
	fdg_lookup_free(l);
}

static void all_may_be_closed_between_two(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		struct fdg_lookup *l = make();
		int file;

		for (int i = 0; i < 3; i++) {
			if (count(l, "ok.test") != 2)
				_exit(1);
			for (int fd = 3; fd < 4096; fd++)
				close(fd);
			/* At their numbers lies something that must stay as it is. */
			file = open("/etc/hosts", O_RDONLY);
			for (int fd = 940; fd < 1100; fd++)
				dup2(file, fd);
		}
		if (count(l, "ok.test") != 2 || count(l, "tc.test") != 2)
			_exit(2);
		for (int fd = 940; fd < 1100; fd++)
			if (lseek(fd, 0, SEEK_CUR) != 0)
				_exit(3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* With so many descriptors free. */
static int with_free(int free_fds, const char *name, const char *want)
{
	struct rlimit limit = { 512, 512 };
	struct fdg_lookup *l = make();
	int last = -1, fd;
	const char *got;

	setrlimit(RLIMIT_NOFILE, &limit);
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	for (int i = 0; i < free_fds; i++)
		close(last - i);
	for (int i = 0; i < 3; i++) {
		got = first(l, name);
		if (strcmp(got, want) != 0) {
			fprintf(stderr, "%d free, %s: %s\n", free_fds, name, got);
			return 1;
		}
	}
	return 0;
}

static void names_with_few_free(const char *const *names, size_t n, int most)
{
	struct fdg_lookup *l = make();
	char want[8][INET6_ADDRSTRLEN];
	int status;

	for (size_t i = 0; i < n; i++)
		strcpy(want[i], first(l, names[i]));
	fdg_lookup_free(l);
	for (int free_fds = 1; free_fds <= most; free_fds++)
		for (size_t i = 0; i < n; i++) {
			pid_t pid = fork();

			if (!pid)
				_exit(with_free(free_fds, names[i], want[i]));
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_int_equal(status, 0);
		}
}

static void one_free_descriptor_is_enough(void **state)
{
	static const char *const names[] = { "ok.test", "tc.test", "h1", "many.test" };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53) };
	int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	inet_pton(AF_INET, "127.0.0.3", &address.sin_addr);
	names_with_few_free(names, COUNT(names), 4);
	/* The port of the first server has to give way to that of the second. */
	write_etc("/etc/resolv.conf", "nameserver 127.0.0.2\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
	names_with_few_free(names, 2, 4);
	/* Even if the first one is silent, and might still answer. */
	assert_int_equal(bind(silent, (const struct sockaddr *)&address, sizeof(address)), 0);
	write_etc("/etc/resolv.conf", "nameserver 127.0.0.3\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
	names_with_few_free(names, 1, 1);
	close(silent);
}

static void *look_up_much(void *cookie)
{
	struct fdg_lookup *l = NULL;
	uintptr_t bad = 0;

	(void)cookie;
	if (fdg_lookup_make(&calls, &l))
		return (void *)1;
	for (int i = 0; i < TIMES; i++) {
		bad += count(l, "ok.test") != 2;
		bad += count(l, "chain.test") != 2;
		bad += count(l, "nx.test") != EAI_NONAME;
		bad += count(l, "h1") != 1;
		bad += count(l, "many.test") != 120;
	}
	fdg_lookup_free(l);
	return (void *)bad;
}

/* Who calls has used some of it, and the loader more: libc's own lookup needs less than 12 KiB. */
static void *look_up_deep(void *cookie)
{
	char used[4 << 10];

	memset(used, 1, sizeof(used));
	cookie = look_up_much(cookie);
	__asm__ volatile("" : : "r"(used) : "memory");
	return cookie;
}

static void threads_do_not_meet_on_small_stacks(void **state)
{
	pthread_t t[THREADS];
	pthread_attr_t attr;
	void *bad;

	(void)state;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], &attr, look_up_deep, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
}

static void files_are_read_when_they_change(void **state)
{
	struct fdg_lookup *l = make();

	(void)state;
	assert_string_equal(first(l, "h1"), "10.0.0.1");
	write_etc("/etc/hosts", "10.0.0.2 h1\n");
	assert_string_equal(first(l, "h1"), "10.0.0.2");
	assert_int_equal(unlink("/etc/hosts"), 0);
	assert_int_equal(count(l, "nx.h1"), EAI_NONAME);
	assert_int_equal(count(l, "ok.test"), 2);
	write_etc("/etc/resolv.conf", "nameserver 127.0.0.9\noptions timeout:1 attempts:1\n");
	assert_int_equal(count(l, "ok.test"), EAI_AGAIN);
	write_etc("/etc/resolv.conf", PLAIN "search ok.test\n");
	assert_int_equal(count(l, "ok.test"), 2);
	assert_int_equal(count(l, "x"), 2);
	write_etc("/etc/resolv.conf", PLAIN "search nx.test\n");
	assert_int_equal(count(l, "x"), EAI_NONAME);
	fdg_lookup_free(l);
}

static void another_root_has_files_of_its_own(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	mkdir("/etc/root", 0755);
	mkdir("/etc/root/etc", 0755);
	write_etc("/etc/root/etc/hosts", "10.9.9.9 h1\n");
	write_etc("/etc/root/etc/resolv.conf", PLAIN);
	write_etc("/etc/root/etc/nsswitch.conf", "hosts: dns\n"); /* which libc does not look at any more */
	pid = fork();
	if (!pid) {
		struct fdg_lookup *l = make(), *late = make();
		bool bad = strcmp(first(l, "h1"), "10.0.0.1") != 0;

		if (chroot("/etc/root"))
			_exit(2);
		bad = bad || strcmp(first(l, "h1"), "10.9.9.9") != 0 || strcmp(first(late, "h1"), "10.9.9.9") != 0;
		_exit(bad || count(l, "ok.test") != 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const char *theirs(const char *name)
{
	static char text[INET6_ADDRSTRLEN];
	struct addrinfo *list;

	if (getaddrinfo(name, NULL, &both, &list))
		return "?";
	inet_ntop(list->ai_family,
		  list->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)list->ai_addr)->sin_addr
					     : (void *)&((struct sockaddr_in6 *)list->ai_addr)->sin6_addr,
		  text, sizeof(text));
	freeaddrinfo(list);
	return text;
}

/* What is known of the host's addresses is known until the kernel says that they have changed. */
static void addresses_that_come_and_go_are_noticed(void **state)
{
	struct fdg_lookup *l = make();

	(void)state;
	write_etc("/etc/hosts", "203.0.113.1 h3\n2001:db8:77::1 h3\n");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(first(l, "h3"), "203.0.113.1");
		assert_string_equal(theirs("h3"), "203.0.113.1");
		assert_int_equal(system("ip address add 2001:db8:77::5/64 dev v0 nodad"), 0);
		usleep(2000);
		assert_string_equal(theirs("h3"), "2001:db8:77::1");
		assert_string_equal(first(l, "h3"), "2001:db8:77::1");
		assert_int_equal(system("ip address del 2001:db8:77::5/64 dev v0"), 0);
		usleep(2000);
	}
	fdg_lookup_free(l);
}

static void facts_are_told(void **state)
{
	struct fdg_lookup *l = make();
	struct fdg_lookup_facts f;
	struct fdg_lookup_result r;
	int number;

	(void)state;
	fdg_lookup_begin(l);
	assert_int_equal(fdg_lookup_addresses(l, "servfail.test", NULL, &both, &r, &number), EAI_AGAIN);
	fdg_lookup_facts(l, &f);
	fdg_lookup_end(l);
	assert_non_null(strstr(f.reason, "SERVFAIL"));
	assert_int_equal(f.server.ss_family, AF_INET);
	assert_true(f.sent >= 2);
	fdg_lookup_free(l);
}

static int block_and_nap(struct pollfd *fds, unsigned n, int timeout_ms)
{
	static bool napped;
	int r = poll_block(fds, n, timeout_ms);

	if (!napped)
		usleep(1200000);
	napped = true;
	return r;
}

/* The thread is stopped in its wait, say. */
static void what_was_no_wait_is_known(void **state)
{
	const struct fdg_lookup_calls napping = { .block = block_and_nap };
	struct fdg_lookup_result r;
	struct fdg_lookup_facts f;
	struct fdg_lookup *l;
	int number;

	(void)state;
	assert_int_equal(fdg_lookup_make(&napping, &l), 0);
	fdg_lookup_begin(l);
	assert_int_equal(fdg_lookup_addresses(l, "ok.test", NULL, &both, &r, &number), 0);
	fdg_lookup_facts(l, &f);
	fdg_lookup_end(l);
	assert_true(f.took_us >= 1200000);
	assert_true(f.took_us - f.waited_us >= 900000);
	fdg_lookup_free(l);
}

static rlim_t bytes_mapped(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages;
	int n = f ? fscanf(f, "%lu", &pages) : 0;

	if (f)
		fclose(f);
	return n == 1 ? pages * (rlim_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Its error, with so much memory left to map. */
static int count_with_room(rlim_t room)
{
	struct rlimit l = { 0, RLIM_INFINITY };
	struct fdg_lookup *object = make();
	int r;

	l.rlim_cur = bytes_mapped() + room;
	setrlimit(RLIMIT_AS, &l);
	r = count(object, "ok.test");
	l.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_AS, &l);
	fdg_lookup_free(object);
	return r;
}

/* Whatever is there for files, and not for questions: somebody else may do with less. EAI_AGAIN would be a server's fault. */
static void who_has_no_memory_to_ask_says_so(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		bool short_of_it = false, bad = false;

		for (rlim_t room = 0; room <= 1 << 20; room += 16 << 10) {
			int r = count_with_room(room);

			short_of_it = short_of_it || r == EAI_MEMORY;
			bad = bad || (r != EAI_MEMORY && r != FDG_LOOKUP_NOT_OURS && r != 2);
		}
		_exit(bad || !short_of_it || count_with_room(1 << 20) != 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_left_open),
		T(errno_is_left_alone),
		T(children_have_their_own),
		T(all_may_be_closed_between_two),
		T(one_free_descriptor_is_enough),
		T(threads_do_not_meet_on_small_stacks),
		T(files_are_read_when_they_change),
		T(another_root_has_files_of_its_own),
		T(addresses_that_come_and_go_are_noticed),
		T(facts_are_told),
		T(what_was_no_wait_is_known),
		T(who_has_no_memory_to_ask_says_so),
	};

	return run_with_server(tests, COUNT(tests));
}
