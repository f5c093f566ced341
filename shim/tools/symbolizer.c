// SPDX-License-Identifier: MIT
/*
 * The side that asks: sorts what is asked for by object, lets a child read the objects (symbolizer_read), and takes what it says through a pipe.
 *
 * What the child says is a row of strings that end in NUL; the first letter tells what it is:
 *     B<object>                                 begins with this object
 *     S<state> <build-id>                       how it is
 *     L<place> <line> <inlined>, function, file a line; the two strings may be empty
 *     E                                         done with it
 */
#include "tools/symbolizer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* their shadow memory would count */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define CPU_SECONDS 30   /* of one child */
#define WALL_SECONDS 120
#define MEMORY (UINT64_C(8) << 30) /* debug files are mapped, and count */
#define DEATHS_MAX 8     /* children that may die before the rest is left alone */
#define SAID_MAX (64u << 20)

void symbolizer_ask(struct symbolizer *s, const char *object, uint64_t offset, const char *symbol, int64_t seen)
{
	s->place = pool_grow(s->place, s->places, &s->room, sizeof(*s->place));
	s->place[s->places++] = (struct symbolizer_place){ .object = object, .offset = offset, .symbol = symbol, .seen = seen };
}

void symbolizer_keep(struct symbolizer *s, const void *known)
{
	s->place[s->places - 1].known = known;
}

