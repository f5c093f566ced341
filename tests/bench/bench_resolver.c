// SPDX-License-Identifier: MIT
/*
 * bench-resolver [--only PEER] [--limit S] [NAMES [DELAY-MS [LOSS-PER-1000 [WINDOW]]]]: names in bulk through our resolver and through what else there
 * is, against a server of ours on loopback, all in one run. `--table` runs all of 1,000, 10,000 and 100,000 names, at once and 20 ms, nothing and 1 % lost.
 *
 * A row is: work (A, or A and AAAA), peer, CPU us a name, names/s, median and p99 in ms, failed, CPU as a multiple of ours, memory that was taken (KiB),
 * ports that questions came from, names that were done, and of how many: who cannot do all of them in the time (--limit, 5 s) does a sample.
 * fdguard is the library's API, with cache and RFC 6724; exchange is what lies below it: questions and answers, as with adns, udns and c-ares. floor
 * does less than anybody may (peers_floor.c).
 *
 * It wants namespaces of its own, for adns and libc ask port 53 alone, of whom /etc/resolv.conf names; without them these are left out.
 */
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "own_network.h"
#include "peers.h"
#include "responder.h"

enum { NAMES_MAX = 10000000, END_S = 120 };

struct bench bench = { .names = 200000, .window = 1000, .limit = 5 };
static struct responder responder;
static unsigned loss, full_window;
static bool in_namespace;
static const char *only = "";

unsigned bench_name(unsigned i, char *to)
{
	static const char filler[] = "abcdefghijklmnopqrst";

	return (unsigned)sprintf(to, "n%u%.*s.bench.example", i, (int)(i * 7 % 17), filler);
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool bench_next(unsigned *ret)
{
	double now = bench_now() - bench.started;

	if (bench.result->begun >= bench.names || now > bench.limit)
		return false;
	*ret = bench.result->begun++;
	if (*ret >= bench.names) { /* another thread had the last one */
		bench.result->begun--;
		return false;
	}
	bench.took[*ret] = (float)now;
	return true;
}

void bench_end(unsigned i, bool good)
{
	bench.took[i] = (float)(bench_now() - bench.started) - bench.took[i];
	if (!good)
		bench.result->failed++;
	bench.result->done++;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void measure(const struct peer *peer)
{
	struct result *r = bench.result;
	struct rusage before, after;

	bench.window = !bench.delay_ms && peer->window ? peer->window : full_window;
	memset(bench.took, 0, bench.names * sizeof(*bench.took)); /* no part of what the peer takes */
	getrusage(RUSAGE_SELF, &before);
	bench.started = bench_now();
	peer->run();
	r->took = bench_now() - bench.started;
	getrusage(RUSAGE_SELF, &after);
	r->cpu = seconds(&after.ru_utime) + seconds(&after.ru_stime) - seconds(&before.ru_utime) -
		 seconds(&before.ru_stime);
	r->grown = after.ru_maxrss - before.ru_maxrss;
	qsort(bench.took, r->done, sizeof(*bench.took), by_value);
	r->median = bench.took[r->done / 2];
	r->p99 = bench.took[(uint64_t)r->done * 99 / 100];
	r->ended = r->done && r->done == r->begun;
}

static bool run(const struct peer *peer)
{
	int status;
	pid_t child;

	*bench.result = (struct result){ .begun = 0 };
	responder_forget(&responder);
	fflush(stdout);
	child = fork();
	if (!child) {
		alarm(END_S);
		measure(peer);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && !status && bench.result->ended;
}

static void row(const struct peer *peer, double *ours)
{
	const struct result *r = bench.result;
	double cpu;

	if (peer->port53 && !in_namespace) {
		printf("# %s: needs namespaces of its own\n", peer->name);
		return;
	}
	if (!run(peer)) {
		printf("# %s: did not end (%u of %u names)\n", peer->name, r->done, bench.names);
		return;
	}
	cpu = r->cpu * 1e6 / r->done;
	if (*ours <= 0)
		*ours = cpu;
	printf("%s\t%s\t%.2f\t%.0f\t%.1f\t%.1f\t%u\t%.2f\t%ld\t%u\t%u\t%u\n", bench.both ? "A+AAAA" : "A", peer->name,
	       cpu, r->done / r->took, r->median * 1e3, r->p99 * 1e3, r->failed, cpu / *ours, r->grown,
	       responder_ports(&responder), r->done, bench.names);
}

static void rows(void)
{
	printf("# %u names, %u at a time, answers after %u ms, %u of 1,000 questions lost, timeout %d s, attempts %d\n"
	       "# work\tpeer\tus/name\tnames/s\tmedian ms\tp99 ms\tfailed\tratio\tKiB\tports\tdone\tof\n",
	       bench.names, full_window, bench.delay_ms, loss, TIMEOUT_S, ATTEMPTS);
	for (int both = 0; both < 2; both++) {
		double ours = 0;

		bench.both = both;
		for (const struct peer *p = peers; p->name; p++)
			if (strstr(p->name, only))
				row(p, &ours);
	}
}

static bool with_server(const unsigned *sizes, unsigned n)
{
	if (!responder_start(&responder, in_namespace ? 53 : 0, bench.delay_ms * 1000, loss))
		return false;
	bench.port = responder.port;
	for (unsigned i = 0; i < n; i++) {
		bench.names = sizes[i];
		rows();
	}
	responder_stop(&responder);
	return true;
}

static bool table(void)
{
	static const unsigned sizes[] = { 1000, 10000, 100000 };

	for (unsigned i = 0; i < 4; i++) {
		bench.delay_ms = i & 1 ? 20 : 0;
		loss = i & 2 ? 10 : 0;
		if (!with_server(sizes, 3))
			return false;
	}
	return true;
}

static int usage(void)
{
	fputs("usage: bench-resolver [--only PEER] [--limit S] [NAMES [DELAY-MS [LOSS-PER-1000 [WINDOW]]]]\n"
	      "       bench-resolver [--only PEER] [--limit S] --table\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	bool whole = false;

	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "--table")) {
			whole = true;
			continue;
		}
		if (argc < 3 || (strcmp(argv[1], "--only") && strcmp(argv[1], "--limit")))
			return usage();
		if (!strcmp(argv[1], "--only"))
			only = argv[2];
		else
			bench.limit = atof(argv[2]);
		argc--, argv++;
	}
	bench.names = argc > 1 ? (unsigned)atoi(argv[1]) : bench.names;
	bench.delay_ms = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	loss = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	full_window = argc > 4 ? (unsigned)atoi(argv[4]) : bench.window;
	if (!bench.names || bench.names > NAMES_MAX || !full_window || full_window > 16000 || bench.limit <= 0)
		return usage();
	in_namespace = own_network() && own_etc(TIMEOUT_S, ATTEMPTS);
	bench.result = mmap(NULL, sizeof(*bench.result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench.took = calloc(bench.names > 100000 ? bench.names : 100000, sizeof(*bench.took));
	if (bench.result == MAP_FAILED || !bench.took || (whole ? !table() : !with_server(&bench.names, 1))) {
		perror("bench-resolver");
		return 1;
	}
	return 0;
}
