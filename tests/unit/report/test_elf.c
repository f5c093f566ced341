// SPDX-License-Identifier: MIT
#include "report/elf.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>

#include "common.h"

/* A file with one section of code at 0x1000, 0x200 bytes long, and one at 0x2000; tests change what they are about. */
enum { CODE = 1, OTHER, SYMTAB, STRTAB, DYNSYM, DYNSTR, SECTIONS };

struct image {
	Elf64_Ehdr header;
	Elf64_Shdr section[SECTIONS];
	Elf64_Sym symbol[4], dynamic[2];
	char names[512];
	char end[0];
};

static struct image image;

static Elf64_Sym symbol(unsigned name, unsigned type, uint64_t value, uint64_t size)
{
	return (Elf64_Sym){ .st_name = name, .st_info = ELF64_ST_INFO(STB_GLOBAL, type), .st_shndx = CODE, .st_value = value, .st_size = size };
}

static void lay_out(void)
{
	static const char names[] = "\0first\0second\0label\0dynamic\0$x";

	image = (struct image){ .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_shentsize = sizeof(Elf64_Shdr) } };
	image.header.e_shoff = offsetof(struct image, section);
	image.header.e_shnum = SECTIONS;
	image.section[CODE] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x1000, .sh_size = 0x200 };
	image.section[OTHER] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_addr = 0x2000, .sh_size = 0x200 };
	image.section[SYMTAB] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct image, symbol), .sh_size = sizeof(image.symbol),
					      .sh_entsize = sizeof(Elf64_Sym), .sh_link = STRTAB };
	image.section[STRTAB] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct image, names), .sh_size = sizeof(names) };
	image.section[DYNSYM] = image.section[SYMTAB];
	image.section[DYNSYM].sh_type = SHT_DYNSYM;
	image.section[DYNSYM].sh_offset = offsetof(struct image, dynamic);
	image.section[DYNSYM].sh_size = sizeof(image.dynamic);
	image.section[DYNSYM].sh_link = DYNSTR;
	image.section[DYNSTR] = image.section[STRTAB];
	image.symbol[1] = symbol(1, STT_FUNC, 0x1000, 0x40);
	image.symbol[2] = symbol(7, STT_FUNC, 0x1040, 0x10);
	image.symbol[3] = symbol(14, STT_NOTYPE, 0x1080, 0);
	image.dynamic[1] = symbol(20, STT_FUNC, 0x1100, 0x80);
	memcpy(image.names, names, sizeof(names));
}

static const char *look(const void *file, size_t n, uint64_t address)
{
	static char text[512];
	struct fdg_buf b = FDG_BUF(text);
	int fd = memfd_create("elf", MFD_CLOEXEC);
	bool found;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, n), n);
	found = fdg_elf_symbol(fd, address, &b);
	close(fd);
	assert_int_equal(found, b.len > 0);
	return found ? text : "none";
}

static const char *at(uint64_t address)
{
	return look(&image, sizeof(image), address);
}

static int setup(void **state)
{
	(void)state;
	lay_out();
	return 0;
}

static void the_function_that_holds_the_address_is_named_with_the_distance(void **state)
{
	(void)state;
	assert_string_equal(at(0x1000), "first+0x0");
	assert_string_equal(at(0x103f), "first+0x3f");
	assert_string_equal(at(0x1040), "second+0x0");
	assert_string_equal(at(0x104f), "second+0xf");
}

static void an_address_behind_a_function_is_not_its(void **state)
{
	(void)state;
	assert_string_equal(at(0x1050), "none");
	assert_string_equal(at(0xfff), "none");
	assert_string_equal(at(0x1200), "none");
	assert_string_equal(at(UINT64_MAX), "none");
}

static void a_function_without_a_size_reaches_to_the_end_of_its_section(void **state)
{
	(void)state;
	image.symbol[2].st_size = 0;
	assert_string_equal(at(0x10ff), "second+0xbf");
	assert_string_equal(at(0x2000), "none");
}

