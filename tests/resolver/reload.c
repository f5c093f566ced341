// SPDX-License-Identifier: MIT
/* The public library with the files of /etc, and what happens when they change while requests are on their way. Two servers: 127.0.0.1 and ::1. */
#include "lookup.h"

#include <fdguard/resolver.h>

#include "server_messages.h"

static struct server *six;

struct outcome {
	unsigned calls;
	int error;
	enum fdg_resolver_source source;
	char host[256];
};

static void note(void *cookie, const struct fdg_resolver_result *r)
{
	struct outcome *o = cookie;

	o->calls++;
	o->error = r->error;
	o->source = r->source;
	snprintf(o->host, sizeof(o->host), "%s", r->host ? r->host : "");
}

static struct fdg_resolver *create(unsigned flags)
{
	struct fdg_resolver_options o = { .size = sizeof(o), .flags = flags };
	struct fdg_resolver *r;

	assert_int_equal(fdg_resolver_create(&o, &r), 0);
	return r;
}

static void run(struct fdg_resolver *r)
{
	while (fdg_resolver_running(r))
		fdg_resolver_wait(r, 100);
}

static struct outcome ask(struct fdg_resolver *r, const char *name)
{
	struct outcome o = { .calls = 0 };

	assert_int_equal(fdg_resolver_submit(r, name, NULL, &both, note, &o, NULL), 0);
	run(r);
	assert_int_equal(o.calls, 1);
	return o;
}

/* Those of the old server are asked of the new one, and what the old one said is forgotten. */
static void another_server_is_asked_from_the_beginning(void **state)
{
	struct fdg_resolver *r;
	struct outcome o[20] = { { .calls = 0 } };

	(void)state;
	write_etc("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30\n");
	r = create(0);
	assert_int_equal(ask(r, "ok.test").error, 0);
	assert_int_equal(ask(r, "ok.test").source, FDG_RESOLVER_FROM_CACHE);
	for (size_t i = 0; i < COUNT(o); i++)
		assert_int_equal(fdg_resolver_submit(r, i % 2 ? "silent.test" : "silent2.test", NULL, &both, note,
						     &o[i], NULL),
				 0);
	fdg_resolver_process(r);
	write_etc("/etc/resolv.conf", "nameserver ::1\noptions timeout:30\n");
	server_set(six)->only = ACT_CHAIN;
	run(r);
	for (size_t i = 0; i < COUNT(o); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].error, 0);
		assert_string_equal(o[i].host, "End.test");
	}
	server_set(six)->only = ACT_NX;
	assert_int_equal(ask(r, "ok.test").error, EAI_NONAME);
	server_set(six)->only = 0;
	fdg_resolver_destroy(r);
}

static void hosts_and_search_are_used(void **state)
{
	struct fdg_resolver *r;

	(void)state;
	write_etc("/etc/resolv.conf", PLAIN "search ok.test\n");
	r = create(0);
	assert_int_equal(ask(r, "h1").source, FDG_RESOLVER_FROM_FILES);
	assert_string_equal(ask(r, "x").host, "x.ok.test");
	fdg_resolver_destroy(r);
	r = create(FDG_RESOLVER_NO_HOSTS | FDG_RESOLVER_NO_SEARCH);
	assert_int_equal(ask(r, "h1").source, FDG_RESOLVER_FROM_DNS);
	assert_int_equal(ask(r, "x").error, EAI_NONAME);
	fdg_resolver_destroy(r);
}

static void what_nsswitch_names_besides_is_passed_over_unless_strict(void **state)
{
	struct fdg_resolver *r;

	(void)state;
	write_etc("/etc/nsswitch.conf", "hosts: files mdns4_minimal [NOTFOUND=return] dns\n");
	r = create(0);
	assert_int_equal(ask(r, "ok.test").error, 0);
	fdg_resolver_destroy(r);
	r = create(FDG_RESOLVER_STRICT);
	assert_int_equal(ask(r, "ok.test").error, FDG_RESOLVER_NOT_OURS);
	assert_int_equal(ask(r, "1.2.3.4").error, 0);
	fdg_resolver_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(another_server_is_asked_from_the_beginning),
		T(hosts_and_search_are_used),
		T(what_nsswitch_names_besides_is_passed_over_unless_strict),
	};
	int failed;

	six = server_start_at(AF_INET6, 53);
	if (!six) {
		perror("a server at ::1 port 53");
		return 2;
	}
	failed = run_with_server(tests, COUNT(tests));
	server_stop(six);
	return failed;
}
