// SPDX-License-Identifier: MIT
#include "base/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fmt.h"

/* Asks, closes. */
static fdg_kindword ask(int fd)
{
	fdg_kindword w = 0xdead;

	assert_true(fd >= 0);
	errno = 4711;
	assert_int_equal(fdg_kind_ask(fd, &w), 0);
	assert_int_equal(errno, 4711);
	close(fd);
	return w;
}

#define assert_kind(fd, kind) assert_int_equal(ask(fd), FDG_KIND_##kind)

static void a_closed_fd_is_ebadf_and_leaves_the_word(void **state)
{
	fdg_kindword w = 42;

	(void)state;
	assert_int_equal(fdg_kind_ask(-1, &w), -EBADF);
	assert_int_equal(fdg_kind_ask(1000000, &w), -EBADF);
	assert_int_equal(w, 42);
}

static void paths_are_files_directories_devices(void **state)
{
	char name[] = "/tmp/fdguard-kind.XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_kind(open(name, O_RDONLY), FILE);
	unlink(name);
	assert_kind(fd, FILE); /* without a name */
	assert_kind(open("/", O_RDONLY), DIR);
	assert_kind(open("/", O_PATH), DIR);
	assert_kind(open("/dev/null", O_RDWR), DEVICE);
	assert_kind(open("/dev/null", O_PATH), DEVICE);
	assert_kind(open("/proc/self/exe", O_PATH | O_NOFOLLOW), FILE);
	assert_kind(open("/proc/self/ns/mnt", O_RDONLY), FILE);
}

static void both_ends_of_a_pty_are_terminals(void **state)
{
	int master, slave;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_kind(slave, TTY);
	assert_kind(master, TTY);
}

static void pipes_and_fifos_are_pipes(void **state)
{
	char name[64];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_kind(fds[0], PIPE);
	assert_kind(fds[1], PIPE);
	snprintf(name, sizeof(name), "/tmp/fdguard-fifo-%d", getpid());
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_kind(open(name, O_RDWR), PIPE);
	unlink(name);
}

static void anonymous_descriptors_are_known_by_their_link(void **state)
{
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	assert_kind(epoll_create1(0), EPOLL);
	assert_kind(eventfd(0, 0), EVENT);
	assert_kind(timerfd_create(CLOCK_MONOTONIC, 0), TIMER);
	assert_kind(signalfd(-1, &set, 0), SIGNAL);
	assert_kind(inotify_init1(0), INOTIFY);
	assert_kind(memfd_create("a name", 0), MEMFD);
}

/* Not every kernel or sandbox has these. */
static void rarer_descriptors_are_known_where_they_exist(void **state)
{
	int fd;

	(void)state;
	if ((fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY)) >= 0)
		assert_kind(fd, FANOTIFY);
	if ((fd = (int)syscall(SYS_pidfd_open, getpid(), 0)) >= 0)
		assert_kind(fd, PIDFD);
	if ((fd = (int)syscall(SYS_fsopen, "tmpfs", 0)) >= 0)
		assert_kind(fd, MOUNT);
	if ((fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC)) >= 0)
		assert_kind(fd, UNKNOWN);
	if ((fd = mq_open("/fdguard-test-kind", O_CREAT | O_RDWR, 0600, NULL)) >= 0) {
		mq_unlink("/fdguard-test-kind");
		assert_kind(fd, MQUEUE);
	}
}

static void sockets_tell_domain_and_type(void **state)
{
	static const int rows[][2] = {
		{ AF_INET, SOCK_STREAM }, { AF_INET, SOCK_DGRAM }, { AF_INET6, SOCK_STREAM }, { AF_INET6, SOCK_DGRAM },
		{ AF_UNIX, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM }, { AF_UNIX, SOCK_SEQPACKET }, { AF_NETLINK, SOCK_RAW },
	};
	unsigned asked = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = socket(rows[i][0], rows[i][1] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd < 0 && errno == EAFNOSUPPORT)
			continue;
		assert_int_equal(ask(fd), fdg_kindword_of(FDG_KIND_SOCKET, rows[i][0], rows[i][1]));
		asked++;
	}
	assert_true(asked >= 4);
}

static void the_file_of_a_socket_is_no_socket(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/fdguard-kind-%d", getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_kind(open(a.sun_path, O_PATH), FILE);
	unlink(a.sun_path);
	close(fd);
}

static void flags_of_the_type_are_no_part_of_the_word(void **state)
{
	(void)state;
	assert_int_equal(fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK),
			 fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM));
	assert_int_equal(fdg_kindword_kind(0xff), FDG_KIND_UNKNOWN);
}

static void says(const char *want, fdg_kindword w, uint64_t count)
{
	char text[64];
	struct fdg_buf b = FDG_BUF(text);

	fdg_put_kind(&b, w, count);
	assert_string_equal(text, want);
}

