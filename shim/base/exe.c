// SPDX-License-Identifier: MIT
#include "base/exe.h"

#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/arena.h"
#include "base/sys.h"

#include "base/poison.h"

/* What is read lies in a mapping of its own: this may be asked on a signal stack. */
#define ROOM 8192

static _Atomic bool by_loader;

static const char *keep(const char *path, size_t n)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;

	if (n > tail && memcmp(path + n - tail, deleted, tail) == 0)
		n -= tail;
	return n > 0 ? fdg_arena_strndup(path, n) : NULL;
}

static const char *read_link(char *room)
{
	long n = fdg_sys_readlink("/proc/self/exe", room, ROOM);

	return n > 0 ? keep(room, (size_t)n) : NULL;
}

static uint64_t hex(const char **s)
{
	uint64_t v = 0;

	for (;; ++*s) {
		if (**s >= '0' && **s <= '9')
			v = v << 4 | (uint64_t)(**s - '0');
		else if (**s >= 'a' && **s <= 'f')
			v = v << 4 | (uint64_t)(**s - 'a' + 10);
		else
			return v;
	}
}

/* "7f01-7f02 r-xp 00000000 fe:01 4711 /path": the path, if the address is in that range. */
static const char *path_at(const char *line, size_t n, uint64_t address)
{
	const char *s = line, *slash = memchr(line, '/', n);
	uint64_t first = hex(&s), behind = *s == '-' ? (s++, hex(&s)) : 0;

	return first <= address && address < behind && slash ? keep(slash, (size_t)(line + n - slash)) : NULL;
}

/* The file that is mapped at an address. A line is shorter than the room. */
static const char *file_at(uint64_t address, char *room)
{
	int fd = fdg_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	const char *found = NULL;
	size_t have = 0;
	long n = 1;

	while (fd >= 0 && !found && n > 0) {
		char *line = room, *end;

		n = fdg_sys_read(fd, room + have, ROOM - have);
		have += n > 0 ? (size_t)n : 0;
		for (; !found && (end = memchr(line, '\n', (size_t)(room + have - line))); line = end + 1)
			found = path_at(line, (size_t)(end - line), address);
		have = (size_t)(room + have - line);
		memmove(room, line, have);
	}
	if (fd >= 0)
		fdg_sys_close(fd);
	return found;
}

static bool is_loader(const char *path)
{
	const char *name = fdg_base_name(path);

	return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld-2.", 5) == 0 || strcmp(name, "ld.so") == 0;
}

/* `ld-linux-x86-64.so.2 ./x` runs x, which began where the loader says by now. */
static const char *ask(void)
{
	char *room = fdg_sys_mmap(ROOM, false);
	const char *copy = room ? read_link(room) : NULL, *program;

	if (copy && is_loader(copy) && (program = file_at(getauxval(AT_ENTRY), room)) && !is_loader(program)) {
		copy = program;
		atomic_store_explicit(&by_loader, true, memory_order_relaxed);
	}
	if (room)
		fdg_sys_munmap(room, ROOM);
	if (!copy)
		copy = (const char *)getauxval(AT_EXECFN);
	return copy && *copy ? copy : "?";
}

/* Two threads may ask at once: the first answer stays, the other costs its bytes. */
const char *fdg_exe(void)
{
	static const char *_Atomic known;
	const char *exe = atomic_load_explicit(&known, memory_order_acquire), *none = NULL;

	if (exe)
		return exe;
	exe = ask();
	return atomic_compare_exchange_strong(&known, &none, exe) ? exe : none;
}

const char *fdg_exe_link(void)
{
	const char *exe = fdg_exe();

	return atomic_load_explicit(&by_loader, memory_order_relaxed) ? exe : "/proc/self/exe";
}

/* Go's linker leaves a note, "Go" and 4, which stays in a program that is stripped or linked by gcc. */
static bool has_go_note(const char *notes, size_t size)
{
	for (size_t at = 0; at + sizeof(ElfW(Nhdr)) + 4 <= size;) {
		const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(notes + at);
		size_t name = ((size_t)n->n_namesz + 3) & ~(size_t)3, rest = ((size_t)n->n_descsz + 3) & ~(size_t)3;

		if (n->n_type == 4 && n->n_namesz == 4 && memcmp(n + 1, "Go\0", 4) == 0)
			return true;
		at += sizeof(*n) + name + rest;
	}
	return false;
}

static bool is_loaded(const ElfW(Phdr) *p, size_t n, const ElfW(Phdr) *note)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].p_type == PT_LOAD && note->p_vaddr >= p[i].p_vaddr && note->p_memsz <= p[i].p_filesz && note->p_vaddr - p[i].p_vaddr <= p[i].p_filesz - note->p_memsz)
			return true;
	return false;
}

bool fdg_exe_is_go(void)
{
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	size_t n = getauxval(AT_PHNUM);
	uintptr_t base = 0;

	for (size_t i = 0; p && i < n; i++)
		if (p[i].p_type == PT_PHDR)
			base = (uintptr_t)p - p[i].p_vaddr;
	for (size_t i = 0; p && i < n; i++)
		if (p[i].p_type == PT_NOTE && is_loaded(p, n, &p[i]) && has_go_note((const char *)(base + p[i].p_vaddr), p[i].p_memsz))
			return true;
	return false;
}
