// SPDX-License-Identifier: MIT
#include "said.h"

#include <sys/mman.h>

#include "base/kind.h"

static void the_defaults_are_those_of_the_contract(void **state)
{
	const struct fdg_options *o = &options;

	(void)state;
	assert_int_equal(o->cloexec, FDG_FIX);
	assert_int_equal(o->cloexec_kinds, FDG_KIND_SOCKET_BIT | FDG_KIND_EPOLL_BIT | FDG_KIND_EVENT_BIT | FDG_KIND_TIMER_BIT |
					   FDG_KIND_SIGNAL_BIT | FDG_KIND_INOTIFY_BIT);
	assert_int_equal(o->cloexec_inherited, FDG_INHERITED_REPORT);
	assert_int_equal(o->cloexec_allow.kinds, 0);
	assert_int_equal(o->cloexec_allow.ranges, 0);
	assert_int_equal(o->select_mode, FDG_FIX);
	assert_int_equal(o->select_fortify, FDG_FORTIFY_REPORT);
	assert_int_equal(o->nonblock, FDG_REPORT);
	assert_int_equal(o->closewait, FDG_REPORT);
	assert_int_equal(o->closewait_age_ms, 60000);
	assert_false(o->closewait_thread);
	assert_int_equal(o->closewait_signal, 0);
	assert_int_equal(o->closewait_cure, FDG_CURE_SHUTDOWN);
	assert_false(o->keepalive.on);
	assert_int_equal(o->keepalive_user_timeout_ms, 0);
	assert_int_equal(o->epoll, FDG_FIX);
	assert_int_equal(o->epoll_spin, 1000);
	assert_int_equal(o->reuseport, FDG_REPORT);
	assert_int_equal(o->connect_retry, 0);
	assert_int_equal(o->fdleak, FDG_REPORT);
}

static void the_defaults_of_the_core_are_those_of_the_contract(void **state)
{
	const struct fdg_options *o = &options;

	(void)state;
	assert_true(o->resolver);
	assert_false(o->resolver_cache);
	assert_true(o->follow);
	assert_int_equal(o->log.where, FDG_LOG_STDERR);
	assert_int_equal(o->level, FDG_LEVEL_WARNING);
	assert_int_equal(o->format, FDG_TEXT);
	assert_int_equal(o->stacks, 1);
	assert_string_equal(o->suppressions, "");
	assert_string_equal(o->metrics, "");
	assert_int_equal(o->only.count, 0);
	assert_int_equal(o->skip.count, 0);
}

/* "socket,epoll": the parts of a list that say what is accepted, each tried. */
static void every_word_that_help_prints_is_accepted(void **state)
{
	static const struct { const char *key, *values; } rows[] = {
#define OPTION(field, key, type, def, guard, values, meaning) { key, values },
#include "options.def"
#undef OPTION
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char copy[256], text[256];

		if (strchr(rows[i].values, ' '))
			continue;
		snprintf(copy, sizeof(copy), "%s", rows[i].values);
		for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
			snprintf(text, sizeof(text), "%s=%s", rows[i].key, word);
			good(text);
		}
	}
}