static void a_label_is_named_where_no_function_is(void **state)
{
	(void)state;
	assert_string_equal(at(0x1090), "label+0x10");
	image.symbol[3].st_value = 0x1010;
	assert_string_equal(at(0x1020), "first+0x20");
}

static void of_functions_within_each_other_the_innermost_is_named(void **state)
{
	(void)state;
	image.symbol[1].st_size = 0x100;
	assert_string_equal(at(0x1041), "second+0x1");
	assert_string_equal(at(0x1051), "first+0x51");
	image.symbol[3] = image.symbol[1];
	image.symbol[1] = symbol(20, STT_FUNC, 0x1048, 0x4);
	assert_string_equal(at(0x1041), "second+0x1");
}

static void the_dynamic_table_is_second(void **state)
{
	(void)state;
	assert_string_equal(at(0x1110), "dynamic+0x10");
	image.dynamic[1].st_value = 0x1000;
	assert_string_equal(at(0x1010), "first+0x10");
	image.dynamic[1].st_value = 0x1008;
	assert_string_equal(at(0x1010), "first+0x10");
	image.section[SYMTAB].sh_type = SHT_NULL;
	assert_string_equal(at(0x1010), "dynamic+0x8");
}

static void symbols_of_another_section_or_of_data_do_not_count(void **state)
{
	(void)state;
	image.symbol[1].st_shndx = OTHER;
	assert_string_equal(at(0x1010), "none");
	image.symbol[1].st_shndx = CODE;
	image.symbol[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	assert_string_equal(at(0x1010), "none");
	image.symbol[1] = symbol(1, STT_FUNC, 0, 0);
	image.symbol[1].st_shndx = SHN_UNDEF;
	assert_string_equal(at(0x5000), "none");
}

static void mapping_symbols_are_no_names(void **state)
{
	(void)state;
	image.symbol[3].st_name = 28;
	assert_string_equal(at(0x1090), "none");
}

static void a_long_name_is_cut(void **state)
{
	char first[FDG_ELF_NAME + 8], cold[FDG_ELF_NAME + 8];
	const char *name;

	(void)state;
	memset(image.names + 1, 'n', sizeof(image.names) - 1);
	image.section[STRTAB].sh_size = sizeof(image.names);
	name = at(0x1001);
	assert_int_equal(strlen(name), FDG_ELF_NAME + strlen("+0x1"));
	assert_string_equal(name + FDG_ELF_NAME, "+0x1");
	assert_int_equal(strspn(name, "n"), FDG_ELF_HEAD);
	assert_int_equal(name[FDG_ELF_HEAD], '~');
	strcpy(first, name);
	image.names[FDG_ELF_NAME + 1] = '\0'; /* as long as one may be */
	assert_int_equal(strspn(at(0x1001), "n"), FDG_ELF_NAME);
	/* One that differs at its end is another; a clone of it is not. */
	memcpy(image.names + sizeof(image.names) - 8, "x.cold", 7);
	image.names[FDG_ELF_NAME + 1] = 'n';
	strcpy(cold, at(0x1001));
	assert_string_not_equal(cold, first);
	strcpy(image.names + sizeof(image.names) - 8, "x");
	assert_string_equal(at(0x1001), cold);
}

static void a_name_without_an_end_is_cut_at_the_end_of_the_table(void **state)
{
	(void)state;
	image.section[STRTAB].sh_size = 4;
	assert_string_equal(at(0x1001), "fir+0x1");
	assert_string_equal(at(0x1041), "none");
}

static void more_sections_than_the_header_can_count(void **state)
{
	(void)state;
	image.header.e_shnum = 0;
	image.section[0].sh_size = SECTIONS;
	assert_string_equal(at(0x1001), "first+0x1");
	image.section[0].sh_size = UINT64_MAX;
	assert_string_equal(at(0x1001), "first+0x1");
}

static void what_is_no_elf_file_of_this_machine_has_no_symbols(void **state)
{
	(void)state;
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_string_equal(at(0x1001), "none");
	lay_out();
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_string_equal(at(0x1001), "none");
	lay_out();
	image.header.e_shentsize--;
	assert_string_equal(at(0x1001), "none");
	lay_out();
	image.header.e_ident[0] = '#';
	assert_string_equal(at(0x1001), "none");
}

static void fields_that_lie_are_no_harm(void **state)
{
	static const uint64_t lies[] = { 0, 1, 23, 25, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX - 23, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		for (int field = 0; field < 12; field++) {
			lay_out();
			switch (field) {
			case 0: image.header.e_shoff = lies[i]; break;
			case 1: image.header.e_shnum = (Elf64_Half)lies[i]; break;
			case 2: image.header.e_shentsize = (Elf64_Half)(lies[i] + 63); break;
			case 3: image.section[SYMTAB].sh_offset = lies[i]; break;
			case 4: image.section[SYMTAB].sh_size = lies[i]; break;
			case 5: image.section[SYMTAB].sh_entsize = lies[i]; break;
			case 6: image.section[SYMTAB].sh_link = (Elf64_Word)lies[i]; break;
			case 7: image.section[STRTAB].sh_offset = lies[i]; break;
			case 8: image.section[STRTAB].sh_size = lies[i]; break;
			case 9: image.symbol[1].st_name = (Elf64_Word)lies[i]; break;
			case 10: image.symbol[1].st_value = lies[i]; break;
			default: image.symbol[1].st_size = lies[i];
			}
			at(0x1001);
		}
	}
	lay_out();
	image.section[SYMTAB].sh_entsize = 0;
	assert_string_equal(at(0x1001), "none");
}

static void a_file_that_is_cut_off_anywhere_is_no_harm(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(image); n++)
		look(&image, n, 0x1001);
}

