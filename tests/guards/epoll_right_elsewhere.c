// SPDX-License-Identifier: MIT
/* Loops that are right, and whose data goes where the calls on the registered number do not show it; and what hangs up for now. */
#include <linux/io_uring.h>
#include <sys/mman.h>

#include "epoll_right.h"

#define MUCH 65536
#define PART 16

/* ---- data is taken, in parts, though not by the number that is registered ---- */

static int full_without_a_writer(void)
{
	static char much[MUCH];
	int p[2];

	must(pipe(p) == 0 && write(p[1], much, sizeof much) == sizeof much && close(p[1]) == 0, "pipe");
	add(loop, p[0], EPOLLIN, (uint64_t)(unsigned)p[0]);
	return p[0];
}

/* One part for each time that it is told, at 2,000 of them a second. */
static size_t take_parts(ssize_t (*take)(int fd), int fd)
{
	struct epoll_event e;
	size_t got = 0;
	ssize_t n = 1;

	for (int64_t end = now_ms() + 12000; n > 0 && now_ms() < end; usleep(350)) {
		must(wait_for(&e, 1, 1000) == 1, "told");
		n = take(fd);
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

static ssize_t take_one(int fd)
{
	char part[PART];

	return read(fd, part, sizeof part);
}

void copied(void)
{
	int copy = dup(full_without_a_writer());

	printf("copied %zu\n", take_parts(take_one, copy));
}

static int asks, answers;

static ssize_t ask(int fd)
{
	ssize_t n = 0;

	must(write(asks, &fd, sizeof fd) == sizeof fd && read(answers, &n, sizeof n) == sizeof n, "a child");
	return n;
}

void reader(void)
{
	int fd = full_without_a_writer(), to[2], from[2];
	pid_t child;

	must(pipe(to) == 0 && pipe(from) == 0, "pipe");
	asks = to[1];
	answers = from[0];
	child = fork();
	if (child == 0) {
		close(to[1]);
		for (int what; read(to[0], &what, sizeof what) == sizeof what;) {
			ssize_t n = take_one(what);

			must(write(from[1], &n, sizeof n) == sizeof n, "write");
		}
		_exit(0);
	}
	printf("reader %zu\n", take_parts(ask, fd));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* ---- a ring ---- */

static struct io_uring_params params;
static int ring_fd;
static char *ring;
static struct io_uring_sqe *entries;

static void make_ring(void)
{
	size_t size;

	ring_fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring_fd < 0)
		return;
	size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe) + 4096;
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQES);
	must(ring != MAP_FAILED && entries != MAP_FAILED, "mmap");
}

static unsigned *word(unsigned offset)
{
	return (unsigned *)(void *)(ring + offset);
}

static ssize_t take_by_ring(int fd)
{
	static char part[PART];
	unsigned tail = *word(params.sq_off.tail), at = tail & *word(params.sq_off.ring_mask), head = *word(params.cq_off.head);
	struct io_uring_cqe *done = (struct io_uring_cqe *)(void *)(ring + params.cq_off.cqes);

	entries[at] = (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = fd, .addr = (uintptr_t)part, .len = sizeof part, .off = UINT64_MAX };
	word(params.sq_off.array)[at] = at;
	__atomic_store_n(word(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	must(syscall(SYS_io_uring_enter, ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1, "io_uring_enter");
	__atomic_store_n(word(params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return done[head & *word(params.cq_off.ring_mask)].res;
}

/* Always full. Where the kernel makes no rings it is read as others are. */
void by_ring(void)
{
	static char some[PART];
	struct epoll_event e;
	int p[2];

	make_ring();
	must(pipe(p) == 0, "pipe");
	add(loop, p[0], EPOLLIN, 1);
	for (int64_t end = now_ms() + 2600; now_ms() < end;) {
		must(write(p[1], some, PART) == PART && wait_for(&e, 1, 1000) == 1, "told");
		must((ring_fd < 0 ? take_one : take_by_ring)(p[0]) == PART, "take");
	}
	printf("by-ring\n");
}

/* ---- what hangs up, and goes on ---- */

static uint32_t told_now(void)
{
	struct epoll_event e = { .events = 0 };

	wait_for(&e, 1, 100);
	return e.events;
}

/* A socket that is registered before it is connected. */
void early(void)
{
	static const uint32_t once[] = { EPOLLET, EPOLLONESHOT };
	uint32_t all = 0;

	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		add(loop, fd, EPOLLIN | EPOLLRDHUP | once[i], 1);
		all |= told_now();
		close(fd);
	}
	printf("early %x\n", all);
}

/* A terminal, and a FIFO, that others close and open again. */
void again(void)
{
	char path[] = "again.XXXXXX", name[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), fifo;

	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && mkdtemp(path) != NULL, "posix_openpt");
	add(loop, master, EPOLLIN | EPOLLET, 1);
	close(open(ptsname(master), O_RDWR | O_NOCTTY));
	printf("again %x", told_now());
	close(master);
	snprintf(name, sizeof name, "%s/fifo", path);
	must(mknod(name, S_IFIFO | 0600, 0) == 0, "mkfifo");
	fifo = open(name, O_RDONLY | O_NONBLOCK);
	add(loop, fifo, EPOLLIN | EPOLLET, 1);
	close(open(name, O_WRONLY));
	printf(" %x\n", told_now());
	unlink(name);
	rmdir(path);
}
