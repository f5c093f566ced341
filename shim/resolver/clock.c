// SPDX-License-Identifier: MIT
/*
 * The time, from the page that the kernel lays into every process (vdso(7)): several readings a lookup would cost as much as the lookup's own calls. Not by
 * libc's clock_gettime, behind which another preload may stand.
 */
#include "resolver/engine.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "base/sys.h"
#include "resolver/lookup.h"

#include "base/poison.h"

#if defined(__aarch64__)
#define NAME "__kernel_clock_gettime"
#else
#define NAME "__vdso_clock_gettime"
#endif

typedef int clock_function(clockid_t clock, struct timespec *ret);

enum { UNKNOWN, NONE }; /* in place of a function */

static uintptr_t known; /* UNKNOWN, NONE or the function: whoever is first finds the same */

static const ElfW(Shdr) * sections(const uint8_t *image)
{
	const ElfW(Ehdr) *h = (const void *)image;

	return h->e_shoff ? (const void *)(image + h->e_shoff) : NULL;
}

/* The dynamic symbols, of which sh_link is the number of their texts. */
static const ElfW(Shdr) * symbols_of(const uint8_t *image)
{
	const ElfW(Shdr) *s = sections(image);

	for (unsigned i = 0; s && i < ((const ElfW(Ehdr) *)(const void *)image)->e_shnum; i++)
		if (s[i].sh_type == SHT_DYNSYM && s[i].sh_entsize)
			return &s[i];
	return NULL;
}

/* How far it lies from where its addresses say that it does. */
static uintptr_t distance(const uint8_t *image)
{
	const ElfW(Ehdr) *h = (const void *)image;
	const ElfW(Phdr) *p = (const void *)(image + h->e_phoff);

	for (unsigned i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			return (uintptr_t)image + p[i].p_offset - p[i].p_vaddr;
	return (uintptr_t)image;
}

static uintptr_t look_for(const uint8_t *image)
{
	const ElfW(Shdr) *symbols = symbols_of(image), *texts;
	const ElfW(Sym) * s;

	if (!symbols)
		return NONE;
	texts = sections(image) + symbols->sh_link;
	s = (const void *)(image + symbols->sh_offset);
	for (size_t i = 0; i < symbols->sh_size / symbols->sh_entsize; i++)
		if (s[i].st_shndx != SHN_UNDEF && s[i].st_name < texts->sh_size &&
		    strcmp((const char *)image + texts->sh_offset + s[i].st_name, NAME) == 0)
			return distance(image) + s[i].st_value;
	return NONE;
}

static uintptr_t find(void)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	uintptr_t f = image && memcmp(image, ELFMAG, SELFMAG) == 0 ? look_for(image) : NONE;

	__atomic_store_n(&known, f, __ATOMIC_RELAXED);
	return f;
}

static struct timespec read_clock(clockid_t clock)
{
	uintptr_t f = __atomic_load_n(&known, __ATOMIC_RELAXED);
	struct timespec t;

	if (f == UNKNOWN)
		f = find();
	if (f == NONE || ((clock_function *)f)(clock, &t))
		fdg_sys_clock(clock, &t);
	return t;
}

uint64_t fdg_clock(void)
{
	struct timespec t = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int64_t fdg_lookup_clock_ms(void)
{
	struct timespec t = read_clock(CLOCK_MONOTONIC_COARSE);

	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
