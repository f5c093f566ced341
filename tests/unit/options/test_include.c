// SPDX-License-Identifier: MIT
#include "said.h"

#include <fcntl.h>
#include <sys/stat.h>

static char directory[] = "/tmp/fdguard-include.XXXXXX";

static int enter_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? chdir(directory) : -1;
}

static int leave_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") || system(command);
}

static void write_bytes(const char *name, const char *bytes, size_t n)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static int lowest_free_fd(void)
{
	int fd = dup(2);

	close(fd);
	return fd;
}

static void a_file_holds_a_setting_a_line_and_comments(void **state)
{
	(void)state;
	write_file("conf", "# first\n\nlevel=note\n  format=json # why\r\nlog='/tmp/a b'#c\n#stacks=9\nstacks=3");
	assert_int_equal(read_text("include=conf"), 1);
	assert_string_equal(said.text, "the value of key 'log' goes on behind its closing quote, in 'conf' line 5\n");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.format, FDG_JSON);
	assert_int_equal(options.stacks, 3);
	write_file("conf", "log='/tmp/a b' #c\nonly=a#b\n#");
	good("include=conf");
	assert_string_equal(options.log.path, "/tmp/a b");
	assert_string_equal(options.only.glob[0], "a#b");
}

static void settings_win_in_the_order_of_reading(void **state)
{
	(void)state;
	write_file("conf", "level=note\nstacks=3\n");
	good("level=error include=conf:stacks=5");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.stacks, 5);
}

static void file_names_can_be_quoted(void **state)
{
	(void)state;
	write_file("a b:c", "level=note");
	good("include='a b:c'");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
}

static void a_quote_ends_on_its_line(void **state)
{
	(void)state;
	write_file("conf", "log='/tmp/a\nlevel=note\nonly='x'\n");
	bad("include=conf", "the value of key 'log' has no closing quote, in 'conf' line 1");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.only.count, 1);
}

static void mistakes_name_the_file_and_the_line(void **state)
{
	(void)state;
	write_file("outer", "\n\ninclude=inner\nlevel=loud\n");
	write_file("inner", "\ncloexce=off\n");
	assert_int_equal(read_text("include=outer:stacks=x"), 3);
	assert_string_equal(said.text, "unknown key 'cloexce' (did you mean 'cloexec'?), in 'inner' line 2\n"
				       "bad value 'loud' for key 'level': expected warning,note,error, in 'outer' line 4\n"
				       "bad value 'x' for key 'stacks': expected 0 to 32\n");
}

static void a_missing_file_is_a_mistake(void **state)
{
	(void)state;
	bad("include=nowhere:level=note", "file 'nowhere' is not included: there is no such file");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	bad("include=", "file '' is not included: it has no name");
	write_file("conf", "");
	bad("include=conf/x", "file 'conf/x' is not included: there is no such file");
	assert_int_equal(symlink("loop", "loop"), 0);
	bad("include=loop", "file 'loop' is not included: it is a loop of symbolic links");
}

static void a_name_that_is_too_long_is_a_mistake(void **state)
{
	char text[6000];

	(void)state;
	memset(text, 'n', sizeof(text));
	memcpy(text, "include=", 8);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(read_text(text), 1);
	assert_non_null(strstr(said.text, "its name is too long"));
	text[8 + 300] = '\0';
	assert_int_equal(read_text(text), 1);
	assert_non_null(strstr(said.text, "its name is too long"));
}

/* A FIFO that nobody writes to would block for ever: ctest's time limit is the judge. */
static void what_is_no_regular_file_is_neither_read_nor_waited_for(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	bad("include=fifo", "file 'fifo' is not included: it is not a regular file");
	bad("include=.", "file '.' is not included: it is not a regular file");
	bad("include=/dev/zero", "file '/dev/zero' is not included: it is not a regular file");
	bad("include=/dev/tty", "file '/dev/tty' is not included: it is not a regular file");
}

