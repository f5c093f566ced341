/* SPDX-License-Identifier: MIT */
/* For differential.c: the cases, in groups. */

static const int some_flags[] = { 0, AI_CANONNAME, AI_V4MAPPED, AI_V4MAPPED | AI_ALL | AI_CANONNAME, AI_ADDRCONFIG };
static const int few_flags[] = { AI_CANONNAME };

/* What servers say. */
static void group_answers(void)
{
	static const char *const names[] = {
		"ok.test",        "OK.Test",        "ok.test.",        "nx.test",        "nodata.test",
		"servfail.test",  "refused.test",   "notimp.test",     "formerr.test",   "lame.test",
		"case.test",      "twice.test",     "malformed.test",  "big.test",       "chain.test",
		"longchain.test", "loop.test",      "reverse.test",    "dangling.test",  "badtarget.test",
		"foreign.test",   "classch.test",   "txt.test",        "unrelated.test", "dup.test",
		"mixed.test",     "shortdata.test", "cut.test",        "rcode.test",     "failfull.test",
		"nxfull.test",    "nxsoa.test",     "nodatasoa.test",  "loopname.test",  "wrongid.test",
		"wrongname.test", "wrongtype.test", "noquestion.test", "tc.test",        "tcone.test",
		"ttl.test",
	};

	set_etc("answers", PLAIN, "", ORDER);
	compare_names(names, COUNT(names), some_flags, COUNT(some_flags));
	compare_hosts(names, COUNT(names));
}

