// SPDX-License-Identifier: MIT
/*
 * bench-calls [OPTION…]: each work bare, with an empty preload, guarded; one tab-separated row each. See usage(). The first four columns are work,
 * bare ns, guarded ns, ratio (of medians); the line that begins with # names the rest.
 */
#include "bench.h"

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BARE, EMPTY, GUARDED, LANES };

static struct {
	unsigned rounds, passes, pass_us;
	int cpu;
	bool wall, budget, list;
	const char *only;
} options = { .rounds = 5, .passes = 5, .pass_us = 4000, .cpu = -1, .only = "*" };

static struct lane lanes[LANES] = { { .name = "bare" }, { .name = "empty" }, { .name = "guarded" } };
static char *worker_argv[] = { NULL, "--worker", NULL };

static void usage(FILE *to)
{
	fputs("usage: bench-calls [--only GLOB] [--rounds N] [--passes N] [--pass-us N] [--cpu N] [--wall] [--budget] [--quick] [--list]\n"
	      "                   [--lib FILE | --wrap COMMAND]\n"
	      "  --only     works whose names match\n"
	      "  --rounds   fresh workers so many times; --passes passes in each round; --pass-us the length of one (four times that with children)\n"
	      "  --wall     time on the wall for all works (else CPU time, children's included)\n"
	      "  --budget   measure again what is over its budget, and exit 1 if something stays over it by median and by minimum\n"
	      "  --quick    a few iterations, to see that it runs\n"
	      "  --lib      what the guarded workers preload (default: ../lib/libfdguard.so)\n"
	      "  --wrap     run the guarded workers under a command instead, say 'strace -f -o /dev/null'\n", to);
}

static void start_lanes(bool in_child)
{
	for (int i = 0; i < LANES; i++)
		lane_start(&lanes[i], worker_argv, options.cpu, in_child);
}

static void end_lanes(void)
{
	for (int i = 0; i < LANES; i++)
		lane_end(&lanes[i]);
}

/* Nanoseconds of one pass. */
static double ask(struct lane *lane, unsigned work, uint64_t n)
{
	struct request q = { .work = work, .wall = options.wall, .n = n };
	int64_t ns;
	if (write(lane->to, &q, sizeof q) != sizeof q || read(lane->from, &ns, sizeof ns) != sizeof ns)
		give_up("the %s worker ended in %s", lane->name, works[work].name);
	return (double)ns;
}

/* How often makes a pass of the length wanted, by the slowest lane's measure. */
static uint64_t calibrate(unsigned work)
{
	double want = options.pass_us * (works[work].kind == CALLS ? 1e3 : 4e3), slowest = 1;
	for (int i = 0; i < LANES; i++) {
		uint64_t n = 1;
		double ns = ask(&lanes[i], work, n);
		while (ns < want / 8 && n < UINT64_C(1) << 30)
			ns = ask(&lanes[i], work, n *= 2);
		if (i == BARE || lanes[i].wrap)
			slowest = ns / (double)n > slowest ? ns / (double)n : slowest;
	}
	uint64_t n = (uint64_t)(want / slowest);
	return n < 32 && works[work].kind == CALLS ? 32 : n ? n - n % (n >= 64 ? 32 : 1) : 1;
}

static void one_round(unsigned work, struct samples samples[LANES], uint64_t *n)
{
	start_lanes(works[work].kind == START);
	if (!*n)
		*n = calibrate(work);
	for (int i = 0; i < LANES; i++)
		ask(&lanes[i], work, *n / 4 + 1);
	for (unsigned pass = 0; pass < options.passes; pass++)
		for (unsigned turn = 0; turn < LANES; turn++) {
			unsigned i = (turn + pass) % LANES;
			samples_add(&samples[i], ask(&lanes[i], work, *n) / (double)*n);
		}
	end_lanes();
}

static bool within(const struct work *w, double bare, double guarded)
{
	if (w->budget > 0)
		return guarded <= bare * w->budget;
	return w->budget_us > 0 ? guarded - bare <= w->budget_us * 1e3 : true;
}

static bool over_budget(unsigned work, struct samples s[LANES])
{
	const struct work *w = &works[work];
	return !within(w, samples_quantile(&s[BARE], 0.5), samples_quantile(&s[GUARDED], 0.5)) &&
	       !within(w, samples_quantile(&s[BARE], 0), samples_quantile(&s[GUARDED], 0));
}

static void print_budget(const struct work *w)
{
	if (w->budget > 0)
		printf("\t%.2f", w->budget);
	else if (w->budget_us > 0)
		printf("\t+%.0fus", w->budget_us);
	else
		printf("\t-");
}

