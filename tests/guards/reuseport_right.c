// SPDX-License-Identifier: MIT
/* reuseport-right WAY: closes listeners, and loses no connection of a group that goes on. Prints how many were reset. */
#include "reuseport_twin.h"

#include <signal.h>

static int listener[GROUP];

static void make_group(int n)
{
	for (int i = 0; i < n; i++)
		listener[i] = add_listener();
}

static void send_it(int over, int fd)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(over, &m, 0) != 1)
		fail("sendmsg");
}

static int waits_for(int end)
{
	char c;

	return read(end, &c, 1) < 0;
}

/* A child holds what this process closes. */
static void held_by_child(void)
{
	int p[2], child;

	make_group(GROUP);
	if (pipe2(p, O_CLOEXEC) != 0)
		fail("pipe");
	child = fork();
	if (child == 0) {
		close(p[1]);
		_exit(waits_for(p[0]));
	}
	connect_clients();
	for (int i = 0; i < GROUP; i++)
		close(listener[i]);
	printf("reset %d\n", resets());
	close(p[1]);
	end(child);
}

/* A worker ends, or executes something, and its parent holds the listeners. */
static void held_by_parent(const char *how)
{
	int child;

	make_group(GROUP);
	connect_clients();
	child = fork();
	if (child == 0) {
		if (strcmp(how, "parent-exec") == 0)
			execl("/bin/true", "true", NULL);
		if (strcmp(how, "parent-close") == 0)
			close(listener[1]);
		exit(0);
	}
	end(child);
	printf("reset %d\n", resets());
}

/* A descriptor in flight holds it. */
static void held_by_message(void)
{
	int pair[2];

	make_group(GROUP);
	connect_clients();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		fail("socketpair");
	send_it(pair[0], listener[0]);
	close(listener[0]);
	printf("reset %d\n", resets());
	for (int i = 1; i < GROUP; i++)
		drain(listener[i]);
}

/* A clone that nobody saw forked holds it. */
static void held_by_clone(void)
{
	int p[2], child;

	make_group(GROUP);
	if (pipe2(p, O_CLOEXEC) != 0)
		fail("pipe");
	child = (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		char c;

		syscall(SYS_close, p[1]);
		syscall(SYS_exit_group, syscall(SYS_read, p[0], &c, 1) < 0);
	}
	connect_clients();
	close(listener[2]);
	printf("reset %d\n", resets());
	close(p[1]);
	end(child);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	int fd, copy;

	use_family(false);
	if (strcmp(way, "child") == 0) {
		held_by_child();
		return 0;
	}
	if (strncmp(way, "parent", 6) == 0) {
		held_by_parent(way);
		return 0;
	}
	if (strcmp(way, "message") == 0) {
		held_by_message();
		return 0;
	}
	if (strcmp(way, "clone") == 0) {
		held_by_clone();
		return 0;
	}
	make_group(strcmp(way, "lone") == 0 ? 1 : GROUP);
	connect_clients();
	if (strcmp(way, "drained") == 0) {
		drain(listener[0]);
		close(listener[0]);
	} else if (strcmp(way, "lone") == 0) {
		close(listener[0]);
		puts("reset");
		return 0;
	} else if (strcmp(way, "copy") == 0) {
		copy = dup(listener[0]);
		close(listener[0]);
		printf("reset %d\n", resets());
		drain(copy);
		close(copy);
		return 0;
	} else if (strcmp(way, "range") == 0) {
		close_range((unsigned)listener[0], (unsigned)listener[GROUP - 1], 0);
		puts("reset");
		return 0;
	} else if (strcmp(way, "all") == 0) {
		puts("reset"); /* the whole service ends */
		return 0;
	} else if (strcmp(way, "migrated") == 0) {
		close(listener[0]); /* where tcp_migrate_req is 1 */
		shutdown(listener[1], SHUT_RD);
	} else if (strcmp(way, "write") == 0) {
		shutdown(listener[0], SHUT_WR); /* of a listener it does nothing */
	} else if (strcmp(way, "others") == 0) {
		for (int i = 0; i < 100; i++) {
			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
			close(fd);
		}
	}
	printf("reset %d\n", resets());
	return 0;
}
