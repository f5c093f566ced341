// SPDX-License-Identifier: MIT
#include "tools/resolve_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "tools/resolve_input.h"
#include "tools/resolve_line.h"
#include "tools/resolve_output.h"
#include "tools/resolve_progress.h"

enum {
	FAILED = 1,
	MISTAKE = 2,
	FEED = 4096,      /* lines at a time, between which answers are looked at */
	BAD_SHOWN = 10,   /* on standard error: the output has them all */
	CACHE = 64 << 20, /* bytes: what is named again within some 100,000 names is asked once */
	KEPT_S = 3600,
	TTL_MAX = 604800,
	LINES = 1 << 18, /* names that have begun and whose lines are not written */
	END_MS = 1000,   /* for somebody to read the rest, when a signal came */
};

/* A name that is being asked for. */
struct asked {
	struct job *job;
	uint64_t number, line;
	bool running;
};

struct job {
	const struct resolve_options *o;
	struct fdg_resolver *r;
	struct resolve_input in;
	struct resolve_output out;
	struct resolve_progress progress;
	struct resolve_line line;
	struct asked *asked, **free;
	unsigned inflight, free_count;
	uint64_t begun;  /* names */
	uint32_t *lines; /* LINES of them: where each stands in the input, by number modulo that */
	bool waits;      /* the input has nothing for now */
	bool over;       /* what ends from now on is not told */
	int error;       /* of the resolver, or no memory: an errno */
};

static volatile sig_atomic_t stopped_by;

static void stop(int signal)
{
	stopped_by = signal;
}

/* A second one of the same kind ends the program at once. */
static void heed_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND }, old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	act = (struct sigaction){ .sa_handler = SIG_IGN };
	sigaction(SIGPIPE, &act, NULL);
}

static void tell(struct job *j, uint64_t number, bool made, enum resolve_outcome outcome)
{
	if (!made || resolve_output_put(&j->out, number, j->line.text, j->line.len))
		j->error = ENOMEM;
	else
		j->progress.outcomes[outcome]++;
}

static void done(void *cookie, const struct fdg_resolver_result *r)
{
	struct asked *a = cookie;
	struct job *j = a->job;
	enum resolve_outcome outcome = RESOLVE_FAILED;
	bool made;

	if (j->over)
		return;
	a->running = false;
	j->free[j->free_count++] = a;
	made = resolve_line_result(&j->line, a->line, r, &outcome);
	tell(j, a->number, made, outcome);
}

static uint64_t begin(struct job *j, const struct resolve_name *name)
{
	j->lines[j->begun % LINES] = (uint32_t)name->line;
	return j->begun++;
}

static bool has_room(const struct job *j)
{
	return j->free_count && j->begun - j->out.lines < LINES && resolve_output_has_room(&j->out, j->begun);
}

static void bad(struct job *j, const struct resolve_name *name)
{
	char shown[2048];

	if (j->progress.outcomes[RESOLVE_BAD] < BAD_SHOWN) {
		resolve_progress_clear(&j->progress);
		fprintf(stderr, "fdguard: %s, %s %llu: %s: '%s'\n", j->in.called, j->in.words ? "name" : "line",
			(unsigned long long)name->line, name->bad, resolve_line_shown(name, shown, sizeof(shown)));
	} else if (j->progress.outcomes[RESOLVE_BAD] == BAD_SHOWN) {
		resolve_progress_clear(&j->progress);
		fputs("fdguard: more bad lines are not told of here; the output has each\n", stderr);
	}
	tell(j, begin(j, name), resolve_line_bad(&j->line, name), RESOLVE_BAD);
}

static void ask(struct job *j, const struct resolve_name *name)
{
	struct addrinfo hints = { .ai_family = j->o->family, .ai_socktype = SOCK_STREAM };
	struct asked *a = j->free[--j->free_count];
	int error;

	*a = (struct asked){ j, begin(j, name), name->line, true };
	error = fdg_resolver_submit(j->r, name->text, NULL, &hints, done, a, NULL);
	if (!error)
		return;
	a->running = false;
	j->error = -error;
}

static void feed(struct job *j)
{
	struct resolve_name name;

	j->waits = false;
	for (int i = 0; i < FEED && !j->error && has_room(j); i++) {
		enum resolve_input_state state = resolve_input_next(&j->in, &name);

		if (state != RESOLVE_INPUT_NAME) {
			j->waits = state == RESOLVE_INPUT_WAIT;
			return;
		}
		if (name.bad)
			bad(j, &name);
		else
			ask(j, &name);
	}
}

/* Everything that has been begun is asked for or told, and there is nothing more. */
static bool is_all(const struct job *j)
{
	return j->in.ended && !fdg_resolver_running(j->r) && resolve_output_is_empty(&j->out);
}

static void wait_for_something(struct job *j)
{
	struct pollfd fds[] = {
		{ .fd = fdg_resolver_running(j->r) ? fdg_resolver_fd(j->r) : -1, .events = POLLIN },
		{ .fd = j->waits ? j->in.fd : -1, .events = POLLIN },
		{ .fd = resolve_output_is_empty(&j->out) || j->out.ready ? -1 : j->out.fd, .events = POLLOUT },
	};

	if (fds[1].fd < 0 && fds[2].fd < 0)
		fdg_resolver_wait(j->r, RESOLVE_TICK_MS);
	else if ((poll(fds, 3, RESOLVE_TICK_MS) > 0 && fds[0].revents) || fds[0].fd < 0)
		fdg_resolver_process(j->r);
}

