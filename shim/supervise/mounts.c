// SPDX-License-Identifier: MIT
#include "supervise/mounts.h"

#include <fcntl.h>
#include <string.h>

#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define ROOM (256u << 10)

static char *room; /* a mapping */

/* What stands for a space is three octal digits. Ends the word; NULL: there is no other one. */
static char *next_word(char *word)
{
	char *end = strchr(word, ' '), *to = word;

	if (!end)
		return NULL;
	*end = '\0';
	for (const char *from = word; *from; to++)
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	*to = '\0';
	return end + 1;
}

static bool is_below(const char *name, const char *folder, size_t n)
{
	return strncmp(name, folder, n) == 0 && (n == 1 || name[n] == '/' || name[n] == '\0');
}

/* "36 35 98:0 / /mnt rw,noatime master:1 - fuse.sshfs host: rw" */
static void see(char *line, const char *name, size_t *longest, bool *ret)
{
	char *word = line, *folder = NULL, *type = strstr(line, " - ");
	size_t n;

	for (int i = 0; word && i < 5; i++) {
		folder = word;
		word = next_word(word);
	}
	n = word ? strlen(folder) : 0;
	if (!type || !n || n < *longest || !is_below(name, folder, n)) /* as long: it is mounted over the other one */
		return;
	*longest = n;
	*ret = strncmp(type + 3, "fuse", 4) == 0;
}

static bool read_all(int pid)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	size_t have = 0;
	long n = 1;
	int fd;

	if (!room && !(room = fdg_sys_mmap(ROOM, false)))
		return false;
	fdg_fmt(&b, "/proc/%d/mountinfo", pid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	for (; n > 0 && have + 1 < ROOM; have += n > 0 ? (size_t)n : 0)
		n = fdg_sys_read(fd, room + have, ROOM - 1 - have);
	fdg_sys_close(fd);
	room[have] = '\0';
	return true;
}

bool fdg_mounts_is_served(int pid, const char *name)
{
	size_t longest = 0;
	bool is_served = false;

	if (!read_all(pid))
		return false;
	for (char *line = room, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		see(line, name, &longest, &is_served);
	}
	return is_served;
}
