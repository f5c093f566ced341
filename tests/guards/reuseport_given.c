// SPDX-License-Identifier: MIT
/*
 * reuseport-given WAY: a group of two, of which one is another process's. The process that made the other ends, or closes it, and somebody else has it and goes on, or the
 * kernel gives its queue to the first: no connection is lost. Prints how many were reset.
 */
#include "reuseport_twin.h"

#include <elf.h>
#include <linux/bpf.h>
#include <signal.h>
#include <spawn.h>

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

static const char *way;
static char self[] = "/proc/self/exe"; /* argv[0] may have no folder */
extern char **environ;

struct partner {
	int pid, tell, hear; /* our ends */
};

static void say(int fd)
{
	if (write(fd, "", 1) != 1)
		fail("write");
}

static void hear(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		fail("read");
}

static void until_the_end(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		;
}

/* The successor has the listener as 3, and as 4 the end of a pipe that closes at the end of the test. */
static void start_successor(int listener, int until, int ready)
{
	char *args[] = { self, "hold", NULL };
	posix_spawn_file_actions_t a;
	pid_t pid;
	int from[] = { listener, until, ready };

	for (int i = 0; i < 3; i++) /* above what they become */
		from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 100);
	if (strstr(way, "spawn")) {
		posix_spawn_file_actions_init(&a);
		for (int i = 0; i < 3; i++)
			posix_spawn_file_actions_adddup2(&a, from[i], 3 + i);
		if (posix_spawn(&pid, self, &a, NULL, args, environ) != 0)
			fail("spawn");
		return;
	}
	if (fork() == 0) {
		for (int i = 0; i < 3; i++)
			dup2(from[i], 3 + i);
		execv(self, args);
		_exit(9);
	}
}

/* A helper, forked twice, which has everything, uses nothing, and ends. */
static void run_helper(void)
{
	int p[2], child;

	if (pipe(p) != 0)
		fail("pipe");
	child = fork();
	if (child == 0) {
		if (fork())
			_exit(0);
		close(p[0]);
		usleep(20000); /* its parent is gone by then */
		exit(0);
	}
	close(p[1]);
	end(child);
	until_the_end(p[0]);
}

static void attach_migration(int listener)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = SK_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a;
	int program;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
	a.expected_attach_type = BPF_SK_REUSEPORT_SELECT_OR_MIGRATE;
	a.insns = (uintptr_t)code;
	a.insn_cnt = 2;
	a.license = (uintptr_t) "MIT";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
	if (program < 0 || setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program)) != 0)
		fail("bpf");
	close(program);
}

static void no_more_proc(void)
{
	char folder[] = "empty-XXXXXX";

	if (!mkdtemp(folder) || chroot(folder) != 0)
		fail("chroot");
}

/* Each by a file that looks as if it could be run. */
static void exec_fails(void)
{
	static char big[200000];
	Elf64_Ehdr header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_MIPS, .e_version = 1 };
	char *args[] = { self, NULL, NULL };
	const void *text = strstr(way, "interpreter") ? "#!/no/such/interpreter\n" : strstr(way, "big") ? "#!/bin/true\n" : "true\n";
	size_t n = strlen(text);
	int fd = open("text", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (strstr(way, "machine")) {
		text = &header;
		n = sizeof(header);
	}
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		fail("text");
	close(fd);
	memset(big, 'a', sizeof(big) - 1);
	args[1] = strstr(way, "big") ? big : NULL;
	execv("./text", args);
}

static void act(int listener, int until, int ready)
{
	if (strncmp(way, "successor", 9) == 0) {
		start_successor(listener, until, ready);
		return; /* which is heard of */
	}
	if (strcmp(way, "helper") == 0)
		run_helper();
	else if (strncmp(way, "exec", 4) == 0)
		exec_fails();
	else if (strcmp(way, "migrates") == 0 || strcmp(way, "chroot") == 0) {
		if (strcmp(way, "chroot") == 0)
			no_more_proc();
		close(listener);
	}
	say(ready);
}

static void live(int tell, int heard, bool acts)
{
	int listener = add_listener();

	if (acts && strcmp(way, "migrates") == 0)
		attach_migration(listener);
	say(heard);
	if (!acts) {
		until_the_end(tell);
		drain(listener);
		_exit(0);
	}
	hear(tell);
	act(listener, tell, heard);
	hear(tell); /* all are counted, or the successor is there */
	if (strncmp(way, "successor", 9) == 0)
		exit(0);
	until_the_end(tell);
	drain(listener);
	_exit(0);
}

/* The first partner's port is the group's. */
static struct partner start(bool acts)
{
	struct partner p;
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
		fail("pipe");
	p = (struct partner){ fork(), down[1], up[0] };
	if (p.pid == 0) {
		close(down[1]);
		close(up[0]);
		live(down[0], up[1], acts);
	}
	close(down[0]);
	close(up[1]);
	hear(p.hear);
	return p;
}

int main(int argc, char **argv)
{
	struct partner other, maker;
	int keeper;

	way = argc > 1 ? argv[1] : "";
	if (strcmp(way, "hold") == 0) {
		struct pollfd p = { 4, 0, 0 }; /* what is written there is for others */

		say(5);
		poll(&p, 1, -1);
		return 0;
	}
	use_family(false);
	keeper = bound(SOCK_STREAM); /* it never listens: the port */
	maker = start(true);
	other = start(false);
	connect_clients();
	say(maker.tell);
	hear(maker.hear);
	say(maker.tell);
	if (strncmp(way, "successor", 9) == 0)
		end(maker.pid);
	printf("reset %d\n", resets());
	close(maker.tell);
	close(other.tell);
	if (strncmp(way, "successor", 9) != 0)
		end(maker.pid);
	end(other.pid);
	close(keeper);
	return 0;
}
