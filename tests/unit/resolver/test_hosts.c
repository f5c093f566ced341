// SPDX-License-Identifier: MIT
#include "resolver/hosts.h"

#include "common.h"

static struct fdg_hosts hosts;

static void parse(const char *text)
{
	fdg_hosts_free(&hosts);
	assert_int_equal(fdg_hosts_parse(text_of(text), &hosts), 0);
}

static int teardown(void **state)
{
	(void)state;
	fdg_hosts_free(&hosts);
	return 0;
}

/* The addresses of a name, and the canonical name of the first. */
static const char *all_of(const char *name, int family, bool mapped, bool single)
{
	static char all[1024];
	struct fdg_hosts_query q = { .name = name, .family = family, .mapped = mapped, .single = single };
	struct fdg_hosts_entry e;
	const char *canonical = NULL;

	*all = '\0';
	while (fdg_hosts_next(&hosts, &q, &e)) {
		canonical = canonical ? canonical : e.name;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ", shown(&e.address));
	}
	snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s", canonical ? canonical : "-");
	return all;
}

#define ANY(name) all_of((name), AF_UNSPEC, false, false)
#define FOUR(name) all_of((name), AF_INET, false, false)
#define SIX(name) all_of((name), AF_INET6, false, false)

static void lines_come_in_the_files_order(void **state)
{
	(void)state;
	parse("127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.0.0.2 Big.org big b\n10.0.0.3\tb\n10.0.0.1 big\n10.0.0.1 big # again\n");
	assert_string_equal(ANY("big"), "10.0.0.2 10.0.0.1 10.0.0.1 Big.org");
	assert_string_equal(ANY("BIG.ORG"), "10.0.0.2 Big.org");
	assert_string_equal(ANY("b"), "10.0.0.2 10.0.0.3 Big.org");
	assert_string_equal(all_of("big", AF_UNSPEC, false, true), "10.0.0.2 Big.org");
	assert_string_equal(ANY("big."), "-");
	assert_string_equal(ANY("bigger"), "-");
	assert_string_equal(ANY(""), "-");
	assert_string_equal(FOUR("localhost"), "127.0.0.1 127.0.0.1 localhost");
	assert_string_equal(SIX("localhost"), "::1 localhost");
	assert_string_equal(ANY("localhost"), "127.0.0.1 ::1 localhost");
}

static void families_are_converted_as_libc_does(void **state)
{
	(void)state;
	parse("::ffff:1.2.3.4 m six\n2001:db8::1 m\n1.2.3.5 four m\n");
	assert_string_equal(FOUR("m"), "1.2.3.4 1.2.3.5 m");
	assert_string_equal(SIX("m"), "::ffff:1.2.3.4 2001:db8::1 m");
	assert_string_equal(all_of("m", AF_INET6, true, false), "::ffff:1.2.3.4 2001:db8::1 ::ffff:1.2.3.5 m");
	assert_string_equal(ANY("m"), "::ffff:1.2.3.4 2001:db8::1 1.2.3.5 m");
	assert_string_equal(SIX("four"), "-");
}

static void odd_lines_are_read_as_libc_does(void **state)
{
	(void)state;
	parse("\r\n  1.1.1.1 \v lead\f x\r\n1.1.1.2 cr\r\n#1.1.1.3 comment\n1.1.1.4 half#rest\nfe80::1%lo scope\n1.1.1 short\n"
	      "1.1.1.5 twice twice\n300.1.1.1 bad\nname 1.1.1.6\n1.1.1.7\n1.1.1.8 last");
	assert_string_equal(ANY("lead"), "1.1.1.1 lead");
	assert_string_equal(ANY("x"), "1.1.1.1 lead");
	assert_string_equal(ANY("cr"), "1.1.1.2 cr");
	assert_string_equal(ANY("comment"), "-");
	assert_string_equal(ANY("half"), "1.1.1.4 half");
	assert_string_equal(ANY("scope"), "-");
	assert_string_equal(ANY("short"), "-");
	assert_string_equal(ANY("twice"), "1.1.1.5 twice");
	assert_string_equal(ANY("bad"), "-");
	assert_string_equal(ANY("1.1.1.6"), "-");
	assert_string_equal(ANY("last"), "1.1.1.8 last");
}

static void aliases_lie_behind_the_name(void **state)
{
	struct fdg_hosts_query q = { .name = "c", .family = AF_UNSPEC };
	struct fdg_hosts_entry e;

	(void)state;
	parse("1.1.1.1 a  b\tc # d\n");
	assert_true(fdg_hosts_next(&hosts, &q, &e));
	assert_int_equal(e.alias_count, 2);
	assert_memory_equal(e.aliases, "b\0c", 4);
}

