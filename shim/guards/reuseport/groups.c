// SPDX-License-Identifier: MIT
#include "guards/reuseport/groups.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/apart.h"
#include "base/big.h"
#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/lent.h"
#include "report/report.h"

#include "base/poison.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

_Atomic bool fdg_groups_any, fdg_groups_wanted;
FDG_BIG _Atomic uint64_t fdg_groups_map[FDG_GROUPS_WORDS];
static _Atomic unsigned highest; /* word of the map that is not 0 */

/* ---- what the kernel says ---- */

static int ask_number(int fd, int level, int name)
{
	int value = 0;
	unsigned n = sizeof(value);

	return fdg_sys_getsockopt(fd, level, name, &value, &n) < 0 ? -1 : value;
}

static bool put_address(int fd, struct fdg_group *g)
{
	struct sockaddr_in6 s = { 0 };
	const struct sockaddr_in *s4 = (const void *)&s;
	unsigned n = sizeof(s);

	if (fdg_sys3(SYS_getsockname, fd, &s, &n) < 0 || (s.sin6_family != AF_INET && s.sin6_family != AF_INET6))
		return false;
	g->family = (unsigned char)s.sin6_family;
	g->port = (uint16_t)(s.sin6_port << 8 | s.sin6_port >> 8);
	if (g->family == AF_INET)
		memcpy(g->address, &s4->sin_addr, sizeof(s4->sin_addr));
	else
		memcpy(g->address, &s.sin6_addr, sizeof(s.sin6_addr));
	return g->port != 0;
}

bool fdg_group_ask_bound(int fd, struct fdg_group *ret)
{
	struct fdg_group g = { 0 };
	unsigned n = sizeof(g.netns);
	int protocol, device;
	struct stat st;

	if (ask_number(fd, SOL_SOCKET, SO_REUSEPORT) != 1)
		return false;
	protocol = ask_number(fd, SOL_SOCKET, SO_PROTOCOL);
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || !put_address(fd, &g) || fdg_sys_fstat(fd, &st) < 0)
		return false;
	g.protocol = (unsigned char)protocol;
	g.v6only = g.family == AF_INET6 && ask_number(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
	device = ask_number(fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	g.device = device > 0 ? (uint32_t)device : 0;
	g.uid = st.st_uid;
	if (fdg_sys_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &g.netns, &n) < 0)
		g.netns = 0;
	*ret = g;
	return true;
}