static int compare(const void *a, const void *b)
{
	const struct symbolizer_place *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Each place once. Of several reports the first one counts, and a symbol if one of them had it. */
static void sort_out(struct symbolizer *s)
{
	size_t n = 0;

	if (s->places)
		qsort(s->place, s->places, sizeof(*s->place), compare);
	for (size_t i = 0; i < s->places; i++) {
		struct symbolizer_place *p = &s->place[i], *last = n ? &s->place[n - 1] : NULL;

		if (!last || compare(last, p) != 0) {
			s->place[n++] = *p;
			continue;
		}
		if (!last->symbol)
			last->symbol = p->symbol;
		if (!last->known)
			last->known = p->known;
		if (p->seen && (!last->seen || p->seen < last->seen))
			last->seen = p->seen;
	}
	s->places = n;
}

static void make_objects(struct symbolizer *s)
{
	s->object = pool_take(&s->pool, (s->places + 1) * sizeof(*s->object));
	for (size_t i = 0; i < s->places; i++) {
		struct symbolizer_object *o = s->objects ? &s->object[s->objects - 1] : NULL;

		if (o && strcmp(o->path, s->place[i].object) == 0) {
			o->places++;
			continue;
		}
		s->object[s->objects++] = (struct symbolizer_object){
			.path = s->place[i].object, .build_id = "", .place = &s->place[i], .places = 1,
		};
	}
}

/* ---- the child ---- */

void symbolizer_say_state(FILE *out, enum symbolizer_state state, const char *build_id)
{
	fprintf(out, "S%d %s%c", (int)state, build_id, '\0');
}

void symbolizer_say_line(FILE *out, size_t place, const struct symbolizer_line *l)
{
	fprintf(out, "L%zu %u %d%c", place, l->line, l->inlined, '\0');
	fprintf(out, "%s%c%s%c", l->function ? l->function : "", '\0', l->file ? l->file : "", '\0');
}

static void limit(int what, rlim_t most)
{
	struct rlimit l = { most, most };

	setrlimit(what, &l);
}

static void child(const struct symbolizer *s, size_t first, int fd)
{
	static const int deadly[] = { SIGALRM, SIGXCPU, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPIPE, SIGTERM, SIGINT, SIGHUP };
	sigset_t none;
	FILE *out = fdopen(fd, "w");

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		signal(deadly[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_SECONDS);
	if (!SANITIZED)
		limit(RLIMIT_DATA, MEMORY);
	alarm(WALL_SECONDS);
	unsetenv("DEBUGINFOD_URLS");
	for (size_t i = first; out && i < s->objects; i++) {
		fprintf(out, "B%zu%c", i, '\0');
		fflush(out);
		symbolizer_read(&s->object[i], out);
		fprintf(out, "E%c", '\0');
		fflush(out);
	}
	_exit(out && !ferror(out) ? 0 : 1);
}

/* ---- the parent ---- */

struct said {
	char *text;
	size_t n, at;
};

static void listen_to(int fd, struct said *ret)
{
	size_t room = 0;
	ssize_t n;

	*ret = (struct said){ 0 };
	do {
		if (ret->n + 4096 > room) {
			char *more = room < SAID_MAX ? realloc(ret->text, room = room * 2 + 65536) : NULL;

			if (!more)
				return;
			ret->text = more;
		}
		n = read(fd, ret->text + ret->n, room - ret->n);
		if (n > 0)
			ret->n += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
}

/* The next whole string; NULL: there is none. */
static const char *next(struct said *s)
{
	const char *start = s->text + s->at, *end = s->at < s->n ? memchr(start, '\0', s->n - s->at) : NULL;

	if (!end)
		return NULL;
	s->at += (size_t)(end - start) + 1;
	return start;
}

static void take_line(struct symbolizer *s, const struct symbolizer_object *o, const char *head, struct said *said)
{
	const char *function = next(said), *file = function ? next(said) : NULL;
	struct symbolizer_place *p;
	unsigned line;
	size_t i;
	int inlined;

	if (!file || sscanf(head, "%zu %u %d", &i, &line, &inlined) != 3 || i >= o->places)
		return;
	p = &s->place[(size_t)(o->place - s->place) + i];
	if (p->lines >= SYMBOLIZER_LINES_MAX)
		return;
	if (!p->line)
		p->line = pool_take(&s->pool, SYMBOLIZER_LINES_MAX * sizeof(*p->line));
	p->line[p->lines++] = (struct symbolizer_line){
		.function = *function ? pool_copy(&s->pool, function) : NULL,
		.file = *file ? pool_copy(&s->pool, file) : NULL,
		.line = line, .inlined = inlined == 1,
	};
}

static void take_state(struct symbolizer *s, struct symbolizer_object *o, const char *text)
{
	char *end;
	long state = strtol(text, &end, 10);

	if (state > SYMBOLIZER_UNKNOWN && state <= SYMBOLIZER_WITHOUT && *end == ' ') {
		o->state = (enum symbolizer_state)state;
		o->build_id = pool_copy(&s->pool, end + 1);
	}
}

/* Returns the object that was begun last and not finished; s->objects: none. */
static size_t take(struct symbolizer *s, struct said *said)
{
	size_t open = s->objects;
	const char *text;

	while ((text = next(said))) {
		size_t i = *text == 'B' ? strtoul(text + 1, NULL, 10) : s->objects;

		if (i < s->objects)
			open = i;
		else if (*text == 'E')
			open = s->objects;
		else if (open < s->objects && *text == 'S')
			take_state(s, &s->object[open], text + 1);
		else if (open < s->objects && *text == 'L')
			take_line(s, &s->object[open], text + 1, said);
	}
	return open;
}

static bool wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status == 0;
}

/* Reads objects from `first` on; returns where to go on, s->objects when all is done. */
static size_t read_from(struct symbolizer *s, size_t first)
{
	struct said said;
	size_t open;
	int ends[2];
	pid_t pid;
	bool well;

	if (pipe(ends) < 0)
		return s->objects;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(s, first, ends[1]);
	}
	close(ends[1]);
	listen_to(ends[0], &said);
	close(ends[0]);
	well = pid > 0 && wait_for(pid);
	open = take(s, &said);
	free(said.text);
	if (pid < 0 || (well && open == s->objects))
		return s->objects;
	if (open == s->objects)
		return first; /* died before it began: DEATHS_MAX counts it */
	s->object[open].state = SYMBOLIZER_BROKEN;
	return open + 1;
}

void symbolizer_run(struct symbolizer *s)
{
	size_t at = 0;

	sort_out(s);
	make_objects(s);
	for (int deaths = 0; at < s->objects && deaths < DEATHS_MAX; deaths++)
		at = read_from(s, at);
	for (size_t i = 0; i < s->objects; i++)
		if (s->object[i].state == SYMBOLIZER_UNKNOWN)
			s->object[i].state = SYMBOLIZER_BROKEN;
}

const struct symbolizer_place *symbolizer_find(const struct symbolizer *s, const char *object, uint64_t offset)
{
	struct symbolizer_place wanted = { .object = object, .offset = offset };

	return s->places ? bsearch(&wanted, s->place, s->places, sizeof(*s->place), compare) : NULL;
}

void symbolizer_free(struct symbolizer *s)
{
	free(s->place);
	pool_free(&s->pool);
	*s = (struct symbolizer){ 0 };
}
