// SPDX-License-Identifier: MIT
/*
 * fdguard scan: looks at processes that run already, and with --fix cures what can be cured from outside. scan.h is the map.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tools/scan.h"
#include "tools/scan_options.h"

enum { NOTHING = 0, FOUND = 1, MISTAKE = 2, UNSEEN = 3 };

static volatile sig_atomic_t is_over;

static void on_end(int sig)
{
	(void)sig;
	is_over = 1;
}

static FILE *open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "a");

	if (!f)
		fprintf(stderr, "fdguard: %s: %s\n", path, strerror(errno));
	return f;
}

/* A copy each of what is looked into, and the numbers of others: as many as may be. */
static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* A round over the processes that were named: how many there are still. */
static size_t look_at_named(struct scan *s)
{
	size_t there = 0;

	for (size_t i = 0; i < s->o->pids; i++)
		there += scan_one(s, s->o->pid[i]);
	return there;
}

static void say_all(struct scan *s, uint64_t began)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	fdg_put_count(&b, s->looked);
	fdg_put(&b, " processes with ");
	fdg_put_count(&b, s->fds);
	fdg_put(&b, " descriptors looked at in ");
	fdg_put_time(&b, (scan_now() - began) / 1000000);
	fdg_fmt(&b, ": %lu found, %lu cured", (unsigned long)s->out->found, (unsigned long)s->out->cured);
	if (s->partly)
		fdg_fmt(&b, "; of %lu not all may be seen (scan one of them, and it says what)", (unsigned long)s->partly);
	if (s->refused)
		fdg_fmt(&b, "; %lu more are other users', and may not be looked into", (unsigned long)s->refused);
	scan_note(s->out, "%s", text);
}

static bool look_once(struct scan *s, bool is_again)
{
	uint64_t began = scan_now(), found = s->out->found;
	size_t there;

	s->is_again = is_again;
	there = s->o->all ? scan_all(s) : look_at_named(s);
	if (s->o->all && (!is_again || s->out->found > found))
		say_all(s, began);
	scan_round_ends(s);
	return there > 0;
}

static void pause_for(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int status_of(const struct scan_out *out, bool was_there)
{
	if (out->is_wrong) {
		fputs("fdguard: what was found could not be written\n", stderr);
		return MISTAKE;
	}
	if (out->found > out->cured)
		return FOUND;
	if (!was_there)
		return MISTAKE;
	return out->unseen ? UNSEEN : NOTHING;
}

static int run(const struct scan_options *o, struct scan_out *out)
{
	struct scan s = { .o = o, .out = out };
	bool was_there = look_once(&s, false), is_there = was_there;

	while (o->every_ms && is_there && !is_over && !out->is_wrong) {
		pause_for(o->every_ms);
		is_there = !is_over && look_once(&s, true);
	}
	scan_free(&s);
	return status_of(out, was_there);
}

int main(int argc, char *argv[])
{
	struct sigaction end = { .sa_handler = on_end };
	struct scan_options o;
	struct scan_out out = { .f = stdout };
	int status;

	if (!scan_options_read(argc, argv, &o, &status))
		return status;
	out.json = o.json;
	if (o.log && !(out.f = open_log(o.log)))
		return MISTAKE;
	if (o.every_ms) {
		sigaction(SIGINT, &end, NULL);
		sigaction(SIGTERM, &end, NULL);
	}
	if (access("/proc/self/status", R_OK) < 0) {
		fputs("fdguard: /proc is not mounted here, by which processes are looked at: mount -t proc proc /proc\n", stderr);
		return MISTAKE;
	}
	raise_limit();
	status = run(&o, &out);
	free(o.pid);
	return status;
}
