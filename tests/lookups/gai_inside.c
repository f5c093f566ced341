// SPDX-License-Identifier: MIT
/* What wrap/gai*.c lean on, for swarm.c with them linked in: under sanitizers, which the preload cannot carry into a program. */
#include <errno.h>

#include "base/state.h"
#include "wrap/gai.h"
#include "wrap/lookups.h"
#include "wrap/real.h"

static int asks(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	(void)node, (void)service, (void)hints, (void)ret;
	return EAI_FAIL;
}

static int asks_all(int mode, struct gaicb *list[], int n, struct sigevent *event)
{
	(void)mode, (void)list, (void)n, (void)event;
	return EAI_SYSTEM;
}

static int waits(const struct gaicb *const list[], int n, const struct timespec *timeout)
{
	(void)list, (void)n, (void)timeout;
	return EAI_ALLDONE;
}

static int cancels(struct gaicb *cb)
{
	(void)cb;
	return EAI_ALLDONE;
}

__typeof__(getaddrinfo) *real_getaddrinfo = asks;
__typeof__(getaddrinfo_a) *real_getaddrinfo_a = asks_all;
__typeof__(gai_suspend) *real_gai_suspend = waits;
__typeof__(gai_cancel) *real_gai_cancel = cancels;

int fdg_getaddrinfo_for(const struct gaicb *cb, struct addrinfo **list, const void *site)
{
	(void)site;
	return asks(cb->ar_name, cb->ar_service, cb->ar_request, list);
}

bool fdg_lookups_may(void)
{
	return true;
}

uint64_t fdg_lookups_libc_begins(void)
{
	return 0;
}

void fdg_lookups_libc_ends(uint64_t before)
{
	(void)before;
}

__attribute__((constructor)) static void begin(void)
{
	fdg_phase = FDG_ACTIVE;
}