static void a_large_file_is_a_mistake(void **state)
{
	enum { LIMIT = 64 << 10 };
	char *text = malloc(LIMIT + 1);

	(void)state;
	memset(text, '\n', LIMIT + 1);
	memcpy(text + LIMIT - 10, "level=note", 10);
	write_bytes("large", text, LIMIT);
	good("include=large");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	memcpy(text, "stacks=9", 8);
	write_bytes("large", text, LIMIT + 1);
	bad("include=large", "file 'large' is not included: it is larger than 64 KiB");
	assert_int_equal(options.stacks, 1);
	free(text);
}

static void a_binary_file_is_a_mistake(void **state)
{
	(void)state;
	write_bytes("binary", "level=note\n\0\x7f" "ELF", 16);
	bad("include=binary", "file 'binary' is not included: it is not a text");
	assert_int_equal(options.level, FDG_LEVEL_WARNING);
	assert_true(read_text("include=/proc/self/exe") == 1);
}

static void files_of_the_kernel_are_read_whatever_size_they_tell(void **state)
{
	(void)state;
	assert_int_equal(read_text("include=/proc/self/comm"), 1);
	assert_non_null(strstr(said.text, "is not of the form key=value"));
	assert_non_null(strstr(said.text, "in '/proc/self/comm' line 1"));
}

static void includes_nest_four_deep(void **state)
{
	(void)state;
	write_file("1", "include=2");
	write_file("2", "include=3");
	write_file("3", "include=4");
	write_file("4", "level=note");
	good("include=1");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	write_file("4", "include=5\nstacks=4");
	write_file("5", "level=error");
	bad("include=1", "file '5' is not included: includes nest deeper than 4, in '4' line 1");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.stacks, 4);
}

static void a_file_that_includes_itself_is_a_mistake(void **state)
{
	(void)state;
	write_file("self", "level=note\ninclude=./self\nstacks=2");
	bad("include=self", "file './self' is not included: it includes itself, in 'self' line 2");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	assert_int_equal(options.stacks, 2);
	write_file("ping", "include=pong");
	write_file("pong", "include=ping");
	bad("include=ping", "file 'ping' is not included: it includes itself, in 'pong' line 1");
}

static void one_file_can_be_included_twice_and_32_in_all(void **state)
{
	char text[1024] = "";

	(void)state;
	write_file("conf", "level=note");
	for (int i = 0; i < 32; i++)
		strcat(text, "include=conf:");
	good(text);
	strcat(text, "include=conf:format=json");
	bad(text, "file 'conf' is not included: more than 32 files are included");
	assert_int_equal(options.format, FDG_JSON);
}

static void no_descriptor_is_left_open(void **state)
{
	int before = lowest_free_fd();

	(void)state;
	write_file("conf", "include=conf\ninclude=binary\ninclude=.\ninclude=nowhere\ninclude=2\n");
	write_file("2", "level=note");
	write_bytes("binary", "\0", 1);
	assert_int_equal(read_text("include=conf"), 4);
	assert_int_equal(lowest_free_fd(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_file_holds_a_setting_a_line_and_comments),
		test(settings_win_in_the_order_of_reading),
		test(file_names_can_be_quoted),
		test(a_quote_ends_on_its_line),
		test(mistakes_name_the_file_and_the_line),
		test(a_missing_file_is_a_mistake),
		test(a_name_that_is_too_long_is_a_mistake),
		test(what_is_no_regular_file_is_neither_read_nor_waited_for),
		test(a_large_file_is_a_mistake),
		test(a_binary_file_is_a_mistake),
		test(files_of_the_kernel_are_read_whatever_size_they_tell),
		test(includes_nest_four_deep),
		test(a_file_that_includes_itself_is_a_mistake),
		test(one_file_can_be_included_twice_and_32_in_all),
		test(no_descriptor_is_left_open),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
