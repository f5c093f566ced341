// SPDX-License-Identifier: MIT
/* A place in code as text. */
#include <stdlib.h>

#include "base/exe.h"
#include "tools/plain.h"
#include "tools/report.h"
#include "tools/shorten.h"
#include "tools/symbolizer.h"

/* Of another host, whose files are not here: by what the log says alone. */
static void put_told(const struct log_frame *frame, FILE *f)
{
	const struct log_source *source = frame->source;
	char *symbol = symbolizer_function(frame->symbol);
	const char *name = source && source->function ? source->function : symbol;
	struct pool scratch = { 0 };

	if (name)
		plain_put(f, shorten(&scratch, name));
	if (name && source && source->line) {
		fputs(" at ", f);
		plain_put(f, source->file);
		fprintf(f, ":%u", source->line);
	}
	fputs(name ? " (" : "", f);
	plain_put(f, fdg_base_name(frame->object));
	fprintf(f, "+0x%llx%s", (unsigned long long)frame->offset, name ? ")" : "");
	pool_free(&scratch);
	free(symbol);
}

void report_put_frame(const struct report *p, const struct log_frame *frame, FILE *f)
{
	if (p->sources)
		sources_put_frame(p->sources, frame, f);
	else
		put_told(frame, f);
}

char *report_frame_text(const struct report *p, struct pool *pool, const struct log_frame *frame)
{
	char *text = NULL, *copy;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f) {
		fputs("fdguard: out of memory\n", stderr);
		exit(2);
	}
	report_put_frame(p, frame, f);
	fclose(f);
	copy = pool_text(pool, text, n);
	free(text);
	return copy;
}
