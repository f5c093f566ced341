// SPDX-License-Identifier: MIT
/*
 * What a program may find itself in. outer WHAT CMD [ARG…]: becomes CMD
 *
 *   deny     where pidfd_getfd, kcmp and process_vm_readv fail with EPERM, as in a container without CAP_SYS_PTRACE
 *   pidfd    where pidfd_open does
 *   forbid   where seccomp fails with EPERM
 *   none     where seccomp fails with ENOSYS, as in kernels without it
 *   listener under a filter that somebody answers for (who lets all pass)
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static long filter(const long *calls, size_t n, unsigned action, unsigned flags)
{
	struct sock_filter code[32] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { 1, code };

	for (size_t i = 0; i < n; i++) {
		code[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A child answers, as long as CMD runs. */
static long listen_for(const long *calls, size_t n)
{
	struct seccomp_notif in;
	struct seccomp_notif_resp out;
	struct pollfd p = { .events = POLLIN };
	long fd = filter(calls, n, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	if (fd < 0)
		return fd;
	if (fork() > 0)
		return close((int)fd);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it is under the filter itself */
	setsid();
	for (int i = 0; i < 3; i++)
		close(i);
	for (p.fd = (int)fd; poll(&p, 1, -1) > 0 && (p.revents & POLLIN);) {
		memset(&in, 0, sizeof(in));
		memset(&out, 0, sizeof(out));
		if (ioctl((int)fd, SECCOMP_IOCTL_NOTIF_RECV, &in))
			continue;
		out.id = in.id;
		out.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl((int)fd, SECCOMP_IOCTL_NOTIF_SEND, &out);
	}
	_exit(0);
}

int main(int argc, char *argv[])
{
	static const long looks[] = { SYS_pidfd_getfd, SYS_kcmp, SYS_process_vm_readv }, pidfds[] = { SYS_pidfd_open }, seccomp[] = { SYS_seccomp }, some[] = { SYS_getpriority };
	long r = -1;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "deny") == 0)
		r = filter(looks, COUNT(looks), SECCOMP_RET_ERRNO | EPERM, 0);
	else if (strcmp(argv[1], "pidfd") == 0)
		r = filter(pidfds, COUNT(pidfds), SECCOMP_RET_ERRNO | EPERM, 0);
	else if (strcmp(argv[1], "forbid") == 0)
		r = filter(seccomp, COUNT(seccomp), SECCOMP_RET_ERRNO | EPERM, 0);
	else if (strcmp(argv[1], "none") == 0)
		r = filter(seccomp, COUNT(seccomp), SECCOMP_RET_ERRNO | ENOSYS, 0);
	else if (strcmp(argv[1], "listener") == 0)
		r = listen_for(some, COUNT(some));
	if (r < 0) {
		perror(argv[1]);
		return 99;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}
