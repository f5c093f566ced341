// SPDX-License-Identifier: MIT
#include "wrap/environ.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fmt.h"
#include "base/sys.h"
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

/* A path that is relative to where we started: children may start elsewhere. */
static const char *absolute(const char *path)
{
	char text[4096];
	struct fdg_buf b = FDG_BUF(text);
	long n;

	if (!path || *path == '/' || !strchr(path, '/') || strchr(path, '$'))
		return path;
	n = fdg_sys2(SYS_getcwd, text, sizeof(text));
	if (n <= 1)
		return path;
	b.len = (size_t)n - 1;
	fdg_fmt(&b, "/%s", path);
	return b.cut ? path : fdg_arena_strndup(text, b.len);
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
			library = absolute(fdg_arena_strndup(e, len));
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

/* What stands before a vector of ours, so that a window inside a window finds the program's own. */
struct window_header {
	char **base;
	size_t size; /* of the mapping */
};

static _Thread_local struct window_header *kept;

static struct window_header *_Atomic newest;

/* Is this vector of the last window that was opened? Then *ret_base is the program's own. */
static bool is_window(char **env, char ***ret_base)
{
	struct window_header *h = atomic_load(&newest);

	if (!h || (char **)(h + 1) != env)
		return false;
	*ret_base = h->base;
	return true;
}

static struct window_header *window_room(size_t size)
{
	size_t need = (sizeof(*kept) + size + FDG_NOTE_MAX + 4095) & ~(size_t)4095;

	if (kept && kept->size >= need)
		return kept;
	/* The smaller one stays mapped: somebody may still read it. It was outgrown, so there are few. */
	kept = fdg_sys_mmap(need, false);
	if (kept)
		kept->size = need;
	return kept;
}

void fdg_environ_open(struct fdg_environ_window *w, const struct fdg_environ *e)
{
	struct fdg_environ here = *e;
	struct window_header *h;
	char **base = environ;

	w->ours = NULL;
	if (!e->size)
		return;
	if (is_window(base, &base)) /* another thread's is open: the same, on the same base */
		fdg_environ_plan(&here, base, e->note);
	h = window_room(here.size);
	if (!h)
		return;
	h->base = base;
	if (here.note) /* behind the vector: it has to outlive the call if a thread copies it */
		here.note = strcpy((char *)(h + 1) + here.size, here.note);
	w->ours = fdg_environ_fill(&here, h + 1);
	w->base = base;
	atomic_store(&newest, h);
	environ = w->ours;
}

void fdg_environ_close(struct fdg_environ_window *w)
{
	if (w->ours && environ == w->ours)
		environ = w->base;
}
