// SPDX-License-Identifier: MIT
/*
 * cloexec-stdio CASE [CMD [ARG…]]: programs that count on the number that open() and socket() return, as daemons and inetd-like servers do.
 *   null     close(0), open("/dev/null"), system() asks what its standard input is
 *   output   close(1), creat("output"), system() writes to it
 *   freopen  standard input becomes the file "input", exec CMD reads it
 *   socket   close(0), socket() returns 0, exec CMD
 *   daemon   all of 0 to 2 closed and opened on /dev/null and "output" in order, system()
 */
#include "children.h"

#include <fcntl.h>
#include <sys/socket.h>

static int null_stdin(void)
{
	close(0);
	if (open("/dev/null", O_RDONLY) != 0)
		return 99;
	return child_status(system("readlink /proc/self/fd/0"));
}

static int file_stdout(void)
{
	close(1);
	if (creat("output", 0600) != 1)
		return 99;
	return child_status(system("echo to the file"));
}

static int daemon_like(void)
{
	close(0);
	close(1);
	close(2);
	if (open("/dev/null", O_RDWR) != 0 || creat("output", 0600) != 1 || dup(1) != 2)
		return 99;
	return child_status(system("readlink /proc/self/fd/0; echo to standard error >&2"));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "null"))
		return null_stdin();
	if (!strcmp(what, "output"))
		return file_stdout();
	if (!strcmp(what, "daemon"))
		return daemon_like();
	if (argc < 3)
		return 99;
	if (!strcmp(what, "freopen") && freopen("input", "r", stdin))
		return child_run("exec", argv + 2);
	close(0);
	if (!strcmp(what, "socket") && socket(AF_INET, SOCK_DGRAM, 0) == 0)
		return child_run("exec", argv + 2);
	return 99;
}