/* Where A and AAAA are told different things. */
static void group_pairs(void)
{
	static const char *const acts[] = { "ok",     "nx",       "nodata", "servfail", "refused", "formerr",
					    "notimp", "dangling", "cut",    "chain",    "mixed",   "txt" };
	char name[64];

	set_etc("pairs", PLAIN, "", ORDER);
	for (size_t i = 0; i < COUNT(acts); i++)
		for (size_t k = 0; k < COUNT(acts); k++) {
			if (i == k)
				continue;
			snprintf(name, sizeof(name), "%s-6%s.test", acts[i], acts[k]);
			compare(name, NULL, AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
			compare(name, NULL, AI_V4MAPPED | AI_CANONNAME, AF_INET6, SOCK_STREAM, 0);
			compare(name, NULL, AI_V4MAPPED | AI_ALL, AF_INET6, SOCK_STREAM, 0);
		}
}

static void group_numbers(void)
{
	static const char *const names[] = {
		"127.1",
		"0x7f.1",
		"0177.0.0.1",
		"2130706433",
		"0",
		"1.2.3.4",
		"1.2.3.4.",
		"256.1.1.1",
		" 1.2.3.4",
		"1.2.3.4 ",
		"[::1]",
		"::1",
		"::ffff:1.2.3.4",
		"::1.2.3.4",
		"2001:db8::1",
		"fe80::1%lo",
		"fe80::1%1",
		"fe80::1%99999",
		"fe80::1%",
		"fe80::1%nosuch",
		"ff02::1%lo",
		"2001:db8::1%1",
		"2001:db8::1%lo",
		"fe80::1%4294967296",
		"::ffff:1.2.3.4%1",
		"fe80::1%+1",
		"1:2:3",
		"1.2.3.4%1",
		"",
		".",
		"..",
		".ok.test",
		"ok..test",
		"ok.test..",
		"-ok.test",
		"ok-.test",
		"_ok.test",
		"o k.test",
		"ok!.test",
		"ok\\046test",
		"\xc3\xb6k.test",
		"*",
		"a.b.c.d.e",
		"0123456789012345678901234567890123456789012345678901234567890123.test",
		"012345678901234567890123456789012345678901234567890123456789012.test",
	};
	static const int flags[] = {
		0, AI_CANONNAME, AI_V4MAPPED, AI_NUMERICHOST, AI_ADDRCONFIG, AI_PASSIVE | AI_CANONNAME
	};
	char longest[400] = "";

	set_etc("numbers", PLAIN, "", ORDER);
	compare_names(names, COUNT(names), flags, COUNT(flags));
	for (int i = 0; i < 32; i++)
		strcat(longest, "seven77.");
	compare_families(longest, few_flags, 1);
	longest[254] = '\0';
	compare_families(longest, few_flags, 1);
	longest[253] = '\0';
	compare_families(longest, few_flags, 1);
}

static void group_services(void)
{
	static const char *const services[] = { NULL,      "",       "80",         " 80", "+80",
						"080",     "65536",  "4294967376", "-1",  "0x50",
						"80x",     "http",   "HTTP",       "www", "domain",
						"onlyudp", "nosuch", "4294967295", "*",   "raw1" };
	static const struct {
		int socktype, protocol;
	} kinds[] = { { 0, 0 },
		      { SOCK_STREAM, 0 },
		      { SOCK_DGRAM, 0 },
		      { SOCK_RAW, 0 },
		      { SOCK_SEQPACKET, 0 },
		      { SOCK_STREAM, IPPROTO_UDP },
		      { SOCK_STREAM, IPPROTO_SCTP },
		      { SOCK_DGRAM, IPPROTO_UDPLITE },
		      { SOCK_DCCP, 0 },
		      { 0, IPPROTO_TCP },
		      { 0, IPPROTO_UDP },
		      { 0, IPPROTO_SCTP },
		      { 0, IPPROTO_ICMP },
		      { 77, 0 },
		      { 0, 200 },
		      { SOCK_RAW, 1 },
		      { SOCK_RDM, 0 } };
	static const int flags[] = { 0, AI_PASSIVE, AI_NUMERICSERV, AI_CANONNAME, AI_ADDRCONFIG, 0x4000 };

	set_etc("services", PLAIN, "", ORDER);
	for (size_t s = 0; s < COUNT(services); s++)
		for (size_t k = 0; k < COUNT(kinds); k++)
			for (size_t f = 0; f < COUNT(flags); f++) {
				compare("1.2.3.4", services[s], flags[f], AF_UNSPEC, kinds[k].socktype,
					kinds[k].protocol);
				if (k < 4)
					compare(NULL, services[s], flags[f], AF_UNSPEC, kinds[k].socktype,
						kinds[k].protocol);
			}
	compare(NULL, "80", 0, AF_INET, SOCK_STREAM, 0);
	compare(NULL, "80", AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
	compare("ok.test", "http", 0, AF_UNSPEC, 0, 0);
	compare("ok.test", "80", 0, AF_UNIX, 0, 0);
	compare("ok.test", "nosuch", 0, AF_UNSPEC, 0, 0);
}

static void group_hosts(void)
{
	static const char hosts[] =
		"127.0.0.1 localhost local-alias\n::1 localhost ip6-localhost\n10.0.0.1 h1 H1.Example.org alias1\n10.0.0.2 h1 second\n"
		"2001:db8::5 h1\n10.0.0.3 four\n2001:db8::6 six\n::ffff:10.0.0.9 mapped\nfe80::1%lo scoped\n10.0.0.300 bad\n"
		"10.0.0.4 twice\n10.0.0.4 twice\n10.0.0.5 ok.test\n10.0.0.6 dotted.\n10.0.0.7 bad!name a_b\n";
	static const char *const names[] = { "localhost", "LocalHost",      "localhost.", "h1",       "h1.",
					     "H1",        "h1.example.org", "alias1",     "second",   "four",
					     "six",       "mapped",         "scoped",     "bad",      "twice",
					     "ok.test",   "dotted.",        "dotted",     "bad!name", "a_b",
					     "nx.test",   "foo.localhost" };

	set_etc("hosts", PLAIN, hosts, ORDER);
	compare_names(names, COUNT(names), some_flags, COUNT(some_flags));
	compare_hosts(names, COUNT(names));
}

static void group_search(void)
{
	static const struct {
		const char *name, *resolv;
	} files[] = {
		{ "search-1", PLAIN "search a.test b.test\n" },
		{ "search-nx", PLAIN "search nx.test ok.test\n" },
		{ "search-nodata", PLAIN "search nodata.test nx.test\n" },
		{ "search-servfail", PLAIN "search servfail.test ok.test\n" },
		{ "search-servfail-nx", PLAIN "search servfail.test nx.test\n" },
		{ "search-refused", PLAIN "search refused.test ok.test\n" },
		{ "search-formerr", PLAIN "search formerr.test ok.test\n" },
		{ "search-nodata-ok", PLAIN "search nodata.test ok.test\n" },
		{ "search-dangling", PLAIN "search dangling.test ok.test\n" },
		{ "search-malformed", PLAIN "search malformed.test ok.test\n" },
		{ "search-mixed", PLAIN "search nx-6ok.test ok.test\n" },
		{ "search-nodata-servfail", PLAIN "search nodata.test servfail.test\n" },
		{ "search-chain", PLAIN "search chain.test\n" },
		{ "search-root", PLAIN "search . nx.test\n" },
		{ "search-root-2", PLAIN "search nx.test .\n" },
		{ "search-dots", PLAIN "search nx.test ok.test\noptions ndots:3\n" },
		{ "search-dots-0", PLAIN "search nx.test ok.test\noptions ndots:0\n" },
		{ "search-none", PLAIN "options ndots:2\n" },
		{ "search-notld", PLAIN "search nx.test\noptions no-tld-query\n" },
		{ "domain", PLAIN "search nx.test\ndomain ok.test\n" },
		{ "search-long", PLAIN
		  "search nx.test aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.eeeeeee.ok.test\n" },
		{ "search-bad", PLAIN "search nx.test bad!domain ok.test\n" },
		{ "search-dot-end", PLAIN "search nx.test. ok.test.\n" },
	};
	static const char *const names[] = { "x",          "x.",   "x.nx",    "x.nx.",     "x.nodata",
					     "x.servfail", "x.ok", "x.a.b.c", "x.refused", "" };
	static const int flags[] = { AI_CANONNAME, AI_V4MAPPED };

	for (size_t i = 0; i < COUNT(files); i++) {
		set_etc(files[i].name, files[i].resolv, "", ORDER);
		compare_names(names, COUNT(names), flags, COUNT(flags));
		compare_hosts(names, 4);
	}
}

static void group_options(void)
{
	static const char *const options[] = { "edns0",     "edns0 trust-ad", "single-request", "single-request-reopen",
					       "use-vc",    "no-aaaa",        "rotate",         "attempts:0",
					       "timeout:0", "unknown-word" };
	static const char *const names[] = { "ok.test",       "nx.test",     "nodata.test", "servfail.test",
					     "chain.test",    "ok-6nx.test", "nx-6ok.test", "servfail-6ok.test",
					     "tc.test",       "big.test",    "ok!.test",    "nodata!.test",
					     "servfail!.test" };
	char text[256];

	for (size_t i = 0; i < COUNT(options); i++) {
		snprintf(text, sizeof(text), PLAIN "options %s\n", options[i]);
		set_etc(options[i], text, "", ORDER);
		compare_names(names, COUNT(names), few_flags, 1);
		compare_families("ok!.test", some_flags, 1);
	}
	set_etc("edns0", PLAIN "options edns0\n", "", ORDER);
	compare("noopt.test", NULL, AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
	compare_families("badvers.test", few_flags, 1);
	set_etc("two servers", "nameserver 127.0.0.2\nnameserver 127.0.0.1\noptions timeout:1 attempts:2\n", "", ORDER);
	compare_names(names, COUNT(names), few_flags, 1);
	set_etc("second of no use", "nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:2\n", "",
		ORDER);
	compare_names(names, COUNT(names), few_flags, 1);
	set_etc("nobody listens", "nameserver 127.0.0.2\noptions timeout:1 attempts:1\n", "", ORDER);
	compare_names(names, 2, some_flags, COUNT(some_flags));
	set_etc("by AF_INET6", "nameserver ::1\noptions timeout:1 attempts:1\n", "", ORDER);
	compare_names(names, COUNT(names), few_flags, 1);
	set_etc("an empty file", "", "", ORDER);
	compare_names(names, 3, few_flags, 1);
	set_etc("a server that cannot be reached",
		"nameserver 2001:db8:99::1\nnameserver 127.0.0.1\noptions timeout:1\n", "", ORDER);
	compare_names(names, 3, few_flags, 1);
	set_etc("bad lines", "nameserver 1.2.3\nnameserver 127.0.0.1 # this one\nfoo bar\noptions timeout:1\n", "",
		ORDER);
	compare_names(names, 3, few_flags, 1);
}

static void group_nsswitch(void)
{
	static const char *const lines[] = {
		"files",
		"dns",
		"dns files",
		"files dns",
		"files [NOTFOUND=return] dns",
		"dns [NOTFOUND=return] files",
		"dns [UNAVAIL=return] files",
		"dns [TRYAGAIN=return] files",
		"dns [!UNAVAIL=return] files",
		"files dns [NOTFOUND=return] files",
		"dns [!SUCCESS=return] files",
		"nosuchmodule files",
		"files [SUCCESS=continue] dns",
		"files # dns",
		"files nosuchmodule [NOTFOUND=return] dns",
	};
	static const char *const names[] = { "ok.test",      "nx.test",    "nodata.test",    "servfail.test",
					     "refused.test", "local",      "servfail.local", "nodata.local",
					     "nx.local",     "four.local", "cut.local",      "dangling.local",
					     "ok.local",     "1.2.3.4" };
	static const char hosts[] =
		"10.0.0.1 local servfail.local nodata.local nx.local cut.local dangling.local\n10.0.0.2 four.local ok.local\n";
	static const int flags[] = { AI_CANONNAME, AI_V4MAPPED };
	char text[256];

	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(text, sizeof(text), "hosts: %s\nservices: files\n", lines[i]);
		set_etc(lines[i], PLAIN, hosts, text);
		compare_names(names, COUNT(names), flags, COUNT(flags));
	}
	set_etc("no hosts line", PLAIN, hosts, "services: files\n");
	compare_names(names, COUNT(names), flags, COUNT(flags));
}

/* host.conf, which libc reads once in a process: the script has another one for this group. */
static void group_multi(void)
{
	static const char *const names[] = { "h1", "localhost", "ok.test" };

	set_etc("multi off", PLAIN, "127.0.0.1 localhost\n::1 localhost\n10.0.0.1 h1\n10.0.0.2 h1 h2\n2001:db8::5 h1\n",
		ORDER);
	compare_names(names, COUNT(names), some_flags, COUNT(some_flags));
	compare_hosts(names, COUNT(names));
}

static void compare_name(const char *text, unsigned scope, unsigned port, socklen_t len, socklen_t host_len, int flags)
{
	static char theirs[DIFFERENTIAL_TEXT], ours[DIFFERENTIAL_TEXT];
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)port),
				    .sin6_scope_id = scope };
	bool is_four = inet_pton(AF_INET, text, &four.sin_addr) == 1;
	const struct sockaddr *a = is_four ? (void *)&four : (void *)&six;
	char what[256];

	if (!is_four)
		inet_pton(AF_INET6, text, &six.sin6_addr);
	if (!len)
		len = is_four ? sizeof(four) : sizeof(six);
	snprintf(what, sizeof(what), "getnameinfo %s%%%u:%u len=%u/%u fl=%x", text, scope, port, len, host_len,
		 (unsigned)flags);
	theirs_name(a, len, host_len, flags, theirs);
	ours_name(lookup, a, len, host_len, flags, ours);
	check(what, theirs, ours);
}

