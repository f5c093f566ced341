// SPDX-License-Identifier: MIT
/*
 * epoll-model free|tame|mended|unseen FIRST COUNT: COUNT random sequences, from seed FIRST on, of what a program can do to epolls and to what is in them. Prints each call, its
 * result, errno and events, and what the kernel's lists are in the end; on stderr, how often what was tried.
 *
 *	free      everything; what it sees bare it must see with epoll=report
 *	tame      nothing of which epoll=fix may make this or that
 *	mended    as tame, and the program does itself what epoll=fix is to do: it takes a number out of the lists before it closes it, and translates errors that come but
 *	          once. What it sees bare is what tame must see with epoll=fix.
 *	unseen    slow, with calls that no library sees; what is left open by them is left out. What it sees bare it must see with epoll=fix.
 */
#include "model.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[COUNTS] = {
	[COUNT_CTL_DONE] = "epoll_ctl",
	[COUNT_CTL_FAILED] = "epoll_ctl that failed",
	[COUNT_NESTED] = "nested",
	[COUNT_EXCLUSIVE] = "EPOLLEXCLUSIVE",
	[COUNT_EVENTS] = "waits with events",
	[COUNT_NO_EVENTS] = "waits without",
	[COUNT_EDGE] = "events of EPOLLET",
	[COUNT_ONCE] = "events of EPOLLONESHOT",
	[COUNT_FAULTS] = "waits with EFAULT",
	[COUNT_FAILED] = "waits that failed",
	[COUNT_NOBODYS] = "events of closed numbers",
	[COUNT_GHOSTS] = "events of closed numbers that have a copy",
	[COUNT_REVIVED] = "registrations that came back",
	[COUNT_STAYED] = "errors of closed numbers that stayed",
	[COUNT_TRANSLATED] = "translated",
	[COUNT_CLOSED] = "closed",
	[COUNT_CLOSED_REGISTERED] = "closed while registered",
	[COUNT_DUPLICATED] = "duplicates",
	[COUNT_NOT_DUPLICATED] = "duplicates that failed",
	[COUNT_PASSED] = "passed",
	[COUNT_CHILDREN] = "children",
	[COUNT_VFORKED] = "vforks",
	[COUNT_HELD] = "holders",
	[COUNT_FULL] = "tables that were full",
};

static void put(void)
{
	for (size_t at = 0; at < common->used;) {
		ssize_t n = write(1, common->transcript + at, common->used - at);

		if (n < 0)
			_exit(1);
		at += (size_t)n;
	}
	common->used = 0;
}

static void play(unsigned long seed)
{
	dice_from(seed);
	limit_to(NUMBERS);
	memset(common->registration, 0, sizeof(common->registration));
	common->descriptions = common->children = 0;
	common->buried = 0;
	say("seed %lu\n", seed);
	for (int i = 1; i <= (unseen ? UNSEEN_STEPS : STEPS); i++) {
		step();
		if (unseen && i % UNSEEN_REST == 0)
			besiege();
	}
	for (int n = FIRST; n < NUMBERS; n++)
		if (is_open(n) && numbers[n].kind == EPOLL)
			say_list(n);
	end_holder();
	close_range(FIRST, ~0u, 0);
	memset(numbers, 0, sizeof(numbers));
	put();
}

/* Returns how many things were never tried. */
static int tell(void)
{
	int missing = 0;

	for (int i = 0; i < COUNTS; i++) {
		bool not_here = (i == COUNT_NOBODYS && tame) || (i == COUNT_TRANSLATED && !mended) ||
				(i >= COUNT_GHOSTS && i <= COUNT_STAYED && !tame) || i == COUNT_STAYED;

		fprintf(stderr, "%s: %ld\n", names[i], common->count[i]);
		missing += common->count[i] == 0 && !not_here;
	}
	return missing;
}

int main(int argc, char **argv)
{
	unsigned long first, count;

	if (argc > 1 && strcmp(argv[1], "hold") == 0)
		for (;;)
			pause();
	if (argc < 4)
		return 2;
	mended = strcmp(argv[1], "mended") == 0;
	unseen = strcmp(argv[1], "unseen") == 0;
	tame = mended || unseen || strcmp(argv[1], "tame") == 0;
	first = strtoul(argv[2], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	close_range(FIRST, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (common == MAP_FAILED)
		return 1;
	for (unsigned long seed = first; seed < first + count; seed++)
		play(seed);
	return tell() && !unseen ? 3 : 0;
}
