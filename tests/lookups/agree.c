// SPDX-License-Identifier: MIT
/* lookups-agree BARE GUARDED: two outputs of lookups-asked. What differs must be in the table of resolver/differential.c, or below. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define V4 "4/1/6 192.0.2.1%0:0"
#define V6 "6/1/6 2001:db8::1%0:0"

struct known {
	const char *place, *what, *theirs, *ours, *reason;
};

static const struct known known[] = {
#include "../resolver/differential_known.h"
};

/* Here `what` is how that begins. */
static const struct known hosts[] = {
	{ "search-bad", "_r x ", "r=0 errno=0 h_errno=1", "r=0 errno=0 h_errno=0,0 x.ok.test", BAD_DOMAIN },
	{ "search-bad", "growing x ", "r=0 errno=0 h_errno=1", "r=0 errno=0 h_errno=0,0 x.ok.test", BAD_DOMAIN },
	{ "search-bad", "gethostbyname x ", "r=0 errno=0 h_errno=1", "r=0 errno=0 h_errno=0,0 x.ok.test", BAD_DOMAIN },
};

struct line {
	char text[20000];
	const char *place, *what, *answer;
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool cut(struct line *l)
{
	l->place = strtok(l->text, "\t\n");
	l->what = strtok(NULL, "\t\n");
	l->answer = strtok(NULL, "\t\n");
	return l->answer;
}

/* Lines that begin with '#' say how long a group took. */
static bool next(FILE *f, struct line *l)
{
	while (fgets(l->text, sizeof(l->text), f))
		if (l->text[0] != '#')
			return cut(l);
	l->place = NULL;
	return false;
}

static bool may_differ(const struct line *bare, const struct line *guarded)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(known[i].place, bare->place) == 0 &&
		    (!known[i].what || strcmp(known[i].what, bare->what) == 0) &&
		    begins(bare->answer, known[i].theirs) && begins(guarded->answer, known[i].ours))
			return true;
	for (size_t i = 0; i < COUNT(hosts); i++)
		if (strcmp(hosts[i].place, bare->place) == 0 && begins(bare->what, hosts[i].what) &&
		    begins(bare->answer, hosts[i].theirs) && begins(guarded->answer, hosts[i].ours))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static struct line bare, guarded;
	FILE *b = argc == 3 ? fopen(argv[1], "r") : NULL, *g = argc == 3 ? fopen(argv[2], "r") : NULL;
	unsigned cases = 0, differ = 0, wrong = 0;
	bool more;

	if (!b || !g)
		return 2;
	while ((more = next(b, &bare)) == next(g, &guarded) && more) {
		cases++;
		if (strcmp(bare.place, guarded.place) == 0 && strcmp(bare.what, guarded.what) == 0 &&
		    strcmp(bare.answer, guarded.answer) == 0)
			continue;
		differ++;
		if (may_differ(&bare, &guarded))
			continue;
		wrong++;
		printf("%s: %s\n  bare:    %.300s\n  guarded: %.300s\n", bare.place, bare.what, bare.answer,
		       guarded.answer);
	}
	if (bare.place || guarded.place) {
		printf("one has more lines than the other, from %s %s on\n", bare.place ? bare.place : guarded.place,
		       bare.place ? bare.what : guarded.what);
		wrong++;
	}
	printf("%u cases, %u of them known to differ, %u wrong\n", cases, differ - wrong, wrong);
	return wrong || !cases;
}
