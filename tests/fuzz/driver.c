// SPDX-License-Identifier: MIT
/*
 * A main for fuzzers without libFuzzer: the seeds, then N inputs made of them by mutation, always the same ones.
 *
 *	fuzz-NAME [N [SEED]]     an input that crashes is left in the file fuzz-input
 *	fuzz-NAME FILE           that input alone
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

enum { MAX = 4096, DEFAULT_COUNT = 200000 };

/* Each input is put at the very end of its own allocation, so that a sanitizer sees a read behind it. */
static uint8_t *input;
static size_t input_len;
static int start_directory;

static uint64_t state;

static uint32_t any(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static void save_and_die(int signal_number)
{
	static const char sentence[] = "fuzz: the input that failed is in fuzz-input\n";
	int fd = openat(start_directory, "fuzz-input", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, input, input_len) != (ssize_t)input_len || write(2, sentence, sizeof(sentence) - 1) < 0)
		_exit(98);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void feed(const uint8_t *data, size_t n)
{
	input = malloc(n ? n : 1);
	input_len = n;
	if (!input)
		abort();
	if (n)
		memcpy(input, data, n);
	LLVMFuzzerTestOneInput(input, n);
	free(input);
	input = NULL;
	input_len = 0;
}

/* Replaces `gone` bytes at `at` by `n` others; returns the new length. */
static size_t replace(uint8_t *buf, size_t len, size_t at, size_t gone, const uint8_t *with, size_t n)
{
	if (len - gone + n > MAX)
		return len;
	memmove(buf + at + n, buf + at + gone, len - at - gone);
	if (n)
		memcpy(buf + at, with, n);
	return len - gone + n;
}

static size_t mutate(uint8_t *buf, size_t len)
{
	static const uint8_t special[] = "\0\xff\x7f\x80 :='\"\\,%#\n\r\t-/*?[]0129";
	const struct fuzz_seed *other = &fuzz_seeds[any((uint32_t)fuzz_seed_count)];
	size_t at = any((uint32_t)len + 1), n = 1 + any(8), room = len - at;
	uint8_t byte = any(2) ? (uint8_t)any(256) : special[any(sizeof(special) - 1)], copy[64];

	switch (any(6)) {
	case 0: /* another byte */
		return replace(buf, len, at, room ? 1 : 0, &byte, 1);
	case 1: /* a byte more */
		return replace(buf, len, at, 0, &byte, 1);
	case 2: /* some bytes less */
		return replace(buf, len, at, n < room ? n : room, NULL, 0);
	case 3: /* a bit flipped */
		if (room)
			buf[at] ^= (uint8_t)(1 << any(8));
		return len;
	case 4: /* some bytes twice */
		n = any(sizeof(copy));
		n = n < room ? n : room;
		memcpy(copy, buf + at, n);
		return replace(buf, len, any((uint32_t)len + 1), 0, copy, n);
	default: /* part of another seed */
		n = any((uint32_t)other->n + 1);
		return replace(buf, len, at, any((uint32_t)room + 1), (const uint8_t *)other->data + other->n - n, n);
	}
}

static void feed_mutations(unsigned long count)
{
	static uint8_t buf[MAX];

	while (count--) {
		const struct fuzz_seed *seed = &fuzz_seeds[any((uint32_t)fuzz_seed_count)];
		size_t len = seed->n < MAX ? seed->n : MAX;

		memcpy(buf, seed->data, len);
		for (uint32_t i = 0, n = 1 + any(8); i < n; i++)
			len = mutate(buf, len);
		feed(buf, len);
	}
}

static int feed_file(FILE *f)
{
	static uint8_t buf[1 << 20];

	feed(buf, fread(buf, 1, sizeof(buf), f));
	return fclose(f);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_COUNT;
	FILE *f = argc > 1 && !count ? fopen(argv[1], "r") : NULL;

	start_directory = open(".", O_RDONLY | O_DIRECTORY);
	signal(SIGABRT, save_and_die);
	signal(SIGSEGV, save_and_die);
	signal(SIGBUS, save_and_die);
	if (f)
		return feed_file(f);
	if (!count || !fuzz_seed_count)
		return 2;
	state = argc > 2 ? strtoul(argv[2], NULL, 10) | 1 : 0x9e3779b97f4a7c15;
	for (size_t i = 0; i < fuzz_seed_count; i++)
		feed(fuzz_seeds[i].data, fuzz_seeds[i].n);
	feed_mutations(count);
	printf("%zu seeds, %lu mutations\n", fuzz_seed_count, count);
	return 0;
}
