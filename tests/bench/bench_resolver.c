// SPDX-License-Identifier: MIT
/*
 * bench-resolver [NAMES [DELAY-MS [LOSS-PER-1000 [WINDOW]]]]: names in bulk through the exchange and through what else there is in Debian, against
 * a server of ours on loopback, all in one run. A row is: work, peer, CPU us a name, names/s, median and p99 in ms, failed, CPU as a multiple of ours.
 *
 * It wants a network namespace of its own, for adns asks port 53 alone; without one adns is left out.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"
#include "responder.h"

struct bench bench = { .names = 200000, .window = 1000 };
static bool in_namespace;

static bool own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return false;
	close(fd);
	return true;
}

unsigned bench_name(unsigned i, char *to)
{
	static const char filler[] = "abcdefghijklmnopqrst";

	return (unsigned)sprintf(to, "n%u%.*s.bench.test", i, (int)(i * 7 % 17), filler);
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void bench_begin(unsigned i)
{
	bench.took[i] = (float)(bench_now() - bench.started);
}

void bench_end(unsigned i, bool good)
{
	bench.took[i] = (float)(bench_now() - bench.started) - bench.took[i];
	bench.result->failed += !good;
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
	struct rusage before, after;

	if (!bench.delay_ms && peer->window)
		bench.window = peer->window;
	bench.started = bench_now();
	getrusage(RUSAGE_SELF, &before);
	peer->run();
	getrusage(RUSAGE_SELF, &after);
	bench.result->took = bench_now() - bench.started;
	bench.result->cpu = seconds(&after.ru_utime) + seconds(&after.ru_stime) - seconds(&before.ru_utime) -
			    seconds(&before.ru_stime);
	qsort(bench.took, bench.names, sizeof(*bench.took), by_value);
	bench.result->median = bench.took[bench.names / 2];
	bench.result->p99 = bench.took[(uint64_t)bench.names * 99 / 100];
}

static bool run(const struct peer *peer)
{
	int status;
	pid_t child;

	*bench.result = (struct result){ .done = 0 };
	fflush(stdout);
	child = fork();
	if (!child) {
		alarm(120);
		measure(peer);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && !status && bench.result->done == bench.names;
}

static void row(const struct peer *peer, double *ours)
{
	const struct result *r = bench.result;
	double cpu;

	if (peer->port53 && !in_namespace) {
		printf("# %s: needs a network namespace\n", peer->name);
		return;
	}
	if (!run(peer)) {
		printf("# %s: did not end (%u of %u names)\n", peer->name, r->done, bench.names);
		return;
	}
	cpu = r->cpu * 1e6 / bench.names;
	if (!*ours)
		*ours = cpu;
	printf("%s\t%s\t%.2f\t%.0f\t%.1f\t%.1f\t%u\t%.2f\n", bench.both ? "A+AAAA" : "A", peer->name, cpu,
	       bench.names / r->took, r->median * 1e3, r->p99 * 1e3, r->failed, cpu / *ours);
}

int main(int argc, char **argv)
{
	unsigned loss = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	pid_t server;

	bench.delay_ms = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	bench.names = argc > 1 ? (unsigned)atoi(argv[1]) : bench.names;
	bench.window = argc > 4 ? (unsigned)atoi(argv[4]) : bench.window;
	if (!bench.names || !bench.window)
		return 2;
	in_namespace = own_network();
	bench.result = mmap(NULL, sizeof(*bench.result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench.took = calloc(bench.names, sizeof(*bench.took));
	server = responder_start(in_namespace ? 53 : 0, bench.delay_ms * 1000, loss, &bench.port);
	if (server < 0 || !bench.took)
		return 1;
	printf("# work\tpeer\tus/name\tnames/s\tmedian ms\tp99 ms\tfailed\tratio\t(%u names, %u at a time, %u ms, %u/1000 lost)\n",
	       bench.names, bench.window, bench.delay_ms, loss);
	for (int both = 0; both < 2; both++) {
		double ours = 0;

		bench.both = both;
		for (const struct peer *p = peers; p->name; p++)
			row(p, &ours);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
