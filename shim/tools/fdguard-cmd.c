// SPDX-License-Identifier: MIT
/*
 * What the launcher needs to know or do about a program and a shell cannot. Not for people.
 *
 *   fdguard-cmd look PID FILE
 *     First line: one word for what kind of program FILE is (binary.h; "near": a foreign one that the supervisor can watch), then why. Below it, in shell words, what `exec` below must
 *     be given so that the program finds the environment that the shell PID was started with: a shell drops variables whose names it
 *     cannot spell, and some set PWD, SHLVL or PATH.
 *   fdguard-cmd exec [--script SCRIPT] [--uncovered WHY --options TEXT] [-u NAME | NAME=VALUE]… -- FILE CMD [ARG…]
 *     Becomes FILE, with CMD as its argv[0] and that environment, and without the descriptor that the shell read SCRIPT through. WHY is reported as run.uncovered first, to where TEXT, the options, sends
 *     findings.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/options.h"
#include "report/report.h"
#include "tools/binary.h"

extern char **environ;

static int usage(void)
{
	fprintf(stderr, "usage: fdguard-cmd look PID FILE\n"
			"       fdguard-cmd exec [--script SCRIPT] [--uncovered WHY --options TEXT] [-u NAME | NAME=VALUE]... -- FILE CMD [ARG...]\n");
	return 2;
}

/* The environment that a process was started with, as a list that ends in NULL; an empty one where /proc does not tell. */
static char **environ_of(const char *pid)
{
	static char *none[] = { NULL };
	char path[64], *text = NULL, **list;
	size_t n = 0, room = 0, count = 0, got = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	f = fopen(path, "re");
	if (!f)
		return none;
	do {
		char *more = n + 1 < room ? text : realloc(text, room = room * 2 + 65536);

		if (!more)
			break;
		text = more;
		got = fread(text + n, 1, room - n - 1, f);
		n += got;
	} while (got > 0);
	fclose(f);
	if (n == 0)
		return none;
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		count += text[i] == '\0';
	list = calloc(count + 2, sizeof(*list));
	if (!list)
		return none;
	count = 0;
	for (size_t i = 0; i < n; i += strlen(text + i) + 1)
		list[count++] = text + i;
	return list;
}

/* The entry of a variable, whose name is `entry` up to its '='; NULL: not set. The first of several counts, as for getenv. */
static char *find(char *const *list, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (; *list; list++)
		if (strncmp(*list, entry, n) == 0)
			return *list;
	return NULL;
}

/* What the launcher is there to set. */
static bool ours(const char *entry)
{
	return strncmp(entry, "LD_PRELOAD=", 11) == 0 || strncmp(entry, "FDGUARD_OPTIONS=", 16) == 0;
}

static void print_word(const char *text, size_t n)
{
	fputs(" '", stdout);
	for (; n > 0; text++, n--) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

static void print_undo(char *const *before, char *const *now)
{
	for (char *const *e = now; *e; e++) {
		if (!ours(*e) && strchr(*e, '=') && !find(before, *e)) {
			fputs(" -u", stdout);
			print_word(*e, strcspn(*e, "="));
		}
	}
	for (char *const *e = before; *e; e++) {
		const char *as_it_is = find(now, *e);

		if (ours(*e) || (*e)[0] == '=' || !strchr(*e, '=') || find(before, *e) != *e)
			continue;
		/* fdg_…: the launcher's own variables may change after this. */
		if (!as_it_is || strcmp(as_it_is, *e) != 0 || strncmp(*e, "fdg_", 4) == 0)
			print_word(*e, strlen(*e));
	}
}

static int look(const char *pid, const char *file)
{
	struct binary b;
	char **before = environ_of(pid);

	binary_look(file, &b);
	printf("%s %s\n", b.kind == BINARY_FOREIGN && b.is_watchable ? "near" : binary_word(b.kind), b.why);
	if (*before)
		print_undo(before, environ);
	putchar('\n');
	return fflush(stdout) == 0 ? 0 : 2;
}

static void no_complaint(void *cookie, bool severe, const char *sentence)
{
	(void)cookie, (void)severe, (void)sentence;
}

static void report_uncovered(const char *why, const char *options, const char *file, int argc, char *const argv[])
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_RUN_UNCOVERED);
	char *message = NULL;

	fdg_options_defaults(&fdg_options);
	fdg_options_read(&fdg_options, options, no_complaint, NULL); /* the launcher had them checked */
	if (asprintf(&message, "%s runs unguarded: it %s", argv[0], why) < 0)
		return;
	fdg_report_start(file, argc, argv);
	f.message = message;
	fdg_report(&f);
	/* Findings go to a file: who sits in front of it should know all the same. Of check (run.exec) they will hear at its end. */
	if (fdg_options.log.where == FDG_LOG_FILE && !fdg_options.run_exec)
		fprintf(stderr, "fdguard: warning: %s [run.uncovered]\n", message);
	free(message);
}

