// SPDX-License-Identifier: MIT
/* Which argument or variable names a descriptor, and how surely: for what check lists. */
#include "guards/cloexec/naming_parts.h"

#include <string.h>

#include "base/poison.h"

#define WHY_MAX 320 /* a word of 64 bytes, each as four */

static bool any(int fd)
{
	return fd >= 3;
}

static bool speaks(const char *s, size_t n)
{
	static const char *const words[] = { "fd", "handle", "sock", "pipe", "listen", "inherit", "jobserver", "stream", "channel", "<", ">" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (fdg_naming_contains(s, n, words[i]))
			return true;
	return false;
}

static void put_word(struct fdg_buf *b, const char *s, size_t n, bool whole)
{
	fdg_put(b, whole ? "the argument " : "");
	fdg_put_printable(b, s, n < 64 ? n : 64);
	fdg_put(b, n > 64 ? "…" : "");
	fdg_put(b, whole ? " names it" : ", in an argument, names it");
}

/* As text_n, a word at a time. *told: the word before spoke of descriptors. */
static bool argument_names(const char *text, int fd, bool *told, struct fdg_buf *ret, bool *ret_weak)
{
	bool hint = false, found = false, weak;

	for (size_t i = 0; i < FDG_NAMED_BYTES && text[i];) {
		struct fdg_named one = { .interesting = any };
		size_t from = i;

		i += strcspn(text + i, " \t\n\"'()`");
		if (i == from) {
			i++;
			continue;
		}
		hint = fdg_naming_word(&one, text + from, i - from, hint);
		weak = !speaks(text + from, i - from) && !*told;
		*told = speaks(text + from, i - from);
		if (!fdg_named_has(&one, fd) || (found && weak))
			continue;
		*ret = (struct fdg_buf){ ret->text, 0, ret->cap, false };
		put_word(ret, text + from, i - from, from == 0 && !text[i]);
		found = true;
		*ret_weak = weak;
		if (!weak)
			break;
	}
	return found;
}

static bool variable_names(const struct fdg_named *n, const char *entry, int fd, struct fdg_buf *ret, bool *ret_weak)
{
	struct fdg_named one = { .interesting = any };

	*ret_weak = !fdg_naming_variable(&one, entry);
	if (one.listen_end > n->listen_end)
		one.listen_end = n->listen_end;
	if (!fdg_named_has(&one, fd))
		return false;
	fdg_put(ret, "the variable ");
	fdg_put_printable(ret, entry, strnlen(entry, strcspn(entry, "=") < 64 ? strcspn(entry, "=") : 64));
	fdg_put(ret, " names it");
	return true;
}

/* What an argument says with more certainty replaces what was found before. */
static bool arguments_name(char *const argv[], int fd, char ret[WHY_MAX], bool *ret_weak)
{
	bool found = false, told = false, weak;

	for (size_t i = 0; argv && argv[i] && !(found && !*ret_weak); i++) {
		char text[WHY_MAX];
		struct fdg_buf b = FDG_BUF(text);

		told = told && i > 1; /* what the program's own name speaks of is nothing */
		if (!argument_names(argv[i], fd, &told, &b, &weak) || (found && weak))
			continue;
		memcpy(ret, text, sizeof(text));
		found = true;
		*ret_weak = weak;
	}
	return found;
}

bool fdg_named_why(const struct fdg_named *n, char *const argv[], char *const envp[], int fd, struct fdg_buf *ret, bool *ret_weak)
{
	char why[WHY_MAX], text[WHY_MAX];
	bool found;

	*ret_weak = false;
	if (!fdg_named_has(n, fd))
		return false;
	found = arguments_name(argv, fd, why, ret_weak);
	for (size_t i = 0; (!found || *ret_weak) && envp && envp[i]; i++) {
		struct fdg_buf b = FDG_BUF(text);
		bool weak;

		if (!variable_names(n, envp[i], fd, &b, &weak) || (found && weak))
			continue;
		memcpy(why, text, sizeof(text));
		found = true;
		*ret_weak = weak;
	}
	*ret_weak |= !found;
	fdg_put(ret, found ? why : "the arguments are too long to look for it");
	return true;
}