static void kinds_are_said_with_their_number(void **state)
{
	(void)state;
	says("1 TCP socket", fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM), 1);
	says("360 TCP sockets", fdg_kindword_of(FDG_KIND_SOCKET, AF_INET6, SOCK_STREAM), 360);
	says("1,100 UDP sockets", fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_DGRAM), 1100);
	says("1 UDP socket", fdg_kindword_of(FDG_KIND_SOCKET, AF_INET6, SOCK_DGRAM), 1);
	says("2 UNIX sockets", fdg_kindword_of(FDG_KIND_SOCKET, AF_UNIX, SOCK_SEQPACKET), 2);
	says("1 netlink socket", fdg_kindword_of(FDG_KIND_SOCKET, AF_NETLINK, SOCK_RAW), 1);
	says("1 raw socket", fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_RAW), 1);
	says("1 raw socket", fdg_kindword_of(FDG_KIND_SOCKET, AF_PACKET, SOCK_RAW), 1);
	says("1 socket", FDG_KIND_SOCKET, 1);
	says("3 sockets", fdg_kindword_of(FDG_KIND_SOCKET, 40 /* AF_VSOCK */, SOCK_STREAM), 3);
	says("1 socket", fdg_kindword_of(FDG_KIND_SOCKET, 40, SOCK_DGRAM), 1);
	says("2 pipes", FDG_KIND_PIPE, 2);
	says("0 files", FDG_KIND_FILE, 0);
	says("1 message queue", FDG_KIND_MQUEUE, 1);
	says("2 directories", FDG_KIND_DIR, 2);
	says("1 descriptor", 0xff, 1);
}

static void every_kind_belongs_to_one_word_of_cloexec_kinds(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FDG_KIND_COUNT; kind++) {
		unsigned bit = fdg_kind_bit(kind);

		assert_true(bit && !(bit & (bit - 1)) && (bit & FDG_KIND_ALL_BITS));
	}
	assert_int_equal(fdg_kind_bit(FDG_KIND_TTY), FDG_KIND_PTY_BIT);
	assert_int_equal(fdg_kind_bit(FDG_KIND_FANOTIFY), FDG_KIND_INOTIFY_BIT);
	assert_int_equal(fdg_kind_bit(FDG_KIND_COUNT), FDG_KIND_OTHER_BIT);
}

#define agree(a, b) assert_true(fdg_kind_agrees(FDG_KIND_##a, FDG_KIND_##b))
#define differ(a, b) assert_false(fdg_kind_agrees(FDG_KIND_##a, FDG_KIND_##b))

static void unknown_agrees_with_all_and_each_with_itself(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FDG_KIND_COUNT; kind++) {
		assert_true(fdg_kind_agrees(kind, kind));
		assert_true(fdg_kind_agrees(kind, FDG_KIND_UNKNOWN));
		assert_true(fdg_kind_agrees(FDG_KIND_UNKNOWN, kind));
	}
}

static void a_file_can_be_all_that_a_path_can_name(void **state)
{
	(void)state;
	agree(FILE, DIR);
	agree(FILE, DEVICE);
	agree(FILE, TTY);
	agree(FILE, PIPE);
	agree(FILE, MQUEUE);
	differ(FILE, MEMFD);
	differ(FILE, SOCKET);
	differ(FILE, EPOLL);
}

static void others_agree_with_their_own_kind_alone(void **state)
{
	(void)state;
	differ(DIR, FILE);
	differ(PIPE, FILE);
	differ(SOCKET, PIPE);
	differ(EPOLL, EVENT);
	differ(MEMFD, FILE);
	agree(TTY, DEVICE);
	agree(DEVICE, TTY);
	agree(MOUNT, DIR);
	differ(MOUNT, SOCKET);
}

static void a_socket_agrees_where_both_words_say_the_same_or_nothing(void **state)
{
	fdg_kindword tcp = fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM);
	fdg_kindword udp = fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_DGRAM);
	fdg_kindword tcp6 = fdg_kindword_of(FDG_KIND_SOCKET, AF_INET6, SOCK_STREAM);

	(void)state;
	assert_true(fdg_kind_agrees(tcp, tcp));
	assert_false(fdg_kind_agrees(tcp, udp));
	assert_false(fdg_kind_agrees(tcp, tcp6));
	assert_true(fdg_kind_agrees(FDG_KIND_SOCKET, tcp));
	assert_true(fdg_kind_agrees(tcp, FDG_KIND_SOCKET));
	assert_true(fdg_kind_agrees(fdg_kindword_of(FDG_KIND_SOCKET, 0, SOCK_STREAM), tcp6));
	assert_false(fdg_kind_agrees(fdg_kindword_of(FDG_KIND_SOCKET, 0, SOCK_DGRAM), tcp6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_fd_is_ebadf_and_leaves_the_word),
		cmocka_unit_test(paths_are_files_directories_devices),
		cmocka_unit_test(both_ends_of_a_pty_are_terminals),
		cmocka_unit_test(pipes_and_fifos_are_pipes),
		cmocka_unit_test(anonymous_descriptors_are_known_by_their_link),
		cmocka_unit_test(rarer_descriptors_are_known_where_they_exist),
		cmocka_unit_test(sockets_tell_domain_and_type),
		cmocka_unit_test(the_file_of_a_socket_is_no_socket),
		cmocka_unit_test(flags_of_the_type_are_no_part_of_the_word),
		cmocka_unit_test(kinds_are_said_with_their_number),
		cmocka_unit_test(every_kind_belongs_to_one_word_of_cloexec_kinds),
		cmocka_unit_test(unknown_agrees_with_all_and_each_with_itself),
		cmocka_unit_test(a_file_can_be_all_that_a_path_can_name),
		cmocka_unit_test(others_agree_with_their_own_kind_alone),
		cmocka_unit_test(a_socket_agrees_where_both_words_say_the_same_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
