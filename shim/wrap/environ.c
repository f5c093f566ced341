// SPDX-License-Identifier: MIT
#include "wrap/environ.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/cloexec/note.h"
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

bool fdg_environ_differs(char *const envp[])
{
	for (; envp && *envp; envp++)
		if (starts(*envp, OPTIONS))
			return !options_entry || strcmp(*envp, options_entry) != 0;
	return false;
}

/* The path by which the loader will look for us: the program's own LD_PRELOAD may name us by another. */
static void put_path(struct fdg_buf *b, char *const envp[])
{
	const char *e = NULL;
	size_t len;

	for (; envp && *envp && !e; envp++)
		if (starts(*envp, PRELOAD))
			e = find_ours(*envp + strlen(PRELOAD), &len);
	if (e)
		fdg_put_n(b, e, len);
	else
		fdg_put(b, library);
}

/* The kernel sets AT_SECURE, for which the loader ignores LD_PRELOAD, where the effective ids are not the real ones. Else the loader opens our file as this process
 * may, in the root that it has (after a chroot, or as a user who may not read it, it cannot). A name without a slash, by which we were not found, is looked up where
 * we are not. */
__attribute__((noinline)) enum fdg_barred fdg_environ_barred(char *const envp[])
{
	char path[512]; /* this may be a signal stack; nothing is said of a longer one */
	struct fdg_buf b = FDG_BUF(path);

	if (fdg_sys0(SYS_getuid) != fdg_sys0(SYS_geteuid) || fdg_sys0(SYS_getgid) != fdg_sys0(SYS_getegid))
		return FDG_BARRED_IGNORED;
	put_path(&b, envp);
	if (b.cut || strchr(path, '$'))
		return FDG_NOT_BARRED;
	if (!strchr(path, '/'))
		return strcmp(path, library) == 0 ? FDG_NOT_BARRED : FDG_BARRED_OUT_OF_REACH;
	return fdg_sys3(SYS_faccessat, AT_FDCWD, path, R_OK) < 0 ? FDG_BARRED_OUT_OF_REACH : FDG_NOT_BARRED;
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

/*
 * One window for the process: calls that overlap use the vector of the first. The lock gives up after a while, since a forked child may find it taken for ever;
 * then there is no window, and the child has no note.
 */
static struct {
	atomic_flag locked;
	unsigned open;
	char **ours, **base;
	void *room;
	size_t size;
} window = { .locked = ATOMIC_FLAG_INIT };

static bool lock_window(void)
{
	for (int i = 0; i < 100000; i++)
		if (!atomic_flag_test_and_set(&window.locked))
			return true;
	return false;
}

/* A room that was outgrown stays mapped: somebody may still read it. */
static void *window_room(size_t size)
{
	size_t need = (size + FDG_NOTE_MAX + 4095) & ~(size_t)4095;

	if (!window.room || window.size < need) {
		window.room = fdg_sys_mmap(need, false);
		window.size = need;
	}
	return window.room;
}

static void open_first(const struct fdg_environ *e)
{
	/* Planned anew: `environ` may have been another thread's window when the caller looked, and in a forked child it may be one that nobody closes. */
	char **base = window.ours && environ == window.ours ? window.base : environ;
	struct fdg_environ here;
	char *room;

	fdg_environ_plan(&here, base, e->note);
	room = window_room(here.size);
	window.ours = NULL;
	if (!room || !here.size)
		return;
	if (here.note) /* behind the vector: it has to outlive the call if a thread copies it */
		here.note = strcpy(room + here.size, here.note);
	window.base = base;
	window.ours = fdg_environ_fill(&here, room);
	environ = window.ours;
}

void fdg_environ_open(struct fdg_environ_window *w, const struct fdg_environ *e)
{
	w->open = false;
	/* Only a note of an earlier exec to drop: it is not fresh, and no reason to touch anything. */
	if (!(e->add_preload || e->add_options || e->note) || !lock_window())
		return;
	if (window.open == 0)
		open_first(e);
	window.open++;
	w->open = true;
	atomic_flag_clear(&window.locked);
}

void fdg_environ_close(struct fdg_environ_window *w)
{
	if (!w->open || !lock_window())
		return;
	if (--window.open == 0 && window.ours && environ == window.ours)
		environ = window.base;
	atomic_flag_clear(&window.locked);
}
