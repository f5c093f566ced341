// SPDX-License-Identifier: MIT
/*
 * fdguard-supervise FILE CMD [ARG…]
 *
 * Becomes FILE, with CMD as its argv[0], under the eyes of a supervisor, for programs that no preload gets into. Options come from FDGUARD_OPTIONS. Not for people: the launcher calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "guards/uncovered.h"
#include "options/options.h"
#include "report/report.h"
#include "supervise/filter.h"
#include "supervise/launch.h"
#include "supervise/process.h"

#include "base/poison.h"

static void say(void *cookie, bool severe, const char *sentence)
{
	char line[512];
	struct fdg_buf b = FDG_BUF(line);

	(void)cookie;
	fdg_fmt(&b, severe ? "FDGUARD_OPTIONS: %s" : "%s", sentence);
	fdg_report_say(line);
}

static unsigned guards(void)
{
	return FDG_FOR_run | (fdg_options.nonblock == FDG_OFF ? 0 : FDG_FOR_nonblock);
}

static void supervise(const char *file, int argc, char *argv[])
{
	const char *why;

	if (fdg_launch(guards(), &why) != FDG_LAUNCH_NOT)
		return;
	fdg_report_start(file, argc, argv);
	fdg_uncovered_report(argv[0], why);
}

static long execute(const char *file, char *argv[])
{
	return fdg_sys3(SYS_execve, file, argv, environ);
}

/* A text without #! is for the shell, as execvp has it. */
static void exec_by_shell(const char *file, int argc, char *argv[])
{
	char start[4] = "", **with_shell = calloc((size_t)argc + 2, sizeof(*with_shell));
	int fd = fdg_sys_open(file, O_RDONLY | O_CLOEXEC, 0);

	if (!with_shell || fd < 0 || fdg_sys_read(fd, start, sizeof(start)) <= 0 || memcmp(start, "\177ELF", 4) == 0)
		return;
	with_shell[0] = "/bin/sh";
	with_shell[1] = (char *)file;
	memcpy(with_shell + 2, argv + 1, (size_t)argc * sizeof(*argv));
	execute(with_shell[0], with_shell);
}

static int become(const char *file, int argc, char *argv[])
{
	char line[512];
	struct fdg_buf b = FDG_BUF(line);
	long r = execute(file, argv);

	if (r == -ENOEXEC)
		exec_by_shell(file, argc, argv);
	fdg_fmt(&b, "%s: %s", argv[0], strerror((int)-r));
	fdg_report_say(line);
	return r == -ENOENT ? 127 : 126;
}

int main(int argc, char *argv[])
{
	if (argc < 3) {
		fdg_report_say("usage: fdguard-supervise FILE CMD [ARG...]");
		return 2;
	}
	fdg_options_defaults(&fdg_options);
	fdg_options_read(&fdg_options, getenv("FDGUARD_OPTIONS"), say, NULL);
	fdg_process_title_room(argv);
	supervise(argv[1], argc - 2, argv + 2);
	return become(argv[1], argc - 2, argv + 2);
}
