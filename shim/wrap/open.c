// SPDX-License-Identifier: MIT
/* Descriptors from names: open and its family, message queues, mounts. */
#include "wrap/wrap.h"

#define FILE_BIT FDG_KIND_FILE_BIT

static bool force_file(int flags)
{
	return !(flags & O_CLOEXEC) && fdg_cloexec_forces(FILE_BIT);
}

WRAP(int, open, (const char *path, int flags, mode_t mode))
{
	bool force;

	FDG_PASS(open, path, flags, mode);
	force = force_file(flags);
	return fdg_made(FDG_WITH_ROOM(real_open(path, flags | (force ? O_CLOEXEC : 0), mode)), FDG_KINDWORD(FILE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC, FDG_SITE);
}
FDG_TWIN(open64, open)
FDG_TWIN(__open, open)
FDG_TWIN(__open64, open)

WRAP(int, openat, (int dirfd, const char *path, int flags, mode_t mode))
{
	bool force;

	FDG_PASS(openat, dirfd, path, flags, mode);
	force = force_file(flags);
	return fdg_made(FDG_WITH_ROOM(real_openat(dirfd, path, flags | (force ? O_CLOEXEC : 0), mode)), FDG_KINDWORD(FILE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC,
			FDG_SITE);
}
FDG_TWIN(openat64, openat)

/* Fortified: without a mode; libc aborts if the flags ask for one. */
WRAP(int, __open_2, (const char *path, int flags))
{
	bool force;

	FDG_PASS(__open_2, path, flags);
	force = force_file(flags);
	return fdg_made(FDG_WITH_ROOM(real___open_2(path, flags | (force ? O_CLOEXEC : 0))), FDG_KINDWORD(FILE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC, FDG_SITE);
}
FDG_TWIN(__open64_2, __open_2)

WRAP(int, __openat_2, (int dirfd, const char *path, int flags))
{
	bool force;

	FDG_PASS(__openat_2, dirfd, path, flags);
	force = force_file(flags);
	return fdg_made(FDG_WITH_ROOM(real___openat_2(dirfd, path, flags | (force ? O_CLOEXEC : 0))), FDG_KINDWORD(FILE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC, FDG_SITE);
}
FDG_TWIN(__openat64_2, __openat_2)

WRAP(int, creat, (const char *path, mode_t mode))
{
	bool force;

	FDG_PASS(creat, path, mode);
	force = force_file(0);
	if (force)
		return fdg_made(FDG_WITH_ROOM(real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)), FDG_KINDWORD(FILE), true, false, FDG_SITE);
	return fdg_made(FDG_WITH_ROOM(real_creat(path, mode)), FDG_KINDWORD(FILE), false, false, FDG_SITE);
}
FDG_TWIN(creat64, creat)

WRAP(int, open_by_handle_at, (int mountfd, struct file_handle *handle, int flags))
{
	bool force;

	FDG_PASS(open_by_handle_at, mountfd, handle, flags);
	force = force_file(flags);
	return fdg_made(FDG_WITH_ROOM(real_open_by_handle_at(mountfd, handle, flags | (force ? O_CLOEXEC : 0))), FDG_KINDWORD(FILE) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC,
			FDG_SITE);
}

WRAP(int, memfd_create, (const char *name, unsigned flags))
{
	bool force;

	FDG_PASS(memfd_create, name, flags);
	force = !(flags & MFD_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_MEMFD_BIT);
	return fdg_made(FDG_WITH_ROOM(real_memfd_create(name, flags | (force ? MFD_CLOEXEC : 0))), FDG_KINDWORD(MEMFD), force, flags & MFD_CLOEXEC, FDG_SITE);
}

/* libc opens it close-on-exec. */
WRAP(int, shm_open, (const char *name, int flags, mode_t mode))
{
	FDG_PASS(shm_open, name, flags, mode);
	return fdg_made(FDG_WITH_ROOM(real_shm_open(name, flags, mode)), FDG_KINDWORD(FILE), false, true, FDG_SITE);
}

/* The kernel makes message queues close-on-exec, asked or not. */
WRAP(mqd_t, mq_open, (const char *name, int flags, mode_t mode, struct mq_attr *attr))
{
	FDG_PASS(mq_open, name, flags, mode, attr);
	return fdg_made(FDG_WITH_ROOM(real_mq_open(name, flags, mode, attr)), FDG_KINDWORD(MQUEUE), false, true, FDG_SITE);
}

WRAP(mqd_t, __mq_open_2, (const char *name, int flags))
{
	FDG_PASS(__mq_open_2, name, flags);
	return fdg_made(FDG_WITH_ROOM(real___mq_open_2(name, flags)), FDG_KINDWORD(MQUEUE), false, true, FDG_SITE);
}

/* The mount calls: kind `other`, forced with cloexec.kinds=all alone. */
static bool force_other(unsigned flags, unsigned bit)
{
	return !(flags & bit) && fdg_cloexec_forces(FDG_KIND_OTHER_BIT);
}

WRAP(int, fsopen, (const char *name, unsigned flags))
{
	bool force;

	FDG_PASS(fsopen, name, flags);
	force = force_other(flags, FSOPEN_CLOEXEC);
	return fdg_made(FDG_WITH_ROOM(real_fsopen(name, flags | (force ? FSOPEN_CLOEXEC : 0))), FDG_KINDWORD(MOUNT), force, flags & FSOPEN_CLOEXEC, FDG_SITE);
}

WRAP(int, fspick, (int dirfd, const char *path, unsigned flags))
{
	bool force;

	FDG_PASS(fspick, dirfd, path, flags);
	force = force_other(flags, FSPICK_CLOEXEC);
	return fdg_made(FDG_WITH_ROOM(real_fspick(dirfd, path, flags | (force ? FSPICK_CLOEXEC : 0))), FDG_KINDWORD(MOUNT), force, flags & FSPICK_CLOEXEC, FDG_SITE);
}

WRAP(int, fsmount, (int fsfd, unsigned flags, unsigned attributes))
{
	bool force;

	FDG_PASS(fsmount, fsfd, flags, attributes);
	force = force_other(flags, FSMOUNT_CLOEXEC);
	return fdg_made(FDG_WITH_ROOM(real_fsmount(fsfd, flags | (force ? FSMOUNT_CLOEXEC : 0), attributes)), FDG_KINDWORD(MOUNT), force, flags & FSMOUNT_CLOEXEC,
			FDG_SITE);
}

WRAP(int, open_tree, (int dirfd, const char *path, unsigned flags))
{
	bool force;

	FDG_PASS(open_tree, dirfd, path, flags);
	force = force_other(flags, OPEN_TREE_CLOEXEC);
	return fdg_made(FDG_WITH_ROOM(real_open_tree(dirfd, path, flags | (force ? OPEN_TREE_CLOEXEC : 0))), FDG_KINDWORD(MOUNT), force, flags & OPEN_TREE_CLOEXEC,
			FDG_SITE);
}

/* The kernel makes both close-on-exec. */
WRAP(int, pidfd_open, (pid_t pid, unsigned flags))
{
	FDG_PASS(pidfd_open, pid, flags);
	return fdg_made(FDG_WITH_ROOM(real_pidfd_open(pid, flags)), FDG_KINDWORD(PIDFD), false, true, FDG_SITE);
}

WRAP(int, pidfd_getfd, (int pidfd, int target, unsigned flags))
{
	int fd;

	FDG_PASS(pidfd_getfd, pidfd, target, flags);
	fd = real_pidfd_getfd(pidfd, target, flags);
	fdg_arrived(fd, FDG_KINDWORD(UNKNOWN), false, true, FDG_SITE);
	return fd;
}
