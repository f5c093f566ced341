// SPDX-License-Identifier: MIT
/* A log that anybody may have written into: read in pieces, as it comes; judged, grouped, and written out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "tools/collect.h"
#include "tools/json.h"
#include "tools/summary.h"

#define LINE(id, level, rest) \
	"{\"v\":1,\"time\":\"2026-11-21T21:16:00.123Z\",\"pid\":12,\"tid\":13,\"exe\":\"/usr/bin/x\",\"guard\":\"g\",\"id\":\"" id "\",\"level\":\"" level \
	"\",\"action\":\"reported\",\"message\":\"m\"" rest "}\n"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(LINE("run.exec", "note", ",\"file\":\"/bin/sh\",\"child\":0,\"error\":0") LINE("run.start", "note", ",\"ppid\":1,\"argc\":1,\"argv\":[\"a\",\"\\u001b[2J\"]")
			  LINE("run.end", "note", ",\"findings\":0,\"lost\":1,\"open\":[{\"kind\":\"pipe\",\"count\":2,\"object\":\"/x\",\"offset\":\"0x1\"},{\"more\":3}]")),
	FUZZ_TEXT(LINE("cloexec.leaked", "error", ",\"peer\":\"[::1]:8\",\"site\":[{\"object\":\"/a/b\",\"offset\":\"0x1a\",\"symbol\":\"f.isra.0+0x1\"}],\"created\":[],\"kind\":\"k\"")
			  LINE("cloexec.inherited", "warning", ",\"fds\":\"10,250-251\",\"what\":\"10 /dev/null, 250 x, …\"")),
	FUZZ_TEXT(LINE("run.exec", "note", ",\"file\":\"/nosuch\",\"child\":55,\"error\":0") LINE("run.exec", "note", ",\"file\":\"/nosuch\",\"child\":-1,\"error\":0,\"elsewhere\":1")
			  LINE("run.uncovered", "warning", "") "half a line"),
	FUZZ_TEXT(LINE("run.sample", "note", ",\"open\":3,\"close_wait\":2,\"wakeups\":9,\"close_wait_peers\":[{\"peer\":\"127.0.0.1:80\",\"count\":2}]")),
	FUZZ_TEXT(LINE("run.meant", "note", ",\"fd\":3,\"count\":2,\"created\":[{\"object\":\"/x\",\"offset\":\"0x1\"}],\"kind\":\"file\",\"reason\":\"r\",\"weak\":1,\"what\":\"/y\",\"command\":\"x 3\"")
			  LINE("run.start", "note", "") LINE("run.end", "note", ",\"until\":\"seccomp\"")),
	FUZZ_TEXT("\n\n{\"v\":1}\n[[[[[[[[[[[[[[[[[[[[[[\n\"\\ud83d\\ude00\"\n{\"a\":1e5,\"a\":2}\n"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static void made_up(void *cookie, const struct log_line *l)
{
	judge_finding(cookie, l);
}

/* What was read is written as JSON that can be read, but for its size. */
static void write_out(const struct run *r)
{
	static struct json_reader reader;
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	must(f != NULL);
	run_json_write(r, f);
	fclose(f);
	must(json_read(&reader, text, n) || strcmp(reader.why, "too many values") == 0 || strcmp(reader.why, "values that are nested too deep") == 0);
	free(text);
	f = open_memstream(&text, &n);
	summary_write(r, NULL, f);
	fclose(f);
	for (size_t i = 0; i < n; i++)
		must((unsigned char)text[i] >= 0x20 || text[i] == '\n');
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char *none[] = { NULL };
	static struct caller_fd fds[] = { { 10, "/dev/null" }, { 250, "x" }, { 251, "y" } };
	static const struct caller caller = { fds, 3 };
	struct run r = { .argv = none, .directory = "", .started = "", .o = { .fail_on = FDG_LEVEL_WARNING, .leaks = true } };
	struct judge *j = judge_new(&r);
	struct tree *t = tree_new(&r, made_up, j);
	static int fd = -1;
	struct collect *c;

	if (fd < 0)
		fd = memfd_create("log", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	c = collect_new(&r, t, j, &caller, fd);
	must(pwrite(fd, data, n / 2, 0) == (ssize_t)(n / 2));
	collect_more(c);
	must(pwrite(fd, data + n / 2, n - n / 2, (off_t)(n / 2)) == (ssize_t)(n - n / 2));
	collect_finish(c);
	tree_finish(t);
	judge_finish(j, NULL, true);
	if (n % 8 == 0)
		write_out(&r); /* slow */
	collect_free(c);
	tree_free(t);
	judge_free(j);
	run_free(&r);
	return 0;
}
