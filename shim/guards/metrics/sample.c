// SPDX-License-Identifier: MIT
#include "guards/metrics/sample.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/metrics/wakeups.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define BATCH 256u

FDG_BIG static struct pollfd batch[BATCH];

static unsigned kind_of(fdg_kindword w)
{
	unsigned domain = w >> 8 & 0xff, type = w >> 16 & 0xf;
	bool internet = domain == AF_INET || domain == AF_INET6;

	if (fdg_kindword_kind(w) != FDG_KIND_SOCKET)
		return FDG_SAMPLE_KIND + fdg_kindword_kind(w);
	if (domain == AF_UNIX)
		return FDG_SAMPLE_UNIX;
	if (internet && type == SOCK_STREAM)
		return FDG_SAMPLE_TCP;
	return internet && type == SOCK_DGRAM ? FDG_SAMPLE_UDP : FDG_SAMPLE_KIND + FDG_KIND_SOCKET;
}

static void add(struct fdg_sample *s, fdg_kindword w)
{
	s->kind[kind_of(w)]++;
	s->class[fdg_fdleak_class_of(fdg_kindword_kind(w))]++;
}

/* A program that may have fewer descriptors than it has may not poll as many: then they are taken as they are known. */
static void add_open(struct fdg_sample *s, unsigned n)
{
	int r = n ? fdg_sys_poll(batch, n, 0) : 0;

	for (unsigned i = 0; i < n; i++)
		if (r < 0 || !(batch[i].revents & POLLNVAL))
			add(s, fdg_ledger_state(batch[i].fd) & FDG_KIND_MASK);
}

/* What the ledger knows; ask: less what was closed behind it. */
static uint64_t count_known(struct fdg_sample *s, bool ask)
{
	uint64_t known = 0;
	unsigned n = 0;

	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		known++;
		if (!ask) {
			add(s, fdg_ledger_state(fd) & FDG_KIND_MASK);
			continue;
		}
		batch[n++] = (struct pollfd){ .fd = fd };
		if (n == BATCH) {
			add_open(s, n);
			n = 0;
		}
	}
	add_open(s, n);
	return known;
}

/* Standard input, output and error are nobody's calls. */
static void count_standard(struct fdg_sample *s)
{
	fdg_kindword w;

	for (int fd = 0; fd < 3; fd++)
		if (!fdg_ledger_state(fd) && fdg_kind_ask(fd, &w) == 0)
			add(s, w);
}

static int64_t counted(const struct fdg_sample *s)
{
	int64_t n = 0;

	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++)
		n += s->class[i];
	return n;
}

static void count(struct fdg_sample *s, bool ask)
{
	for (unsigned i = 0; i < FDG_SAMPLE_KINDS; i++)
		s->kind[i] = 0;
	for (unsigned i = 0; i < FDG_FDLEAK_CLASSES; i++)
		s->class[i] = 0;
	count_known(s, ask);
	count_standard(s);
}

/* Since Linux 6.2 it is the size of the folder; 0 before. */
static int64_t ask_open(const char *folder)
{
	struct stat st;

	return fdg_sys_stat(folder, &st) == 0 && st.st_size > 0 ? st.st_size : -1;
}

static int64_t ask_limit(int pid)
{
	struct rlimit limit;

	if (fdg_sys4(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return -1;
	return (int64_t)limit.rlim_cur;
}

/* What is open and nobody knows of was opened behind us. */
static void count_descriptors(struct fdg_sample *s)
{
	s->descriptors = ask_open("/proc/self/fd");
	count(s, s->descriptors < 0);
	if (s->descriptors >= 0 && counted(s) > s->descriptors)
		count(s, true);
	if (s->descriptors < counted(s))
		s->descriptors = counted(s);
	s->kind[FDG_SAMPLE_KIND + FDG_KIND_UNKNOWN] += (uint32_t)(s->descriptors - counted(s));
	s->class[FDG_FDLEAK_OTHERS] += (uint32_t)(s->descriptors - counted(s));
	s->has_kinds = true;
}

void fdg_sample_take(struct fdg_sample *s)
{
	count_descriptors(s);
	s->limit = ask_limit(0);
	s->close_wait = fdg_peers_tell(s->peer, FDG_SAMPLE_PEERS, &s->peers);
	s->has_wakeups = true;
	s->wakeups = atomic_load_explicit(&fdg_wakeups, memory_order_relaxed);
}

void fdg_sample_ask(int pid, struct fdg_sample *s)
{
	char folder[32];
	struct fdg_buf b = FDG_BUF(folder);

	fdg_fmt(&b, "/proc/%d/fd", pid);
	s->descriptors = ask_open(folder);
	s->limit = ask_limit(pid);
	s->close_wait = -1;
}
