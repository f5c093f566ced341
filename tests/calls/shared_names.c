// SPDX-License-Identifier: MIT
/* shm_open and mq_open: names instead of paths, modes by variadic arguments, descriptors that libc makes itself. */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

static char name[64];

static mode_t mode_of(int fd)
{
	struct stat st;

	SAME(fstat(fd, &st), 0);
	return st.st_mode & 07777;
}

static void shared_memory_is_close_on_exec(void)
{
	int want = lowest(), fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640);

	SAME(fd, want);
	EXPECT(cloexec(fd)); /* POSIX says so */
	SAME(mode_of(fd), 0640);
	SAME(ftruncate(fd, 4096), 0);
	SAME(close(fd), 0);
	FAILS(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
	fd = shm_open(name, O_RDONLY, 0);
	EXPECT(fd >= 0);
	SAME(fcntl(fd, F_SETFD, 0), 0);
	EXPECT(!cloexec(fd));
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
	SAME(shm_unlink(name), 0);
	FAILS(shm_open(name, O_RDWR, 0), ENOENT);
	FAILS(shm_open("/a/b", O_RDWR | O_CREAT, 0600), EINVAL);
	FAILS(shm_open("", O_RDWR | O_CREAT, 0600), EINVAL);
}

static void queues_carry_messages(void)
{
	struct mq_attr attr = { .mq_maxmsg = 3, .mq_msgsize = 32 }, seen;
	char text[32];
	unsigned priority;
	int want = lowest();
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0620, &attr);

	SAME(queue, want);
	EXPECT(cloexec(queue)); /* the kernel makes them so */
	SAME(mode_of(queue), 0620);
	SAME(mq_getattr(queue, &seen), 0);
	SAME(seen.mq_maxmsg, 3);
	SAME(seen.mq_msgsize, 32);
	SAME(mq_send(queue, "hello", 5, 7), 0);
	SAME(mq_receive(queue, text, sizeof text, &priority), 5);
	SAME(priority, 7);
	EXPECT(!memcmp(text, "hello", 5));
	SAME(mq_close(queue), 0);
	EXPECT(!is_open(want));
	FAILS(mq_close(queue), EBADF);
	FAILS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), EEXIST);
	queue = mq_open(name, O_RDONLY | O_NONBLOCK);
	SAME(queue, want);
	FAILS(mq_receive(queue, text, sizeof text, NULL), EAGAIN);
	SAME(mq_close(queue), 0);
	SAME(mq_unlink(name), 0);
	FAILS(mq_open(name, O_RDWR), ENOENT);
	FAILS(mq_open("noslash", O_RDWR), EINVAL);
}

static void queue_attributes_may_be_missing(void)
{
	mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, nowhere());

	EXPECT(queue >= 0);
	SAME(mq_close(queue), 0);
	SAME(mq_unlink(name), 0);
}

void body(void)
{
	mode_t old = umask(0);

	snprintf(name, sizeof name, "/fdguard-test-%d", (int)getpid());
	RUN(shared_memory_is_close_on_exec);
	RUN(queues_carry_messages);
	RUN(queue_attributes_may_be_missing);
	umask(old);
}
