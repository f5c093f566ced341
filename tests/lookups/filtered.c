// SPDX-License-Identifier: MIT
/* lookups-filtered [--silent] CMD…: CMD under a seccomp filter that kills for what libc's lookups do without; --silent: also for what a line in a log needs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define KILLS(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), KILL
/* … with this argument, which libc's lookups have not. */
#define KILLS_WITH(nr, n, value) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 4), \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n])), \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), KILL, NUMBER

int main(int argc, char **argv)
{
	bool silent = argc > 1 && !strcmp(argv[1], "--silent");
	char **cmd = argv + 1 + silent;
	struct sock_filter code[] = {
		NUMBER,
		KILLS(SYS_epoll_create1),
		KILLS(SYS_epoll_ctl),
		KILLS(SYS_epoll_pwait),
		KILLS(SYS_timerfd_create),
		KILLS(SYS_timerfd_settime),
		KILLS(SYS_recvmmsg),
		KILLS(SYS_getsockopt),
		KILLS(SYS_tgkill),
		KILLS(SYS_sigaltstack),
		KILLS(SYS_process_vm_readv),
		KILLS_WITH(SYS_madvise, 2, MADV_WIPEONFORK),
		KILLS_WITH(SYS_setsockopt, 2, SO_RCVTIMEO),
		BPF_STMT(BPF_JMP | BPF_JA, silent ? 0 : 12),
		KILLS(SYS_gettid),
		KILLS_WITH(SYS_fcntl, 1, F_DUPFD),
		KILLS_WITH(SYS_fcntl, 1, F_DUPFD_CLOEXEC),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (argc < 2 + silent || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("lookups-filtered");
		return 2;
	}
	execvp(*cmd, cmd);
	perror(*cmd);
	return 127;
}
