// SPDX-License-Identifier: MIT
/*
 * Guard resolver.
 *
 * The bug. A name is looked up where somebody waits, and everybody takes it for a matter of a millisecond:
 *
 *     getaddrinfo("db.internal", "5432", &hints, &list);      // 5 s, each time: the first nameserver of resolv.conf is dead
 *
 * or the lookup fails, since a packet was lost or a server is overloaded, and the program knows no more than EAI_AGAIN, and its log no more than "connect failed".
 *
 * Right: look names up ahead, several at a time, and keep the answers; tell EAI_AGAIN, which is worth another try, from EAI_NONAME; mend the server.
 *
 * What we report. resolver.slow: a lookup that took FDG_LOOKUP_SLOW, with the name, the server that answered and how many messages it took. resolver.fail: one that ended
 * without an answer (that a name does not exist is an answer), with the server and the reason. Both are notes. A place that fails at one server again and again is told of at its
 * first, tenth, hundredth such lookup, and so on: a program that polls for a name does not fill the log. Where libc looked the name up, its server is not known.
 *
 * A process that is stopped (job control, a debugger, a frozen or throttled cgroup) in a lookup, or reads a hosts file of a million lines, has a slow lookup and a quick server. Waits are
 * made in short slices, so that it is known how much of the time was none: what was not spent in waiting for servers is not put to their account.
 *
 * What we do is in the resolver: wrap/getaddrinfo.c.
 */
#include "guards/lookup/lookup.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "base/big.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "options/options.h"
#include "report/report.h"
#include "report/run.h"
#include "report/symbol.h"

#include "base/poison.h"

#define TELLERS 64u /* places and servers; of more, each lookup counts as the first */
#define PROBES 8u
#define NAME_SHOWN 96

struct teller {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic uint32_t count;
};

FDG_BIG static struct teller tellers[TELLERS];

int64_t fdg_lookup_clock(void)
{
	struct timespec t;

	fdg_sys_clock(CLOCK_MONOTONIC, &t); /* libc's may be another preload's, with another idea of the time */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *fdg_lookup_reason(int eai)
{
	switch (eai) {
	case EAI_AGAIN:
		return "libc says EAI_AGAIN: no server answered, or all that were asked failed";
	case EAI_FAIL:
		return "libc says EAI_FAIL: a server failed for good, or the name cannot be asked for";
	case EAI_SYSTEM:
		return "libc says EAI_SYSTEM: a system call failed";
	default:
		return NULL;
	}
}

const char *fdg_lookup_host_reason(int h_error)
{
	switch (h_error) {
	case TRY_AGAIN:
		return "libc says TRY_AGAIN: no server answered, or all that were asked failed";
	case NO_RECOVERY:
		return "libc says NO_RECOVERY: a server failed for good, or the name cannot be asked for";
	default:
		return NULL;
	}
}

/* How often this was to be told by now; 0: not to be told. */
static uint32_t count(uint64_t hash)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct teller *t = &tellers[(hash + i) % TELLERS];
		uint64_t seen = 0;

		if (atomic_compare_exchange_strong(&t->hash, &seen, hash) || seen == hash)
			return atomic_fetch_add(&t->count, 1) + 1;
	}
	return 1;
}

static bool is_power_of_ten(uint32_t n)
{
	while (n % 10 == 0 && n)
		n /= 10;
	return n == 1;
}

static void put_server(struct fdg_buf *b, const struct sockaddr_storage *a)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;

	if (!a)
		return;
	if (a->ss_family == AF_INET) {
		fdg_put_host(b, AF_INET, &four->sin_addr);
		fdg_fmt(b, ":%u", ntohs(four->sin_port));
	} else if (a->ss_family == AF_INET6) {
		fdg_put(b, "[");
		fdg_put_host(b, AF_INET6, &six->sin6_addr);
		fdg_fmt(b, "]:%u", ntohs(six->sin6_port));
	}
}

static void put_asked(struct fdg_buf *b, const char *name)
{
	size_t n = name ? strnlen(name, NAME_SHOWN + 1) : 0;

	fdg_put_printable(b, name, n > NAME_SHOWN ? NAME_SHOWN : n);
	if (n > NAME_SHOWN)
		fdg_put(b, "…");
}

static void put_messages(struct fdg_buf *b, const struct fdg_looked_up *l, const char *server)
{
	if (!*server || !l->sent)
		return;
	fdg_fmt(b, l->reason ? "; last asked: %s, after " : "; answered by %s, after ", server);
	fdg_put_count(b, l->sent);
	fdg_put(b, l->sent == 1 ? " message" : " messages");
}

static bool has_lost(const struct fdg_looked_up *l)
{
	return l->lost_ms >= FDG_LOOKUP_LOST && l->lost_ms >= l->took_ms / 4;
}

/* It did not wait for servers for so long that it would be slow. */
static bool is_no_servers(const struct fdg_looked_up *l)
{
	return !l->reason && has_lost(l) && l->took_ms - l->lost_ms < FDG_LOOKUP_SLOW;
}