static void print_row(unsigned work, struct samples s[LANES], bool over)
{
	const struct work *w = &works[work];
	double median[LANES], least[LANES];
	for (int i = 0; i < LANES; i++) {
		median[i] = samples_quantile(&s[i], 0.5);
		least[i] = samples_quantile(&s[i], 0);
	}
	printf("%s\t%.1f\t%.1f\t%.3f", w->name, median[BARE], median[GUARDED], median[GUARDED] / median[BARE]);
	print_budget(w);
	printf("\t%s\t%.1f\t%.3f", w->budget > 0 || w->budget_us > 0 ? over ? "over" : "within" : "-", median[EMPTY], median[EMPTY] / median[BARE]);
	printf("\t%.1f\t%.1f\t%.1f\t%.3f", least[BARE], least[EMPTY], least[GUARDED], least[GUARDED] / least[BARE]);
	printf("\t%.1f\t%.1f\t%.1f\t%u\n", samples_spread(&s[BARE]), samples_spread(&s[EMPTY]), samples_spread(&s[GUARDED]), s[BARE].count);
	fflush(stdout);
}

static bool measure(unsigned work)
{
	struct samples samples[LANES] = { 0 };
	uint64_t n = 0;
	for (unsigned round = 0; round < options.rounds; round++)
		one_round(work, samples, &n);
	bool over = over_budget(work, samples);
	for (unsigned more = 0; options.budget && over && more < 3 * options.rounds; more++) {
		one_round(work, samples, &n);
		over = over_budget(work, samples);
	}
	print_row(work, samples, over);
	for (int i = 0; i < LANES; i++)
		free(samples[i].value);
	return over;
}

static char **words_of(char *command)
{
	static char *words[33];
	unsigned n = 0;
	for (char *w = strtok(command, " "); w && n < 32; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	return words;
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (*end || !*text || n > 1000000)
		give_up("'%s' is not a number", text);
	return (unsigned)n;
}

static void quick(void)
{
	options.rounds = 1;
	options.passes = 2;
	options.pass_us = 20;
}

/* The last CPU that we may use: the first is where interrupts and neighbours mostly are. */
static int last_cpu(void)
{
	cpu_set_t mine;
	if (sched_getaffinity(0, sizeof mine, &mine))
		give_up("sched_getaffinity: %s", strerror(errno));
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET((size_t)cpu, &mine))
			return cpu;
	give_up("no CPU");
}

static void read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "only", 1, 0, 'o' }, { "rounds", 1, 0, 'r' }, { "passes", 1, 0, 'p' }, { "pass-us", 1, 0, 'u' }, { "cpu", 1, 0, 'c' },
		{ "wall", 0, 0, 'w' }, { "budget", 0, 0, 'b' }, { "quick", 0, 0, 'q' }, { "list", 0, 0, 'l' }, { "lib", 1, 0, 'L' },
		{ "wrap", 1, 0, 'W' }, { "help", 0, 0, 'h' }, { 0 },
	};
	int o;
	while ((o = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (o) {
		case 'o': options.only = optarg; break;
		case 'r': options.rounds = number(optarg); break;
		case 'p': options.passes = number(optarg); break;
		case 'u': options.pass_us = number(optarg); break;
		case 'c': options.cpu = (int)number(optarg); break;
		case 'w': options.wall = true; break;
		case 'b': options.budget = true; break;
		case 'q': quick(); break;
		case 'l': options.list = true; break;
		case 'L': lanes[GUARDED].preload = optarg; break;
		case 'W': lanes[GUARDED].wrap = words_of(optarg); break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	if (optind != argc || !options.rounds || !options.passes) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	bool over = false, any = false;
	if (argc == 2 && !strcmp(argv[1], "--worker"))
		return write(1, "r", 1) == 1 ? worker_main() : 1;
	read_options(argc, argv);
	worker_argv[0] = realpath("/proc/self/exe", NULL);
	lanes[EMPTY].preload = beside("../lib/libbench-empty.so");
	if (!lanes[GUARDED].preload && !lanes[GUARDED].wrap)
		lanes[GUARDED].preload = beside("../lib/libfdguard.so");
	if (options.cpu < 0)
		options.cpu = last_cpu();
	if (!options.list)
		printf("# work\tbare ns\tguarded ns\tratio\tbudget\tverdict\tempty ns\tempty ratio\tbare min\tempty min\tguarded min\tmin ratio"
		       "\tbare spread %%\tempty spread %%\tguarded spread %%\tpasses\n");
	for (unsigned i = 0; i < works_count; i++) {
		if (fnmatch(options.only, works[i].name, 0))
			continue;
		any = true;
		if (options.list)
			printf("%s\n", works[i].name);
		else
			over |= measure(i);
	}
	if (!any)
		give_up("no work matches '%s'", options.only);
	return options.budget && over;
}
