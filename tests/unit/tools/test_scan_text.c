// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/scan_text.h"

static void links(void **state)
{
	uint64_t ino = 7;

	(void)state;
	assert_int_equal(scan_kind_of("socket:[123456]", &ino), SCAN_SOCKET);
	assert_int_equal(ino, 123456);
	assert_int_equal(scan_kind_of("pipe:[9]", &ino), SCAN_PIPE);
	assert_int_equal(ino, 9);
	assert_int_equal(scan_kind_of("anon_inode:[eventpoll]", &ino), SCAN_EPOLL);
	assert_int_equal(ino, 0);
	assert_int_equal(scan_kind_of("anon_inode:[eventfd]", &ino), SCAN_EVENT);
	assert_int_equal(scan_kind_of("anon_inode:[timerfd]", &ino), SCAN_TIMER);
	assert_int_equal(scan_kind_of("/tmp/socket:[1]", &ino), SCAN_FILE);
	assert_int_equal(ino, 0);
	assert_int_equal(scan_kind_of("anon_inode:inotify", &ino), SCAN_OTHER);
	assert_string_equal(scan_kind_words(SCAN_SOCKET, 1), "socket");
	assert_string_equal(scan_kind_words(SCAN_SOCKET, 2), "sockets");
}

static void fdinfo(void **state)
{
	struct scan_fdinfo f;

	(void)state;
	assert_true(scan_read_fdinfo("pos:\t0\nflags:\t02004002\nmnt_id:\t9\nino:\t1031\n", &f));
	assert_int_equal(f.flags, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(f.ino, 1031);
	assert_true(scan_read_fdinfo("pos:\t0\nflags:\t02\n", &f)); /* before Linux 5.14 */
	assert_int_equal(f.ino, 0);
	assert_false(scan_read_fdinfo("pos:\t0\nmnt_id:\t9\n", &f));
	assert_false(scan_read_fdinfo("flags:\t9\n", &f));
	assert_false(scan_read_fdinfo("xflags:\t02\n", &f));
	assert_false(scan_read_fdinfo("", &f));
}

static const char status[] = "Name:\tx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t11\nNgid:\t0\nPid:\t11\nPPid:\t7\nTracerPid:\t3\nUid:\t1000\t1000\t1000\t1000\n"
			     "SigIgn:\t0000000000001000\nSigCgt:\t0000000180004002\n";

static void process(void **state)
{
	struct scan_status s;

	(void)state;
	assert_true(scan_read_status(status, &s));
	assert_int_equal(s.pid, 11);
	assert_int_equal(s.parent, 7);
	assert_int_equal(s.tracer, 3);
	assert_int_equal(s.uid, 1000);
	assert_true(s.ignored & 1 << 12);
	assert_false(s.caught & 1 << 12);
	assert_true(s.caught & 1 << 14);
	assert_false(scan_read_status("Tgid:\t11\nPPid:\t7\n", &s));
	assert_false(scan_read_status("Tgid:\t-1\nPPid:\t7\nUid:\t0\n", &s));
	assert_false(scan_read_status("Tgid:\t99999999999\nPPid:\t7\nUid:\t0\n", &s));
}

static void names_may_hold_anything(void **state)
{
	uint64_t start;

	(void)state;
	assert_true(scan_read_start("11 (a) b (c) S 7 11 11 0 -1 4194560 100 0 0 0 5 6 0 0 20 0 1 0 314159 1000 2", &start));
	assert_int_equal(start, 314159);
	assert_false(scan_read_start("11 (a) S 7 11", &start));
	assert_false(scan_read_start("11 a", &start));
	assert_false(scan_read_start("", &start));
}

static void calls(void **state)
{
	struct scan_call c;

	(void)state;
	assert_true(scan_read_call("0 0x5 0x7ffc0010 0x400 0x1 0x2 0x3 0x7ffc1234 0x7f56\n", &c));
	assert_int_equal(c.nr, 0);
	assert_int_equal(c.arg[0], 5);
	assert_int_equal(c.arg[5], 3);
	assert_int_equal(c.sp, 0x7ffc1234);
	assert_int_equal(c.pc, 0x7f56);
	assert_false(scan_read_call("running\n", &c));
	assert_false(scan_read_call("-1 0x7ffc1234 0x7f56\n", &c));
	assert_false(scan_read_call("0 0x5 0x7ffc0010\n", &c));
	assert_false(scan_read_call("0 0x5 0x1 0x1 0x1 0x1 0x1 0x1 zz\n", &c));
	assert_false(scan_read_call("", &c));
}

static void time_on_a_processor(void **state)
{
	uint64_t busy;

	(void)state;
	assert_true(scan_read_schedstat("1000 234 5\n", &busy));
	assert_int_equal(busy, 1234);
	assert_false(scan_read_schedstat("1000\n", &busy));
	assert_false(scan_read_schedstat("0 \n", &busy));
	assert_true(scan_read_sleeps("Threads:\t1\nvoluntary_ctxt_switches:\t41\nnonvoluntary_ctxt_switches:\t7\n", &busy));
	assert_int_equal(busy, 41);
	assert_false(scan_read_sleeps("nonvoluntary_ctxt_switches:\t7\n", &busy));
}

static void four(void **state)
{
	struct scan_tcp t;
	const struct sockaddr_in *local = (const struct sockaddr_in *)&t.local, *peer = (const struct sockaddr_in *)&t.peer;

	(void)state;
	assert_true(scan_read_tcp("   1: 0100007F:1F90 0200007F:0050 08 0000000A:00000001 00:00000000 00000000  1000        0 424242 1 0000000000000000 20", false, &t));
	assert_int_equal(ntohs(local->sin_port), 8080);
	assert_string_equal(inet_ntoa(peer->sin_addr), "127.0.0.2");
	assert_int_equal(t.state, 8);
	assert_int_equal(t.sending, 10);
	assert_int_equal(t.waiting, 1);
	assert_int_equal(t.ino, 424242);
	assert_false(scan_read_tcp("  sl  local_address rem_address   st tx_queue", false, &t));
	assert_false(scan_read_tcp("   1: 0100007F:1F90 0200007F:0050 08 0000000A:00000001 00:00000000", false, &t));
	assert_false(scan_read_tcp("   1: 0100007F1F90", false, &t));
	assert_false(scan_read_tcp("", false, &t));
}

static void six(void **state)
{
	struct scan_tcp t;
	const struct sockaddr_in6 *local = (const struct sockaddr_in6 *)&t.local;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	assert_true(scan_read_tcp("   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 77 1 0 100", true, &t));
	assert_string_equal(inet_ntop(AF_INET6, &local->sin6_addr, text, sizeof(text)), "::1");
	assert_int_equal(ntohs(local->sin6_port), 22);
	assert_int_equal(t.waiting, 3);
	assert_int_equal(t.ino, 77);
	assert_false(scan_read_tcp("   0: 0100007F:0016 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 77 1", true, &t));
}

static void numbers_in_arguments(void **state)
{
	static const char words[] = "/usr/bin/python3\0--fd=12\0/dev/fd/7\0-f4\0x-f5\0" "6.5";

	(void)state;
	assert_true(scan_names_number(words, sizeof(words), 12));
	assert_true(scan_names_number(words, sizeof(words), 7));
	assert_false(scan_names_number(words, sizeof(words), 1));
	assert_false(scan_names_number(words, sizeof(words), 2));
	assert_false(scan_names_number(words, sizeof(words), 3));
	assert_true(scan_names_number(words, sizeof(words), 4));
	assert_false(scan_names_number(words, sizeof(words), 5));
	assert_false(scan_names_number(words, sizeof(words), 6));
	assert_false(scan_names_number(words, 0, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),	       cmocka_unit_test(fdinfo), cmocka_unit_test(process), cmocka_unit_test(names_may_hold_anything), cmocka_unit_test(calls),
		cmocka_unit_test(time_on_a_processor), cmocka_unit_test(four),	 cmocka_unit_test(six),	    cmocka_unit_test(numbers_in_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
