// SPDX-License-Identifier: MIT
#include "report/symbol.h"

#include <dlfcn.h>

#include "common.h"
#include "report/run.h"

__attribute__((noinline)) static int landmark(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

static const char *own_path(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	return path;
}

static int setup(void **state)
{
	(void)state;
	fdg_run.exe = own_path();
	atomic_store(&fdg_run.stage, FDG_RUN_IDLE);
	return 0;
}

static const char *symbol(const struct fdg_place *p)
{
	static char text[512];
	struct fdg_buf b = FDG_BUF(text);

	return fdg_symbol_of(p, &b) ? text : "none";
}

static void an_address_of_the_program_has_its_path(void **state)
{
	struct fdg_place p;

	(void)state;
	assert_int_equal(landmark(1), 2);
	assert_true(fdg_place_of((char *)&landmark + 1, &p));
	assert_string_equal(p.object, own_path());
	assert_string_equal(symbol(&p), "landmark+0x0");
}

static void a_return_address_is_looked_up_as_the_call_before_it(void **state)
{
	struct fdg_place p;

	(void)state;
	assert_true(fdg_place_of((char *)&landmark, &p));
	assert_true(strncmp(symbol(&p), "landmark", 8) != 0);
	assert_true(fdg_place_of((char *)&landmark + 3, &p));
	assert_string_equal(symbol(&p), "landmark+0x2");
}

static void an_address_of_a_library_has_the_librarys_path(void **state)
{
	struct fdg_place p;

	(void)state;
	assert_true(fdg_place_of((char *)dlsym(RTLD_NEXT, "getppid") + 1, &p));
	assert_contains(p.object, "/libc.so.6");
	assert_true(p.offset < 16u << 20);
	assert_contains(symbol(&p), "getppid+0x0");
}

static void the_way_back_is_the_same_address(void **state)
{
	const char *program = (const char *)&landmark + 1, *library = (const char *)dlsym(RTLD_NEXT, "getppid") + 1;
	struct fdg_place p;

	(void)state;
	assert_true(fdg_place_of(program, &p));
	assert_ptr_equal(fdg_pc_of(&p), program);
	assert_true(fdg_place_of(library, &p));
	assert_ptr_equal(fdg_pc_of(&p), library);
	assert_null(fdg_pc_of(&(struct fdg_place){ "/no/such/library.so", 1 }));
	assert_null(fdg_pc_of(&(struct fdg_place){ NULL, 1 }));
}

static void what_is_no_code_has_no_place(void **state)
{
	struct fdg_place p = { "untouched", 7 };
	char *heap = malloc(16);

	(void)state;
	assert_false(fdg_place_of(NULL, &p));
	assert_false(fdg_place_of(heap + 1, &p));
	assert_false(fdg_place_of((void *)-1, &p));
	assert_string_equal(p.object, "untouched");
	assert_int_equal(p.offset, 7);
	free(heap);
}

static void the_program_is_found_though_its_path_is_gone(void **state)
{
	struct fdg_place p;

	(void)state;
	fdg_run.exe = "/nonexistent/shopd";
	assert_true(fdg_place_of((char *)&landmark + 1, &p));
	assert_string_equal(p.object, "/nonexistent/shopd");
	assert_string_equal(symbol(&p), "landmark+0x0");
}

static void objects_that_cannot_be_read_have_no_symbols(void **state)
{
	const char *folder = enter_folder();
	struct fdg_place p = { NULL, 0 };
	char command[PATH_MAX + 32];

	(void)state;
	assert_string_equal(symbol(&p), "none");
	p.object = "/nonexistent";
	assert_string_equal(symbol(&p), "none");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	p.object = "./fifo"; /* nobody writes: opening it must not wait */
	assert_string_equal(symbol(&p), "none");
	snprintf(command, sizeof(command), "cp '%s' linux-vdso.so.1", own_path());
	assert_int_equal(system(command), 0);
	assert_true(fdg_place_of((char *)&landmark + 1, &p));
	p.object = "linux-vdso.so.1"; /* a name that is no path is not looked up in the working directory */
	assert_string_equal(symbol(&p), "none");
	p.object = "./linux-vdso.so.1";
	assert_string_equal(symbol(&p), "landmark+0x0");
	leave_folder(folder);
}

static void errno_and_descriptors_are_as_before(void **state)
{
	struct fdg_place p;
	int next = dup(0);

	(void)state;
	assert_true(fdg_place_of((char *)&landmark + 1, &p));
	close(next);
	errno = 4711;
	symbol(&p);
	p.object = "/nonexistent";
	symbol(&p);
	assert_int_equal(errno, 4711);
	assert_int_equal(dup(0), next);
	close(next);
	for (int fd = 900; fd < 1100; fd++)
		assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_retired_process_opens_nothing(void **state)
{
	struct fdg_place p;

	(void)state;
	assert_true(fdg_place_of((char *)&landmark + 1, &p));
	atomic_store(&fdg_run.stage, FDG_RUN_RETIRED);
	assert_string_equal(symbol(&p), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_address_of_the_program_has_its_path, setup),
		cmocka_unit_test_setup(a_return_address_is_looked_up_as_the_call_before_it, setup),
		cmocka_unit_test_setup(an_address_of_a_library_has_the_librarys_path, setup),
		cmocka_unit_test_setup(the_way_back_is_the_same_address, setup),
		cmocka_unit_test_setup(what_is_no_code_has_no_place, setup),
		cmocka_unit_test_setup(the_program_is_found_though_its_path_is_gone, setup),
		cmocka_unit_test_setup(objects_that_cannot_be_read_have_no_symbols, setup),
		cmocka_unit_test_setup(errno_and_descriptors_are_as_before, setup),
		cmocka_unit_test_setup(a_retired_process_opens_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
