// SPDX-License-Identifier: MIT
/* The public library: requests and what becomes of them. */
#include "api.h"

enum { MANY = 3000 };

static void a_name_has_addresses(void **state)
{
	struct outcome o;

	(void)state;
	start(16);
	o = ask("ok.test", &both);
	assert_int_equal(o.error, 0);
	assert_int_equal(o.count, 2);
	assert_string_equal(o.host, "ok.test");
	assert_int_equal(o.source, FDG_RESOLVER_FROM_DNS);
	assert_int_equal(o.ttl, 60);
	assert_int_equal(o.sent, 2);
	assert_true(o.has_server);
	o = ask("nx.test", &both);
	assert_int_equal(o.error, EAI_NONAME);
	assert_true(o.reason[0] != '\0');
	o = ask("192.0.2.7", &both);
	assert_string_equal(o.first, "192.0.2.7");
	assert_int_equal(o.source, FDG_RESOLVER_FROM_TEXT);
	o = ask("servfail.test", &both);
	assert_int_equal(o.error, EAI_AGAIN);
	assert_non_null(strstr(o.reason, "SERVFAIL"));
}

/* A million would go the same way: as many as there is room for are on their way, each that ends makes room for the next. */
struct stream {
	unsigned next, done, good, bad;
	uint8_t seen[MANY];
};

static struct stream stream;

static void more(void);

static void streamed(void *cookie, const struct fdg_resolver_result *result)
{
	unsigned n = (unsigned)(uintptr_t)cookie;

	assert_true(n < MANY && !stream.seen[n]);
	stream.seen[n] = 1;
	stream.done++;
	if (result->error)
		stream.bad++;
	else
		stream.good++;
	more();
}

static void more(void)
{
	char name[32];

	while (stream.next < MANY) {
		snprintf(name, sizeof(name), stream.next % 10 ? "ok%u.test" : "nx%u.test", stream.next);
		if (fdg_resolver_submit(r, name, NULL, &both, streamed, (void *)(uintptr_t)stream.next, NULL)) {
			assert_int_equal(fdg_resolver_room(r), 0);
			return;
		}
		stream.next++;
	}
}

static void many_stream_through(void **state)
{
	(void)state;
	start(64);
	stream = (struct stream){ .next = 0 };
	server_set(server)->loss = 10;
	more();
	assert_int_equal(fdg_resolver_running(r), 64);
	run();
	assert_int_equal(stream.done, MANY);
	assert_int_equal(stream.bad, MANY / 10);
}

static void what_is_asked_already_is_not_asked_again(void **state)
{
	static struct outcome o[100];
	struct fdg_resolver_counts c = { .size = sizeof(c) };

	(void)state;
	start(128);
	for (unsigned i = 0; i < COUNT(o); i++)
		submit(i % 2 ? "ok.test" : "OK.Test", &both, &o[i]);
	run();
	for (unsigned i = 0; i < COUNT(o); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].count, 2);
		assert_string_equal(o[i].host, i % 2 ? "ok.test" : "OK.Test");
	}
	fdg_resolver_counts(r, &c);
	assert_int_equal(c.asked, 2);
	assert_int_equal(c.shared, 2 * (COUNT(o) - 1));
}

static void answers_are_kept(void **state)
{
	uint64_t before;
	struct outcome o;

	(void)state;
	start(16);
	ask("ok.test", &both);
	ask("nxsoa.test", &four);
	ask("nodatasoa.test", &four);
	before = queries();
	o = ask("Ok.TEST", &both);
	assert_int_equal(o.source, FDG_RESOLVER_FROM_CACHE);
	assert_string_equal(o.host, "Ok.TEST");
	assert_int_equal(o.sent, 0);
	assert_true(o.ttl <= 60);
	assert_int_equal(ask("nxsoa.test", &four).error, EAI_NONAME);
	assert_int_equal(ask("nodatasoa.test", &four).error, EAI_NODATA);
	assert_int_equal(queries(), before);
	fdg_resolver_flush(r);
	ask("ok.test", &four);
	assert_true(queries() > before);
}

