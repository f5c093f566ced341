// SPDX-License-Identifier: MIT
/* Logs that anybody may have written into, put together by fdguard report: read, sorted into findings, processes and time lines, and written as text and as a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"
#include "tools/json.h"
#include "tools/report.h"
#include "tools/report_page.h"

#define LINE(id, level, rest) \
	"{\"v\":1,\"time\":\"2026-11-21T21:16:00.123Z\",\"pid\":12,\"tid\":13,\"exe\":\"/usr/bin/x\",\"guard\":\"epoll\",\"id\":\"" id "\",\"level\":\"" level \
	"\",\"action\":\"reported\",\"message\":\"m\"" rest "}\n"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(LINE("run.start", "note", ",\"ppid\":1,\"argv\":[\"a\",\"\\u001b[2J\"]") LINE("run.start", "note", ",\"ppid\":12") LINE("run.end", "note", ",\"lost\":1,\"until\":\"seccomp\"")
			  LINE("run.start", "note", ",\"ppid\":12,\"pidns\":4")),
	FUZZ_TEXT(LINE("closewait.leak", "warning", ",\"peer\":\"[::1]:8\",\"count\":3,\"open\":70,\"age_ms\":5000,\"created\":[{\"object\":\"/a</script>\",\"offset\":\"0x1a\",\"symbol\":\"_ZN3dns4openEv+0x1\"}]")
			  LINE("closewait.leak", "warning", ",\"host\":\"b\",\"repeats\":4") "half a line"),
	FUZZ_TEXT(LINE("fdleak.growth", "warning", ",\"curve_open\":[52,135,900],\"curve_ms\":[0,30000,60000]") LINE("epoll.spin", "error", ",\"rate\":9223372036854775807,\"fd\":9")),
	FUZZ_TEXT(LINE("run.sample", "note", ",\"open\":10,\"wakeups\":1000,\"close_wait_peers\":[{\"peer\":\"p\",\"count\":4},{\"peer\":1}]") LINE("run.uncovered", "warning", ",\"fix\":\"\\u2028<b>\"")
			  "\n{\"v\":1}\n[[[[[[[[[[[[[[[[[[[[[[\n"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

__attribute__((noinline)) static char *put(const struct report *p, void (*write)(const struct report *p, FILE *f), size_t *ret_n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_n);

	must(f != NULL);
	write(p, f);
	must(fclose(f) == 0);
	return text;
}

static void put_text(const struct report *p, FILE *f)
{
	report_text_write(p, 0, f);
}

static void must_be_plain(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must((unsigned char)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t');
}

/* The data is JSON, but for its size, and nothing in it is markup. */
static void look_at_data(const char *text)
{
	static struct json_reader reader;
	const char *mark = strstr(text, "id=\"data\">"), *data, *end;

	must(mark != NULL);
	data = mark + strlen("id=\"data\">");
	end = strstr(data, "</script>");
	must(end != NULL && memchr(data, '<', (size_t)(end - data)) == NULL && memchr(data, '&', (size_t)(end - data)) == NULL);
	must(json_read(&reader, data, (size_t)(end - data)) || strcmp(reader.why, "too many values") == 0);
}

static void write_out(const struct report *p)
{
	size_t n;
	char *text = put(p, put_text, &n);

	must_be_plain(text, n);
	free(text);
	text = put(p, report_page_write, &n);
	must_be_plain(text, n);
	look_at_data(text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct report p;
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("log", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
	memset(&p, 0, sizeof(p));
	report_begin(&p);
	p.commands = true;
	must(report_read(&p, path));
	report_finish(&p);
	judge_finish(p.judge, NULL, false);
	for (size_t i = 0; i < p.images; i++)
		must(p.image[i].parent <= p.images && p.image[i].before <= i);
	if (n % 8 == 0)
		write_out(&p); /* slow */
	report_free(&p);
	return 0;
}
