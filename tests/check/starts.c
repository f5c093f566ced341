// SPDX-License-Identifier: MIT
/* starts HOW [PROGRAM [ARG…]]: starts a program by exec, fork, vfork, spawn, spawnp, system or popen, or by fork on a small signal stack, on which it ends too (altstack);
 * with no PROGRAM it ends. Also linked statically, as one that no library gets into. */
#include <signal.h>
#include <sys/mman.h>

#include "../guards/children.h"

static int spawn_by_name(char **argv)
{
	pid_t pid;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) ? 99 : child_wait(pid);
}

static char **on_stack;

static void on_signal(int signal)
{
	(void)signal;
	_exit(child_run("fork", on_stack));
}

/* As large as SIGSTKSZ was for decades; what lies below it cannot be touched. */
static int on_small_stack(char **argv)
{
	enum { PAGE = 4096, SIZE = 8192 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	char *memory = mmap(NULL, PAGE + SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_sp = memory + PAGE, .ss_size = SIZE };

	on_stack = argv;
	if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0)
		return 99;
	raise(SIGUSR1);
	return 99;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 0;
	if (strcmp(argv[1], "altstack") == 0)
		return on_small_stack(argv + 2);
	return strcmp(argv[1], "spawnp") == 0 ? spawn_by_name(argv + 2) : child_run(argv[1], argv + 2);
}
