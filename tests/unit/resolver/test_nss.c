// SPDX-License-Identifier: MIT
#include "resolver/nss.h"

#include "common.h"

/* The steps in short: f and d, and behind each the statuses that end the lookup; "libc" if it is not ours. */
static const char *parsed(const char *text)
{
	static char all[256];
	struct fdg_nss nss;
	size_t n = 0;

	if (!fdg_nss_parse(text_of(text), &nss))
		return "libc";
	for (unsigned i = 0; i < nss.count; i++) {
		all[n++] = nss.step[i].source == FDG_NSS_DNS ? 'd' : 'f';
		for (unsigned s = 0; s < FDG_NSS_STATUSES; s++)
			if (nss.step[i].ends[s])
				all[n++] = "SNUT"[s];
	}
	all[n] = '\0';
	return all;
}

static void plain_lines_are_ours(void **state)
{
	(void)state;
	assert_string_equal(parsed(""), "fSdS");
	assert_string_equal(parsed("passwd: ldap\n"), "fSdS");
	assert_string_equal(parsed("hosts: files dns\n"), "fSdS");
	assert_string_equal(parsed("  hosts:\tdns  files "), "dSfS");
	assert_string_equal(parsed("hosts files"), "fS");
	assert_string_equal(parsed("#hosts: ldap\nhosts: dns\n"), "dS");
	assert_string_equal(parsed("hosts: files\nhosts: dns\n"), "dS");
	assert_string_equal(parsed("hosts"), "fSdS");
	assert_string_equal(parsed("hosts2: ldap"), "fSdS");
}

static void actions_are_read(void **state)
{
	(void)state;
	assert_string_equal(parsed("hosts: files [NOTFOUND=return] dns"), "fSNdS");
	assert_string_equal(parsed("hosts: files[notfound=RETURN]dns"), "fSNdS");
	assert_string_equal(parsed("hosts: dns [!UNAVAIL=return] files"), "dSNTfS");
	assert_string_equal(parsed("hosts: dns [ !UNAVAIL = return ] files"), "dSNTfS");
	assert_string_equal(parsed("hosts: files [NOTFOUND=continue] dns [TRYAGAIN=return UNAVAIL=return]"), "fSdSUT");
	assert_string_equal(parsed("hosts: files [!SUCCESS=return] dns"), "fSNUTdS");
}

static void the_rest_is_libcs(void **state)
{
	static const char *const lines[] = {
		"hosts: files mdns4_minimal [NOTFOUND=return] dns", "hosts: files myhostname dns", "hosts: resolve [!UNAVAIL=return] files dns",
		"hosts: files ldap", "hosts: files [SUCCESS=merge] dns", "hosts: files [SUCCESS=continue] dns", "hosts: files [!NOTFOUND=continue] dns",
		"hosts: files # dns", "hosts: files dns # mdns", "hosts: files #", "hosts: files [NOTFOUND] dns", "hosts: files [NOTFOUND=return dns",
		"hosts: files [NOTFOUND=ret] dns", "hosts: files [] dns", "hosts: files [FOUND=return] dns", "hosts: [NOTFOUND=return] dns", "hosts:",
		"hosts : files", "hosts: Files", "hosts: files dns files dns files dns files dns files",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strcmp(parsed(lines[i]), "libc") != 0)
			fail_msg("'%s' is taken as %s", lines[i], parsed(lines[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lines_are_ours),
		cmocka_unit_test(actions_are_read),
		cmocka_unit_test(the_rest_is_libcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
