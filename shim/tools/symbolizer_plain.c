// SPDX-License-Identifier: MIT
/* Without elfutils: names are demangled, and that is all. */
#include <stdlib.h>

#include "tools/symbolizer.h"

void symbolizer_read(const struct symbolizer_object *o, FILE *out)
{
	symbolizer_say_state(out, SYMBOLIZER_WITHOUT, "");
	for (size_t i = 0; i < o->places; i++) {
		char *function = symbolizer_function(o->place[i].symbol);

		if (function)
			symbolizer_say_line(out, i, &(struct symbolizer_line){ .function = function });
		free(function);
	}
}
