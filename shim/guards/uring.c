// SPDX-License-Identifier: MIT
#include "guards/uring.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/apart.h"
#include "base/sys.h"

#include "base/poison.h"

#define PIECE 1024u
#define LOOKS 20000u

static _Atomic bool is_used;

/* "anon_inode:[io_uring]" in /proc/self/maps. No character of it comes twice before it is whole, but the first begins it anew. */
static bool is_mapped(int fd)
{
	static const char name[] = "[io_uring]";
	char piece[PIECE];
	unsigned at = 0;
	long n;

	while ((n = fdg_sys_read(fd, piece, sizeof(piece))) > 0)
		for (long i = 0; i < n; i++) {
			at = piece[i] == name[at] ? at + 1 : piece[i] == name[0];
			if (at == sizeof(name) - 1)
				return true;
		}
	return n < 0;
}

struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t len;
	unsigned char type;
	char name[];
};

static bool is_ring(int folder, const char *name)
{
	char link[32];
	long n = name[0] == '.' ? 0 : fdg_sys4(SYS_readlinkat, folder, name, link, sizeof(link) - 1);

	link[n > 0 ? n : 0] = '\0';
	return strcmp(link, "anon_inode:[io_uring]") == 0;
}

/* Among the numbers: a ring in the program's own memory is not mapped. */
static bool has_number(int folder)
{
	_Alignas(struct entry) char piece[PIECE];
	unsigned looks = 0;
	long n;

	while ((n = fdg_sys3(SYS_getdents64, folder, piece, sizeof(piece))) > 0)
		for (long at = 0; at < n; at += ((struct entry *)(void *)(piece + at))->len)
			if (is_ring(folder, ((struct entry *)(void *)(piece + at))->name) || ++looks > LOOKS)
				return true;
	return n < 0;
}

static bool is_open(void)
{
	int folder = fdg_sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	bool found = folder < 0 || has_number(folder);

	if (folder >= 0)
		fdg_sys_close(folder);
	return found;
}

/* 0: no; 1: perhaps; 2: it is mapped. */
static int look(void *unused)
{
	int fd = fdg_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), mapped = fd < 0 || is_mapped(fd);

	(void)unused;
	if (fd >= 0)
		fdg_sys_close(fd);
	return mapped && fd >= 0 ? 2 : mapped || is_open();
}

bool fdg_uring_is_used(void)
{
	int found;

	if (atomic_load_explicit(&is_used, memory_order_relaxed))
		return true;
	found = fdg_aside(look, NULL);
	if (found == 2)
		atomic_store_explicit(&is_used, true, memory_order_relaxed);
	return found != 0;
}
