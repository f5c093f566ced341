// SPDX-License-Identifier: MIT
#include "scene.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int keep_above(int fd, int number)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, number + 1);
	close(fd);
	return kept;
}

void crowd_open(int first, int last)
{
	int udp = keep_above(socket(AF_INET, SOCK_DGRAM, 0), last);       /* can be written */
	int null = keep_above(open("/dev/null", O_RDWR), last);           /* can be read and written */
	int timer = keep_above(timerfd_create(CLOCK_MONOTONIC, 0), last); /* neither: it is not set */

	if (udp < 0 || null < 0 || timer < 0)
		_exit(NO_SCENE);
	for (int fd = first; fd <= last; fd++)
		if (fcntl(fd, F_GETFD) < 0 && dup2(fd % 8 == 3 ? null : fd % 8 == 5 ? timer : udp, fd) != fd)
			_exit(NO_SCENE);
	close(udp);
	close(null);
	close(timer);
}
