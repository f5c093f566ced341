// SPDX-License-Identifier: MIT
/*
 * Which lookups are ours. Not those of a process in which somebody else has put himself behind libc's names (a preload that asks a proxy, say, and means that nobody asks
 * elsewhere); not while a caching daemon listens, which libc asks first; and not of a thread whose resolver the program has set up in its own way (res_init and _res, resolver(3)).
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/judged.h"
#include "options/options.h"
#include "wrap/lookups.h"
#include "wrap/wrap.h"

#define DAEMON "/var/run/nscd/socket"
#define BELIEVE_MS 1000
#define PLAIN 4 /* states of libc's that are as it made them */

enum { UNKNOWN, OURS, MODEST, THEIRS };

static _Atomic int verdict;
static _Atomic int64_t daemon_looked;
static _Atomic bool daemon_there;
static _Atomic uint64_t plain[PLAIN];
static _Atomic unsigned plain_count;

#define GET(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

static const void *object_with(void *address)
{
	struct dl_find_object o;

	return _dl_find_object(address, &o) == 0 ? o.dlfo_link_map : NULL;
}

static bool is_libcs(void **pointer)
{
	return object_with(fdg_bind(pointer)) == object_with((void *)(uintptr_t)__errno_location);
}

static bool all_are_libcs(void)
{
	return is_libcs((void **)&real_getaddrinfo) && is_libcs((void **)&real_getnameinfo) &&
	       is_libcs((void **)&real_gethostbyname) && is_libcs((void **)&real_gethostbyname2) &&
	       is_libcs((void **)&real_gethostbyaddr) && is_libcs((void **)&real_gethostbyname_r) &&
	       is_libcs((void **)&real_gethostbyname2_r) && is_libcs((void **)&real_gethostbyaddr_r);
}

/*
 * A filter from outside knows what libc's lookups need, and may kill for what ours make besides (systemd's SystemCallFilter= does): even to ask would be the end. There ours
 * make no other calls than libc's. Our supervisor's refuses nothing.
 */
static bool is_filtered(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r != 0 && (r < 0 || !(r & FDG_PROBE_ALONE));
}

/*
 * A kernel that is none (gVisor) has not all. Each once, on nothing: whoever lets them pass leaves them to the kernel, which says that there is no such descriptor. What it would
 * write to is there: valgrind looks.
 */
static bool kernel_is_ours(void)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	struct rlimit limit;
	int value = 0;

	return fdg_sys4(SYS_sendmmsg, -1, NULL, 0, 0) == -EBADF &&
	       fdg_sys5(SYS_recvmmsg, -1, NULL, 0, 0, NULL) == -EBADF &&
	       fdg_sys6(SYS_sendto, -1, 0, 0, 0, 0, 0) == -EBADF &&
	       fdg_sys6(SYS_recvfrom, -1, 0, 0, 0, 0, 0) == -EBADF &&
	       fdg_sys3(SYS_connect, -1, &address, len) == -EBADF &&
	       fdg_sys3(SYS_getsockname, -1, &address, &len) == -EBADF &&
	       fdg_sys5(SYS_getsockopt, -1, SOL_SOCKET, SO_COOKIE, &address, &len) == -EBADF &&
	       fdg_sys5(SYS_setsockopt, -1, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value)) == -EBADF &&
	       fdg_sys_fcntl(-1, F_DUPFD_CLOEXEC, 0) == -EBADF &&
	       fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0 &&
	       fdg_sys3(SYS_getrandom, NULL, 0, 0) == 0 && fdg_sys3(SYS_madvise, NULL, 0, MADV_WIPEONFORK) == 0 &&
	       fdg_sys3(SYS_tgkill, fdg_sys_getpid(), fdg_sys_gettid(), 0) == 0;
}

static int judge(void)
{
	int v = THEIRS;

	if (all_are_libcs() && is_filtered()) {
		fdg_lookup_modest();
		v = MODEST;
	} else if (all_are_libcs() && kernel_is_ours()) {
		v = OURS;
	}
	PUT(verdict, v);
	return v;
}

static bool daemon_listens(void)
{
	int64_t now = fdg_lookup_clock_ms() + BELIEVE_MS;
	struct stat st;

	if (now - GET(daemon_looked) >= BELIEVE_MS) {
		PUT(daemon_looked, now);
		PUT(daemon_there, fdg_sys_stat(DAEMON, &st) == 0);
	}
	return GET(daemon_there);
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* What a program may have changed, for the wishes that it has. 0: nobody has used it. */
static uint64_t state_of_thread(void)
{
	const struct __res_state *r = __res_state();
	unsigned long options =
		r->options & ~(unsigned long)(RES_SNGLKUP | RES_SNGLKUPREOP); /* libc's own doing, after a loss */
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	if (!(r->options & RES_INIT))
		return 0;
	h = mix(h, &options, sizeof(options));
	h = mix(h, &r->retrans, sizeof(r->retrans));
	h = mix(h, &r->retry, sizeof(r->retry));
	h = mix(h, &r->nscount, sizeof(r->nscount));
	h = mix(h, r->nsaddr_list, sizeof(r->nsaddr_list));
	h = mix(h, r->defdname, strnlen(r->defdname, sizeof(r->defdname)));
	return h | 1;
}

static bool is_plain(uint64_t state)
{
	unsigned n = GET(plain_count);

	for (unsigned i = 0; i < n && i < PLAIN; i++)
		if (GET(plain[i]) == state)
			return true;
	return !state;
}

static bool ours_sometimes(void)
{
	int v = GET(verdict);

	return v == OURS || v == MODEST;
}

uint64_t fdg_lookups_libc_begins(void)
{
	return ours_sometimes() ? state_of_thread() : 0;
}

/* It was as libc made it, and still is. Noted in a vfork child, too: the state that libc has made there is its parent's. */
void fdg_lookups_libc_ends(uint64_t before)
{
	uint64_t after = ours_sometimes() ? state_of_thread() : 0;

	if (after && is_plain(before) && !is_plain(after))
		PUT(plain[atomic_fetch_add_explicit(&plain_count, 1, memory_order_relaxed) % PLAIN], after);
}

bool fdg_lookups_may(void)
{
	int v = GET(verdict);

	if (!fdg_options.resolver || fdg_out() || fdg_foreign_memory())
		return false;
	if (v == UNKNOWN)
		v = judge();
	return v != THEIRS && is_plain(state_of_thread()) && !daemon_listens();
}

bool fdg_lookups_are_modest(void)
{
	return GET(verdict) == MODEST;
}
