// SPDX-License-Identifier: MIT
#include "wrap/environ.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "guards/note.h"
#include "options/options.h"

#define PRELOAD "LD_PRELOAD="
#define OPTIONS "FDGUARD_OPTIONS="
#define NOTE FDG_NOTE_NAME "="

static const char *library = "";       /* as a user wrote it in LD_PRELOAD, else the loader's path */
static const char *preload_entry;      /* "LD_PRELOAD=" library */
static const char *options_entry;      /* "FDGUARD_OPTIONS=…" as we were started; NULL: there was none */

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* The next element of a preload list, which ld.so splits at colons and spaces. */
static const char *element(const char **list, size_t *ret_len)
{
	const char *e = *list + strspn(*list, ": ");

	*ret_len = strcspn(e, ": ");
	*list = e + *ret_len;
	return *ret_len ? e : NULL;
}

static bool is_ours(const char *e, size_t len)
{
	static const char name[] = "libfdguard.so";

	return len >= sizeof(name) - 1 && memcmp(e + len - (sizeof(name) - 1), name, sizeof(name) - 1) == 0;
}

static const char *find_ours(const char *list, size_t *ret_len)
{
	const char *e;

	while ((e = element(&list, ret_len)))
		if (is_ours(e, *ret_len))
			return e;
	return NULL;
}

/* Sanitizer runtimes insist on being first. */
static bool goes_before_us(const char *e, size_t len)
{
	static const char *const names[] = { "libasan.so", "libtsan.so", "liblsan.so", "libubsan.so" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (memmem(e, len, names[i], strlen(names[i])))
			return true;
	return false;
}

void fdg_environ_start(char *const envp[], const char *loaded_as)
{
	char *entry;
	size_t len;

	library = loaded_as;
	for (size_t i = 0; envp && envp[i]; i++) {
		const char *e;

		if (starts(envp[i], OPTIONS))
			options_entry = fdg_arena_strndup(envp[i], strlen(envp[i]));
		else if (starts(envp[i], PRELOAD) && (e = find_ours(envp[i] + strlen(PRELOAD), &len)))
			library = fdg_arena_strndup(e, len);
	}
	len = library ? strlen(library) : 0;
	entry = len ? fdg_arena_alloc(sizeof(PRELOAD) + len) : NULL;
	if (entry) {
		memcpy(entry, PRELOAD, sizeof(PRELOAD) - 1);
		memcpy(entry + sizeof(PRELOAD) - 1, library, len + 1);
		preload_entry = entry;
	}
}

void fdg_environ_plan(struct fdg_environ *e, char *const envp[], const char *note)
{
	bool has_options = false, has_us = false;
	size_t len;

	memset(e, 0, sizeof(*e));
	e->envp = envp;
	e->note = note;
	for (e->preload_at = (size_t)-1; envp && envp[e->entries]; e->entries++) {
		const char *s = envp[e->entries];

		if (starts(s, PRELOAD) && e->preload_at == (size_t)-1) {
			e->preload_at = e->entries;
			has_us = find_ours(s + strlen(PRELOAD), &len) != NULL;
		} else if (starts(s, OPTIONS)) {
			has_options = true;
		} else if (starts(s, NOTE)) {
			e->drop_note = true;
		}
	}
	e->preload_at = e->preload_at == (size_t)-1 ? e->entries : e->preload_at;
	e->add_preload = fdg_options.follow && preload_entry && !has_us;
	e->add_options = fdg_options.follow && options_entry && !has_options;
	if (!e->add_preload && !e->add_options && !e->drop_note && !note)
		return;
	e->size = (e->entries + 4) * sizeof(char *);
	if (e->add_preload && e->preload_at < e->entries)
		e->size += strlen(envp[e->preload_at]) + strlen(library) + 2;
}

/* "LD_PRELOAD=" theirs, with ours in front, or behind the sanitizers. */
static void merge_preload(char *out, const char *theirs)
{
	const char *rest = theirs, *e;
	size_t len, before = 0;

	while ((e = element(&rest, &len)) && goes_before_us(e, len))
		before = (size_t)(rest - theirs);
	out = stpcpy(out, PRELOAD);
	if (before) {
		out = mempcpy(out, theirs, before);
		*out++ = ':';
	}
	out = stpcpy(out, library);
	theirs += before + strspn(theirs + before, ": ");
	if (*theirs) {
		*out++ = ':';
		out = stpcpy(out, theirs);
	}
	*out = '\0';
}

char **fdg_environ_fill(const struct fdg_environ *e, void *memory)
{
	char **env = memory, *text = (char *)memory + (e->entries + 4) * sizeof(char *);
	size_t n = 0;

	if (!e->size)
		return (char **)e->envp;
	for (size_t i = 0; i < e->entries; i++) {
		if (starts(e->envp[i], NOTE))
			continue;
		env[n] = e->envp[i];
		if (i == e->preload_at && e->add_preload) {
			merge_preload(text, e->envp[i] + strlen(PRELOAD));
			env[n] = text;
		}
		n++;
	}
	if (e->add_preload && e->preload_at == e->entries)
		env[n++] = (char *)preload_entry;
	if (e->add_options)
		env[n++] = (char *)options_entry;
	if (e->note)
		env[n++] = (char *)e->note;
	env[n] = NULL;
	return env;
}

void fdg_environ_open(struct fdg_environ_window *w, char *note)
{
	struct fdg_environ e;
	int saved = errno;

	memset(w, 0, sizeof(*w));
	fdg_environ_plan(&e, environ, note);
	if (e.add_preload) {
		const char *now = e.preload_at < e.entries ? e.envp[e.preload_at] + strlen(PRELOAD) : "";
		char *merged = malloc(strlen(now) + strlen(library) + sizeof(PRELOAD) + 2);

		w->old_preload = e.preload_at < e.entries ? strdup(now) : NULL;
		if (merged) {
			merge_preload(merged, now);
			w->preload = setenv("LD_PRELOAD", merged + strlen(PRELOAD), 1) == 0;
		}
		free(merged);
	}
	if (e.add_options)
		w->options = setenv("FDGUARD_OPTIONS", options_entry + strlen(OPTIONS), 1) == 0;
	if (note)
		w->note = putenv(note) == 0;
	else if (e.drop_note)
		unsetenv(FDG_NOTE_NAME);
	errno = saved;
}

void fdg_environ_close(struct fdg_environ_window *w)
{
	int saved = errno;

	if (w->note)
		unsetenv(FDG_NOTE_NAME);
	if (w->options)
		unsetenv("FDGUARD_OPTIONS");
	if (w->preload && w->old_preload)
		setenv("LD_PRELOAD", w->old_preload, 1);
	else if (w->preload)
		unsetenv("LD_PRELOAD");
	free(w->old_preload);
	errno = saved;
}
