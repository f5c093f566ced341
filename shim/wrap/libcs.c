// SPDX-License-Identifier: MIT
#include "wrap/libcs.h"

#include "wrap/wrap.h"

/* Whoever comes first finds what every other one would. */
#define LIBCS(name) \
	({ \
		static __typeof__(name) *known; \
		__typeof__(name) *f = __atomic_load_n(&known, __ATOMIC_RELAXED); \
		if (!f) { \
			f = (__typeof__(name) *)(uintptr_t)fdg_bind_libcs((void **)&real_##name); \
			__atomic_store_n(&known, f, __ATOMIC_RELAXED); \
		} \
		f; \
	})

int fdg_libcs_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return LIBCS(poll)(fds, n, timeout_ms);
}

ssize_t fdg_libcs_recv(int fd, void *message, size_t room, int flags)
{
	return LIBCS(recv)(fd, message, room, flags);
}