static void compare_address(const char *text)
{
	static char theirs[DIFFERENTIAL_TEXT], ours[DIFFERENTIAL_TEXT];
	uint8_t bytes[16];
	bool is_four = inet_pton(AF_INET, text, bytes) == 1;
	char what[256];

	if (!is_four)
		inet_pton(AF_INET6, text, bytes);
	snprintf(what, sizeof(what), "gethostbyaddr %s", text);
	theirs_host_by_address(bytes, is_four ? 4 : 16, is_four ? AF_INET : AF_INET6, theirs);
	ours_host_by_address(lookup, bytes, is_four ? 4 : 16, is_four ? AF_INET : AF_INET6, ours);
	check(what, theirs, ours);
}

static void group_reverse(void)
{
	static const char *const addresses[] = {
		"192.0.2.1", "192.0.2.2",   "192.0.2.3",        "192.0.2.4",       "192.0.2.5",       "192.0.2.6",
		"192.0.2.7", "192.0.2.8",   "192.0.2.9",        "10.0.0.1",        "10.0.0.2",        "127.0.0.1",
		"0.0.0.0",   "2001:db8::1", "2001:db8::2",      "2001:db8::3",     "2001:db8::4",     "2001:db8::5",
		"::1",       "::",          "::ffff:192.0.2.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2", "::192.0.2.1",
		"fe80::1",   "fe80::3",     "ff02::3"
	};
	static const char hosts[] =
		"127.0.0.1 localhost\n10.0.0.1 h1.example.org h1 h1-alias\n10.0.0.1 later\n::1 localhost\n::ffff:10.0.0.2 mapped\n2001:db8::5 six\n";
	static const int flags[] = {
		0, NI_NUMERICHOST, NI_NAMEREQD, NI_NUMERICSERV, NI_DGRAM, NI_NAMEREQD | NI_NUMERICHOST, 0x1000
	};

	set_etc("reverse", PLAIN "search nx.test\n", hosts, ORDER);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		for (size_t f = 0; f < COUNT(flags); f++) {
			compare_name(addresses[i], 0, 80, 0, 1025, flags[f]);
			compare_name(addresses[i], 1, 5353, 0, 1025, flags[f]);
		}
		compare_name(addresses[i], 99, 7, 0, 4, 0);
		compare_name(addresses[i], 0, 7, 0, 0, 0);
		compare_name(addresses[i], 0, 7, 15, 1025, 0);
		compare_address(addresses[i]);
	}
}

