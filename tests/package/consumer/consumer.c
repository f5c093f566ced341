// SPDX-License-Identifier: MIT
#include <stdio.h>

#include <fdguard/resolver.h>

int main(void)
{
	struct fdg_resolver *r;

	if (fdg_resolver_create(NULL, &r) != 0)
		return 1;
	fdg_resolver_destroy(r);
	printf("%s\n", fdg_resolver_version());
	return 0;
}
