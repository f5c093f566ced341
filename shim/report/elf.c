// SPDX-License-Identifier: MIT
#include "report/elf.h"

#include <elf.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "report/report.h"
#include "report/stable.h"

#include "base/poison.h"

#define SYMBOLS_AT_ONCE 32 /* reports are made on small stacks, too */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER_HERE ELFDATA2LSB
#else
#define BYTE_ORDER_HERE ELFDATA2MSB
#endif

struct elf {
	int fd;
	uint64_t size;
	uint64_t headers, sections; /* offset and number of section headers */
};

/* What a section scan has found; a type of SHT_NULL is none. */
struct tables {
	uint64_t section; /* index of the one that holds the address */
	Elf64_Shdr symtab, dynsym;
};

/* STT_NOTYPE is what assembly labels are: better than nothing, and than nothing else. */
enum rank { NOTHING, LABEL, FUNCTION };

struct match {
	uint64_t address, code; /* what is looked for, and the index of the section that holds it */
	enum rank rank;
	Elf64_Sym symbol;
	uint64_t strings; /* index of the section that its name is in */
};

static bool read_at(const struct elf *e, uint64_t at, void *ret, size_t n)
{
	return fdg_sys4(SYS_pread64, e->fd, ret, n, at) == (long)n;
}

static bool read_section(const struct elf *e, uint64_t index, Elf64_Shdr *ret)
{
	return index < e->sections && read_at(e, e->headers + index * sizeof(*ret), ret, sizeof(*ret));
}

static bool read_header(struct elf *e)
{
	Elf64_Ehdr h;
	Elf64_Shdr first;

	if (!read_at(e, 0, &h, sizeof(h)) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != BYTE_ORDER_HERE)
		return false;
	if (h.e_shentsize != sizeof(Elf64_Shdr) || !h.e_shoff || h.e_shoff > e->size)
		return false;
	e->headers = h.e_shoff;
	e->sections = h.e_shnum;
	if (!e->sections && read_at(e, e->headers, &first, sizeof(first)))
		e->sections = first.sh_size; /* too many for the header */
	if (e->sections > FDG_ELF_SECTIONS)
		e->sections = FDG_ELF_SECTIONS;
	return true;
}

static bool section_holds(const Elf64_Shdr *s, uint64_t address)
{
	return s->sh_flags & SHF_ALLOC && address >= s->sh_addr && address - s->sh_addr < s->sh_size;
}

static bool find_tables(const struct elf *e, uint64_t address, struct tables *ret)
{
	Elf64_Shdr s;

	*ret = (struct tables){ .section = SHN_UNDEF };
	for (uint64_t i = 1; i < e->sections && read_section(e, i, &s); i++) {
		if (s.sh_type == SHT_SYMTAB)
			ret->symtab = s;
		else if (s.sh_type == SHT_DYNSYM)
			ret->dynsym = s;
		if (!(s.sh_flags & SHF_TLS) && section_holds(&s, address))
			ret->section = i;
	}
	return ret->section != SHN_UNDEF && ret->section < SHN_LORESERVE;
}

static enum rank rank_of(const Elf64_Sym *s, uint64_t address, uint64_t code)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);

	if (s->st_shndx != code || s->st_value > address || !s->st_name)
		return NOTHING;
	if (s->st_size && address - s->st_value >= s->st_size)
		return NOTHING;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return FUNCTION;
	return type == STT_NOTYPE ? LABEL : NOTHING;
}

typedef void consider_symbol(void *cookie, const Elf64_Sym *s, uint64_t strings);

static void scan(const struct elf *e, const Elf64_Shdr *table, consider_symbol *consider, void *cookie)
{
	Elf64_Sym chunk[SYMBOLS_AT_ONCE];
	uint64_t count = table->sh_size / sizeof(chunk[0]), n;

	if (table->sh_type == SHT_NULL || table->sh_entsize != sizeof(chunk[0]) || table->sh_offset > e->size)
		return;
	if (count > FDG_ELF_SYMBOLS)
		count = FDG_ELF_SYMBOLS;
	for (uint64_t i = 0; i < count; i += n) {
		n = count - i < SYMBOLS_AT_ONCE ? count - i : SYMBOLS_AT_ONCE;
		if (!read_at(e, table->sh_offset + i * sizeof(chunk[0]), chunk, n * sizeof(chunk[0])))
			return;
		for (uint64_t k = 0; k < n; k++)
			consider(cookie, &chunk[k], table->sh_link);
	}
}

