// SPDX-License-Identifier: MIT
/* Files that a launcher meets: right ones, cut off ones and damaged ones. tests/compat/test_launcher.sh looks at real programs. */
#include "tools/binary.c"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/fdguard-binary.XXXXXX";
static unsigned char image[1 << 16];
static size_t length;

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static struct binary look_at(const void *bytes, size_t n)
{
	struct binary b = { 0 };
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	binary_look(path, &b);
	return b;
}

/* What a loader needs to see: a header, PT_INTERP, and PT_DYNAMIC with one name of a library. */
static struct program {
	Elf64_Ehdr elf;
	Elf64_Phdr segment[3];
	Elf64_Dyn dynamic[3];
	char interpreter[64], names[64];
} program;

static void make_program(const char *interpreter, Elf64_Sxword tag, const char *name)
{
	program = (struct program){
		.elf = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_DYN, .e_machine = FDG_IMAGE_MACHINE,
			 .e_phoff = offsetof(struct program, segment), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3 },
		.segment = {
			{ .p_type = PT_LOAD, .p_vaddr = 0x400000, .p_filesz = sizeof(program) },
			{ .p_type = PT_DYNAMIC, .p_offset = offsetof(struct program, dynamic) },
			{ .p_type = interpreter ? PT_INTERP : PT_NULL, .p_offset = offsetof(struct program, interpreter) },
		},
		.dynamic = {
			{ tag, { 1 } },
			{ DT_STRTAB, { 0x400000 + offsetof(struct program, names) } },
			{ DT_NULL, { 0 } },
		},
	};
	strcpy(program.interpreter, interpreter ? interpreter : "");
	strcpy(program.names + 1, name);
}

static enum binary_kind kind_of(const char *interpreter, Elf64_Sxword tag, const char *name)
{
	make_program(interpreter, tag, name);
	return look_at(&program, sizeof(program)).kind;
}

static void the_interpreter_decides(void **state)
{
	(void)state;
	assert_int_equal(kind_of("/lib64/ld-linux-x86-64.so.2", DT_NEEDED, "libc.so.6"), BINARY_DYNAMIC);
	assert_int_equal(kind_of("/lib/ld-musl-x86_64.so.1", DT_NEEDED, "libc.so"), BINARY_FOREIGN);
	assert_int_equal(kind_of(NULL, DT_NEEDED, "libc.so.6"), BINARY_STATIC);
}

static void the_loader_itself_preloads(void **state)
{
	(void)state;
	assert_int_equal(kind_of(NULL, DT_SONAME, "ld-linux-x86-64.so.2"), BINARY_DYNAMIC);
}

static void an_asan_runtime_is_seen_among_the_libraries(void **state)
{
	(void)state;
	assert_int_equal(kind_of("/lib64/ld-linux-x86-64.so.2", DT_NEEDED, "libasan.so.8"), BINARY_ASAN);
	assert_int_equal(kind_of("/lib64/ld-linux-x86-64.so.2", DT_SONAME, "libasan.so.8"), BINARY_DYNAMIC);
}

static void other_machines_and_sizes_are_foreign_and_named(void **state)
{
	(void)state;
	make_program(NULL, DT_NEEDED, "");
	program.elf.e_machine = EM_S390;
	assert_string_equal(look_at(&program, sizeof(program)).why, "is a program for S/390, and the library is not");
	program.elf.e_machine = EM_386;
	program.elf.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(look_at(&program, sizeof(program)).kind, BINARY_FOREIGN);
}

static void a_go_program_says_so_in_a_note(void **state)
{
	const Elf64_Nhdr note = { 4, 0, 4 };

	(void)state;
	make_program("/lib64/ld-linux-x86-64.so.2", DT_NEEDED, "libc.so.6");
	program.segment[1] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = offsetof(struct program, names) + 32, .p_filesz = 16, .p_align = 4 };
	memcpy(program.names + 32, &note, sizeof(note));
	memcpy(program.names + 32 + sizeof(note), "Go\0", 4);
	assert_int_equal(look_at(&program, sizeof(program)).kind, BINARY_GO);
	program.names[32 + sizeof(note)] = 'C';
	assert_int_equal(look_at(&program, sizeof(program)).kind, BINARY_DYNAMIC);
}

static void what_a_supervisor_can_watch(void **state)
{
	(void)state;
	assert_true(kind_of(NULL, DT_NEEDED, "libc.so.6") == BINARY_STATIC && look_at(&program, sizeof(program)).is_watchable);
	assert_true(kind_of("/lib/ld-musl-x86_64.so.1", DT_NEEDED, "libc.so") == BINARY_FOREIGN && look_at(&program, sizeof(program)).is_watchable);
	program.elf.e_machine = EM_S390;
	assert_false(look_at(&program, sizeof(program)).is_watchable);
	program.elf.e_machine = EM_386;
	assert_int_equal(look_at(&program, sizeof(program)).is_watchable, FDG_IMAGE_MACHINE == EM_X86_64);
}

static void what_is_no_program_is_left_to_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(look_at("", 0).kind, BINARY_DYNAMIC);
	assert_int_equal(look_at("#!", 2).kind, BINARY_DYNAMIC);
	assert_int_equal(look_at("#! \n/bin/sh", 11).kind, BINARY_DYNAMIC);
	assert_int_equal(look_at("echo", 4).kind, BINARY_DYNAMIC);
}

static void a_script_is_what_its_interpreter_is(void **state)
{
	char line[64];
	int n;

	(void)state;
	assert_int_equal(look_at("#! \t/bin/sh -e\n", 15).kind, BINARY_DYNAMIC);
	assert_int_equal(look_at("#!/no/such x\n", 13).kind, BINARY_MISSING);
	n = snprintf(line, sizeof(line), "#!%s\n", path); /* itself: the kernel gives up too */
	assert_int_equal(look_at(line, (size_t)n).kind, BINARY_DYNAMIC);
}

static void damaged_files_do_no_harm(void **state)
{
	unsigned seed = 1;

	(void)state;
	make_program("/lib64/ld-linux-x86-64.so.2", DT_NEEDED, "libasan.so.8");
	length = sizeof(program);
	for (size_t n = 0; n < length; n += 7)
		look_at(&program, n);
	for (int i = 0; i < 3000; i++) {
		memcpy(image, &program, length);
		for (int k = 0; k < 4; k++) {
			seed = seed * 1103515245 + 12345;
			image[(seed >> 8) % length] = (unsigned char)(k ? seed >> 24 : 0xff);
		}
		look_at(image, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_interpreter_decides),
		cmocka_unit_test(the_loader_itself_preloads),
		cmocka_unit_test(an_asan_runtime_is_seen_among_the_libraries),
		cmocka_unit_test(other_machines_and_sizes_are_foreign_and_named),
		cmocka_unit_test(a_go_program_says_so_in_a_note),
		cmocka_unit_test(what_a_supervisor_can_watch),
		cmocka_unit_test(what_is_no_program_is_left_to_the_kernel),
		cmocka_unit_test(a_script_is_what_its_interpreter_is),
		cmocka_unit_test(damaged_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