static const char *name_of(const char *address)
{
	struct fdg_ip ip = ip_of(address);
	struct fdg_hosts_entry e;

	return fdg_hosts_by_address(&hosts, &ip, &e) ? e.name : "-";
}

static void addresses_find_their_first_line(void **state)
{
	(void)state;
	parse("::1 six loopback\n127.0.0.1 four\n10.0.0.1 a b\n10.0.0.1 c\n::ffff:10.0.0.2 m\n2001:db8::1 d\n9.9.9.9\n");
	assert_string_equal(name_of("127.0.0.1"), "six"); /* ::1 counts as 127.0.0.1 */
	assert_string_equal(name_of("::1"), "six");
	assert_string_equal(name_of("::ffff:127.0.0.1"), "-");
	assert_string_equal(name_of("10.0.0.1"), "a");
	assert_string_equal(name_of("::ffff:10.0.0.1"), "-");
	assert_string_equal(name_of("::ffff:10.0.0.2"), "m");
	assert_string_equal(name_of("10.0.0.2"), "m");
	assert_string_equal(name_of("2001:db8::1"), "d");
	assert_string_equal(name_of("9.9.9.9"), "");
	assert_string_equal(name_of("10.0.0.3"), "-");
}

static void a_large_file_is_found_through(void **state)
{
	enum { LINES = 20000 };
	char *text = malloc(LINES * 64), *p = text, name[32];

	(void)state;
	for (unsigned i = 0; i < LINES; i++)
		p += sprintf(p, "10.%u.%u.%u host%u.example h%u\n", i >> 16, i >> 8 & 255, i & 255, i, i);
	parse(text);
	for (unsigned i = 0; i < LINES; i++) {
		struct fdg_hosts_query q = { .name = name, .family = AF_INET };
		const uint8_t address[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		struct fdg_hosts_entry e;

		sprintf(name, "H%u", i);
		assert_true(fdg_hosts_next(&hosts, &q, &e));
		assert_memory_equal(e.address.bytes, address, 4);
		assert_false(fdg_hosts_next(&hosts, &q, &e));
	}
	free(text);
}

static void a_very_long_line_is_read_whole(void **state)
{
	enum { NAMES = 30000 };
	char *text = malloc(NAMES * 8 + 32), *p = text + sprintf(text, "1.2.3.4");

	(void)state;
	for (unsigned i = 0; i < NAMES; i++)
		p += sprintf(p, " n%u", i);
	parse(text);
	assert_string_equal(ANY("n29999"), "1.2.3.4 n0");
	free(text);
	text = malloc(100000);
	memset(text, 'x', 99999);
	text[99999] = '\0';
	memcpy(text, "1.2.3.4 ", 8);
	parse(text);
	assert_true(strlen(name_of("1.2.3.4")) == 99991);
	free(text);
}

static void nothing_at_all_is_a_file_too(void **state)
{
	struct fdg_text large = { "", (size_t)FDG_TABLE_TEXT_MAX + 1 };
	struct fdg_hosts none = { .table = { .mapped = 0 } };

	(void)state;
	parse("");
	assert_string_equal(ANY("a"), "-");
	assert_string_equal(name_of("1.2.3.4"), "-");
	assert_int_equal(fdg_hosts_parse(large, &none), -EFBIG);
	fdg_hosts_free(&hosts);
	assert_string_equal(ANY("a"), "-");
	assert_string_equal(name_of("1.2.3.4"), "-");
}

static const char *const words[] = { "a", "A", "ab", "aB", "b", "ba", "a.b", "h", "ah", "hah" };
static const char *const addresses[] = { "1.1.1.1",   "1.1.1.2", "::ffff:1.1.1.1", "::1", "127.0.0.1",
					 "2001:db8::1", "300.1.1.1", "fe80::1%lo",     "a",   "" };
static const char *const gaps[] = { " ", "\t", "  ", " \r", "#", " # ", "\n", "\n\n", "\n " };

static size_t random_file(char *to, size_t room)
{
	size_t n = 0;

	for (unsigned i = any(60); i && n + 32 < room; i--) {
		n += (size_t)sprintf(to + n, "%s", any(3) ? words[any(COUNT(words))] : addresses[any(COUNT(addresses))]);
		if (!any(60))
			to[n++] = '\0';
		n += (size_t)sprintf(to + n, "%s", gaps[any(COUNT(gaps))]);
	}
	return n;
}

/* All that is said of a name or an address. */
static size_t said(const struct fdg_hosts_want *want, int family, char *to)
{
	struct fdg_hosts_query q = { .name = want->name, .family = family, .mapped = true };
	struct fdg_hosts_entry e;
	size_t n = 0;

	while (want->ip ? !n && fdg_hosts_by_address(&hosts, want->ip, &e) : fdg_hosts_next(&hosts, &q, &e)) {
		const char *alias = e.aliases;

		n += (size_t)sprintf(to + n, "%s %s", shown(&e.address), e.name);
		for (uint32_t i = 0; i < e.alias_count; i++, alias += strlen(alias) + 1)
			n += (size_t)sprintf(to + n, ",%s", alias);
		to[n++] = ';';
	}
	to[n] = '\0';
	return n;
}

static void same_of_the_lines_that_are_kept(const char *text, size_t n, const struct fdg_hosts_want *want)
{
	static char part[4096], whole_says[65536], part_says[65536];
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	size_t kept;

	memcpy(part, text, n);
	kept = fdg_hosts_keep(want, part, n);
	assert_true(kept <= n);
	for (unsigned i = 0; i < COUNT(families); i++) {
		fdg_hosts_free(&hosts);
		assert_int_equal(fdg_hosts_parse((struct fdg_text){ text, n }, &hosts), 0);
		said(want, families[i], whole_says);
		fdg_hosts_free(&hosts);
		assert_int_equal(fdg_hosts_parse((struct fdg_text){ part, kept }, &hosts), 0);
		said(want, families[i], part_says);
		assert_string_equal(part_says, whole_says);
	}
}

static void the_lines_that_have_it_say_what_all_say(void **state)
{
	static char text[4096];

	(void)state;
	for (int round = 0; round < 1500; round++) {
		size_t n = random_file(text, sizeof(text));
		struct fdg_hosts_want name = { .name = words[any(COUNT(words))] };
		struct fdg_ip ip = ip_of(addresses[any(6)]);
		struct fdg_hosts_want address = { .ip = &ip };

		same_of_the_lines_that_are_kept(text, n, &name);
		same_of_the_lines_that_are_kept(text, n, &address);
		same_of_the_lines_that_are_kept(text, n ? n - 1 : 0, &name);
	}
}

static void lines_are_collected_from_parts(void **state)
{
	struct fdg_hosts_pick pick = { .want = { .name = "Target" } };
	char part[64];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		int n = sprintf(part, "10.0.0.1 other%u\n10.0.%u.%u x%u target\n", i, i >> 8, i & 255, i);

		assert_int_equal(fdg_hosts_pick_lines(&pick, part, (size_t)n), 0);
	}
	assert_int_equal(fdg_hosts_parse((struct fdg_text){ pick.text, pick.len }, &hosts), 0);
	fdg_hosts_pick_free(&pick);
	assert_int_equal(hosts.table.line_count, 1000);
	assert_string_equal(name_of("10.0.3.231"), "x999");
	assert_string_equal(ANY("other7"), "-");
}

