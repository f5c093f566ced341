// SPDX-License-Identifier: MIT
/*
 * torture-seccomp WAY: after start-up enters a filter that kills the process at any system call but those that it is about to make, makes
 * them, and ends.
 *   prctl, syscall, tsync  ways in
 *   strict                 the oldest mode: read, write, exit, sigreturn
 *   refused                asks for a filter, does not get it, and is no different from any other program
 *   control                makes one call too many, and must be killed
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	ALLOW(socket),
	ALLOW(socketpair),
	ALLOW(fcntl),
	ALLOW(dup),
	ALLOW(dup3),
	ALLOW(close),
	ALLOW(write),
	ALLOW(openat),
	ALLOW(epoll_create1),
	ALLOW(recvmsg),
	ALLOW(ioctl),
	ALLOW(exit_group),
	ALLOW(exit),
#ifdef SYS_dup2
	ALLOW(dup2),
#endif
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_fprog filter = { sizeof code / sizeof *code, code };

static int calls(void)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int sock = socket(AF_INET, SOCK_STREAM, 0), copy, file, pair[2], off = 0;

	if (sock < 0 || fcntl(sock, F_GETFD) != 0 || fcntl(sock, F_SETFD, FD_CLOEXEC) != 0 ||
	    fcntl(sock, F_GETFD) != FD_CLOEXEC)
		return 10;
	copy = dup(sock);
	if (copy < 0 || dup2(sock, copy) != copy || fcntl(copy, F_GETFD) != 0 || ioctl(copy, FIONBIO, &off) != 0)
		return 11;
	if (close(copy) != 0 || close(sock) != 0 || close(-1) != -1)
		return 12;
	file = open("/dev/null", O_RDONLY);
	if (file < 0 || close(file) != 0)
		return 13;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || close(pair[1]) != 0 ||
	    recvmsg(pair[0], &message, 0) != 0 || close(pair[0]) != 0)
		return 14;
	file = epoll_create1(0);
	copy = fcntl(file, F_DUPFD, 50);
	if (file < 0 || copy < 50 || close(copy) != 0 || close(file) != 0)
		return 15;
	return write(1, "lived on\n", 9) != 9;
}

static int running, go, threads_status = -1;

/* Never ends: that would take system calls of the thread library's. */
__attribute__((noreturn)) static void *waits(void *unused)
{
	(void)unused;
	__atomic_store_n(&running, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		;
	for (;;)
		__atomic_store_n(&threads_status, calls(), __ATOMIC_SEQ_CST);
}

static int with_a_thread(void)
{
	pthread_t thread;
	int status = 0;

	if (pthread_create(&thread, NULL, waits, NULL) != 0)
		return 4;
	while (!__atomic_load_n(&running, __ATOMIC_SEQ_CST))
		; /* its start takes system calls of the thread library's */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
		return 4;
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 200 && status == 0; i++)
		status = calls();
	while (__atomic_load_n(&threads_status, __ATOMIC_SEQ_CST) < 0)
		;
	return status ? status : __atomic_load_n(&threads_status, __ATOMIC_SEQ_CST);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	int early[3] = { socket(AF_INET, SOCK_STREAM, 0), open("/dev/null", O_RDONLY), dup(0) };

	if (!strcmp(way, "strict")) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
			return 3;
		syscall(SYS_exit, write(1, "lived on\n", 9) != 9);
	}
	if (!strcmp(way, "refused")) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) != -1 || syscall(SYS_seccomp, 4711, 0, NULL) != -1)
			return 3;
		return calls();
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return 3;
	if (!strcmp(way, "tsync"))
		return with_a_thread();
	if (!strcmp(way, "syscall") ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0
				    : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		return 4;
	if (!strcmp(way, "control"))
		getppid();
	for (int i = 0; i < 3; i++)
		if (close(early[i]) != 0)
			return 5;
	return calls(); /* and through exit handlers and destructors to exit_group */
}
