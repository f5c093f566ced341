// SPDX-License-Identifier: MIT
/*
 * Binding: for each row of calls.def, the definition that comes after ours in the loader's order (what dlsym(RTLD_NEXT) finds), by our own walk over
 * the loader's list, at the first call. dlsym would do, but it takes the loader's lock, which a forked child of a threaded program may find taken, and a
 * missing name allocates memory (with jemalloc preloaded: before jemalloc is ready). All of them at start would cost a quarter of what a
 * program's start may cost us.
 *
 * Each real_x begins as a stub (entry_*.S) that comes here with the address of its pointer and then jumps to what was found, as a PLT does. So a call is right
 * before our constructor has run, in a signal handler and in a vfork child: nothing is locked, and what is written is what every other writer
 * would write. The list of objects is copied in the constructor, when nobody can change it; objects of the start are never unloaded.
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

#include "base/sys.h"

#define CALL(name, need) \
	extern __typeof__(name) fdg_stub_##name; \
	__typeof__(name) *real_##name = fdg_stub_##name;
#define TWIN(name, call)
#define OLD(name, call, version) \
	extern __typeof__(call) fdg_stub_##name; \
	__typeof__(call) *real_##name = fdg_stub_##name;
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

#define OBJECTS_INSIDE 24

/* What comes after us, in order. `ready` is set last, and the rest is not written again. */
static struct object inside[OBJECTS_INSIDE];
static struct object *objects = inside;
static size_t object_count;
static _Atomic int ready;

static const struct link_map *first_map(void)
{
	struct dl_find_object self;

	return _dl_find_object((void *)(uintptr_t)fdg_bind_start, &self) == 0 ? self.dlfo_link_map->l_next : NULL;
}

static void copy_list(void)
{
	const struct link_map *first = first_map();
	size_t n = 0, room = OBJECTS_INSIDE;

	for (const struct link_map *m = first; m; m = m->l_next)
		n++;
	if (n > room && (objects = fdg_sys_mmap(n * sizeof(*objects), false)))
		room = n;
	else
		objects = inside;
	for (const struct link_map *m = first; m && object_count < room; m = m->l_next)
		if (open_object(m, &objects[object_count]))
			object_count++;
}

/* A call before our constructor comes from a process with one thread (an IFUNC resolver, another library's early constructor). */
void fdg_bind_start(void)
{
	if (atomic_load_explicit(&ready, memory_order_acquire))
		return;
	copy_list();
	atomic_store_explicit(&ready, 1, memory_order_release);
}

static bool is_libc(const struct object *o)
{
	struct dl_find_object libc;

	return _dl_find_object((void *)(uintptr_t)__errno_location, &libc) == 0 && libc.dlfo_link_map->l_addr == o->base;
}

static void *find(const struct row *r, bool in_libc)
{
	uint32_t hash = gnu_hash(r->name);

	for (size_t i = 0; i < object_count; i++) {
		const ElfW(Sym) *s = find_symbol(&objects[i], r->name, hash, r->version);

		if (!s || (in_libc && !is_libc(&objects[i])))
			continue;
		/* An indirect function must be asked for its address; none of libc's is one, another preload's might be. */
		if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
			return dlsym(RTLD_NEXT, r->name);
		return (void *)(objects[i].base + s->st_value);
	}
	return (void *)(uintptr_t)no_such_call;
}

void *fdg_bind(void **pointer)
{
	void *found = (void *)(uintptr_t)no_such_call;

	fdg_bind_start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].pointer == pointer)
			found = find(&rows[i], false);
	__atomic_store_n(pointer, found, __ATOMIC_RELEASE);
	return found;
}

void *fdg_bind_libcs(void **pointer)
{
	void *found = (void *)(uintptr_t)no_such_call;

	fdg_bind_start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].pointer == pointer)
			found = find(&rows[i], true);
	return found;
}
