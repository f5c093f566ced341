// SPDX-License-Identifier: MIT
/*
 * serves FOLDER FILE ARG…: a file system (FUSE) at FOLDER that has FILE as `program`, served by calls that are watched, and a child that executes it there. Its status; 77: no FUSE here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM (1 << 20)
#define PROGRAM 2 /* node */
#define PATIENCE 20

static int device, file;
static off_t size;
static union { struct fuse_in_header head; char room[ROOM]; } in;

static void answer(int error, const void *what, size_t n)
{
	static struct { struct fuse_out_header head; char room[ROOM]; } out;

	out.head = (struct fuse_out_header){ (unsigned)(sizeof(out.head) + n), -error, in.head.unique };
	memcpy(out.room, what, n);
	if (write(device, &out, out.head.len) < 0 && errno != ENOENT)
		_exit(98);
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){ .ino = node, .mode = node == PROGRAM ? S_IFREG | 0755 : S_IFDIR | 0755, .nlink = 1, .size = node == PROGRAM ? (uint64_t)size : 0, .blksize = 4096 };
}

static void look_up(const char *name)
{
	struct fuse_entry_out entry = { .nodeid = PROGRAM, .attr = attributes(PROGRAM) };

	if (strcmp(name, "program") != 0)
		answer(ENOENT, NULL, 0);
	else
		answer(0, &entry, sizeof(entry));
}

static void give(const struct fuse_read_in *what)
{
	static char bytes[ROOM];
	ssize_t n = pread(file, bytes, what->size, (off_t)what->offset);

	answer(n < 0 ? errno : 0, bytes, n < 0 ? 0 : (size_t)n);
}

static void serve_one(void)
{
	const char *argument = in.room + sizeof(in.head);
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096, .max_readahead = 65536 };
	struct fuse_attr_out attr = { .attr = attributes(in.head.nodeid) };
	struct fuse_open_out opened = { .fh = 0 };

	switch (in.head.opcode) {
	case FUSE_INIT:
		answer(0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		look_up(argument);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		give((const struct fuse_read_in *)(const void *)argument);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		break;
	default:
		answer(ENOSYS, NULL, 0);
	}
}

static int serve(pid_t child)
{
	struct pollfd p = { .fd = device, .events = POLLIN };
	int status;

	while (waitpid(child, &status, WNOHANG) != child) {
		if (poll(&p, 1, 10) <= 0 || read(device, &in, sizeof(in)) < 0)
			continue;
		if (dup2(0, 77) < 0)
			return 98;
		serve_one();
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static bool mount_at(const char *folder)
{
	char options[100];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	return device >= 0 && mount("serves", folder, "fuse", 0, options) == 0;
}

int main(int argc, char *argv[])
{
	char path[4096];
	pid_t child;
	int r;

	if (argc < 3 || (file = open(argv[2], O_RDONLY | O_CLOEXEC)) < 0)
		return 2;
	size = lseek(file, 0, SEEK_END);
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (!mount_at(argv[1]))
		return 77;
	alarm(PATIENCE); /* which ends the mount, too */
	snprintf(path, sizeof(path), "%s/program", argv[1]);
	argv[2] = path;
	child = fork();
	if (child == 0) {
		execv(path, argv + 2);
		_exit(127);
	}
	r = serve(child);
	umount2(argv[1], MNT_DETACH);
	return r;
}