static void loop(struct job *j)
{
	do {
		feed(j);
		if (j->out.eager && j->progress.mixed && !resolve_output_is_empty(&j->out))
			resolve_progress_clear(&j->progress);
		resolve_output_flush(&j->out, j->waits || !fdg_resolver_running(j->r));
		if (stopped_by || j->error || j->out.error || is_all(j))
			return;
		if (fdg_resolver_running(j->r) || j->waits || !resolve_output_is_empty(&j->out))
			wait_for_something(j);
		resolve_progress_tick(&j->progress, resolve_input_taken(&j->in), j->in.size);
	} while (1);
}

/* The line of the first name whose line of output is not written whole. */
static uint64_t first_missing(const struct job *j)
{
	uint64_t line = j->in.line + 1;

	if (!j->o->unordered)
		return j->out.lines == j->begun ? line
						: line - (uint32_t)((uint32_t)line - j->lines[j->out.lines % LINES]);
	for (unsigned i = 0; i < j->inflight; i++)
		if (j->asked[i].running && j->asked[i].line < line)
			line = j->asked[i].line;
	return line;
}

static void say_where(struct job *j, const char *what, const char *why)
{
	char text[1024];
	struct fdg_buf b = FDG_BUF(text);

	fdg_fmt(&b, "fdguard: %s: %s; ", what, why);
	fdg_put_count(&b, j->out.lines);
	fdg_fmt(&b, " %s written%s", j->out.lines == 1 ? "line is" : "lines are",
		j->out.cut ? ", and a part of one" : "");
	if (!j->o->unordered || resolve_output_is_empty(&j->out)) {
		fdg_fmt(&b, "; the first that is missing is that of %s ", j->in.words ? "name" : "line");
		fdg_put_count(&b, first_missing(j));
		fdg_fmt(&b, " of %s", j->in.called);
	}
	fprintf(stderr, "%s\n", text);
}

static int open_all(struct job *j)
{
	struct fdg_resolver_options r = {
		.size = sizeof(r),
		.servers = j->o->servers,
		.server_count = j->o->server_count,
		.inflight = j->o->inflight,
		.timeout_ms = j->o->timeout_ms,
		.tries = j->o->tries,
		.cache_bytes = CACHE,
		.ttl_min = j->o->json ? 0 : KEPT_S, /* JSON tells the time to live as it is */
		.ttl_max = j->o->json ? TTL_MAX : KEPT_S,
	};
	int error = resolve_output_open(&j->out, 1, !j->o->unordered);

	if (error) {
		fprintf(stderr, "fdguard: standard output: %s\n", strerror(error));
		return MISTAKE;
	}
	error = resolve_input_open(&j->in, j->o->file, j->o->names);
	if (error) {
		fprintf(stderr, "fdguard: %s: %s\n", j->in.called, strerror(error));
		return MISTAKE;
	}
	error = fdg_resolver_create(&r, &j->r);
	if (error)
		fprintf(stderr, "fdguard: the resolver cannot be made: %s\n", strerror(-error));
	return error ? MISTAKE : 0;
}

static bool make_room(struct job *j)
{
	j->inflight = fdg_resolver_room(j->r);
	j->asked = calloc(j->inflight, sizeof(*j->asked));
	j->free = calloc(j->inflight, sizeof(struct asked *));
	j->lines = calloc(LINES, sizeof(*j->lines));
	for (unsigned i = 0; j->asked && j->free && i < j->inflight; i++)
		j->free[j->free_count++] = &j->asked[j->inflight - 1 - i];
	return j->asked && j->free && j->lines;
}

/* What is answered is written, if somebody reads it. */
static void write_rest(struct job *j)
{
	struct pollfd p = { .fd = j->out.fd, .events = POLLOUT };

	do
		resolve_output_flush(&j->out, true);
	while (!j->out.error && !resolve_output_is_empty(&j->out) && poll(&p, 1, END_MS) > 0);
}

static int conclude(struct job *j)
{
	static const char memory[] = "out of memory";
	const uint64_t *n = j->progress.outcomes;
	int signal = stopped_by;

	if (signal || j->error)
		write_rest(j);
	resolve_progress_end(&j->progress);
	if (j->out.error)
		say_where(j, "standard output", strerror(j->out.error));
	else if (j->error)
		say_where(j, "stopped", j->error == ENOMEM ? memory : strerror(j->error));
	else if (signal)
		say_where(j, "stopped", strsignal(signal));
	else if (j->in.error)
		say_where(j, j->in.called, strerror(j->in.error));
	if (signal && !j->out.error && !j->error)
		return 128 + signal;
	if (j->out.error || j->error || j->in.error)
		return MISTAKE;
	return n[RESOLVE_FAILED] || n[RESOLVE_BAD] ? FAILED : 0;
}

int resolve_run(const struct resolve_options *o)
{
	static struct job job;
	struct job *j = &job;
	int status;

	j->o = o;
	j->line.json = o->json;
	status = open_all(j);
	if (status)
		return status;
	if (!make_room(j)) {
		fputs("fdguard: out of memory\n", stderr);
		return MISTAKE;
	}
	heed_signals();
	resolve_progress_begin(&j->progress);
	loop(j);
	j->over = true;
	status = conclude(j);
	fdg_resolver_destroy(j->r);
	resolve_output_free(&j->out);
	free(j->line.text);
	free(j->asked);
	free(j->free);
	free(j->lines);
	return status;
}
