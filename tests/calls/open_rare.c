// SPDX-License-Identifier: MIT
/* The calls that few programs know: what they answer is what the kernel answers, whatever this machine permits. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "expect.h"

/* Both either made a descriptor or failed with the same error; flag: FD_CLOEXEC as the program asked for it. */
static void agree(int got, int error, long raw, bool flag)
{
	if (got >= 0) {
		SAME(cloexec(got), flag);
		SAME(close(got), 0);
		error = 0;
	}
	if (raw >= 0) {
		bare(SYS_close, raw, 0, 0, 0, 0, 0);
		raw = 0;
	}
	SAME(-error, raw);
}

#define AGREE(call, flag, number, a, b, c, d) \
	do { \
		errno = 0; \
		int agree_got = (call); \
		agree(agree_got, errno, bare((number), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0), (flag)); \
	} while (0)

static void mount_calls_agree_with_the_kernel(void)
{
	AGREE(fsopen("tmpfs", 0), false, SYS_fsopen, "tmpfs", 0, 0, 0);
	AGREE(fsopen("tmpfs", FSOPEN_CLOEXEC), true, SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC, 0, 0);
	AGREE(fsopen("tmpfs", 0x1000), false, SYS_fsopen, "tmpfs", 0x1000, 0, 0);
	AGREE(fspick(AT_FDCWD, "/", 0), false, SYS_fspick, AT_FDCWD, "/", 0, 0);
	AGREE(fspick(AT_FDCWD, "/", FSPICK_CLOEXEC), true, SYS_fspick, AT_FDCWD, "/", FSPICK_CLOEXEC, 0);
	AGREE(fsmount(none(), 0, 0), false, SYS_fsmount, -1, 0, 0, 0);
	AGREE(open_tree(AT_FDCWD, "/", 0), false, SYS_open_tree, AT_FDCWD, "/", 0, 0);
	AGREE(open_tree(AT_FDCWD, "/", OPEN_TREE_CLOEXEC), true, SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLOEXEC, 0);
	AGREE(open_tree(AT_FDCWD, "/missing", 0), false, SYS_open_tree, AT_FDCWD, "/missing", 0, 0);
}

static void fsmount_takes_a_configured_context(void)
{
	for (unsigned flags = 0; flags <= FSMOUNT_CLOEXEC; flags += FSMOUNT_CLOEXEC) {
		int context = bare(SYS_fsopen, (long)"tmpfs", 1, 0, 0, 0, 0), mount;

		if (context < 0) /* not privileged: fsmount could only fail, which the case above saw */
			return;
		SAME(bare(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0, 0), 0);
		mount = fsmount(context, flags, 0);
		EXPECT(mount >= 0);
		SAME(cloexec(mount), flags != 0);
		SAME(close(mount), 0);
		SAME(close(context), 0);
	}
}

static void pidfds_agree_with_the_kernel(void)
{
	int self = pidfd_open(getpid(), 0);

	EXPECT(cloexec(self)); /* the kernel makes them so */
	AGREE(pidfd_open(none(), 0), true, SYS_pidfd_open, -1, 0, 0, 0);
	AGREE(pidfd_open(getpid(), 0x10), true, SYS_pidfd_open, getpid(), 0x10, 0, 0);
	AGREE(pidfd_getfd(self, 0, 0), true, SYS_pidfd_getfd, self, 0, 0, 0);
	AGREE(pidfd_getfd(self, 1 << 20, 0), true, SYS_pidfd_getfd, self, 1 << 20, 0, 0);
	AGREE(pidfd_getfd(self, 0, 7), true, SYS_pidfd_getfd, self, 0, 7, 0);
	SAME(pidfd_send_signal(self, 0, NULL, 0), 0);
	SAME(close(self), 0);
}

static void handles_agree_with_the_kernel(void)
{
	struct file_handle *handle = malloc(sizeof *handle + MAX_HANDLE_SZ);
	int mount, dir = open(".", O_RDONLY | O_DIRECTORY);

	write_file("file", "", 0600);
	handle->handle_bytes = MAX_HANDLE_SZ;
	if (EXPECT(name_to_handle_at(AT_FDCWD, "file", handle, &mount, 0) == 0)) {
		AGREE(open_by_handle_at(dir, handle, O_RDONLY), false, SYS_open_by_handle_at, dir, handle, O_RDONLY, 0);
		AGREE(open_by_handle_at(dir, handle, O_RDWR | O_CLOEXEC), true, SYS_open_by_handle_at, dir, handle,
		      O_RDWR, 0);
	}
	AGREE(open_by_handle_at(dir, nowhere(), O_RDONLY), false, SYS_open_by_handle_at, dir, NULL, O_RDONLY, 0);
	free(handle);
	SAME(close(dir), 0);
}

static void memfds_have_name_flags_and_seals(void)
{
	char path[64], link[64] = "";
	int want = lowest(), fd = memfd_create("a name", 0);

	SAME(fd, want);
	EXPECT(!cloexec(fd));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	EXPECT(readlink(path, link, sizeof link - 1) > 0);
	EXPECT(!strncmp(link, "/memfd:a name", 13));
	SAME(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	SAME(close(fd), 0);
	fd = memfd_create("", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	EXPECT(cloexec(fd));
	SAME(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	SAME(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
	FAILS(ftruncate(fd, 10), EPERM);
	SAME(close(fd), 0);
	FAILS(memfd_create(nowhere(), 0), EFAULT);
	FAILS(memfd_create("x", 0x40000), EINVAL);
}

void body(void)
{
	RUN(mount_calls_agree_with_the_kernel);
	RUN(fsmount_takes_a_configured_context);
	RUN(pidfds_agree_with_the_kernel);
	RUN(handles_agree_with_the_kernel);
	RUN(memfds_have_name_flags_and_seals);
}
