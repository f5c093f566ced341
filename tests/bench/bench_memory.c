// SPDX-License-Identifier: MIT
/*
 * bench-memory [--budget] [--lib FILE]: resident memory in KiB of a program that has N descriptors open and sleeps, bare and guarded; rows as
 * bench-calls prints them. `added` is guarded less bare: our mappings, what we made dirty in others, and the ledger's pages in use. The budget is
 * for the first row, where the ledger has no more than its first pages.
 */
#include "bench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUDGET_KIB 1024

struct memory {
	long rss, dirty, file, library; /* KiB: all; of it private and dirty; of it file pages; of it of the preload's own file */
};

static int worker(const char *descriptors)
{
	char end;
	for (long n = strtol(descriptors, NULL, 10); n > 0; n--)
		if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
			return 1;
	if (write(1, "r", 1) != 1)
		return 1;
	return read(0, &end, 1) != 0;
}

static struct memory memory_of(const struct lane *lane)
{
	char path[64], line[PATH_MAX + 128], name[PATH_MAX];
	struct memory m = { 0 };
	bool of_file = false, of_library = false;
	unsigned long from, to;
	long kib;
	snprintf(path, sizeof path, "/proc/%d/smaps", (int)lane->pid);
	FILE *f = fopen(path, "re");
	if (!f)
		give_up("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, f)) {
		name[0] = 0;
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %4095s", &from, &to, name) >= 2) {
			of_file = name[0] == '/';
			of_library = lane->preload && !strcmp(name, lane->preload);
		} else if (sscanf(line, "Rss: %ld", &kib) == 1) {
			m.rss += kib;
			m.file += of_file ? kib : 0;
			m.library += of_library ? kib : 0;
		} else if (sscanf(line, "Private_Dirty: %ld", &kib) == 1) {
			m.dirty += kib;
		}
	}
	fclose(f);
	return m;
}

static struct memory measure(const char *name, const char *preload, char *descriptors)
{
	char *const argv[] = { "/proc/self/exe", "--worker", descriptors, NULL };
	struct lane lane = { .name = name, .preload = preload };
	lane_start(&lane, argv, 0, false);
	struct memory m = memory_of(&lane);
	lane_end(&lane);
	return m;
}

static bool row(unsigned descriptors, const char *empty_lib, const char *lib, bool judged)
{
	char text[16];
	snprintf(text, sizeof text, "%u", descriptors);
	struct memory bare = measure("bare", NULL, text), empty = measure("empty", empty_lib, text), guarded = measure("guarded", lib, text);
	long added = guarded.rss - bare.rss;
	printf("resident KiB, %u sockets open\t%ld\t%ld\t%.3f", descriptors, bare.rss, guarded.rss, (double)guarded.rss / (double)bare.rss);
	if (judged)
		printf("\t+%d\t%s", BUDGET_KIB, added <= BUDGET_KIB ? "within" : "over");
	else
		printf("\t-\t-");
	printf("\t%ld\t%.3f\t%ld\t%ld\t%ld\n", empty.rss, (double)empty.rss / (double)bare.rss, added, guarded.library, guarded.dirty - bare.dirty);
	return judged && added > BUDGET_KIB;
}

int main(int argc, char **argv)
{
	static const unsigned descriptors[] = { 3, 100, 1000, 10000 };
	struct rlimit limit;
	char *lib = NULL;
	bool over = false, budget = false;
	if (argc == 3 && !strcmp(argv[1], "--worker"))
		return worker(argv[2]);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--budget"))
			budget = true;
		else if (!strcmp(argv[i], "--lib") && i + 1 < argc)
			lib = argv[++i];
		else
			give_up("usage: bench-memory [--budget] [--lib FILE]");
	}
	lib = lib ? realpath(lib, NULL) : realpath(beside("../lib/libfdguard.so"), NULL);
	char *empty = realpath(beside("../lib/libbench-empty.so"), NULL);
	if (!lib || !empty)
		give_up("no library: %s", strerror(errno));
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	printf("# work\tbare KiB\tguarded KiB\tratio\tbudget\tverdict\tempty KiB\tempty ratio\tadded KiB\tof it our file\tof it dirty\n");
	for (unsigned i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
		if (descriptors[i] + 16 < limit.rlim_max)
			over |= row(descriptors[i], empty, lib, i == 0);
	return budget && over;
}