static void consider_code(void *cookie, const Elf64_Sym *s, uint64_t strings)
{
	struct match *best = cookie;
	enum rank rank = rank_of(s, best->address, best->code);

	if (rank == NOTHING || rank < best->rank || (rank == best->rank && s->st_value <= best->symbol.st_value))
		return;
	best->rank = rank;
	best->symbol = *s;
	best->strings = strings;
}

/* The rest of a long name in what is left of `name`: two that begin alike are two. At and n: the whole of it, as far as the table goes. */
static bool put_hash(const struct elf *e, uint64_t at, uint64_t n, char name[FDG_ELF_NAME + 1])
{
	char window[FDG_STABLE_TAIL + 128];
	struct fdg_buf b = { name + FDG_ELF_HEAD, 0, FDG_ELF_NAME + 1 - FDG_ELF_HEAD, false };
	uint64_t hash = 0, end = at + (n < FDG_ELF_LONGEST ? n : FDG_ELF_LONGEST);
	size_t have = 0, piece;
	bool more = true;

	for (; more && at < end; at += piece) {
		piece = end - at < 128 ? end - at : 128;
		if (!read_at(e, at, window + have, piece))
			return false;
		more = !memchr(window + have, '\0', piece);
		have += more ? piece : strnlen(window + have, piece);
		if (more && have > FDG_STABLE_TAIL) {
			hash = fdg_hash(hash, window, have - FDG_STABLE_TAIL);
			memmove(window, window + have - FDG_STABLE_TAIL, FDG_STABLE_TAIL);
			have = FDG_STABLE_TAIL;
		}
	}
	hash = fdg_hash(hash, window, fdg_stable_length(window, have));
	fdg_put_char(&b, '~');
	for (int shift = 60; shift >= 0; shift -= 4)
		fdg_put_char(&b, "0123456789abcdef"[hash >> shift & 15]);
	return true;
}

/* The name, cut to what `name` holds; false if there is none, or it is a mapping symbol of an aarch64 compiler ($x, $d). */
static bool read_name(const struct elf *e, const struct match *m, char name[FDG_ELF_NAME + 1])
{
	Elf64_Shdr s;
	uint64_t all, n;

	if (!read_section(e, m->strings, &s) || s.sh_type != SHT_STRTAB)
		return false;
	if (m->symbol.st_name >= s.sh_size || s.sh_offset > e->size)
		return false;
	all = s.sh_size - m->symbol.st_name;
	n = all > FDG_ELF_NAME ? FDG_ELF_NAME + 1 : all;
	if (!read_at(e, s.sh_offset + m->symbol.st_name, name, n))
		return false;
	if (n > FDG_ELF_NAME && !memchr(name, '\0', n))
		return put_hash(e, s.sh_offset + m->symbol.st_name, all, name);
	name[n < FDG_ELF_NAME ? n : FDG_ELF_NAME] = '\0';
	return name[0] && name[0] != '$';
}

static bool look(struct elf *e, uint64_t address, struct tables *ret)
{
	struct stat st;

	if (fdg_sys_fstat(e->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	e->size = (uint64_t)st.st_size;
	return read_header(e) && find_tables(e, address, ret);
}

bool fdg_elf_symbol(int fd, uint64_t address, struct fdg_buf *ret)
{
	struct elf e = { .fd = fd };
	char name[FDG_ELF_NAME + 1];
	struct tables tables;
	struct match best;

	if (!look(&e, address, &tables))
		return false;
	best = (struct match){ .address = address, .code = tables.section, .rank = NOTHING };
	scan(&e, &tables.symtab, consider_code, &best);
	if (best.rank != FUNCTION)
		scan(&e, &tables.dynsym, consider_code, &best);
	if (best.rank == NOTHING || !read_name(&e, &best, name))
		return false;
	fdg_put(ret, name);
	fdg_put_char(ret, '+');
	fdg_put_hex(ret, address - best.symbol.st_value);
	return true;
}

struct variable {
	uint64_t address, section, end;
};

static void consider_variable(void *cookie, const Elf64_Sym *s, uint64_t strings)
{
	struct variable *v = cookie;
	uint64_t end = s->st_value + s->st_size;

	(void)strings;
	if (ELF64_ST_TYPE(s->st_info) != STT_OBJECT || s->st_shndx != v->section || s->st_value > v->address)
		return;
	if (end > v->address && end > v->end)
		v->end = end;
}

uint64_t fdg_elf_variable_end(int fd, uint64_t address)
{
	struct elf e = { .fd = fd };
	struct tables tables;
	struct variable v;

	if (!look(&e, address, &tables))
		return 0;
	v = (struct variable){ address, tables.section, 0 };
	scan(&e, &tables.symtab, consider_variable, &v);
	scan(&e, &tables.dynsym, consider_variable, &v);
	return v.end;
}
