/* SPDX-License-Identifier: MIT */
/* What a fuzzer fuzz_NAME.c provides: libFuzzer's entry, and seeds for the driver that stands in where libFuzzer is missing. */
#ifndef TESTS_FUZZ_DRIVER_H
#define TESTS_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_seed {
	const void *data;
	size_t n;
};

/* struct fuzz_seed of a string or an array, the NUL of a string left out. */
#define FUZZ_TEXT(text) { (text), sizeof(text) - 1 }
#define FUZZ_BYTES(array) { (array), sizeof(array) }

extern const struct fuzz_seed fuzz_seeds[];
extern const size_t fuzz_seed_count;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
