// SPDX-License-Identifier: MIT
#include "guards/interest.h"

#include <fcntl.h>
#include <string.h>

#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define BYTES_MAX (4u << 20) /* of one list: 40,000 registrations */

/* Lines of /proc/self/fdinfo/EPFD: "tfd:        7 events:       1b data: …", one byte after the other. */
struct reader {
	int wanted;
	unsigned column; /* of "tfd:"; 4: in front of or in the number; 5: nothing more on this line */
	int number;      /* -1: no digit yet */
	uint64_t lines;
	bool found;
};

static void number_ends(struct reader *r)
{
	r->lines++;
	r->found = r->found || r->number == r->wanted;
	r->column = 5;
}

static void take(struct reader *r, char c)
{
	static const char name[] = "tfd:";

	if (c == '\n') {
		r->column = 0;
		r->number = -1;
	} else if (r->column < 4) {
		r->column = c == name[r->column] ? r->column + 1 : 5;
	} else if (r->column == 4) {
		if (c >= '0' && c <= '9' && r->number < 100000000)
			r->number = (r->number < 0 ? 0 : r->number * 10) + (c - '0');
		else if (r->number >= 0)
			number_ends(r);
	}
}

static bool lists(int epfd, int fd, uint64_t *ret_others)
{
	struct reader r = { .wanted = fd, .number = -1 };
	char text[1024];
	struct fdg_buf path = FDG_BUF(text);
	unsigned bytes = 0;
	int file;
	long n;

	fdg_fmt(&path, "/proc/self/fdinfo/%d", epfd);
	file = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return false;
	for (; bytes < BYTES_MAX && (n = fdg_sys_read(file, text, sizeof(text))) > 0; bytes += (unsigned)n)
		for (long i = 0; i < n; i++)
			take(&r, text[i]);
	fdg_sys_close(file);
	*ret_others = r.lines - r.found;
	return r.found;
}

bool fdg_interest_of(int epfd, int fd, struct fdg_interest *ret)
{
	ret->epfd = epfd;
	return lists(epfd, fd, &ret->others);
}
