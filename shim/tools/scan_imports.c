// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/elf.h"
#include "tools/scan.h"

#define NAMES_MAX (16u << 20)
#define SYMBOLS_MAX (1u << 20)
#define OBJECTS_MAX 512
#define MAPS_MAX (64u << 20)

static unsigned meaning_of(const char *name)
{
	if (strcmp(name, "__fdelt_chk") == 0)
		return SCAN_IMPORTS_FORTIFIED;
	return strcmp(name, "select") == 0 || strcmp(name, "pselect") == 0 ? SCAN_IMPORTS_SELECT : 0;
}

static unsigned look_at_symbols(const struct fdg_elf *e, const Elf64_Shdr *symbols, const char *names, size_t size)
{
	uint64_t count = symbols->sh_size / sizeof(Elf64_Sym), n;
	Elf64_Sym batch[256];
	unsigned found = 0;

	for (uint64_t i = 0; i < count && i < SYMBOLS_MAX; i += n) {
		n = count - i < 256 ? count - i : 256;
		if (!fdg_elf_read(e, symbols->sh_offset + i * sizeof(*batch), batch, n * sizeof(*batch)))
			break;
		for (uint64_t j = 0; j < n; j++)
			if (batch[j].st_shndx == SHN_UNDEF && batch[j].st_name < size)
				found |= meaning_of(names + batch[j].st_name);
	}
	return found;
}

static unsigned look_at_table(const struct fdg_elf *e, const Elf64_Shdr *symbols)
{
	Elf64_Shdr strings;
	unsigned found;
	char *names;

	if (!fdg_elf_section(e, symbols->sh_link, &strings) || strings.sh_type != SHT_STRTAB || strings.sh_size > NAMES_MAX)
		return 0;
	names = calloc(1, strings.sh_size + 1);
	found = names && fdg_elf_read(e, strings.sh_offset, names, strings.sh_size) ? look_at_symbols(e, symbols, names, strings.sh_size) : 0;
	free(names);
	return found;
}

unsigned scan_imports_of(int fd)
{
	struct fdg_elf e;
	Elf64_Shdr s;
	unsigned found = 0;

	if (!fdg_elf_open(&e, fd))
		return 0;
	for (unsigned i = 0; i < e.sections; i++)
		if (fdg_elf_section(&e, i, &s) && s.sh_type == SHT_DYNSYM)
			found |= look_at_table(&e, &s);
	return found;
}

static unsigned imports_at(int dir, const char *path)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned found;

	if (fd < 0)
		return 0;
	found = scan_imports_of(fd);
	close(fd);
	return found;
}

/* The path of a line that maps code: "7f… r-xp … 123 /usr/lib/libcurl.so.4" */
static const char *code_of(char *line)
{
	char *path = strchr(line, '/');

	return path && strstr(line, " r-xp ") && strstr(line, " r-xp ") < path ? path : NULL;
}

unsigned scan_imports(const struct scan_process *p, unsigned *ret_objects, char ret_object[PATH_MAX])
{
	size_t n;
	char *text = scan_read_file(p->dir, "maps", MAPS_MAX, &n), *next, path[PATH_MAX + 8];
	unsigned looked = 0;

	*ret_objects = 0;
	for (char *line = text; line && *line && looked < OBJECTS_MAX; line = next) {
		const char *object;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		object = code_of(line);
		if (!object || strcmp(object, p->exe) == 0)
			continue;
		looked++;
		snprintf(path, sizeof(path), "root%s", object);
		if (!imports_at(p->dir, path))
			continue;
		if ((*ret_objects)++ == 0)
			snprintf(ret_object, PATH_MAX, "%s", object);
	}
	free(text);
	return imports_at(p->dir, "exe");
}
