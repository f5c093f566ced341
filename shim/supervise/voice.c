// SPDX-License-Identifier: MIT
#include "supervise/voice.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/facts.h"

#include "base/poison.h"

#define ANCESTORS 8

static struct {
	struct stat st;
	bool is_there, is_kept, is_borrowed;
	bool is_lent;            /* the spare one was taken before anything was known of the program */
	int first, ended, spare; /* spare: -1: none */
} error = { .spare = -1 };

static void drop(void)
{
	int null = fdg_sys_open("/dev/null", O_WRONLY | O_CLOEXEC, 0);

	if (null < 0)
		fdg_sys_close(2);
	else if (null != 2)
		fdg_sys3(SYS_dup3, null, 2, O_CLOEXEC);
	if (null > 2)
		fdg_sys_close(null);
}

void fdg_voice_start(int first, int keep)
{
	error.first = first;
	error.is_there = fdg_sys_fstat(2, &error.st) == 0;
	error.is_kept = keep && error.is_there;
	if (!error.is_kept)
		drop();
}

static bool is_it(int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) == 0 && st.st_dev == error.st.st_dev && st.st_ino == error.st.st_ino;
}

/* A pidfd < 0: by /proc alone, which cannot open sockets. */
static int fetch(int pid, int pidfd)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	int fd = pidfd >= 0 ? (int)fdg_sys3(SYS_pidfd_getfd, pidfd, 2, 0) : -1;

	fdg_fmt(&b, "/proc/%d/fd/2", pid);
	if (fd < 0)
		fd = fdg_sys_open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
	if (fd >= 0 && !is_it(fd)) {
		fdg_sys_close(fd);
		fd = -1;
	}
	return fd;
}

void fdg_voice_ended(int pid)
{
	error.ended = pid;
}

void fdg_voice_borrow(int pid, int pidfd)
{
	int fd;

	if (!error.is_there || error.is_kept || error.is_borrowed)
		return;
	fd = fetch(pid, pidfd);
	if (fd < 0 && error.first && error.first != pid)
		fd = fetch(error.first, -1);
	if (fd < 0 && error.spare >= 0 && error.ended == pid)
		fd = fdg_sys_fcntl(error.spare, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return;
	fdg_sys3(SYS_dup3, fd, 2, O_CLOEXEC);
	fdg_sys_close(fd);
	error.is_borrowed = true;
}

void fdg_voice_lend(int pid, int pidfd)
{
	fdg_voice_borrow(pid, pidfd);
	fdg_voice_keep();
	error.is_lent = error.is_borrowed;
	fdg_voice_give_back();
}

bool fdg_voice_is_lent(int pid)
{
	return error.is_lent && error.first == pid;
}

void fdg_voice_return(void)
{
	if (error.is_lent && error.spare >= 0) {
		fdg_sys_close(error.spare);
		error.spare = -1;
	}
	error.is_lent = false;
}

void fdg_voice_borrow_above(int pid)
{
	int fd = -1;

	if (!error.is_there || error.is_kept || error.is_borrowed)
		return;
	for (int i = 0; i < ANCESTORS && fd < 0 && (pid = fdg_facts_parent(pid)) > 1; i++)
		fd = fetch(pid, -1);
	if (fd < 0 && error.spare >= 0)
		fd = fdg_sys_fcntl(error.spare, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return;
	fdg_sys3(SYS_dup3, fd, 2, O_CLOEXEC);
	fdg_sys_close(fd);
	error.is_borrowed = true;
}

void fdg_voice_keep(void)
{
	error.is_lent = error.is_lent && !error.is_borrowed;
	if (error.is_borrowed && error.first && error.spare < 0)
		error.spare = fdg_sys_fcntl(2, F_DUPFD_CLOEXEC, 3);
}

void fdg_voice_give_back(void)
{
	if (error.is_borrowed)
		drop();
	error.is_borrowed = false;
}

void fdg_voice_first_ended(void)
{
	if (error.is_kept)
		drop();
	error.is_kept = false;
	error.first = 0;
	if (error.spare >= 0)
		fdg_sys_close(error.spare);
	error.spare = -1;
}
