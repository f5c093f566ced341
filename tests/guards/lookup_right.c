// SPDX-License-Identifier: MIT
/* lookup-right: names that exist, names that do not, and mistakes in the call: each has an answer, and soon. */
#include <netdb.h>
#include <stdio.h>

static void look_up(const char *name, const char *service, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *list;
	int error = getaddrinfo(name, service, &hints, &list);

	if (!error)
		freeaddrinfo(list);
	printf("%s %s: %s\n", name, service, error ? gai_strerror(error) : "found");
}

int main(void)
{
	look_up("ok.example", "80", 0);
	look_up("tc.example", "80", 0);
	look_up("nx.example", "80", 0);
	look_up("nodata.example", "80", 0);
	look_up("malformed.example", "80", 0);
	look_up("h1", "80", 0);
	look_up("192.0.2.1", "80", 0);
	look_up("ok.example", "no-such-service", 0);
	look_up("ok.example", "80", AI_NUMERICHOST);
	look_up("-", "80", 0);
	return 0;
}
