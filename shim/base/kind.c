// SPDX-License-Identifier: MIT
#include "base/kind.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <termios.h>

#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c; in no header */
#endif

unsigned fdg_kind_bit(enum fdg_kind kind)
{
	static const uint16_t bits[] = {
#define X(c, s, p, b) b,
		FDG_KINDS(X)
#undef X
	};

	return (unsigned)kind < FDG_KIND_COUNT ? bits[kind] : FDG_KIND_OTHER_BIT;
}

static int word_domain(fdg_kindword w)
{
	return w >> 8 & 0xff;
}

static int word_type(fdg_kindword w)
{
	return w >> 16 & 0xf;
}

static const char *socket_family(fdg_kindword w)
{
	int domain = word_domain(w), type = word_type(w);
	bool internet = domain == AF_INET || domain == AF_INET6;

	if (domain == AF_UNIX)
		return "UNIX ";
	if (domain == AF_NETLINK)
		return "netlink ";
	if (type == SOCK_RAW)
		return "raw ";
	if (internet && type == SOCK_STREAM)
		return "TCP ";
	if (internet && type == SOCK_DGRAM)
		return "UDP ";
	return "";
}

void fdg_put_kind(struct fdg_buf *b, fdg_kindword w, uint64_t count)
{
	static const char *const names[][2] = {
#define X(c, s, p, b) { s, p },
		FDG_KINDS(X)
#undef X
	};
	enum fdg_kind kind = fdg_kindword_kind(w);

	fdg_put_count(b, count);
	fdg_put_char(b, ' ');
	if (kind == FDG_KIND_SOCKET)
		fdg_put(b, socket_family(w));
	fdg_put(b, names[kind][count != 1]);
}

/* The target of /proc/self/fd/N, "" if there is none to be had. */
static void fd_link(int fd, char *ret_link, size_t cap)
{
	char path[32];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	fdg_fmt(&b, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, ret_link, cap - 1);
	ret_link[n < 0 ? 0 : n] = '\0';
}

static enum fdg_kind anonymous_kind(int fd)
{
	static const struct { const char *link; enum fdg_kind kind; } known[] = {
		{ "[eventpoll]", FDG_KIND_EPOLL },
		{ "[eventfd]", FDG_KIND_EVENT },
		{ "[timerfd]", FDG_KIND_TIMER },
		{ "[signalfd]", FDG_KIND_SIGNAL },
		{ "inotify", FDG_KIND_INOTIFY },
		{ "[fanotify]", FDG_KIND_FANOTIFY },
		{ "[pidfd]", FDG_KIND_PIDFD },
		{ "[fscontext]", FDG_KIND_MOUNT },
	};
	static const char prefix[] = "anon_inode:";
	char link[64];

	fd_link(fd, link, sizeof(link));
	if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
		return FDG_KIND_UNKNOWN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(link + sizeof(prefix) - 1, known[i].link) == 0)
			return known[i].kind;
	return FDG_KIND_UNKNOWN;
}

/* Newer kernels give the inodes of some anonymous descriptors, pidfds among them, the mode of a regular file. */
static enum fdg_kind regular_kind(int fd, bool unlinked)
{
	struct statfs fs;
	char link[64];

	if (fdg_sys2(SYS_fstatfs, fd, &fs) == 0) {
		if (fs.f_type == MQUEUE_MAGIC)
			return FDG_KIND_MQUEUE;
		if (fs.f_type == ANON_INODE_FS_MAGIC || fs.f_type == 0x50494446 /* PID_FS_MAGIC */)
			return anonymous_kind(fd);
	}
	if (!unlinked)
		return FDG_KIND_FILE;
	fd_link(fd, link, sizeof(link));
	return strncmp(link, "/memfd:", 7) == 0 ? FDG_KIND_MEMFD : FDG_KIND_FILE;
}

static fdg_kindword socket_kind(int fd)
{
	int domain = 0, type = 0;
	unsigned len = sizeof(int);

	/* The mode of a socket on what is none: O_PATH on a socket's file. */
	if (fdg_sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return FDG_KIND_FILE;
	len = sizeof(int);
	fdg_sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return fdg_kindword_of(FDG_KIND_SOCKET, domain, type);
}

static bool is_terminal(int fd)
{
	struct termios t; /* larger than the kernel's */

	return fdg_sys3(SYS_ioctl, fd, TCGETS, &t) == 0;
}

int fdg_kind_ask(int fd, fdg_kindword *ret_kind)
{
	struct stat st;
	int r = fdg_sys_fstat(fd, &st);

	if (r < 0)
		return r;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		*ret_kind = socket_kind(fd);
		break;
	case S_IFREG:
		*ret_kind = regular_kind(fd, st.st_nlink == 0);
		break;
	case S_IFDIR:
		*ret_kind = FDG_KIND_DIR;
		break;
	case S_IFCHR:
		*ret_kind = is_terminal(fd) ? FDG_KIND_TTY : FDG_KIND_DEVICE;
		break;
	case S_IFBLK:
		*ret_kind = FDG_KIND_DEVICE;
		break;
	case S_IFIFO:
		*ret_kind = FDG_KIND_PIPE;
		break;
	case S_IFLNK: /* O_PATH | O_NOFOLLOW */
		*ret_kind = FDG_KIND_FILE;
		break;
	default:
		*ret_kind = anonymous_kind(fd);
	}
	return 0;
}

static bool kinds_agree(enum fdg_kind known, enum fdg_kind seen)
{
	if (known == seen || known == FDG_KIND_UNKNOWN || seen == FDG_KIND_UNKNOWN)
		return true;
	switch (known) {
	case FDG_KIND_FILE: /* opened by a path, which can name all of these */
		return seen == FDG_KIND_DIR || seen == FDG_KIND_DEVICE || seen == FDG_KIND_TTY || seen == FDG_KIND_PIPE ||
		       seen == FDG_KIND_MQUEUE;
	case FDG_KIND_TTY: /* that was hung up answers TCGETS no more */
		return seen == FDG_KIND_DEVICE;
	case FDG_KIND_DEVICE:
		return seen == FDG_KIND_TTY;
	case FDG_KIND_MOUNT: /* fsmount and open_tree give an O_PATH descriptor of the root */
		return seen == FDG_KIND_DIR || seen == FDG_KIND_FILE;
	default:
		return false;
	}
}

bool fdg_kind_agrees(fdg_kindword known, fdg_kindword seen)
{
	int kd = word_domain(known), sd = word_domain(seen), kt = word_type(known), st = word_type(seen);

	return kinds_agree(fdg_kindword_kind(known), fdg_kindword_kind(seen)) && (!kd || !sd || kd == sd) && (!kt || !st || kt == st);
}
