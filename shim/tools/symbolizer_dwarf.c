// SPDX-License-Identifier: MIT
/* One object, with elfutils. Runs in a child of symbolizer.c, which may die of it. */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/elf.h"
#include "tools/symbolizer.h"

struct object {
	const struct symbolizer_object *o;
	FILE *out;
	time_t changed; /* the file's, when it was written last */
	Dwfl *dwfl;
	Dwfl_Module *module;
	GElf_Addr bias;
	char build_id[129];
};

static bool open_object(struct object *t)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	int fd = open(t->o->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[SELFMAG];
	struct stat st;

	if (fd < 0)
		return false;
	/* libdwfl would unpack a compressed file, of any size. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0) {
		t->changed = st.st_mtime;
		t->dwfl = dwfl_begin(&callbacks);
		t->module = t->dwfl ? dwfl_report_offline(t->dwfl, "", t->o->path, fd) : NULL;
	}
	if (!t->module)
		close(fd);
	return t->module && dwfl_report_end(t->dwfl, NULL, NULL) == 0 && dwfl_module_getelf(t->module, &t->bias);
}

static void read_build_id(struct object *t)
{
	const unsigned char *bits = NULL;
	GElf_Addr at;
	int n = dwfl_module_build_id(t->module, &bits, &at);

	for (int i = 0; i < n && i < 64; i++)
		sprintf(t->build_id + i * 2, "%02x", bits[i]);
}

/* Is the log's "name+0x4b" at this address? The log cuts names. */
static bool has_symbol(const struct object *t, const char *symbol, uint64_t offset)
{
	const char *plus = strrchr(symbol, '+');
	size_t n = plus ? (size_t)(plus - symbol) : 0;
	bool cut = n == FDG_ELF_NAME && symbol[FDG_ELF_HEAD] == '~';
	int count = dwfl_module_getsymtab(t->module);

	if (!n || count <= 0)
		return true; /* nothing to compare with */
	for (int i = 1; i < count; i++) {
		GElf_Addr address;
		GElf_Sym s;
		const char *name = dwfl_module_getsym_info(t->module, i, &s, &address, NULL, NULL, NULL);

		if (name && strncmp(name, symbol, cut ? FDG_ELF_HEAD : n) == 0 && (cut || !name[n] || name[n] == '@') &&
		    address - t->bias + strtoull(plus + 1, NULL, 0) == offset)
			return true;
	}
	return false;
}

static bool is_the_one_that_ran(const struct object *t)
{
	for (size_t i = 0; i < t->o->places; i++) {
		const struct symbolizer_place *p = &t->o->place[i];

		if (p->symbol ? !has_symbol(t, p->symbol, p->offset) : p->seen && t->changed > p->seen + 1)
			return false;
	}
	return true;
}

/* Compilers may leave out the index of addresses (.debug_aranges). */
static Dwarf_Die *unit_of(const struct object *t, GElf_Addr address, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(t->module, address, ret_bias);

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(t->module, unit, ret_bias)))
		if (dwarf_haspc(unit, address - *ret_bias) > 0)
			return unit;
	return NULL;
}

static char *function_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;
	char *plain;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) || dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	plain = name ? demangle(name) : NULL;
	if (plain)
		return plain;
	name = dwarf_diename(die);
	return name ? strdup(name) : NULL;
}

static void say(const struct object *t, size_t place, Dwarf_Die *unit, const char *function, const char *file, int line, bool inlined)
{
	struct symbolizer_line l = { .function = function, .line = line > 0 ? (unsigned)line : 0, .inlined = inlined };
	Dwarf_Attribute attribute;
	const char *directory = NULL;
	char *whole = NULL;

	if (file && strcmp(file, "???") != 0) {
		if (*file != '/')
			directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
		if (asprintf(&whole, "%s%s%s", directory ? directory : "", directory ? "/" : "", file) >= 0)
			l.file = whole;
	}
	symbolizer_say_line(t->out, place, &l);
	free(l.file ? whole : NULL);
}

/* Where an inlined function was called: these are the next frame's. */
static void find_call(Dwarf_Die *unit, Dwarf_Die *inlined, const char **ret_file, int *ret_line)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Files *files;
	size_t n;

	*ret_file = NULL;
	*ret_line = 0;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0 && value <= INT32_MAX)
		*ret_line = (int)value;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 && dwarf_getsrcfiles(unit, &files, &n) == 0 && value < n)
		*ret_file = dwarf_filesrc(files, value, NULL, NULL);
}

/* Says the functions that are nested at an address, innermost first; how many. */
static unsigned say_nested(const struct object *t, size_t place, Dwarf_Die *unit, Dwarf_Addr address, const char *file, int line)
{
	Dwarf_Die *scopes = NULL, *nested = NULL;
	int n = dwarf_getscopes(unit, address, &scopes);
	unsigned said = 0;

	/* What dwarf_getscopes lists behind an inlined function is where that was written, not where it was called. */
	n = n > 0 ? dwarf_getscopes_die(&scopes[0], &nested) : 0;
	for (int i = 0; i < n && said < SYMBOLIZER_LINES_MAX; i++) {
		int tag = dwarf_tag(&nested[i]);
		char *name;

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine && tag != DW_TAG_entry_point)
			continue;
		name = function_name(&nested[i]);
		say(t, place, unit, name, file, line, tag == DW_TAG_inlined_subroutine);
		free(name);
		said++;
		if (tag != DW_TAG_inlined_subroutine)
			break;
		find_call(unit, &nested[i], &file, &line);
	}
	free(scopes);
	free(nested);
	return said;
}

static void say_place(const struct object *t, size_t i)
{
	const struct symbolizer_place *p = &t->o->place[i];
	GElf_Addr address = p->offset + t->bias;
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = unit_of(t, address, &bias);
	Dwarf_Line *l = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
	const char *file = l ? dwarf_linesrc(l, NULL, NULL) : NULL;
	char *function;
	int line = 0;

	if (l)
		dwarf_lineno(l, &line);
	if (unit && say_nested(t, i, unit, address - bias, file, line))
		return;
	function = symbolizer_function(p->symbol);
	if (function || file)
		say(t, i, unit, function, file, line, false);
	free(function);
}

static enum symbolizer_state look(struct object *t)
{
	Dwarf_Addr bias;

	if (!open_object(t))
		return SYMBOLIZER_UNREADABLE;
	read_build_id(t);
	if (!is_the_one_that_ran(t))
		return SYMBOLIZER_CHANGED;
	return dwfl_module_getdwarf(t->module, &bias) ? SYMBOLIZER_READ : SYMBOLIZER_NO_DEBUG;
}

void symbolizer_read(const struct symbolizer_object *o, FILE *out)
{
	struct object t = { .o = o, .out = out };
	enum symbolizer_state state = look(&t);

	symbolizer_say_state(out, state, t.build_id);
	for (size_t i = 0; i < o->places; i++) {
		char *function;

		if (state == SYMBOLIZER_READ) {
			say_place(&t, i);
			continue;
		}
		function = symbolizer_function(o->place[i].symbol);
		if (function)
			symbolizer_say_line(out, i, &(struct symbolizer_line){ .function = function });
		free(function);
	}
	if (t.dwfl)
		dwfl_end(t.dwfl);
}