static void put_time(struct fdg_buf *b, const struct fdg_looked_up *l)
{
	fdg_put_time(b, (uint64_t)l->took_ms);
	if (!has_lost(l))
		return;
	fdg_put(b, ", but waited for servers for no more than ");
	fdg_put_time(b, (uint64_t)(l->took_ms - l->lost_ms));
	fdg_put(b, " of that (else it was stopped, short of CPU, or read files)");
}

static void put_sentence(struct fdg_buf *b, const struct fdg_looked_up *l, const char *asked, const char *server)
{
	fdg_fmt(b, "%s%s%s%s", l->call, *asked ? " of " : "", asked, l->reason ? " failed after " : " took ");
	put_time(b, l);
	if (l->reason)
		fdg_fmt(b, ": %s", l->reason);
	put_messages(b, l, server);
	if (l->missing)
		fdg_fmt(b, "; no server answered its %s question, and the %s question was answered", l->missing,
			l->missing[1] ? "A" : "AAAA");
}

static const char *fix(const struct fdg_looked_up *l)
{
	if (l->reason && l->by_libc)
		return "ask the servers that /etc/resolv.conf lists for the same name (dig @SERVER NAME); in the program, try again after EAI_AGAIN (TRY_AGAIN)";
	if (l->reason)
		return "ask that server for the same name (dig @SERVER NAME), or see which ones /etc/resolv.conf lists; in the program, try again after EAI_AGAIN";
	if (l->missing)
		return "see what drops such questions on the way to that server and back (a firewall, a load balancer, the server itself); until then, in the program: AF_INET, or in /etc/resolv.conf: options single-request, or no-aaaa (glibc 2.36)";
	if (is_no_servers(l))
		return "see what kept the process from running (SIGSTOP, a debugger, a frozen or throttled cgroup, too few CPUs), and how long /etc/hosts is; the servers are not the cause";
	return "see whether a server that /etc/resolv.conf lists before is dead, and which search domains are tried first; look names up ahead, or several at a time";
}

static unsigned add_facts(const struct fdg_looked_up *l, const char *asked, struct fdg_fact *fact)
{
	unsigned n = 0;

	fact[n++] = (struct fdg_fact){ "call", "call", l->call, 0 };
	if (*asked)
		fact[n++] = (struct fdg_fact){ "looked_up", "looked up", asked, 0 };
	if (l->sent)
		fact[n++] = (struct fdg_fact){ "messages", NULL, NULL, l->sent };
	if (has_lost(l))
		fact[n++] = (struct fdg_fact){ "lost_ms", NULL, NULL, l->lost_ms };
	if (l->reason)
		fact[n++] = (struct fdg_fact){ "reason", NULL, l->reason, 0 };
	fact[n++] = (struct fdg_fact){ "by", NULL, l->by_libc ? "libc" : "fdguard", 0 };
	return n;
}

static void say(const struct fdg_looked_up *l, uint32_t times, const char *server)
{
	struct fdg_finding f = FDG_FINDING_INIT(l->reason ? FDG_RESOLVER_FAIL : FDG_RESOLVER_SLOW);
	char message[512], asked[NAME_SHOWN * 4 + 8];
	struct fdg_buf m = FDG_BUF(message), a = FDG_BUF(asked);
	struct fdg_place site;
	struct fdg_fact fact[6];

	put_asked(&a, l->asked);
	put_sentence(&m, l, asked, server);
	f.message = message;
	f.fix = fix(l);
	f.key = is_no_servers(l) ? "none waited for" : server;
	f.peer = *server ? server : NULL;
	f.count = times;
	f.count_label = "such lookups";
	f.age_ms = l->took_ms;
	f.site = &site;
	f.sites = fdg_options.stacks > 0 && fdg_place_of(l->site, &site);
	f.site_label = "called at";
	f.fact = fact;
	f.facts = add_facts(l, asked, fact);
	fdg_report(&f);
}

void fdg_looked_up(const struct fdg_looked_up *l)
{
	char server[80];
	struct fdg_buf b = FDG_BUF(server);
	uint64_t hash;
	uint32_t times;

	if (fdg_foreign_memory())
		return;
	atomic_fetch_add_explicit(l->by_libc ? &fdg_run.looked_up_by_libc : &fdg_run.looked_up, 1,
				  memory_order_relaxed);
	if ((!l->reason && l->took_ms < FDG_LOOKUP_SLOW) || !fdg_report_wants(fdg_finding_level(FDG_RESOLVER_FAIL)))
		return;
	if (!is_no_servers(l))
		put_server(&b, l->server);
	hash = fdg_hash(fdg_hash(l->reason != NULL, server, b.len), &l->site, sizeof(l->site)) | 1;
	times = count(hash);
	if (is_power_of_ten(times))
		say(l, times, server);
}
