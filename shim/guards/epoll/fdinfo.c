// SPDX-License-Identifier: MIT
/* "tfd:        7 events:       1b data:                7  pos:0 ino:3e9 sdev:9": the first in decimal, the others in hexadecimal. */
#include "guards/epoll/fdinfo.h"

#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define BYTES_MAX (16u << 20) /* of one list: 150,000 registrations */

enum { TFD, EVENTS, DATA, INO, SDEV, FIELDS, OTHER = FIELDS };
static const char *const names[FIELDS] = { "tfd", "events", "data", "ino", "sdev" };
#define NEEDED (1u << TFD | 1u << EVENTS | 1u << DATA)
#define OF_FILE (1u << INO | 1u << SDEV)

static void begin_line(struct fdg_fdinfo_reader *r)
{
	*r = (struct fdg_fdinfo_reader){ .field = -1, .is_begun = true };
}

/* As the kernel's new_encode_dev has it: 20 bits of minor, 12 of major. */
static dev_t device(uint64_t sdev)
{
	return makedev((unsigned)(sdev >> 20), (unsigned)(sdev & 0xfffff));
}

static void keep(struct fdg_fdinfo_reader *r)
{
	switch (r->field) {
	case TFD:
		r->is_wrong = r->is_wrong || r->number > INT_MAX;
		r->line.fd = (int)r->number;
		break;
	case EVENTS:
		r->line.events = (uint32_t)r->number;
		break;
	case DATA:
		r->line.data = r->number;
		break;
	case INO:
		r->line.ino = r->number;
		break;
	case SDEV:
		r->line.dev = device(r->number);
		break;
	default:
		break;
	}
	r->seen |= r->field < FIELDS ? 1u << r->field : 0;
}

static void number_ends(struct fdg_fdinfo_reader *r)
{
	if (r->field >= 0 && r->digits)
		keep(r);
	if (r->digits)
		r->field = -1;
}

static void key_ends(struct fdg_fdinfo_reader *r)
{
	r->field = OTHER;
	for (int i = 0; i < FIELDS && r->field == OTHER; i++)
		if (strlen(names[i]) == r->letters && memcmp(names[i], r->key, r->letters) == 0)
			r->field = i;
	r->letters = 0;
	r->digits = 0;
	r->number = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static void take_digit(struct fdg_fdinfo_reader *r, char c)
{
	unsigned base = r->field == TFD ? 10 : 16;

	if (r->field == OTHER) {
		r->digits = 1;
		return;
	}
	if (digit(c) >= (int)base || ++r->digits > 16)
		r->is_wrong = true;
	else
		r->number = r->number * base + (unsigned)digit(c);
}

static void take_letter(struct fdg_fdinfo_reader *r, char c)
{
	if (r->letters < sizeof(r->key))
		r->key[r->letters] = c;
	if (r->letters <= sizeof(r->key)) /* one that is longer is none of ours */
		r->letters++;
}

bool fdg_fdinfo_take(struct fdg_fdinfo_reader *r, char c)
{
	if (!r->is_begun)
		begin_line(r);
	if (c == '\n') {
		number_ends(r);
		r->is_begun = false;
		r->line.has_file = (r->seen & OF_FILE) == OF_FILE;
		return !r->is_wrong && (r->seen & NEEDED) == NEEDED;
	}
	if (c == ' ' || c == '\t') {
		number_ends(r);
		r->letters = 0;
	} else if (r->field >= 0)
		take_digit(r, c);
	else if (c == ':')
		key_ends(r);
	else
		take_letter(r, c);
	return false;
}

bool fdg_fdinfo_each(int epfd, bool (*f)(void *cookie, const struct fdg_fdinfo *line), void *cookie)
{
	struct fdg_fdinfo_reader r = { .is_begun = false };
	char path[48];
	struct fdg_buf b = FDG_BUF(path);
	bool goes_on = true;
	size_t n, room;
	char *text;

	fdg_fmt(&b, "/proc/self/fdinfo/%d", epfd);
	text = fdg_read_all(path, BYTES_MAX, &n, &room);
	if (!text)
		return false;
	for (size_t i = 0; i < n && goes_on; i++)
		if (fdg_fdinfo_take(&r, text[i]))
			goes_on = f(cookie, &r.line);
	fdg_sys_munmap(text, room);
	return !goes_on || (n > 0 && n < BYTES_MAX);
}

struct wanted {
	int fd;
	uint64_t lines;
	bool found;
};

static bool count(void *cookie, const struct fdg_fdinfo *line)
{
	struct wanted *w = cookie;

	w->lines++;
	w->found = w->found || line->fd == w->fd;
	return true;
}

bool fdg_fdinfo_of(int epfd, int fd, uint64_t *ret_others)
{
	struct wanted w = { .fd = fd };

	fdg_fdinfo_each(epfd, count, &w);
	*ret_others = w.lines - w.found;
	return w.found;
}
