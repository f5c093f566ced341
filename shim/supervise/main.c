// SPDX-License-Identifier: MIT
/*
 * fdguard-supervise [--if-free] FILE CMD [ARG…]
 *
 * Becomes FILE, with CMD as its argv[0], under the eyes of a supervisor, for programs that no preload gets into. Options come from FDGUARD_OPTIONS. --if-free: only where that changes nothing for
 * the program, and without a word where it cannot be. Not for people: the launcher calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/image.h"
#include "base/sys.h"
#include "guards/cloexec/cloexec.h"
#include "guards/self.h"
#include "guards/uncovered.h"
#include "options/options.h"
#include "report/report.h"
#include "supervise/above.h"
#include "supervise/exec.h"
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

/* The launcher, or whoever left a note, has said it. */
static void say_nothing(void *cookie, bool severe, const char *sentence)
{
	(void)cookie, (void)severe, (void)sentence;
}

static unsigned guards(void)
{
	return FDG_FOR_run | (fdg_options.nonblock == FDG_OFF ? 0 : FDG_FOR_nonblock) | (fdg_options.cloexec == FDG_OFF ? 0 : FDG_FOR_cloexec) |
	       (fdg_options.select_mode == FDG_OFF ? 0 : FDG_FOR_select) | (fdg_options.reuseport == FDG_OFF ? 0 : FDG_FOR_reuseport);
}

/* The loader puts our library into it; into a Go program too, where that sees no calls but those of C. */
struct preloaded {
	bool into, sees;
};

static struct preloaded look(const char *file)
{
	static struct fdg_image image;
	const char *preload = getenv("LD_PRELOAD");
	bool into;

	fdg_image_look(file, &image);
	into = preload && strstr(preload, "libfdguard.so") && (image.kind == FDG_IMAGE_DYNAMIC || image.kind == FDG_IMAGE_ASAN);
	return (struct preloaded){ into, into && !fdg_exec_is_go(image.program) };
}

static void say_unsupervised(const char *name, const char *why)
{
	char line[512];
	struct fdg_buf b = FDG_BUF(line);

	fdg_fmt(&b, "note: %s is guarded by the preloaded library alone: it %s", name, why);
	fdg_report_say(line);
}

/* By a preload's own options and log goes what that sees: of the others that it starts it is good to know. */
static void say_above(const char *name, bool preloaded)
{
	char text[4096], line[4096 + 512];
	struct fdg_buf b = FDG_BUF(line);
	enum fdg_above how = fdg_above_compare(name, text, sizeof(text));

	if (how == FDG_ABOVE_LESS && !preloaded) {
		fdg_uncovered_partly(text, fdg_above_cure);
	} else if (how != FDG_ABOVE_SAME) {
		fdg_fmt(&b, "note: %s%s; to have it as asked for here, %s", preloaded ? "what is static or Go below " : "", text, fdg_above_cure);
		fdg_report_say(line);
	}
}

static void supervise(const char *file, int argc, char *argv[], bool free)
{
	struct preloaded preloaded = look(file);
	enum fdg_launch how;
	const char *why;

	fdg_report_start(file, argc, argv);
	fdg_self_becomes(file, argv);
	if (!preloaded.into)
		fdg_inherited_start(argv, environ, NULL);
	how = fdg_launch(guards(), free, &why);
	if (how == FDG_LAUNCH_COVERED && !free)
		say_above(argv[0], preloaded.sees);
	if (how != FDG_LAUNCH_NOT || free)
		return;
	if (preloaded.sees)
		say_unsupervised(argv[0], why);
	else
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
	bool free = argc > 1 && strcmp(argv[1], "--if-free") == 0;
	int at = free ? 2 : 1;

	if (argc < at + 2) {
		fdg_report_say("usage: fdguard-supervise [--if-free] FILE CMD [ARG...]");
		return 2;
	}
	fdg_options_defaults(&fdg_options);
	fdg_options_read(&fdg_options, getenv("FDGUARD_OPTIONS"), getenv("FDGUARD_NOTE") ? say_nothing : say, NULL);
	fdg_process_title_room(argv);
	supervise(argv[at], argc - at - 1, argv + at + 1, free);
	return become(argv[at], argc - at - 1, argv + at + 1);
}
