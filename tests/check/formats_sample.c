// SPDX-License-Identifier: MIT
/*
 * formats-sample ROOT [OBJECT OFFSET [SYMBOL]]: writes sample.sarif, sample.xml and sample.github into the working directory, of a run whose findings were made at
 * that place, and are as hostile as programs can make them. What is missing goes to sample.missing, the frame as text to sample.frame.
 */
#include "../unit/tools/sample_run.h"

#include <time.h>

static struct log_frame made;

static void write_file(const char *name, void (*write)(const struct run *r, const struct sources *s, FILE *f), const struct run *r, const struct sources *s)
{
	FILE *f = fopen(name, "w");

	if (!f)
		exit(1);
	write(r, s, f);
	if (fclose(f) != 0)
		exit(1);
}

static void write_rest(const struct run *r, const struct sources *s)
{
	FILE *missing = fopen("sample.missing", "w"), *frame = fopen("sample.frame", "w");
	const char *text;

	for (size_t i = 0; (text = sources_missing(s, i)); i++)
		fprintf(missing, "%s\n", text);
	fclose(missing);
	if (r->finding[0].line.createds) {
		sources_put_frame(s, &r->finding[0].line.created[0], frame);
		fputc('\n', frame);
	}
	fclose(frame);
}

int main(int argc, char *argv[])
{
	static const char *const problems[] = { "the log ends in the middle of a line: " HOSTILE };
	struct run_finding f[] = {
		sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true),
		sample_finding("select.overflow", FDG_LEVEL_ERROR, RUN_NEW, true),
		hostile_finding(),
		sample_finding("cloexec.inherited", FDG_LEVEL_WARNING, RUN_BASELINED, false),
		sample_finding("run.uncovered", FDG_LEVEL_WARNING, RUN_SUPPRESSED, false),
		sample_finding("cloexec.forced", FDG_LEVEL_NOTE, RUN_FIXED, false),
		sample_finding("later.version" HOSTILE, FDG_LEVEL_WARNING, RUN_NEW, true),
	};
	struct run r = sample_run(f, sizeof(f) / sizeof(*f));
	struct sources *s;
	char now[32];
	time_t seconds = time(NULL) + 60;

	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S.000Z", gmtime(&seconds));
	if (argc > 3)
		made = (struct log_frame){ argv[2], strtoull(argv[3], NULL, 0), argc > 4 ? argv[4] : NULL, NULL };
	for (size_t i = 0; i < r.findings; i++) {
		f[i].line.time = now;
		f[i].line.created = made.object ? &made : NULL;
		f[i].line.createds = made.object ? 1 : 0;
	}
	f[2].line.created = sample_created;
	f[2].line.createds = 2;
	r.o.baseline = "baseline.txt";
	r.problem = (const char **)problems;
	r.problems = 1;
	r.cmd_status = 1;
	s = sources_open(&r, argc > 1 ? argv[1] : NULL);
	write_file("sample.sarif", sarif_write, &r, s);
	write_file("sample.xml", junit_write, &r, s);
	write_file("sample.github", github_write, &r, s);
	write_rest(&r, s);
	sources_close(s);
	return 0;
}
