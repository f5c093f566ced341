// SPDX-License-Identifier: MIT
/* PROGRAM PATTERN FD sparse|own|inherited ready|idle: one case of the corpus; the exit status is its verdict. */
#include "scene.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATTERN(name, happening, ready_limit, idle_limit, ...) \
	{ { #name, happening, ready_limit, idle_limit, { __VA_ARGS__ } }, name },
static const struct pattern {
	struct row row;
	enum outcome (*run)(const struct scene *scene);
} patterns[] = {
#include "patterns.def"
};
#undef PATTERN

static const struct pattern *find(const char *name)
{
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		if (strcmp(patterns[i].row.name, name) == 0)
			return &patterns[i];
	return NULL;
}

/* A stack as it is when a program has run for a while: numbers, text and pointers, the same in each run and with each preload. */
static void __attribute__((noinline)) litter(uintptr_t heap)
{
	uintptr_t stack[2048];

	for (size_t i = 0; i < sizeof stack / sizeof *stack; i++) {
		const uintptr_t words[] = { 0,
					    i % 7,
					    (uintptr_t)&stack[i / 2],
					    (uintptr_t)find,
					    heap,
					    UINT64_C(0x6e6f63203a656e69),
					    0,
					    UINT64_C(1700000000) };
		stack[i] = words[i * 5 % 8];
	}
	__asm__ volatile("" : : "r"(stack) : "memory");
}

/* The program's own business: what it has in memory while it waits must be there afterwards. */
static enum outcome __attribute__((noinline)) serve(const struct pattern *pattern, const struct scene *scene)
{
	char request[2048], before[sizeof request];

	for (size_t i = 0; i < sizeof request; i++)
		request[i] = before[i] = (char)('A' + i % 53);
	char *heap = malloc(100);
	litter((uintptr_t)heap);
	free(heap);
	enum outcome outcome = pattern->run(scene);
	if (spoilt(request, before, sizeof request, 3))
		return DAMAGED;
	return outcome;
}

int main(int argc, char **argv)
{
	const struct pattern *pattern = argc == 5 ? find(argv[1]) : NULL;
	struct scene scene;

	if (!pattern) {
		fprintf(stderr, "usage: %s PATTERN FD sparse|own|inherited ready|idle\n", argv[0]);
		return NO_SCENE;
	}
	bool ready = strcmp(argv[4], "ready") == 0 || pattern->row.idle_limit < 0;
	enum crowd crowd = argv[3][0] == 'o' ? OWN : argv[3][0] == 'i' ? INHERITED : SPARSE;
	scene_open(&scene, &pattern->row, atoi(argv[2]), crowd, ready);
	enum outcome outcome = serve(pattern, &scene);
	return (int)scene_verdict(&scene, &pattern->row, ready, outcome);
}
