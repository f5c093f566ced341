// SPDX-License-Identifier: MIT
/* ioctl, whose request decides what the argument is: a pointer, a number, nothing. */
#include <fcntl.h>
#include <net/if.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

static int fds[2];

static void the_close_on_exec_requests(void)
{
	SAME(ioctl(fds[0], FIOCLEX), 0);
	EXPECT(cloexec(fds[0]));
	EXPECT(!child_has(fds[0]));
	SAME(ioctl(fds[0], FIONCLEX), 0);
	EXPECT(!cloexec(fds[0]));
	EXPECT(child_has(fds[0])); /* said in so many words */
	SAME(ioctl(fds[0], FIOCLEX, NULL), 0);
	EXPECT(cloexec(fds[0]));
	SAME(ioctl(fds[0], FIONCLEX, 0), 0);
	EXPECT(!cloexec(fds[0]));
	FAILS(ioctl(none(), FIOCLEX), EBADF);
	FAILS(ioctl(4711, FIONCLEX), EBADF);
}

static void a_fresh_socket_given_to_children(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	SAME(ioctl(fd, FIONCLEX), 0);
	EXPECT(!cloexec(fd));
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
}

static void blocking_mode(void)
{
	static int odd[] = { -1, 2, 0x100, 0x10000, 0x40000000, (int)0x80000000u };
	char room[2 * sizeof(int)] = { 0 };
	int on = 1, off = 0;

	SAME(ioctl(fds[0], FIONBIO, &on), 0);
	EXPECT(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	SAME(ioctl(fds[0], FIONBIO, &off), 0);
	EXPECT(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		SAME(ioctl(fds[0], FIONBIO, &odd[i]), 0);
		EXPECT(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
		SAME(ioctl(fds[0], FIONBIO, &off), 0);
		EXPECT(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	}
	memset(room + 1 + sizeof(int), 0xff, sizeof room - 1 - sizeof(int));
	SAME(ioctl(fds[0], FIONBIO, room + 1), 0); /* four bytes, wherever they are */
	EXPECT(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	SAME(ioctl(fds[0], FIONBIO | 1UL << 40, &on), 0); /* and of the request 32 bits */
	EXPECT(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	SAME(ioctl(fds[0], FIONBIO | 1UL << 63, &off), 0);
	EXPECT(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	SAME(ioctl(fds[0], FIOCLEX | 1UL << 32), 0);
	EXPECT(cloexec(fds[0]));
	SAME(ioctl(fds[0], FIONCLEX | 1UL << 32), 0);
	EXPECT(child_has(fds[0]));
	FAILS(ioctl(fds[0], FIONBIO, nowhere()), EFAULT);
	FAILS(ioctl(none(), FIONBIO, &on), EBADF);
}

static void pointers_in_and_out(void)
{
	int waiting = -1;
	struct ifreq interface;

	SAME(write(fds[1], "four", 4), 4);
	SAME(ioctl(fds[0], FIONREAD, &waiting), 0);
	SAME(waiting, 4);
	FAILS(ioctl(fds[0], FIONREAD, nowhere()), EFAULT);
	memset(&interface, 0, sizeof interface);
	strcpy(interface.ifr_name, "lo");
	SAME(ioctl(fds[0], SIOCGIFINDEX, &interface), 0);
	SAME(interface.ifr_ifindex, if_nametoindex("lo"));
	strcpy(interface.ifr_name, "none0");
	FAILS(ioctl(fds[0], SIOCGIFFLAGS, &interface), ENODEV);
	FAILS(ioctl(fds[0], 0x12345678, &interface), ENOTTY);
	FAILS(ioctl(fds[0], TIOCGWINSZ, &interface), ENOTTY);
}

static void numbers_as_arguments(void)
{
	int master, slave, input = 0;
	struct winsize size = { .ws_row = 12, .ws_col = 34 };

	SAME(openpty(&master, &slave, NULL, NULL, &size), 0);
	SAME(ioctl(slave, TIOCGWINSZ, &size), 0);
	SAME(size.ws_col, 34);
	SAME(ioctl(slave, TCFLSH, TCIOFLUSH), 0);
	SAME(ioctl(slave, TCSBRK, 1), 0);
	FAILS(ioctl(slave, TCFLSH, 4711), EINVAL);
	FAILS(ioctl(master, TIOCSIG, 4711), EINVAL);
	SAME(ioctl(slave, TIOCEXCL), 0);
	SAME(ioctl(slave, TIOCNXCL), 0);
	SAME(ioctl(slave, TIOCINQ, &input), 0);
#ifdef TIOCGPTPEER /* makes a descriptor; its argument is open's flags */
	{
		int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

		EXPECT(peer >= 0 && isatty(peer));
		EXPECT(cloexec(peer));
		SAME(close(peer), 0);
		peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
		EXPECT(!cloexec(peer));
		SAME(close(peer), 0);
	}
#endif
	SAME(close(slave), 0);
	SAME(close(master), 0);
}

static void success_leaves_errno_alone(void)
{
	int off = 0;

	KEEPS_ERRNO(ioctl(fds[0], FIONCLEX));
	KEEPS_ERRNO(ioctl(fds[0], FIOCLEX));
	KEEPS_ERRNO(ioctl(fds[0], FIONBIO, &off));
}

void body(void)
{
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	RUN(the_close_on_exec_requests);
	RUN(a_fresh_socket_given_to_children);
	RUN(blocking_mode);
	RUN(pointers_in_and_out);
	RUN(numbers_as_arguments);
	RUN(success_leaves_errno_alone);
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}
