// SPDX-License-Identifier: MIT
#include "tools/scan_options.h"

#include <stdlib.h>
#include <string.h>

enum { MISTAKE = 2 };

static const char help[] =
	"usage: fdguard scan [options] PID...\n"
	"       fdguard scan [options] --all\n"
	"\n"
	"Looks at processes that run already, of any kind, without restart, and tells on standard output: connections in CLOSE_WAIT, by peer; sockets of an event loop that\n"
	"block, and the threads that are stuck on them; loops that turn for nothing; closed descriptors that stay registered; descriptors that select has no room for; sockets that\n"
	"other programs have got; listeners of one port, and what is in their queues. Exit status: 0 if nothing was found, or all was cured; 1 if something was found; 3 if nothing was, but not all\n"
	"could be seen; 2 for a mistake in the call, or where there is no such process.\n"
	"\n"
	"  --all              all processes that one may look into\n"
	"  --every T          again each T (5s, 1m), until they have ended; tells what is new, and descriptors that only grow in number\n"
	"  --fix              cure what can be cured from outside: see fdguard-scan(1)\n"
	"  --json             one object for each finding, a line each\n"
	"  --log FILE         write findings to FILE and not to standard output\n"
	"  --set KEY=VALUE    closewait.age, closewait.cure, level\n";

static bool mistake(const char *format, const char *what)
{
	fputs("fdguard: ", stderr);
	fprintf(stderr, format, what);
	fputs("; fdguard help scan lists the options\n", stderr);
	return false;
}

static void say(void *cookie, bool severe, const char *sentence)
{
	(void)cookie;
	(void)severe;
	fprintf(stderr, "fdguard: %s\n", sentence);
}

static void quiet(void *cookie, bool severe, const char *sentence)
{
	(void)cookie;
	(void)severe;
	(void)sentence;
}

static bool read_every(struct scan_options *o, const char *v)
{
	struct fdg_options scratch;
	char setting[64];

	fdg_options_defaults(&scratch);
	snprintf(setting, sizeof(setting), "closewait.age=%s", v);
	if (strlen(v) > 32 || fdg_options_set(&scratch, setting, quiet, NULL) || scratch.closewait_age_ms < 10)
		return mistake("--every: '%s' is no time of 10ms and more (5s, 1m)", v);
	o->every_ms = scratch.closewait_age_ms;
	return true;
}

static bool read_set(struct scan_options *o, const char *v)
{
	o->is_cure_set = o->is_cure_set || strncmp(v, "closewait.cure=", 15) == 0;
	o->is_level_set = o->is_level_set || strncmp(v, "level=", 6) == 0;
	return fdg_options_set(&fdg_options, v, say, NULL) == 0;
}

static bool read_log(struct scan_options *o, const char *v)
{
	o->log = v;
	return *v || mistake("%s wants a FILE", "--log");
}

static const struct with_value {
	const char *name;
	bool (*read)(struct scan_options *, const char *);
} with_value[] = {
	{ "--every", read_every },
	{ "--set", read_set },
	{ "--log", read_log },
};

/* 1: read, and *at is behind it; 0: it is none of these; -1: a mistake. */
static int read_with_value(struct scan_options *o, char ***at)
{
	const char *word = **at;

	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		size_t n = strlen(with_value[i].name);

		if (strncmp(word, with_value[i].name, n) != 0 || (word[n] && word[n] != '='))
			continue;
		if (!word[n] && !(*at)[1])
			return mistake("%s wants a value", word) - 1;
		*at += word[n] ? 1 : 2;
		return with_value[i].read(o, word[n] ? word + n + 1 : (*at)[-1]) ? 1 : -1;
	}
	return 0;
}

static bool read_flag(struct scan_options *o, const char *word)
{
	if (strcmp(word, "--all") == 0)
		o->all = true;
	else if (strcmp(word, "--fix") == 0)
		o->fix = true;
	else if (strcmp(word, "--observe") == 0)
		o->fix = false;
	else if (strcmp(word, "--json") == 0)
		o->json = true;
	else
		return mistake("unknown option '%s'", word);
	return true;
}

static bool read_pid(struct scan_options *o, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (!*word || strspn(word, "0123456789") != strlen(word) || n == 0 || n > INT32_MAX)
		return mistake("'%s' is no PID", word);
	o->pid[o->pids++] = (int)n;
	return true;
}

static bool is_whole(const struct scan_options *o)
{
	if (o->all && o->pids)
		return mistake("%s and a PID exclude each other", "--all");
	return o->all || o->pids || mistake("%s wants a PID, or --all", "scan");
}

bool scan_options_read(int argc, char *argv[], struct scan_options *ret, int *ret_status)
{
	bool ended = false;

	*ret = (struct scan_options){ .pid = calloc((size_t)argc + 1, sizeof(int)) };
	*ret_status = MISTAKE;
	fdg_options_defaults(&fdg_options);
	fdg_options.level = FDG_LEVEL_NOTE;
	for (char **at = argv + 1; ret->pid && *at;) {
		int r = ended || (*at)[0] != '-' ? 0 : read_with_value(ret, &at);

		if (r < 0)
			return false;
		if (r > 0)
			continue;
		if (!ended && (strcmp(*at, "--help") == 0 || strcmp(*at, "-h") == 0)) {
			fputs(help, stdout);
			*ret_status = 0;
			return false;
		}
		if (!ended && strcmp(*at, "--") == 0)
			ended = true;
		else if (!(ended || (*at)[0] != '-' ? read_pid(ret, *at) : read_flag(ret, *at)))
			return false;
		at++;
	}
	if (ret->all && !ret->is_level_set)
		fdg_options.level = FDG_LEVEL_WARNING;
	fdg_options.format = ret->json ? FDG_JSON : FDG_TEXT;
	return is_whole(ret);
}
