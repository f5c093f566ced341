// SPDX-License-Identifier: MIT
#include "ledger/watch.h"

#include "base/big.h"

#include "base/poison.h"

FDG_BIG _Atomic unsigned char fdg_watch[FDG_WATCH_MAX];
struct fdg_news fdg_news = { .end = FDG_WATCH_MAX };

void fdg_watch_change(int fd, unsigned set, unsigned clear)
{
	unsigned char seen = (unsigned char)fdg_watched(fd);

	if ((unsigned)fd >= FDG_WATCH_MAX || fdg_foreign_memory())
		return;
	while (!atomic_compare_exchange_weak(&fdg_watch[(unsigned)fd], &seen, (unsigned char)((seen & ~clear) | set)))
		;
}