bool fdg_group_ask(int fd, struct fdg_group *ret)
{
	return fdg_group_ask_bound(fd, ret) && (ret->protocol == IPPROTO_UDP || ask_number(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
}

bool fdg_group_is_same(const struct fdg_group *a, const struct fdg_group *b)
{
	return a->netns == b->netns && memcmp(a->address, b->address, sizeof(a->address)) == 0 && a->device == b->device && a->uid == b->uid && a->port == b->port &&
	       a->family == b->family && a->protocol == b->protocol && a->v6only == b->v6only;
}

uint64_t fdg_group_hash(const struct fdg_group *g)
{
	const unsigned rest[] = { g->device, g->uid, g->port, g->family, g->protocol, g->v6only };
	uint64_t h = fdg_hash(0, &g->netns, sizeof(g->netns));

	h = fdg_hash(h, g->address, sizeof(g->address));
	return fdg_hash(h, rest, sizeof(rest));
}

/* ---- which numbers ---- */

static void remember(int fd)
{
	unsigned word = (unsigned)fd / 64, was = atomic_load_explicit(&highest, memory_order_relaxed);

	atomic_fetch_or_explicit(&fdg_groups_map[word], UINT64_C(1) << ((unsigned)fd % 64), memory_order_relaxed);
	while (was < word && !atomic_compare_exchange_weak(&highest, &was, word))
		;
	atomic_store_explicit(&fdg_groups_any, true, memory_order_relaxed);
}

bool fdg_groups_learn(int fd)
{
	struct fdg_group g;

	if ((unsigned)fd >= FDG_LEDGER_MAX || fdg_foreign_memory() || !fdg_group_ask(fd, &g))
		return false;
	remember(fd);
	return true;
}

bool fdg_groups_learn_arrived(int fd)
{
	fdg_lent_arrived(fd);
	if (fdg_foreign_memory() || ask_number(fd, SOL_SOCKET, SO_REUSEPORT) != 1)
		return false;
	atomic_store_explicit(&fdg_groups_wanted, true, memory_order_relaxed);
	return fdg_groups_learn(fd);
}

void fdg_groups_reuses_slow(int fd)
{
	if (fdg_foreign_memory() || fdg_groups_has(fd))
		return;
	fdg_lent_made(fd);
	atomic_store_explicit(&fdg_groups_wanted, true, memory_order_relaxed);
}

void fdg_groups_forget(int fd)
{
	if (fdg_groups_has(fd) && !fdg_foreign_memory())
		atomic_fetch_and_explicit(&fdg_groups_map[(unsigned)fd / 64], ~(UINT64_C(1) << ((unsigned)fd % 64)), memory_order_relaxed);
}

int fdg_groups_next(int after)
{
	unsigned fd = (unsigned)(after + 1), last = atomic_load_explicit(&highest, memory_order_relaxed);
	uint64_t bits;

	if (!atomic_load_explicit(&fdg_groups_any, memory_order_relaxed))
		return -1;
	for (unsigned word = fd / 64; word <= last && word < FDG_GROUPS_WORDS; word++) {
		bits = atomic_load_explicit(&fdg_groups_map[word], memory_order_relaxed);
		if (word == fd / 64)
			bits &= ~UINT64_C(0) << (fd % 64);
		if (bits)
			return (int)(word * 64 + (unsigned)__builtin_ctzll(bits));
	}
	return -1;
}

int fdg_groups_sibling(const struct fdg_group *g, int fd, int after)
{
	struct fdg_group other;

	while ((after = fdg_groups_next(after)) >= 0)
		if (after != fd && fdg_group_ask(after, &other) && fdg_group_is_same(g, &other) && (fd < 0 || fdg_same_here(fd, after) == FDG_NOT_SAME))
			return after;
	return -1;
}

/* ---- the whole namespace ---- */

#define ROOM 16384

struct table {
	int file;
	size_t len, at;
	char text[ROOM];
};

/* "  12: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 00000000  1000 0 34567 …": numbers from 0. NULL: the line ends before. */
static const char *field(const char *line, unsigned n)
{
	for (;; n--) {
		while (*line == ' ')
			line++;
		if (!*line || *line == '\n')
			return NULL;
		if (n == 0)
			return line;
		while (*line && *line != ' ' && *line != '\n')
			line++;
	}
}

static uint64_t number(const char *s)
{
	uint64_t v = 0;

	for (; s && *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	return v;
}

/* The next line, NUL-terminated; NULL: no more. */
static char *next_line(struct table *t)
{
	for (;;) {
		char *line = t->text + t->at, *end = memchr(line, '\n', t->len - t->at);
		long n;

		if (end) {
			*end = '\0';
			t->at = (size_t)(end - t->text) + 1;
			return line;
		}
		memmove(t->text, line, t->len - t->at);
		t->len -= t->at;
		t->at = 0;
		n = t->len < ROOM ? fdg_sys_read(t->file, t->text + t->len, ROOM - t->len) : 0;
		if (n <= 0)
			return NULL;
		t->len += (size_t)n;
	}
}

static void put_upper(struct fdg_buf *b, uint32_t v, int digits)
{
	while (digits-- > 0)
		fdg_put_char(b, "0123456789ABCDEF"[v >> (4 * digits) & 15]);
}

/* The local address as /proc has it. */
static void put_local(struct fdg_buf *b, const struct fdg_group *g)
{
	for (unsigned i = 0; i < (g->family == AF_INET ? 1 : 4); i++) {
		uint32_t word;

		memcpy(&word, g->address + i * sizeof(word), sizeof(word));
		put_upper(b, word, 8);
	}
	fdg_put_char(b, ':');
	put_upper(b, g->port, 4);
	fdg_put_char(b, ' ');
}

enum { LOCAL = 1, STATE = 3, UID = 7, INODE = 9 };

static void look_at_all(struct table *t, const struct fdg_group *g, uint64_t inode, uint64_t rows[], unsigned most, struct fdg_group_sight *ret)
{
	char wanted[48];
	struct fdg_buf b = FDG_BUF(wanted);
	const char *line;

	put_local(&b, g);
	for (line = next_line(t); line && (line = next_line(t));) {
		const char *local = field(line, LOCAL), *state = field(line, STATE);
		uint64_t found;

		if (!state || (g->protocol == IPPROTO_TCP && strncmp(state, "0A", 2) != 0))
			break; /* listeners come first */
		if (strncmp(local, wanted, b.len) != 0 || number(field(line, UID)) != g->uid)
			continue;
		found = number(field(line, INODE));
		if (ret->members < most)
			rows[ret->members] = found;
		ret->members++;
		ret->has_it |= found == inode;
	}
}

static const char *path_of(const struct fdg_group *g)
{
	if (g->protocol == IPPROTO_TCP)
		return g->family == AF_INET ? "/proc/thread-self/net/tcp" : "/proc/thread-self/net/tcp6";
	return g->family == AF_INET ? "/proc/thread-self/net/udp" : "/proc/thread-self/net/udp6";
}

struct asked {
	struct table *t;
	const struct fdg_group *g;
	uint64_t inode, *rows;
	unsigned most;
	struct fdg_group_sight sight;
};

/* With a table of its own: no other thread meets with the file. */
static int look_there(void *arg)
{
	struct asked *a = arg;

	a->t->file = fdg_sys_open(path_of(a->g), O_RDONLY | O_CLOEXEC, 0);
	if (a->t->file < 0)
		return 0;
	a->sight.seen = true;
	look_at_all(a->t, a->g, a->inode, a->rows, a->most, &a->sight);
	fdg_sys_close(a->t->file);
	return 0;
}

static struct fdg_group_sight look(const struct fdg_group *g, uint64_t inode, uint64_t rows[], unsigned most)
{
	struct asked a = { fdg_sys_mmap(sizeof(*a.t), false), g, inode, rows, most, { 0 } };

	if (!a.t)
		return a.sight;
	if (fdg_aside(look_there, &a) < 0)
		a.sight = (struct fdg_group_sight){ 0 };
	fdg_sys_munmap(a.t, sizeof(*a.t));
	return a.sight;
}

struct fdg_group_sight fdg_group_look(const struct fdg_group *g, uint64_t inode)
{
	return look(g, inode, NULL, 0);
}

struct fdg_group_sight fdg_group_look_rows(const struct fdg_group *g, uint64_t inode[], unsigned most)
{
	return look(g, 0, inode, most);
}

struct fdg_group_sight fdg_group_look_list(const struct fdg_group *g, uint64_t inode, struct fdg_group_rows *ret)
{
	struct fdg_group_sight sight = look(g, inode, ret->inode, FDG_ROWS);

	ret->n = sight.members <= FDG_ROWS ? sight.members : 0;
	return sight;
}

bool fdg_group_list(const struct fdg_group *g, struct fdg_group_rows *ret)
{
	struct fdg_group_sight sight = fdg_group_look_list(g, 0, ret);

	return sight.seen && sight.members <= FDG_ROWS;
}

/* ---- those that are nearer ---- */

static bool is_any_address(const char *local)
{
	while (*local == '0')
		local++;
	return *local == ':';
}

/* "0100007F:1F90 …" */
static bool has_port(const char *local, uint16_t port)
{
	char wanted[8];
	struct fdg_buf b = FDG_BUF(wanted);
	const char *at = strchr(local, ':');

	put_upper(&b, port, 4);
	return at && strncmp(at + 1, wanted, 4) == 0;
}

static bool is_nearer(const char *line, const struct fdg_group *g, bool own_family)
{
	const char *local = field(line, LOCAL);

	if (!has_port(local, g->port))
		return false;
	if (own_family)
		return !is_any_address(local);
	return g->family == AF_INET6 || (!is_any_address(local) && strncmp(local, "0000000000000000FFFF0000", 24) == 0);
}

static bool has_nearer(struct table *t, const char *path, const struct fdg_group *g, bool own_family)
{
	const char *line, *state;
	bool found = false;

	t->len = t->at = 0;
	t->file = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (t->file < 0)
		return true;
	for (line = next_line(t); line && !found && (line = next_line(t));) {
		state = field(line, STATE);
		if (!state || strncmp(state, "0A", 2) != 0)
			break;
		found = is_nearer(line, g, own_family);
	}
	fdg_sys_close(t->file);
	return found;
}

static int look_for_nearer(void *arg)
{
	static const char tcp[] = "/proc/thread-self/net/tcp", tcp6[] = "/proc/thread-self/net/tcp6";
	const struct asked *a = arg;
	bool is4 = a->g->family == AF_INET, found = has_nearer(a->t, is4 ? tcp : tcp6, a->g, true);

	if (!found && !a->g->v6only && (is4 ? fdg_sys3(SYS_faccessat, AT_FDCWD, tcp6, 0) == 0 : true))
		found = has_nearer(a->t, is4 ? tcp6 : tcp, a->g, false);
	return found;
}

bool fdg_group_is_hidden(const struct fdg_group *g)
{
	static const unsigned char any[16];
	struct asked a = { .g = g };
	int found;

	if (memcmp(g->address, any, sizeof(any)) != 0)
		return false;
	a.t = fdg_sys_mmap(sizeof(*a.t), false);
	if (!a.t)
		return true;
	found = fdg_aside(look_for_nearer, &a);
	fdg_sys_munmap(a.t, sizeof(*a.t));
	return found != 0;
}
