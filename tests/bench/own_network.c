// SPDX-License-Identifier: MIT
#include "own_network.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

bool own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return false;
	close(fd);
	return true;
}

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	return f && fputs(text, f) >= 0 && !fclose(f);
}

bool own_etc(int timeout_s, int attempts)
{
	char text[128];

	snprintf(text, sizeof(text), "nameserver 127.0.0.1\noptions timeout:%d attempts:%d\n", timeout_s, attempts);
	return !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", "/etc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") &&
	       write_file("/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n") &&
	       write_file("/etc/nsswitch.conf", "hosts: files dns\n") && write_file("/etc/host.conf", "multi on\n") &&
	       write_file("/etc/resolv.conf", text) && write_file("/etc/protocols", "tcp\t6\tTCP\nudp\t17\tUDP\n");
}
