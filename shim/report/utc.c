// SPDX-License-Identifier: MIT
#include <time.h>

#include "base/sys.h"
#include "report/line.h"

#include "base/poison.h"

/* Howard Hinnant's civil_from_days: years begin in March, so that the leap day is the last, and repeat every 400. */
static void put_date(struct fdg_buf *b, int64_t days)
{
	int64_t z = days + 719468, era = z / 146097, day = z % 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t left = day - (365 * year + year / 4 - year / 100), month = (5 * left + 2) / 153;
	int64_t mday = left - (153 * month + 2) / 5 + 1;

	month += month < 10 ? 3 : -9;
	fdg_fmt(b, "%ld-", (long)(year + era * 400 + (month <= 2)));
	fdg_fmt(b, month < 10 ? "0%d-" : "%d-", (int)month);
	fdg_fmt(b, mday < 10 ? "0%d" : "%d", (int)mday);
}

static void put_two(struct fdg_buf *b, char before, unsigned v)
{
	fdg_fmt(b, "%c%u%u", before, v / 10, v % 10);
}

void fdg_put_utc(struct fdg_buf *b, int64_t seconds, unsigned ms)
{
	unsigned second = (unsigned)(seconds % 86400);

	put_date(b, seconds / 86400);
	put_two(b, 'T', second / 3600);
	put_two(b, ':', second / 60 % 60);
	put_two(b, ':', second % 60);
	fdg_fmt(b, ".%u%u%uZ", ms / 100, ms / 10 % 10, ms % 10);
}

void fdg_put_now(struct fdg_buf *b)
{
	struct timespec now = { 0, 0 };

	fdg_sys_clock(CLOCK_REALTIME, &now);
	fdg_put_utc(b, now.tv_sec, (unsigned)(now.tv_nsec / 1000000));
}
