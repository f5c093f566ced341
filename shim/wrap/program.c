// SPDX-License-Identifier: MIT
#include "wrap/program.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"

/* What /proc says that the descriptor is. */
static bool put_descriptor(struct fdg_buf *b, int fd)
{
	char path[64], target[1024];
	struct fdg_buf p = FDG_BUF(path);
	long n;

	fdg_fmt(&p, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, target, sizeof(target));
	if (n > 0)
		fdg_put_n(b, target, (size_t)n);
	return n > 0;
}

static bool put_directory(struct fdg_buf *b, int dir)
{
	long n;

	if (dir != AT_FDCWD)
		return put_descriptor(b, dir);
	n = fdg_sys2(SYS_getcwd, b->text + b->len, b->cap - b->len);
	if (n > 1)
		b->len += (size_t)n - 1;
	return n > 1;
}

void fdg_put_program(struct fdg_buf *b, int dir, const char *file)
{
	if (!file || !*file) {
		put_descriptor(b, dir);
		return;
	}
	if (*file != '/' && put_directory(b, dir))
		fdg_put_char(b, '/');
	fdg_put(b, file);
}

static const char *path_variable(void)
{
	for (char *const *e = environ; e && *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			return *e + 5;
	return "/bin:/usr/bin";
}

static bool is_there(const struct fdg_buf *b)
{
	struct stat st;

	return !b->cut && fdg_sys_stat(b->text, &st) == 0 && S_ISREG(st.st_mode) && fdg_sys3(SYS_faccessat, AT_FDCWD, b->text, X_OK) == 0;
}

void fdg_put_program_in_path(struct fdg_buf *b, const char *file)
{
	size_t start = b->len;

	if (!file || strchr(file, '/')) {
		fdg_put_program(b, AT_FDCWD, file);
		return;
	}
	for (const char *p = path_variable(), *end; *file; p = end + 1) {
		end = strchrnul(p, ':');
		if (*p != '/' && put_directory(b, AT_FDCWD))
			fdg_put_char(b, '/');
		fdg_put_n(b, p, (size_t)(end - p));
		fdg_put_char(b, '/');
		fdg_put(b, file);
		if (is_there(b))
			return;
		b->len = start;
		b->text[start] = '\0';
		b->cut = false;
		if (!*end)
			break;
	}
	fdg_put(b, file);
}