static void every_default_is_accepted_when_written_out(void **state)
{
	static const char *const settings[] = {
#define OPTION(field, key, type, def, guard, values, meaning) def[0] ? key "=" def : "",
#include "options.def"
#undef OPTION
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		good(settings[i]);
	the_defaults_are_those_of_the_contract(state);
	the_defaults_of_the_core_are_those_of_the_contract(state);
}

static void nothing_to_read_is_nothing_wrong(void **state)
{
	struct fdg_options defaults = options;

	(void)state;
	assert_int_equal(read_text(NULL), 0);
	good("");
	good(" \t\n:: : ");
	assert_memory_equal(&options, &defaults, sizeof(options));
	assert_int_equal(said.notes, 0);
}

static void the_reader_works_without_a_listener(void **state)
{
	(void)state;
	assert_int_equal(fdg_options_read(&options, "cloexce=1:level=note:x:select=off", NULL, NULL), 2);
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
}

static int set(const char *setting)
{
	said.len = 0;
	said.mistakes = said.notes = 0;
	said.text[0] = '\0';
	return fdg_options_set(&options, setting, hear, &said);
}

static void set_takes_the_rest_of_the_text_as_the_value(void **state)
{
	(void)state;
	assert_int_equal(set("log=/tmp/it's a:b=c 'd'"), 0);
	assert_string_equal(options.log.path, "/tmp/it's a:b=c 'd'");
	assert_int_equal(set("only="), 0);
	assert_int_equal(options.only.count, 0);
}

static void set_tells_its_mistakes(void **state)
{
	(void)state;
	assert_int_equal(set("level"), 1);
	assert_string_equal(said.text, "'level' is not of the form key=value\n");
	assert_int_equal(set(""), 1);
	assert_int_equal(set("level= note"), 1);
	assert_string_equal(said.text, "bad value ' note' for key 'level': expected warning,note,error\n");
	assert_int_equal(set("=x"), 1);
	assert_string_equal(said.text, "unknown key ''\n");
	assert_int_equal(set("include=/nowhere/at all"), 1);
	assert_string_equal(said.text, "file '/nowhere/at all' is not included: there is no such file\n");
	assert_int_equal(options.level, FDG_LEVEL_WARNING);
}

static void what_is_not_built_says_so(void **state)
{
	(void)state;
	good("select.fortify=fix");
	assert_string_equal(said.text, "select.fortify='fix' is accepted, but not built yet: the abort is reported, and stays\n");
	assert_int_equal(said.notes, 1);
	good("cloexec=off:level=note:log=none");
	assert_int_equal(said.notes, 0);
}

static void a_bad_value_is_a_mistake(void **state)
{
	(void)state;
	bad("resolver=fix", "bad value 'fix' for key 'resolver': expected on,off");
	assert_int_equal(said.notes, 0);
}

static void syslog_and_journal_are_words_and_no_files(void **state)
{
	(void)state;
	good("log=syslog");
	assert_int_equal(options.log.where, FDG_LOG_SYSLOG);
	assert_null(options.log.path);
	assert_int_equal(said.notes, 0);
	good("log=journal");
	assert_int_equal(options.log.where, FDG_LOG_JOURNAL);
	assert_int_equal(said.notes, 0);
}

/* The text lies at the end of a page that nothing follows. */
static void no_byte_behind_the_text_is_read(void **state)
{
	static const char *const texts[] = {
		"level=note", "level=", "level", "log='a", "log='", "log='a'", "log='a'b", "x=", "=", "'", "cloexec.allow=3-", "include=",
		"closewait.age=5", "closewait.signal=RT", "closewait.signal=SIG", "skip=a,", "log=%", "keepalive=1/2/", "cloexec.user_timeou=1",
	};
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i]) + 1;

		read_text(memcpy(pages + 4096 - n, texts[i], n));
	}
	munmap(pages, 8192);
}

static void the_defaults_are_those_of_the_table(void **state)
{
	struct fdg_options copy, table;

	(void)state;
	memset(&copy, 0, sizeof(copy));
	memset(&table, 0, sizeof(table));
	fdg_options_defaults(&copy);
	fdg_options_defaults_of_table(&table);
	assert_string_equal(copy.suppressions, table.suppressions);
	assert_string_equal(copy.metrics, table.metrics);
	assert_int_equal(copy.log.where, table.log.where);
	assert_int_equal(copy.only.count + table.only.count + copy.skip.count + table.skip.count, 0);
	/* Fields with pointers or holes were compared; the rest is compared as it lies. */
#define CLEAR(field) (memset(&copy.field, 0, sizeof(copy.field)), memset(&table.field, 0, sizeof(table.field)))
	CLEAR(suppressions), CLEAR(metrics), CLEAR(log), CLEAR(only), CLEAR(skip);
#undef CLEAR
#define OPTION(field, key, type, def, guard, values, meaning) assert_memory_equal(&copy.field, &table.field, sizeof(copy.field));
#include "options.def"
#undef OPTION
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_defaults_are_those_of_the_contract),
		test(the_defaults_are_those_of_the_table),
		test(the_defaults_of_the_core_are_those_of_the_contract),
		test(every_word_that_help_prints_is_accepted),
		test(every_default_is_accepted_when_written_out),
		test(nothing_to_read_is_nothing_wrong),
		test(the_reader_works_without_a_listener),
		test(set_takes_the_rest_of_the_text_as_the_value),
		test(set_tells_its_mistakes),
		test(what_is_not_built_says_so),
		test(a_bad_value_is_a_mistake),
		test(syslog_and_journal_are_words_and_no_files),
		test(no_byte_behind_the_text_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
