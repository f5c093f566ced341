// SPDX-License-Identifier: MIT
/* The demangler is libstdc++'s, loaded where it is there: a machine that runs C++ programs has it. */
#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "tools/symbolizer.h"

typedef char *demangler(const char *name, char *room, size_t *n, int *status);

static demangler *find_demangler(void)
{
	static demangler *found;
	static bool asked;

	if (!asked) {
		void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);

		asked = true;
		if (library)
			*(void **)&found = dlsym(library, "__cxa_demangle");
	}
	return found;
}

/* Rust's own: "::h" and 16 hexadecimal digits at the end. */
static void drop_rust_hash(char *name)
{
	size_t n = strlen(name);

	if (n > 19 && strncmp(name + n - 19, "::h", 3) == 0 && strspn(name + n - 16, "0123456789abcdef") == 16)
		name[n - 19] = '\0';
}

char *demangle(const char *name)
{
	demangler *f;
	char *plain;
	int status = 0;

	if (strncmp(name, "_Z", 2) != 0)
		return NULL;
	f = find_demangler();
	plain = f ? f(name, NULL, NULL, &status) : NULL;
	if (plain)
		drop_rust_hash(plain);
	return plain;
}

char *symbolizer_function(const char *symbol)
{
	char *name, *plus, *plain;

	if (!symbol)
		return NULL;
	name = strdup(symbol);
	plus = name ? strrchr(name, '+') : NULL;
	if (plus)
		*plus = '\0';
	plain = name ? demangle(name) : NULL;
	if (!plain)
		return name;
	free(name);
	return plain;
}
