// SPDX-License-Identifier: MIT
#include "options/options.h"

#include <string.h>

#include "options/reader.h"

#include "base/poison.h"

struct fdg_options fdg_options;

void fdg_options_defaults(struct fdg_options *ret)
{
	for (const struct fdg_row *row = fdg_rows; row < fdg_rows + FDG_ROWS; row++) {
		struct fdg_slice v = FDG_SLICE(row->def);

		fdg_value_read(row, &v, (char *)ret + row->field);
	}
}

int fdg_options_read(struct fdg_options *o, const char *text, fdg_options_say *say, void *cookie)
{
	struct fdg_reader r = { .o = o, .say = say, .cookie = cookie };
	struct fdg_source source = { .start = text ? text : "" };

	fdg_read_source(&r, &source, strlen(source.start));
	return r.mistakes;
}

int fdg_options_set(struct fdg_options *o, const char *setting, fdg_options_say *say, void *cookie)
{
	struct fdg_reader r = { .o = o, .say = say, .cookie = cookie };
	struct fdg_slice all = FDG_SLICE(setting), key = { setting, strcspn(setting, "=") };

	if (key.n == all.n)
		fdg_say(&r, true, "", all, " is not of the form key=value");
	else
		fdg_read_setting(&r, key, (struct fdg_slice){ setting + key.n + 1, all.n - key.n - 1 });
	return r.mistakes;
}
