// SPDX-License-Identifier: MIT
#include "guards/select/word.h"

#include <string.h>

#include "base/sys.h"
#include "report/symbol.h"

#include "base/poison.h"

#define CANARY_CHANGED 4 /* so many bits of a canary may have become fds */
/* Programs that are not position-independent lie below; their addresses have so few bits that any could be descriptors. */
#define LEAST_POINTER (UINT64_C(1) << 40)
#define TEXT_MIN 5 /* characters */

/* What gcc and clang place behind arrays is at a fixed offset from the thread pointer on x86-64, a variable of the loader elsewhere. */
uint64_t fdg_word_canary(void)
{
#if defined(__x86_64__)
	uint64_t value;

	__asm__("mov %%fs:0x28, %0" : "=r"(value));
	return value;
#else
	extern uintptr_t __stack_chk_guard __attribute__((weak));

	return &__stack_chk_guard ? __stack_chk_guard : 0;
#endif
}

static bool is_canary(uint64_t word)
{
	uint64_t canary = fdg_word_canary();

	return canary && (word & canary) == canary && __builtin_popcountll(word ^ canary) <= CANARY_CHANGED;
}

/* Code in front of the address ends with a call. */
static bool follows_call(const unsigned char before[8])
{
#if defined(__x86_64__)
	if (before[3] == 0xe8)
		return true;
	for (unsigned n = 2; n <= 7; n++) /* ff /2, with its operand */
		if (before[8 - n] == 0xff && (before[9 - n] >> 3 & 7) == 2)
			return true;
	return false;
#else
	uint32_t instruction;

	memcpy(&instruction, before + 4, sizeof(instruction));
	return (instruction & 0xfc000000) == 0x94000000 || (instruction & 0xfffff800) == 0xd63f0000 || (instruction & 0xfffff800) == 0xd73f0800;
#endif
}

static bool is_return_address(uint64_t word)
{
	struct fdg_place place;
	unsigned char before[8];

	return fdg_place_of((const void *)(uintptr_t)word, &place) && fdg_sys_peek((const char *)(uintptr_t)word - 8, before, sizeof(before)) &&
	       follows_call(before);
}

/* From its first byte up to the end or a NUL. Every second descriptor is "UUUUUUUU": text has more than one letter. */
static bool is_text(uint64_t word)
{
	unsigned n = 0, changes = 0;

	for (; n < 8 && word >> 8 * n & 0xff; n++) {
		unsigned char c = (unsigned char)(word >> 8 * n);

		if (c < 0x20 || c > 0x7e)
			return false;
		changes += n && c != (unsigned char)(word >> 8 * (n - 1));
	}
	return n >= TEXT_MIN && changes >= 2;
}

enum fdg_word fdg_word_look(uint64_t word)
{
	if (word == 0 || word == UINT64_MAX)
		return FDG_WORD_BITS;
	if (is_canary(word))
		return FDG_WORD_CANARY;
	if (word >= LEAST_POINTER && word >> 47 == 0 && fdg_sys_is_mapped((const void *)(uintptr_t)word, 1))
		return is_return_address(word) ? FDG_WORD_RETURN : FDG_WORD_POINTER;
	return is_text(word) ? FDG_WORD_TEXT : FDG_WORD_BITS;
}
