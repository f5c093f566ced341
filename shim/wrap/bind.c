// SPDX-License-Identifier: MIT
/*
 * Binding: for each row of calls.def, the definition that comes after ours in the loader's order (what dlsym(RTLD_NEXT) finds), by our own walk over
 * the loader's list. dlsym would do, but a hundred of them cost half the budget of a program's start, a missing one allocates memory (with
 * jemalloc preloaded: before jemalloc is ready), and it takes the loader's lock, which a forked child of a threaded program may find taken.
 *
 * In the constructor nobody can change the list. A call from an earlier constructor (there is none with -z initfirst, but for IFUNC resolvers) binds on
 * first use.
 */
#include "wrap/real.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CALL(name, need) __typeof__(name) *real_##name;
#define TWIN(name, call)
#define OLD(name, call, version) __typeof__(call) *real_##name;
#include "calls.def"
#undef CALL
#undef TWIN
#undef OLD

static const struct row {
	const char *name;
	const char *version; /* NULL: the default one */
	void **pointer;
} rows[] = {
#define CALL(name, need) { #name, NULL, (void **)&real_##name },
#define TWIN(name, call)
#define OLD(name, call, version) { #call, version, (void **)&real_##name },
#include "calls.def"
#undef CALL
#undef TWIN
#undef OLD
};

struct object {
	uintptr_t base;
	const char *strings;
	const ElfW(Sym) *symbols;
	const uint32_t *gnu_hash;
	const ElfW(Versym) *versions;
	const ElfW(Verdef) *definitions;
	size_t definition_count;
};

static int no_such_call(void)
{
	errno = ENOSYS;
	return -1;
}

/* glibc has made these pointers absolute on most machines; where it has not (read-only dynamic section), they are below the load address. */
static const void *absolute(uintptr_t base, uintptr_t value)
{
	return (const void *)(value < base ? base + value : value);
}

static bool open_object(const struct link_map *map, struct object *o)
{
	memset(o, 0, sizeof(*o));
	o->base = map->l_addr;
	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *p = absolute(o->base, d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_STRTAB: o->strings = p; break;
		case DT_SYMTAB: o->symbols = p; break;
		case DT_GNU_HASH: o->gnu_hash = p; break;
		case DT_VERSYM: o->versions = p; break;
		case DT_VERDEF: o->definitions = p; break;
		case DT_VERDEFNUM: o->definition_count = d->d_un.d_val; break;
		default: break;
		}
	}
	return o->strings && o->symbols && o->gnu_hash;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static const char *version_name(const struct object *o, unsigned index)
{
	const ElfW(Verdef) *d = o->definitions;

	for (size_t i = 0; d && i < o->definition_count; i++) {
		if ((d->vd_ndx & 0x7fff) == index)
			return o->strings + ((const ElfW(Verdaux) *)((const char *)d + d->vd_aux))->vda_name;
		d = (const ElfW(Verdef) *)((const char *)d + d->vd_next);
	}
	return "";
}

/* version NULL: the default version, or an object without versions; else exactly that one. */
static bool version_fits(const struct object *o, uint32_t symbol, const char *version)
{
	if (!o->versions)
		return !version;
	if (!version)
		return !(o->versions[symbol] & 0x8000);
	return strcmp(version_name(o, o->versions[symbol] & 0x7fff), version) == 0;
}

static const ElfW(Sym) *find_symbol(const struct object *o, const char *name, uint32_t hash, const char *version)
{
	const uint32_t buckets = o->gnu_hash[0], first = o->gnu_hash[1], words = o->gnu_hash[2], shift = o->gnu_hash[3];
	const ElfW(Addr) *bloom = (const void *)&o->gnu_hash[4];
	const uint32_t *bucket = (const uint32_t *)&bloom[words], *chain = &bucket[buckets];
	const unsigned bits = sizeof(ElfW(Addr)) * 8;
	ElfW(Addr) word = bloom[hash / bits % words];
	uint32_t i = buckets ? bucket[hash % buckets] : 0;

	if (!(word >> hash % bits & 1) || !(word >> (hash >> shift) % bits & 1) || i < first)
		return NULL;
	for (;; i++) {
		uint32_t h = chain[i - first];

		if ((h | 1) == (hash | 1) && o->symbols[i].st_shndx != SHN_UNDEF &&
		    strcmp(o->strings + o->symbols[i].st_name, name) == 0 && version_fits(o, i, version))
			return &o->symbols[i];
		if (h & 1)
			return NULL;
	}
}

/* Objects that hold none of our names (the vDSO, libm, …) cost a few lookups in a Bloom filter. */
static void bind_from(const struct object *o, void *found[])
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const ElfW(Sym) *s;

		if (found[i])
			continue;
		s = find_symbol(o, rows[i].name, gnu_hash(rows[i].name), rows[i].version);
		if (!s)
			continue;
		/* An indirect function must be asked for its address; none of libc's is one, another preload's might be. */
		if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
			found[i] = dlsym(RTLD_NEXT, rows[i].name);
		else
			found[i] = (void *)(o->base + s->st_value);
	}
}

void fdg_bind(void)
{
	static _Atomic bool bound;
	void *found[sizeof(rows) / sizeof(*rows)] = { NULL };
	struct dl_find_object self;

	if (atomic_load_explicit(&bound, memory_order_acquire))
		return;
	if (_dl_find_object((void *)(uintptr_t)fdg_bind, &self) == 0)
		for (const struct link_map *m = self.dlfo_link_map->l_next; m; m = m->l_next) {
			struct object o;

			if (open_object(m, &o))
				bind_from(&o, found);
		}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		*rows[i].pointer = found[i] ? found[i] : (void *)(uintptr_t)no_such_call;
	atomic_store_explicit(&bound, true, memory_order_release);
}
