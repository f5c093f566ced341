// SPDX-License-Identifier: MIT
#include "wrap/told.h"

#include <string.h>
#include <sys/wait.h>

#include "base/sys.h"
#include "wrap/environ.h"
#include "wrap/program.h"

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool lists_libraries(char *const envp[])
{
	for (; envp && *envp; envp++)
		if (starts(*envp, "LD_TRACE_LOADED_OBJECTS="))
			return true;
	return false;
}

/* The loader by name, asked for something else than to run a program. */
static bool asks_the_loader(const char *file, char *const argv[])
{
	static const char *const questions[] = { "--list", "--verify", "--help", "--version", "--list-tunables", "--list-diagnostics" };
	const char *base = strrchr(file, '/');

	base = base ? base + 1 : file;
	if (!(starts(base, "ld-linux") || starts(base, "ld.so")) || !argv || !argv[0] || !argv[1])
		return false;
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (strcmp(argv[1], questions[i]) == 0)
			return true;
	return false;
}

/* ldd: the loader answers, and the program does not run. */
static bool is_question(const struct fdg_told *t, char *const argv[], char *const envp[])
{
	if (t->image.kind == FDG_IMAGE_DYNAMIC && lists_libraries(envp))
		return true;
	/* ldd asks the loaders of other architectures as well. */
	return (t->image.kind == FDG_IMAGE_DYNAMIC || t->image.kind == FDG_IMAGE_FOREIGN) && asks_the_loader(t->file, argv);
}

void fdg_told_look(struct fdg_told *t, int dir, const char *file, bool by_name, char *const argv[], char *const envp[])
{
	struct fdg_buf b = FDG_BUF(t->file);
	char itself[64];
	struct fdg_buf i = FDG_BUF(itself);

	if (by_name)
		fdg_put_program_in_path(&b, file);
	else
		fdg_put_program(&b, dir, file);
	fdg_fmt(&i, "/proc/self/fd/%d", dir);
	fdg_image_look(by_name || (file && *file) ? t->file : itself, &t->image);
	t->x = (struct fdg_run_exec){ .file = t->file, .image = &t->image, .elsewhere = fdg_environ_differs(envp), .barred = fdg_environ_barred(envp) };
	if (is_question(t, argv, envp))
		t->x.barred = FDG_BARRED_QUESTION;
}

void fdg_told_bare(struct fdg_told *t, const struct fdg_environ *e)
{
	if (e->add_preload)
		t->x.barred = FDG_BARRED_NO_ROOM;
	t->x.elsewhere |= e->add_options;
}

/* What glibc's popen returns is a struct _IO_proc_file: a FILE with its table of functions, then the child's number. It was so in every version. */
#define SHELL_AT (sizeof(FILE) + sizeof(void *))

int fdg_told_shell(FILE *f)
{
	siginfo_t ended;
	int child;

	memcpy(&child, (const char *)f + SHELL_AT, sizeof(child));
	if (child <= 1 || fdg_sys5(SYS_waitid, P_PID, child, &ended, WEXITED | WNOHANG | WNOWAIT, NULL) < 0)
		return -1;
	return child;
}
