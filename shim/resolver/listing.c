// SPDX-License-Identifier: MIT
#include "resolver/listing.h"

#include <errno.h>

#include "base/sys.h"

#include "base/poison.h"

enum { FEW = 64 };

struct item {
	struct addrinfo info;
	struct sockaddr_storage address;
};

int fdg_resolver_map_slots(struct fdg_resolver *r, unsigned n)
{
	size_t bytes = ((size_t)n + 1) * sizeof(*r->slots);

	r->slots = fdg_sys_mmap(bytes, false);
	if (!r->slots)
		return -ENOMEM;
	r->slots_mapped = bytes;
	return 0;
}

void fdg_resolver_unmap(struct fdg_resolver *r)
{
	if (r->slots)
		fdg_sys_munmap(r->slots, r->slots_mapped);
	if (r->list)
		fdg_sys_munmap(r->list, r->list_mapped);
	fdg_sys_munmap(r, sizeof(*r));
}

static struct item *room_for(struct fdg_resolver *r, unsigned n)
{
	size_t bytes = (n < FEW ? FEW : n) * sizeof(struct item);

	if (r->list_mapped < bytes) {
		if (r->list)
			fdg_sys_munmap(r->list, r->list_mapped);
		r->list = fdg_sys_mmap(bytes, false);
		r->list_mapped = r->list ? bytes : 0;
	}
	return r->list;
}

const struct addrinfo *fdg_listing(struct fdg_resolver *r, struct fdg_request *q)
{
	unsigned n = q->ip_count * q->kind_count;
	struct item *items = room_for(r, n);

	if (!items || !n)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		const struct fdg_ip *ip = &q->ips[i / q->kind_count];
		const struct fdg_kind *k = &q->kind[i % q->kind_count];
		socklen_t len = fdg_ip_to_socket(ip, k->port, &items[i].address);

		items[i].info = (struct addrinfo){
			.ai_flags = q->flags,
			.ai_family = ip->family,
			.ai_socktype = k->socktype,
			.ai_protocol = k->protocol,
			.ai_addrlen = len,
			.ai_addr = (struct sockaddr *)&items[i].address,
			.ai_canonname = !i && q->named && (q->flags & AI_CANONNAME) ? (char *)(uintptr_t)q->name : NULL,
			.ai_next = i + 1 < n ? &items[i + 1].info : NULL,
		};
	}
	return &items[0].info;
}