/* RFC 2308 section 7.1, RFC 9520. */
static void what_the_servers_failed_is_kept_for_a_moment(void **state)
{
	uint64_t before;
	struct outcome o;

	(void)state;
	start(16);
	assert_int_equal(ask("servfail.test", &both).error, EAI_AGAIN);
	before = queries();
	o = ask("ServFail.test", &both);
	assert_int_equal(o.error, EAI_AGAIN);
	assert_non_null(strstr(o.reason, "SERVFAIL"));
	assert_int_equal(o.sent, 0);
	assert_int_equal(queries(), before);
	fdg_resolver_flush(r);
	assert_int_equal(ask("servfail.test", &four).error, EAI_AGAIN);
	assert_true(queries() > before);
	fdg_resolver_destroy(r);
	options.ttl_max = 1;
	assert_int_equal(fdg_resolver_create(&options, &r), 0);
	ask("servfail.test", &four);
	before = queries();
	usleep(1100000);
	ask("servfail.test", &four);
	assert_true(queries() > before);
}

/* RFC 2308 section 5: without a SOA, that there is nothing is not kept; nor is silence, or what cannot be read. */
static void what_must_not_be_kept_is_not(void **state)
{
	static const char *const names[] = { "nx.test", "nodata.test", "refused.test", "silent.test", "malformed.test" };
	uint64_t before;

	(void)state;
	start(16);
	for (unsigned i = 0; i < COUNT(names); i++) {
		ask(names[i], &four);
		before = queries();
		ask(names[i], &four);
		assert_true(queries() > before);
	}
}

static void a_request_can_be_cancelled(void **state)
{
	struct outcome a, b, c;
	fdg_resolver_handle h, other;

	(void)state;
	start(16);
	h = submit("silent.test", &both, &a);
	other = submit("silent.test", &four, &b);
	fdg_resolver_process(r);
	assert_int_equal(fdg_resolver_cancel(r, h), 0);
	assert_int_equal(a.calls, 0);
	for (int i = 0; i < 3; i++)
		fdg_resolver_process(r);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.error, EAI_CANCELED);
	assert_int_equal(b.calls, 0);
	assert_int_equal(fdg_resolver_cancel(r, h), -ENOENT);
	assert_int_equal(fdg_resolver_cancel(r, other), 0);
	submit("silent.test", &four, &c); /* does not join what is being cancelled */
	for (int i = 0; i < 3; i++)
		fdg_resolver_process(r);
	assert_int_equal(b.error, EAI_CANCELED);
	assert_int_equal(c.calls, 0);
	run();
	assert_int_equal(c.error, EAI_AGAIN);
}

static void the_end_cancels(void **state)
{
	struct outcome o[3];

	(void)state;
	start(16);
	for (unsigned i = 0; i < COUNT(o); i++)
		submit("silent.test", i ? &four : &both, &o[i]);
	fdg_resolver_process(r);
	fdg_resolver_destroy(r);
	r = NULL;
	for (unsigned i = 0; i < COUNT(o); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].error, EAI_CANCELED);
	}
}

static void too_many_are_refused(void **state)
{
	struct outcome o[5];

	(void)state;
	start(4);
	for (int i = 0; i < 4; i++)
		submit("ok.test", &both, &o[i]);
	assert_int_equal(fdg_resolver_submit(r, "ok.test", NULL, &both, note, &o[4], NULL), -EAGAIN);
	assert_int_equal(fdg_resolver_submit(r, "ok.test", NULL, &both, NULL, &o[4], NULL), -EINVAL);
	run();
	submit("ok.test", &both, &o[4]);
	run();
	assert_int_equal(o[4].error, 0);
}

/* AAAA comes by UDP, A by TCP: later. */
static void a_comes_first_where_nothing_is_sorted(void **state)
{
	struct outcome o;

	(void)state;
	start(16);
	fdg_resolver_destroy(r);
	options.flags |= FDG_RESOLVER_UNSORTED;
	assert_int_equal(fdg_resolver_create(&options, &r), 0);
	o = ask("tc-6ok.test", &both);
	assert_int_equal(o.count, 2);
	assert_string_equal(o.first, "192.0.2.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_name_has_addresses), T(many_stream_through),          T(what_is_asked_already_is_not_asked_again),
		T(answers_are_kept),     T(what_must_not_be_kept_is_not), T(a_request_can_be_cancelled),
		T(the_end_cancels),      T(too_many_are_refused),         T(a_comes_first_where_nothing_is_sorted),
		T(what_the_servers_failed_is_kept_for_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
