// SPDX-License-Identifier: MIT
/* What the asking side makes of a reader that dies, lies or stops short. The reader is this file's. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/symbolizer.h"

void symbolizer_read(const struct symbolizer_object *o, FILE *out)
{
	char action = o->path[0];

	if (action == 'k') {
		fflush(out);
		raise(SIGKILL);
	}
	if (action == 'x')
		_exit(3);
	if (action == 'a') {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	symbolizer_say_state(out, SYMBOLIZER_READ, "0123");
	if (action == 'h') /* half a line, and dead */
		fprintf(out, "L0 7 0%cfunction", '\0');
	if (action == 'w') { /* places that nobody asked for, states and objects that there are not */
		fprintf(out, "L99 7 0%cf%cg%c", '\0', '\0', '\0');
		fprintf(out, "L-1 7 0%cf%cg%c", '\0', '\0', '\0');
		fprintf(out, "S77 no%cS%cB999%cB-1%cZ%c%c", '\0', '\0', '\0', '\0', '\0', '\0');
	}
	if (action == 'h') {
		fflush(out);
		raise(SIGKILL);
	}
	for (int i = 0; action == 'm' && i < 1000; i++)
		symbolizer_say_line(out, 0, &(struct symbolizer_line){ .function = "again", .line = 1 });
	symbolizer_say_line(out, o->places - 1, &(struct symbolizer_line){ .function = o->path, .file = "/src/a.c", .line = 42 });
}

static void run(struct symbolizer *s, const char *const objects[])
{
	for (; *objects; objects++)
		symbolizer_ask(s, *objects, 1, NULL, 0);
	symbolizer_run(s);
}

static enum symbolizer_state state_of(const struct symbolizer *s, const char *object)
{
	for (size_t i = 0; i < s->objects; i++)
		if (strcmp(s->object[i].path, object) == 0)
			return s->object[i].state;
	return SYMBOLIZER_UNKNOWN;
}

static void a_dead_reader_costs_one_object(void **state)
{
	static const char *const objects[] = { "abort", "good", "half", "kill", "xit", "zebra", NULL };
	struct symbolizer s = { 0 };

	(void)state;
	run(&s, objects);
	assert_int_equal(state_of(&s, "abort"), SYMBOLIZER_BROKEN);
	assert_int_equal(state_of(&s, "half"), SYMBOLIZER_BROKEN);
	assert_int_equal(state_of(&s, "kill"), SYMBOLIZER_BROKEN);
	assert_int_equal(state_of(&s, "xit"), SYMBOLIZER_BROKEN);
	assert_int_equal(state_of(&s, "good"), SYMBOLIZER_READ);
	assert_int_equal(state_of(&s, "zebra"), SYMBOLIZER_READ);
	assert_int_equal(symbolizer_find(&s, "zebra", 1)->line[0].line, 42);
	assert_string_equal(symbolizer_find(&s, "good", 1)->line[0].function, "good");
	symbolizer_free(&s);
}

static void deaths_have_an_end(void **state)
{
	struct symbolizer s = { 0 };
	char names[30][8];

	(void)state;
	for (int i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "k%02d", i);
		symbolizer_ask(&s, names[i], 1, NULL, 0);
	}
	symbolizer_ask(&s, "zebra", 1, NULL, 0);
	symbolizer_run(&s);
	assert_int_equal(s.objects, 31);
	assert_int_equal(state_of(&s, "k29"), SYMBOLIZER_BROKEN);
	assert_int_equal(state_of(&s, "zebra"), SYMBOLIZER_BROKEN); /* behind the last death */
	symbolizer_free(&s);
}

static void what_a_reader_says_is_not_believed(void **state)
{
	static const char *const objects[] = { "many", "wild", "zebra", NULL };
	struct symbolizer s = { 0 };

	(void)state;
	run(&s, objects);
	assert_int_equal(symbolizer_find(&s, "many", 1)->lines, SYMBOLIZER_LINES_MAX);
	assert_int_equal(state_of(&s, "wild"), SYMBOLIZER_READ);
	assert_int_equal(symbolizer_find(&s, "wild", 1)->lines, 1);
	assert_int_equal(state_of(&s, "zebra"), SYMBOLIZER_READ);
	symbolizer_free(&s);
}

static void the_build_id_comes_along(void **state)
{
	static const char *const objects[] = { "good", NULL };
	struct symbolizer s = { 0 };

	(void)state;
	run(&s, objects);
	assert_string_equal(s.object[0].build_id, "0123");
	symbolizer_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_reader_costs_one_object),
		cmocka_unit_test(deaths_have_an_end),
		cmocka_unit_test(what_a_reader_says_is_not_believed),
		cmocka_unit_test(the_build_id_comes_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
