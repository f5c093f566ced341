// SPDX-License-Identifier: MIT
#include "resolver/hostconf.h"

#include <string.h>
#include <strings.h>

#include "base/poison.h"

/* Anything that begins with "on" or "off"; else nothing changes. */
static void set(struct fdg_text value, bool *ret)
{
	if (value.n >= 2 && strncasecmp(value.s, "on", 2) == 0)
		*ret = true;
	else if (value.n >= 3 && strncasecmp(value.s, "off", 3) == 0)
		*ret = false;
}

bool fdg_hostconf_multi(struct fdg_text text, const char *resolv_multi)
{
	struct fdg_text line, word;
	bool multi = false;

	while (fdg_text_line(&text, &line)) {
		line = fdg_text_until(&line, "#");
		if (fdg_text_word(&line, &word) && fdg_text_is_any_case(word, "multi"))
			set(fdg_text_trim_start(line), &multi);
	}
	if (resolv_multi)
		set((struct fdg_text){ resolv_multi, strlen(resolv_multi) }, &multi);
	return multi;
}
