// SPDX-License-Identifier: MIT
#include "supervise/mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/known.h"

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

static bool is_fuse(const char *type)
{
	return strncmp(type, " - fuse", 7) == 0;
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
	*ret = is_fuse(type);
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

/* ---- by the kernel's own number of the mount ---- */

enum look { SERVED, NOT_SERVED, NOT_FOUND };

static enum look find_mount(int pid, uint64_t mount)
{
	if (!read_all(pid))
		return NOT_FOUND;
	for (char *line = room, *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *type;

		*end = '\0';
		if (strtoull(line, NULL, 10) != mount || !(type = strstr(line, " - ")))
			continue;
		return is_fuse(type) ? SERVED : NOT_SERVED;
	}
	return NOT_FOUND;
}

/* Of memory there is no mount that anybody sees. */
static bool is_memory(dev_t device)
{
	static dev_t memory;
	struct stat st;
	int fd = memory ? -1 : (int)fdg_sys2(SYS_memfd_create, "", MFD_CLOEXEC);

	if (fd >= 0) {
		if (fdg_fstat_known(fd, &st))
			memory = st.st_dev;
		fdg_sys_close(fd);
	}
	return memory && device == memory;
}

static bool is_name_served(int pid, const char *link)
{
	static char name[PATH_MAX];
	long n = fdg_sys_readlink(link, name, sizeof(name) - 1);

	name[n > 0 ? n : 0] = '\0';
	return fdg_mounts_is_served(pid, name);
}

/* What the process has left by chroot we may see still. */
bool fdg_mounts_is_link_served(int pid, const char *link)
{
	uint64_t mount;
	dev_t device;
	enum look found;

	if (!fdg_mount_known(link, &device, &mount))
		return true;
	if (is_memory(device))
		return false;
	if (!mount)
		return is_name_served(pid, link);
	found = find_mount(pid, mount);
	if (found == NOT_FOUND)
		found = find_mount(fdg_sys_getpid(), mount);
	return found != NOT_SERVED;
}
