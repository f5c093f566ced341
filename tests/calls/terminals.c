// SPDX-License-Identifier: MIT
/* posix_openpt, getpt, openpty, forkpty, login_tty: both ends work, numbers and flags are the usual ones. */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "expect.h"

static void masters(void)
{
	int want = lowest(), fd = posix_openpt(O_RDWR | O_NOCTTY), slave;

	SAME(fd, want);
	EXPECT(!cloexec(fd));
	SAME(grantpt(fd), 0);
	SAME(unlockpt(fd), 0);
	EXPECT(ptsname(fd) != NULL);
	slave = open(ptsname(fd), O_RDWR | O_NOCTTY);
	EXPECT(isatty(slave));
	SAME(close(slave), 0);
	SAME(close(fd), 0);
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	SAME(fd, want);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
	fd = getpt();
	SAME(fd, want);
	EXPECT(!cloexec(fd));
	SAME(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	SAME(close(fd), 0);
}

static void openpty_makes_both_ends(void)
{
	int want = lowest(), master = -1, slave = -1;
	struct winsize size = { .ws_row = 33, .ws_col = 77 }, seen;
	struct termios raw, got;
	char name[64] = "", text[8];

	SAME(openpty(&master, &slave, NULL, NULL, NULL), 0);
	SAME(master, want);
	EXPECT(slave > master && isatty(slave));
	EXPECT(!cloexec(master));
	EXPECT(!cloexec(slave));
	SAME(tcgetattr(slave, &raw), 0);
	SAME(close(master), 0);
	SAME(close(slave), 0);
	cfmakeraw(&raw);
	SAME(openpty(&master, &slave, name, &raw, &size), 0);
	EXPECT(!strcmp(name, ttyname(slave)));
	SAME(ioctl(master, TIOCGWINSZ, &seen), 0);
	SAME(seen.ws_row, 33);
	SAME(seen.ws_col, 77);
	SAME(tcgetattr(slave, &got), 0);
	SAME(got.c_lflag & (ICANON | ECHO), 0);
	SAME(write(slave, "to", 2), 2);
	SAME(read(master, text, sizeof text), 2);
	SAME(write(master, "fro", 3), 3);
	SAME(read(slave, text, sizeof text), 3);
	SAME(close(slave), 0);
	FAILS(read(master, text, 1), EIO); /* no second slave end hides somewhere */
	SAME(close(master), 0);
}

static void has_terminal_as_stdio(void)
{
	int ends = 0;

	for (int fd = 0; fd <= 2; fd++)
		ends += isatty(fd) && !cloexec(fd);
	_exit(ends == 3 && tcgetpgrp(0) == getpgrp() && getsid(0) == getpid() && lowest() == 3 ? 23 : 24);
}

static void forkpty_gives_the_child_a_terminal(void)
{
	int want = lowest(), master = -1, status;
	char name[64] = "";
	pid_t pid = forkpty(&master, name, NULL, NULL);

	if (pid == 0)
		has_terminal_as_stdio();
	EXPECT(pid > 0);
	SAME(master, want);
	EXPECT(!cloexec(master));
	EXPECT(!strncmp(name, "/dev/", 5));
	SAME(waitpid(pid, &status, 0), pid);
	SAME(WEXITSTATUS(status), 23);
	SAME(close(master), 0);
}

static void login_tty_takes_the_slave(void)
{
	int master, slave;
	pid_t pid;

	SAME(openpty(&master, &slave, NULL, NULL, NULL), 0);
	pid = fork();
	if (pid == 0) {
		close(master);
		if (login_tty(slave) < 0 || is_open(slave))
			_exit(25);
		has_terminal_as_stdio();
	}
	SAME(close(slave), 0);
	SAME(wait_for(pid), 23);
	SAME(close(master), 0);
}

static void login_tty_refuses_what_is_no_terminal(void)
{
	int null = open("/dev/null", O_RDWR);

	if (setsid() < 0)
		_exit(26);
	FAILS(login_tty(null), ENOTTY);
	EXPECT(is_open(null));
	FAILS(login_tty(none()), EBADF);
}

static void programs_run_in_the_terminal(void)
{
	int master = -1;
	char text[4096] = "";
	size_t length = 0;
	ssize_t n;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo yes", (char *)NULL);
		_exit(127);
	}
	while (length < sizeof text - 1 && (n = read(master, text + length, sizeof text - 1 - length)) > 0)
		length += n;
	EXPECT(strstr(text, "yes") != NULL);
	SAME(wait_for(pid), 0);
	SAME(close(master), 0);
}

void body(void)
{
	signal(SIGHUP, SIG_IGN);
	RUN(masters);
	RUN(openpty_makes_both_ends);
	RUN(forkpty_gives_the_child_a_terminal);
	RUN(login_tty_takes_the_slave);
	RUN_IN_CHILD(login_tty_refuses_what_is_no_terminal);
	RUN(programs_run_in_the_terminal);
}