static void group_addrconfig(void)
{
	static const char *const names[] = {
		"localhost", "ok.test", "nx.test", "1.2.3.4", "::1", "h", "ok-6nodata.test"
	};
	static const int flags[] = { AI_ADDRCONFIG, AI_ADDRCONFIG | AI_V4MAPPED,
				     AI_ADDRCONFIG | AI_V4MAPPED | AI_ALL | AI_CANONNAME, AI_ADDRCONFIG | AI_PASSIVE };

	set_etc("addrconfig", PLAIN, "127.0.0.1 localhost\n::1 localhost\n10.0.0.1 h\n2001:db8::5 h\n", ORDER);
	compare_names(names, COUNT(names), flags, COUNT(flags));
	for (size_t i = 0; i < COUNT(flags); i++) {
		compare(NULL, "80", flags[i] & ~AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
		compare(NULL, "80", flags[i] & ~AI_CANONNAME, AF_INET6, SOCK_STREAM, 0);
		compare("nx.test", "nosuch", flags[i], AF_INET6, SOCK_STREAM, 0);
		compare("h", "nosuch", flags[i], AF_INET, SOCK_STREAM, 0);
	}
	compare("many.test", NULL, 0, AF_UNSPEC, SOCK_STREAM, 0);
}

/* Where a server says nothing: a second each. */
static void group_silent(void)
{
	static const char *const names[] = { "silent.test",         "ok-6silent.test",     "silent-6ok.test",
					     "nodata-6silent.test", "silent-6nodata.test", "nx-6silent.test",
					     "silent-6nx.test",     "wrongid-only.test" };

	static struct slow slow[COUNT(names)];

	set_etc("silent", PLAIN, "", ORDER);
	for (size_t i = 0; i < COUNT(names); i++) {
		slow[i].node = names[i];
		pthread_create(&slow[i].thread, NULL, compare_slowly, &slow[i]);
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		pthread_join(slow[i].thread, NULL);
		check(names[i], slow[i].theirs, slow[i].ours);
	}
}

static void run_group(const char *name)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} groups[] = { { "answers", group_answers },       { "pairs", group_pairs },       { "numbers", group_numbers },
		       { "services", group_services },     { "hosts", group_hosts },       { "search", group_search },
		       { "options", group_options },       { "nsswitch", group_nsswitch }, { "reverse", group_reverse },
		       { "addrconfig", group_addrconfig }, { "silent", group_silent },     { "multi", group_multi } };

	for (size_t i = 0; i < COUNT(groups); i++)
		if (strcmp(groups[i].name, name) == 0) {
			struct timespec a, b;

			clock_gettime(CLOCK_MONOTONIC, &a);
			groups[i].run();
			clock_gettime(CLOCK_MONOTONIC, &b);
			printf("# %s: %.1f s\n", name,
			       (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
			return;
		}
	printf("there is no group %s\n", name);
	exit(2);
}