static void damaged_files_are_no_harm(void **state)
{
	unsigned char copy[sizeof(image)];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		memcpy(copy, &image, sizeof(copy));
		for (int i = 0; i < 4; i++)
			copy[(unsigned)rand_r(&seed) % (offsetof(struct image, names))] = (unsigned char)rand_r(&seed);
		look(copy, sizeof(copy), 0x1001);
	}
}

/* A table of symbols at 1 GiB, all zeros but the last, in a file that has no memory behind the zeros. */
static bool found_as_number(unsigned n)
{
	char text[64];
	struct fdg_buf b = FDG_BUF(text);
	int fd = memfd_create("elf", MFD_CLOEXEC);
	Elf64_Sym last = image.symbol[1];
	bool found;

	image.symbol[1] = (Elf64_Sym){ 0 };
	image.section[SYMTAB].sh_offset = 1u << 30;
	image.section[SYMTAB].sh_size = n * sizeof(last);
	assert_int_equal(pwrite(fd, &image, sizeof(image), 0), sizeof(image));
	assert_int_equal(pwrite(fd, &last, sizeof(last), (1u << 30) + (n - 1) * sizeof(last)), sizeof(last));
	found = fdg_elf_symbol(fd, 0x1001, &b);
	close(fd);
	lay_out();
	return found;
}

static void the_work_for_one_address_is_bounded(void **state)
{
	(void)state;
	assert_true(found_as_number(1));
	assert_true(found_as_number(1000));
	assert_true(found_as_number(FDG_ELF_SYMBOLS));
	assert_false(found_as_number(FDG_ELF_SYMBOLS + 1));
}

static bool found_with_table_in_section(unsigned index)
{
	struct {
		struct image image;
		Elf64_Shdr section[FDG_ELF_SECTIONS + 10];
	} *file = calloc(1, sizeof(*file));
	bool found;

	file->image = image;
	file->image.header.e_shoff = offsetof(__typeof__(*file), section);
	file->image.header.e_shnum = COUNT(file->section);
	memcpy(file->section, image.section, sizeof(image.section));
	file->section[SYMTAB].sh_type = file->section[DYNSYM].sh_type = SHT_NULL;
	file->section[index] = image.section[SYMTAB];
	found = strcmp(look(file, sizeof(*file), 0x1001), "none") != 0;
	free(file);
	return found;
}

