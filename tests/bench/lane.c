// SPDX-License-Identifier: MIT
#include "bench.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void give_up(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "bench: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

char *beside(const char *rest)
{
	char self[PATH_MAX], *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		give_up("cannot read /proc/self/exe: %s", strerror(errno));
	self[n] = 0;
	if (asprintf(&path, "%s/%s", dirname(self), rest) < 0)
		give_up("no memory");
	return path;
}

static void become(const struct lane *lane, char *const argv[], int cpu, bool in_child, const int in[2], const int out[2])
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one))
		err(127, "sched_setaffinity");
	if (dup2(in[0], 0) != 0 || dup2(out[1], 1) != 1)
		err(127, "dup2");
	closefrom(3);
	unsetenv("LD_PRELOAD");
	unsetenv("FDGUARD_OPTIONS");
	setenv("BENCH_PRELOAD", lane->preload ? lane->preload : "", 1);
	if (lane->preload && !in_child)
		setenv("LD_PRELOAD", lane->preload, 1);
	char *words[64];
	unsigned n = 0;
	for (char *const *w = lane->wrap; w && *w && n < 32; w++)
		words[n++] = *w;
	for (char *const *a = argv; *a && n < 63; a++)
		words[n++] = *a;
	words[n] = NULL;
	execvp(words[0], words);
	err(127, "%s", words[0]);
}

/* A preload that the loader did not find would make a benchmark of nothing. Called when the worker has answered, so its start is over. */
static void check_loaded(const struct lane *lane)
{
	char path[64], line[PATH_MAX + 128];
	snprintf(path, sizeof path, "/proc/%d/maps", (int)lane->pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, strrchr(lane->preload, '/') ? strrchr(lane->preload, '/') : lane->preload)) {
			fclose(maps);
			return;
		}
	give_up("%s is not in the process that should have it", lane->preload);
}

void lane_start(struct lane *lane, char *const argv[], int cpu, bool in_child)
{
	int in[2], out[2];
	char ready;
	if (lane->preload && access(lane->preload, R_OK))
		give_up("%s: %s", lane->preload, strerror(errno));
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		give_up("pipe: %s", strerror(errno));
	lane->pid = fork();
	if (lane->pid < 0)
		give_up("fork: %s", strerror(errno));
	if (!lane->pid)
		become(lane, argv, cpu, in_child, in, out);
	close(in[0]);
	close(out[1]);
	lane->to = in[1];
	lane->from = out[0];
	if (read(lane->from, &ready, 1) != 1)
		give_up("the %s worker did not start", lane->name);
	if (lane->preload && !in_child && !lane->wrap)
		check_loaded(lane);
}

void lane_end(struct lane *lane)
{
	close(lane->to);
	close(lane->from);
	waitpid(lane->pid, NULL, 0);
	lane->pid = 0;
}