/* A text without #! is for the shell, as execvp has it; a program for another machine is not. */
static void exec_by_shell(const char *file, int argc, char *argv[])
{
	char start[4] = "", **with_shell = calloc((size_t)argc + 2, sizeof(*with_shell));
	FILE *f = fopen(file, "re");

	if (!with_shell || !f || fread(start, 1, 4, f) != 4 || memcmp(start, "\177ELF", 4) == 0)
		return;
	fclose(f);
	with_shell[0] = "/bin/sh";
	with_shell[1] = (char *)file;
	memcpy(with_shell + 2, argv + 1, (size_t)argc * sizeof(*argv));
	execv(with_shell[0], with_shell);
}

static int become(const char *file, int argc, char *argv[])
{
	int error;

	execv(file, argv);
	error = errno;
	if (error == ENOEXEC)
		exec_by_shell(file, argc, argv);
	fprintf(stderr, "fdguard: %s: %s\n", argv[0], strerror(error));
	return error == ENOENT ? 127 : 126;
}

/*
 * dash leaves its script open, without close-on-exec, where it got a number above 9 for it: under a parent that leaks. bash does where
 * stderr was closed: at 2. Of several descriptors of that file the highest is the shell's.
 */
static void close_script(const char *script)
{
	struct stat wanted, st;
	DIR *all = opendir("/proc/self/fd");
	int found = -1;

	if (!all)
		return;
	for (struct dirent *entry; (entry = readdir(all));) {
		int fd = atoi(entry->d_name);

		if (fd >= 2 && fd > found && stat(script, &wanted) == 0 && fstat(fd, &st) == 0 && st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			found = fd;
	}
	closedir(all);
	if (found >= 0)
		close(found);
}

static int exec_cmd(int argc, char *argv[])
{
	const char *why = NULL, *options = "";
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strchr(argv[i], '=')) {
			putenv(argv[i]);
		} else if (i + 1 >= argc) {
			return usage();
		} else if (strcmp(argv[i], "-u") == 0) {
			unsetenv(argv[++i]);
		} else if (strcmp(argv[i], "--script") == 0) {
			close_script(argv[++i]);
		} else if (strcmp(argv[i], "--uncovered") == 0) {
			why = argv[++i];
		} else if (strcmp(argv[i], "--options") == 0) {
			options = argv[++i];
		} else {
			return usage();
		}
	}
	i++;
	if (i + 1 >= argc)
		return usage();
	if (why)
		report_uncovered(why, options, argv[i], argc - i - 1, argv + i + 1);
	return become(argv[i], argc - i - 1, argv + i + 1);
}

int main(int argc, char *argv[])
{
	if (argc == 4 && strcmp(argv[1], "look") == 0)
		return look(argv[2], argv[3]);
	if (argc > 2 && strcmp(argv[1], "exec") == 0)
		return exec_cmd(argc - 2, argv + 2);
	return usage();
}