static void the_first_part_that_has_an_address_is_enough(void **state)
{
	struct fdg_ip ip = ip_of("10.0.0.2");
	struct fdg_hosts_pick pick = { .want = { .ip = &ip } };
	char other[] = "10.0.0.1 a\n10.0.0.22 b\n", has[] = "10.0.0.1 c\n10.0.0.2 d\n10.0.0.2 e\n";

	(void)state;
	assert_int_equal(fdg_hosts_pick_lines(&pick, other, sizeof(other) - 1), 0);
	assert_int_equal(fdg_hosts_pick_lines(&pick, has, sizeof(has) - 1), -ECANCELED);
	assert_int_equal(pick.len, strlen("10.0.0.2 d\n"));
	fdg_hosts_pick_free(&pick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_in_the_files_order),
		cmocka_unit_test(families_are_converted_as_libc_does),
		cmocka_unit_test(odd_lines_are_read_as_libc_does),
		cmocka_unit_test(aliases_lie_behind_the_name),
		cmocka_unit_test(addresses_find_their_first_line),
		cmocka_unit_test(a_large_file_is_found_through),
		cmocka_unit_test(a_very_long_line_is_read_whole),
		cmocka_unit_test(nothing_at_all_is_a_file_too),
		cmocka_unit_test(the_lines_that_have_it_say_what_all_say),
		cmocka_unit_test(lines_are_collected_from_parts),
		cmocka_unit_test(the_first_part_that_has_an_address_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