static void sections_beyond_the_limit_are_not_looked_at(void **state)
{
	(void)state;
	assert_true(found_with_table_in_section(FDG_ELF_SECTIONS - 1));
	assert_false(found_with_table_in_section(FDG_ELF_SECTIONS));
}

static uint64_t variable_end(uint64_t address)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	uint64_t end;

	assert_int_equal(write(fd, &image, sizeof(image)), sizeof(image));
	end = fdg_elf_variable_end(fd, address);
	close(fd);
	return end;
}

static void a_variable_ends_where_its_symbol_says(void **state)
{
	(void)state;
	assert_int_equal(variable_end(0x1000), 0); /* functions */
	image.symbol[1] = symbol(1, STT_OBJECT, 0x1000, 0x80);
	image.symbol[2] = symbol(7, STT_OBJECT, 0x1080, 0);
	assert_int_equal(variable_end(0x1000), 0x1080);
	assert_int_equal(variable_end(0x107f), 0x1080);
	assert_int_equal(variable_end(0x1080), 0);
	assert_int_equal(variable_end(0x2000), 0); /* another section */
	image.dynamic[1] = symbol(20, STT_OBJECT, 0x1000, 0x100); /* a second name, of all of it */
	assert_int_equal(variable_end(0x1000), 0x1100);
	image.symbol[1].st_size = UINT64_MAX;
	image.dynamic[1].st_size = 0;
	assert_int_equal(variable_end(0x1000), 0);
}

static void only_regular_files_are_read(void **state)
{
	char text[64];
	struct fdg_buf b = FDG_BUF(text);
	int p[2], folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_false(fdg_elf_symbol(p[0], 0x1001, &b));
	assert_false(fdg_elf_symbol(folder, 0x1001, &b));
	assert_false(fdg_elf_symbol(-1, 0x1001, &b));
	assert_int_equal(b.len, 0);
	close(p[0]);
	close(p[1]);
	close(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_function_that_holds_the_address_is_named_with_the_distance, setup),
		cmocka_unit_test_setup(an_address_behind_a_function_is_not_its, setup),
		cmocka_unit_test_setup(a_function_without_a_size_reaches_to_the_end_of_its_section, setup),
		cmocka_unit_test_setup(a_label_is_named_where_no_function_is, setup),
		cmocka_unit_test_setup(the_dynamic_table_is_second, setup),
		cmocka_unit_test_setup(symbols_of_another_section_or_of_data_do_not_count, setup),
		cmocka_unit_test_setup(mapping_symbols_are_no_names, setup),
		cmocka_unit_test_setup(a_long_name_is_cut, setup),
		cmocka_unit_test_setup(a_name_without_an_end_is_cut_at_the_end_of_the_table, setup),
		cmocka_unit_test_setup(more_sections_than_the_header_can_count, setup),
		cmocka_unit_test_setup(what_is_no_elf_file_of_this_machine_has_no_symbols, setup),
		cmocka_unit_test_setup(fields_that_lie_are_no_harm, setup),
		cmocka_unit_test_setup(a_file_that_is_cut_off_anywhere_is_no_harm, setup),
		cmocka_unit_test_setup(damaged_files_are_no_harm, setup),
		cmocka_unit_test_setup(of_functions_within_each_other_the_innermost_is_named, setup),
		cmocka_unit_test_setup(the_work_for_one_address_is_bounded, setup),
		cmocka_unit_test_setup(sections_beyond_the_limit_are_not_looked_at, setup),
		cmocka_unit_test_setup(a_variable_ends_where_its_symbol_says, setup),
		cmocka_unit_test_setup(only_regular_files_are_read, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
