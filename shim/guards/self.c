// SPDX-License-Identifier: MIT
#include "guards/self.h"

#include <string.h>
#include <sys/auxv.h>

#include "base/exe.h"

#include "base/poison.h"

static char *const *arguments;
static const char *next;

void fdg_self_start(char *const argv[])
{
	arguments = argv;
}

void fdg_self_becomes(const char *file, char *const argv[])
{
	next = file;
	arguments = argv;
}

bool fdg_is_shell(const char *exe)
{
	static const char *const shells[] = { "sh", "dash", "bash", "zsh", "ksh", "ksh93", "mksh", "busybox", "ash", "fish", "rbash", "yash", "posh" };

	const char *name = fdg_base_name(exe);

	for (unsigned i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		size_t n = strlen(shells[i]);

		if (strncmp(name, shells[i], n) == 0 && (!name[n] || strcmp(name + n, "-static") == 0))
			return true;
	}
	return false;
}

static bool is_interpreter(const char *name)
{
	static const char *const names[] = { "python", "perl", "ruby", "node", "tclsh", "wish", "php", "lua", "Rscript", "guile" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return fdg_is_shell(name);
}

void fdg_put_self(struct fdg_buf *b)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN);

	fdg_put_called(b, next ? next : execfn && *execfn ? execfn : fdg_exe(), arguments);
}

void fdg_put_called(struct fdg_buf *b, const char *exe, char *const argv[])
{
	const char *name = fdg_base_name(exe), *script = argv && argv[0] ? argv[1] : NULL;

	if (script && *script && *script != '-' && is_interpreter(name))
		fdg_fmt(b, "%s (%s)", fdg_base_name(script), name);
	else
		fdg_put(b, name);
}
