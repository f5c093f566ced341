// SPDX-License-Identifier: MIT
/* Streams, directory streams and temporary files. libc opens and closes inside, so these outer functions are where we see it. */
#include "wrap/wrap.h"

#include <errno.h>
#include <string.h>

#include "guards/epoll/stale.h"
#include "guards/nonblock/nonblock.h"

/* fileno of a stream without a descriptor sets errno. */
static int fd_of(FILE *f)
{
	int saved = errno, fd = fileno(f);

	errno = saved;
	return fd;
}

/* glibc looks at six characters behind the first, whatever they are. */
#define MODE_LETTERS 7

static bool mode_has_e(const char *mode)
{
	return mode && *mode && memchr(mode + 1, 'e', strnlen(mode + 1, MODE_LETTERS - 1));
}

#define MODE_MAX 64

/* mode with an 'e' as its second letter. One that is too long for that, or has so many letters that the last would be pushed out of sight, stays as
 * it is and is not forced. */
static const char *with_e(const char *mode, char buf[MODE_MAX], bool *ret_forced)
{
	size_t n = mode ? strlen(mode) : 0;

	*ret_forced = n > 0 && n + 2 <= MODE_MAX && strcspn(mode, ",") < MODE_LETTERS && !mode_has_e(mode) &&
		      fdg_cloexec_forces(FDG_KIND_FILE_BIT);
	if (!*ret_forced)
		return mode;
	buf[0] = mode[0];
	buf[1] = 'e';
	memcpy(buf + 2, mode + 1, n);
	return buf;
}

WRAP(FILE *, fopen, (const char *path, const char *mode))
{
	char buf[MODE_MAX];
	bool force;
	FILE *f;

	FDG_PASS(fopen, path, mode);
	f = FDG_STREAM_WITH_ROOM(real_fopen(path, with_e(mode, buf, &force)));
	if (f) {
		fdg_made(fd_of(f), FDG_KINDWORD(FILE), force, mode_has_e(mode), FDG_SITE);
		fdg_ledger_flag(fd_of(f), FDG_STREAM, 0);
	}
	return f;
}
FDG_TWIN(fopen64, fopen)
FDG_TWIN(_IO_fopen, fopen)

/*
 * Never forced: freopen(…, stdin) is how a program gives its child an input. The number stays, by dup3 inside libc; and a stream that was once opened with 'e'
 * stays close-on-exec for libc, so what we added there is taken off again.
 */
WRAP(FILE *, freopen, (const char *path, const char *mode, FILE *old))
{
	bool forced;
	int fd;
	FILE *f;

	FDG_PASS(freopen, path, mode, old);
	fd = fd_of(old);
	forced = fdg_ledger_state(fd) & FDG_FORCED;
	if (path) {
		fdg_closing(fd, FDG_SITE);
		fdg_ledger_forget(fd);
	}
	f = real_freopen(path, mode, old);
	if (f && path && forced && !mode_has_e(mode))
		fdg_sys_fcntl(fd_of(f), F_SETFD, 0);
	if (f && path)
		fdg_ledger_learn(fd_of(f), FDG_KINDWORD(FILE), FDG_STREAM | (mode_has_e(mode) ? FDG_CLOEXEC : FDG_MEANT), FDG_SITE);
	else if (!f && !path)
		fdg_ledger_forget(fd); /* closed on failure */
	return f;
}
FDG_TWIN(freopen64, freopen)

WRAP(FILE *, fdopen, (int fd, const char *mode))
{
	FILE *f;

	FDG_PASS(fdopen, fd, mode);
	fdg_nonblock_give_up(fd);
	f = real_fdopen(fd, mode);
	if (f && fdg_ledger_state(fd))
		fdg_ledger_flag(fd, FDG_STREAM, 0);
	return f;
}
FDG_TWIN(_IO_fdopen, fdopen)

WRAP(int, fclose, (FILE *f))
{
	FDG_PASS(fclose, f);
	fdg_closing(fd_of(f), FDG_SITE);
	fdg_ledger_forget(fd_of(f));
	return real_fclose(f);
}
FDG_TWIN(_IO_fclose, fclose)

/* libc opens directories close-on-exec. */
WRAP(DIR *, opendir, (const char *path))
{
	DIR *d;

	FDG_PASS(opendir, path);
	if (fdg_room_taken()) /* it may be of the descriptors */
		fdg_room_make();
	d = FDG_STREAM_WITH_ROOM(real_opendir(path));
	if (d)
		fdg_ledger_learn(dirfd(d), FDG_KINDWORD(DIR), FDG_CLOEXEC | FDG_STREAM, FDG_SITE);
	return d;
}

/* libc sets close-on-exec. */
WRAP(DIR *, fdopendir, (int fd))
{
	DIR *d;

	FDG_PASS(fdopendir, fd);
	d = real_fdopendir(fd);
	if (d)
		fdg_ledger_flag(fd, FDG_STREAM | FDG_CLOEXEC, FDG_FORCED);
	return d;
}

WRAP(int, closedir, (DIR *d))
{
	FDG_PASS(closedir, d);
	if (d) {
		fdg_closing(dirfd(d), FDG_SITE);
		fdg_ledger_forget(dirfd(d));
	}
	return real_closedir(d);
}

WRAP(FILE *, tmpfile, (void))
{
	FILE *f;

	FDG_PASS(tmpfile);
	f = FDG_STREAM_WITH_ROOM(real_tmpfile());
	if (f) {
		fdg_made_inside(fd_of(f), FDG_KINDWORD(FILE), false, FDG_SITE);
		fdg_ledger_flag(fd_of(f), FDG_STREAM, 0);
	}
	return f;
}
FDG_TWIN(tmpfile64, tmpfile)

WRAP(int, mkstemp, (char *name))
{
	bool force;

	FDG_PASS(mkstemp, name);
	force = fdg_cloexec_forces(FDG_KIND_FILE_BIT);
	return fdg_made(force ? real_mkostemp(name, O_CLOEXEC) : real_mkstemp(name), FDG_KINDWORD(FILE), force, false, FDG_SITE);
}
FDG_TWIN(mkstemp64, mkstemp)

WRAP(int, mkostemp, (char *name, int flags))
{
	bool force;

	FDG_PASS(mkostemp, name, flags);
	force = !(flags & O_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_FILE_BIT);
	return fdg_made(real_mkostemp(name, flags | (force ? O_CLOEXEC : 0)), FDG_KINDWORD(FILE), force, flags & O_CLOEXEC, FDG_SITE);
}
FDG_TWIN(mkostemp64, mkostemp)

WRAP(int, mkstemps, (char *name, int suffix))
{
	bool force;

	FDG_PASS(mkstemps, name, suffix);
	force = fdg_cloexec_forces(FDG_KIND_FILE_BIT);
	return fdg_made(force ? real_mkostemps(name, suffix, O_CLOEXEC) : real_mkstemps(name, suffix), FDG_KINDWORD(FILE), force, false, FDG_SITE);
}
FDG_TWIN(mkstemps64, mkstemps)

WRAP(int, mkostemps, (char *name, int suffix, int flags))
{
	bool force;

	FDG_PASS(mkostemps, name, suffix, flags);
	force = !(flags & O_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_FILE_BIT);
	return fdg_made(real_mkostemps(name, suffix, flags | (force ? O_CLOEXEC : 0)), FDG_KINDWORD(FILE), force, flags & O_CLOEXEC, FDG_SITE);
}
FDG_TWIN(mkostemps64, mkostemps)
