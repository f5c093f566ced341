// SPDX-License-Identifier: MIT
/* A preload that knows the answer: which pattern runs, and so which descriptors and what time limit are meant. It waits for those, and writes back single
   bits. It is no bound for what can be reached, and some of it nobody can reach who does not know the pattern. Where it is wrong itself, all is over
   before select is called, or not decided by it: FD_SET has broken a canary, a pointer or a return address, and a ready descriptor's bit must stay in
   them; the program has lost its own variables (the descriptor, the sets' addresses); or it looks for a descriptor in a set where it is not, and finds
   what else lies there.

   It also sees what the bits beyond the sets lie on, those that the program sets and those that it looks for, and writes a digit for each into the file
   $SELECT_CORPUS_PLACES: enum place. With $SELECT_CORPUS_PROBE it damages the bytes of those that lie on memory of no argument's: a program that ends wrong
   then uses that memory. */
#include "scene.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATTERN(name, happening, ready_limit, idle_limit, ...) \
	{ #name, happening, ready_limit, idle_limit, { __VA_ARGS__ } },
static const struct row rows[] = {
#include "patterns.def"
};
#undef PATTERN

static const struct row *row;
static int high;
static struct timespec limit;

static void __attribute__((constructor)) learn(int argc, char **argv)
{
	if (argc != 5)
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, argv[1]) == 0)
			row = &rows[i];
	if (!row)
		return;
	high = atoi(argv[2]);
	long us = argv[4][0] == 'r' || row->idle_limit < 0 ? row->ready_limit : row->idle_limit;
	limit.tv_sec = us < 0 ? -1 : us / 1000000;
	limit.tv_nsec = us % 1000000 * 1000;
}

static int number(char letter)
{
	return letter == 'f' || letter == 'F' ? high : letter == 'o' ? high + 1 : letter == 'l' ? LOW : EARLY;
}

static bool is_meant(char letter)
{
	struct pollfd early = { .fd = EARLY, .events = POLLIN };
	if (letter == 'F')
		return false;
	return letter != 'e' || poll(&early, 1, 0) == 1;
}

/* The call's arguments. */
struct call {
	fd_set *sets[3];
	const void *timeout, *mask;
};

static bool lies_in(const unsigned char *byte, const void *object, size_t size)
{
	return object && (uintptr_t)byte - (uintptr_t)object < size;
}

static bool is_canary(const unsigned char *byte)
{
	uintptr_t word, canary = 0;

	memcpy(&word, (const void *)((uintptr_t)byte & ~(sizeof word - 1)), sizeof word);
#if defined(__x86_64__)
	__asm__("mov %%fs:0x28, %0" : "=r"(canary));
#else
	extern uintptr_t __stack_chk_guard __attribute__((weak));
	if (&__stack_chk_guard)
		canary = __stack_chk_guard;
#endif
	return canary && (word & canary) == canary && __builtin_popcountl(word ^ canary) <= 2;
}

/* What does this byte beyond set x belong to? */
static enum place place_of(const struct call *call, int x, const unsigned char *byte)
{
	for (int y = 0; y < 3; y++)
		if (y != x && lies_in(byte, call->sets[y], sizeof(fd_set)))
			return ON_ARGUMENT;
	if (lies_in(byte, call->timeout, sizeof(struct timeval)) || lies_in(byte, call->mask, sizeof(long)))
		return ON_ARGUMENT;
	return is_canary(byte) ? ON_CANARY : ON_OTHER;
}

static void each_beyond(const struct call *call, void (*f)(const struct call *, int x, unsigned char *byte, int fd))
{
	for (int x = 0; x < 3; x++)
		for (const char *letter = row->meant[x]; call->sets[x] && *letter; letter++)
			if (number(*letter) >= FD_SETSIZE)
				f(call, x, (unsigned char *)call->sets[x] + number(*letter) / 8, number(*letter));
}

static int places = -1;

static void tell_place(const struct call *call, int x, unsigned char *byte, int fd)
{
	char digit = (char)('0' + place_of(call, x, byte));

	(void)fd;
	if (write(places, &digit, 1) != 1)
		_exit(NO_SCENE);
}

static void tell_places(const struct call *call)
{
	const char *path = getenv("SELECT_CORPUS_PLACES");

	if (!path)
		return;
	places = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	each_beyond(call, tell_place);
	close(places);
}

static void damage(const struct call *call, int x, unsigned char *byte, int fd)
{
	if (place_of(call, x, byte) == ON_OTHER)
		*byte ^= (unsigned char)~(1 << fd % 8);
}

static int ideal(const struct call *call)
{
	unsigned char bits[3][1024] = { 0 };
	fd_set *const *sets = call->sets;

	tell_places(call);

	for (int i = 0; i < 3; i++)
		for (const char *letter = row->meant[i]; *letter; letter++)
			if (is_meant(*letter))
				bits[i][number(*letter) / 8] |= (unsigned char)(1 << number(*letter) % 8);
	struct timespec left = limit;
	long n = syscall(SYS_pselect6, high + 2, bits[0], bits[1], bits[2], limit.tv_sec < 0 ? NULL : &left, NULL);
	for (int i = 0; i < 3 && n >= 0; i++)
		for (const char *letter = row->meant[i]; sets[i] && *letter && *letter != 'F'; letter++) {
			unsigned char *byte = (unsigned char *)sets[i] + number(*letter) / 8,
				      bit = (unsigned char)(1 << number(*letter) % 8);
			*byte = (unsigned char)((*byte & ~bit) | (bits[i][number(*letter) / 8] & bit));
		}
	if (getenv("SELECT_CORPUS_PROBE"))
		each_beyond(call, damage);
	return (int)n;
}

int select(int nfds, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
	struct call call = { { r, w, e }, timeout, NULL };
	(void)nfds;
	return ideal(&call);
}

int pselect(int nfds, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *mask)
{
	struct call call = { { r, w, e }, timeout, mask };
	(void)nfds;
	return ideal(&call);
}
