// SPDX-License-Identifier: MIT
#include "resolver/random.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "resolver/modest.h"

#include "base/poison.h"

enum {
	PAGE = 4096,
	PORTION = PAGE - 2 * (int)sizeof(uint32_t),
	FIRST = 64, /* most processes look up one name, and 4 KiB of these take 10 us */
};

struct fdg_random_page {
	uint32_t left; /* bytes, at the end of the portion */
	uint32_t mine; /* 0 in a child that has not looked yet */
	uint8_t bytes[PORTION];
};

int fdg_random_make(struct fdg_random *ret)
{
	struct fdg_random_page *page = fdg_sys_mmap(PAGE, false);

	if (!page)
		return -ENOMEM;
	ret->page = page;
	ret->pid = fdg_is_modest() || fdg_sys3(SYS_madvise, page, PAGE, MADV_WIPEONFORK) < 0 ? fdg_sys_getpid() : 0;
	page->mine = 1;
	ret->used = false;
	return 0;
}

void fdg_random_free(struct fdg_random *r)
{
	fdg_sys_munmap(r->page, PAGE);
	r->page = NULL;
}

/* A filter may forbid getrandom and leave the device. */
static bool fill_from_device(uint8_t *to, size_t wanted)
{
	int fd = fdg_sys_open("/dev/urandom", O_RDONLY | O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return false;
	n = fdg_sys_read(fd, to, wanted);
	fdg_sys_close(fd);
	return n == (long)wanted;
}

static bool fill(struct fdg_random_page *page, size_t wanted)
{
	size_t have = 0;

	while (have < wanted) {
		long n = fdg_sys3(SYS_getrandom, page->bytes + have, wanted - have, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (have < wanted && !fill_from_device(page->bytes, wanted))
		return false;
	page->left = (uint32_t)wanted;
	return true;
}

/* Each number is wiped when it is taken: who reads our memory later does not learn what was sent. */
bool fdg_random_16(struct fdg_random *r, uint16_t *ret)
{
	struct fdg_random_page *page = r->page;
	uint8_t *p;

	if (page->left < 2 && !fill(page, r->used ? PORTION : FIRST))
		return false;
	r->used = true;
	page->left -= 2;
	p = page->bytes + page->left;
	*ret = (uint16_t)(p[0] << 8 | p[1]);
	p[0] = p[1] = 0;
	return true;
}

bool fdg_random_is_forked(struct fdg_random *r)
{
	if (r->page->mine && (!r->pid || r->pid == fdg_sys_getpid()))
		return false;
	r->pid = r->pid ? fdg_sys_getpid() : 0;
	r->page->mine = 1;
	r->page->left = 0;
	return true;
}

bool fdg_random_next(const struct fdg_random *r, uint16_t *ret)
{
	const uint8_t *p = r->page->bytes + r->page->left;

	if (r->page->left < 2)
		return false;
	*ret = (uint16_t)(p[-2] << 8 | p[-1]);
	return true;
}
