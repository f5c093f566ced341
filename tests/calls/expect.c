// SPDX-License-Identifier: MIT
#include "expect.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char child_path[] = CALLS_CHILD;
static int failures;
static const char *case_name = "body";
static char scratch[PATH_MAX];

/* Not stdio's stderr: a test may have closed, reopened or filled it. */
static void complain(const char *file, int line, const char *text)
{
	char message[1024];
	int n = snprintf(message, sizeof message, "%s:%d: in %s: %s\n", file, line, case_name, text);

	failures++;
	if (n > (int)sizeof message - 1)
		n = sizeof message - 1;
	bare(SYS_write, 2, (long)message, n, 0, 0, 0);
}

bool expect_true(bool ok, const char *what, const char *file, int line)
{
	char text[512];
	int error = errno;

	if (ok)
		return true;
	snprintf(text, sizeof text, "not so: %s (errno %d, %s)", what, error, strerror(error));
	complain(file, line, text);
	errno = error;
	return false;
}

bool expect_same(long long got, long long want, const char *got_text, const char *want_text, const char *file, int line)
{
	char text[512];
	int error = errno;

	if (got == want)
		return true;
	snprintf(text, sizeof text, "%s is %lld, not %s, %lld (errno %d)", got_text, got, want_text, want, error);
	complain(file, line, text);
	errno = error;
	return false;
}

void expect_fails(long long ret, int error, int want, const char *what, const char *file, int line)
{
	char text[512];

	if (ret == -1 && error == want)
		return;
	snprintf(text, sizeof text, "%s is %lld with errno %d (%s), not -1 with errno %d (%s)", what, ret, error,
		 strerror(error), want, strerrordesc_np(want));
	complain(file, line, text);
}

int expect_failures(void)
{
	return failures;
}

enum { COUNTED = 256 };

static void list_open(bool open[COUNTED])
{
	for (int fd = 0; fd < COUNTED; fd++)
		open[fd] = is_open(fd);
}

void run_case(const char *name, void (*one)(void))
{
	bool before[COUNTED], after[COUNTED];
	const char *outer = case_name;

	case_name = name;
	list_open(before);
	one();
	list_open(after);
	for (int fd = 0; fd < COUNTED; fd++)
		if (!expect_true(before[fd] == after[fd],
				 before[fd] ? "a descriptor was closed" : "a descriptor was left open", name, fd))
			break;
	case_name = outer;
}

void run_case_in_child(const char *name, void (*one)(void))
{
	const char *outer = case_name;
	pid_t pid;

	case_name = name;
	pid = fork();
	if (pid == 0) {
		failures = 0;
		one();
		_exit(failures != 0);
	}
	expect_same(wait_for(pid), 0, "the child's status", "success", name, 0);
	case_name = outer;
}

int in_child(void (*one)(void *), void *cookie)
{
	pid_t pid = fork();

	if (pid == 0) {
		failures = 0;
		one(cookie);
		_exit(failures != 0);
	}
	return wait_for(pid);
}

int wait_for(int pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool is_open(int fd)
{
	struct stat st;
	int error = errno;
	bool open = fstat(fd, &st) == 0;

	errno = error;
	return open;
}

int lowest(void)
{
	int fd = 0;

	while (is_open(fd))
		fd++;
	return fd;
}

bool cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	expect_true(flags >= 0, "F_GETFD works", __FILE__, __LINE__);
	return flags & FD_CLOEXEC;
}

void *nowhere(void)
{
	static void *volatile null;

	return null;
}

int none(void)
{
	static volatile int minus_one = -1;

	return minus_one;
}

long bare(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
#error "x86-64 and aarch64 only"
#endif
}

void write_file(const char *path, const char *text, unsigned mode)
{
	int fd = bare(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600, 0, 0);

	expect_same(bare(SYS_write, fd, (long)text, strlen(text), 0, 0, 0), strlen(text), "written", "length", path, 0);
	bare(SYS_close, fd, 0, 0, 0, 0, 0);
	expect_same(chmod(path, mode), 0, "chmod", "0", path, 0);
}

const char *read_file(const char *path)
{
	static char text[65536];
	int fd = bare(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n, length = 0;

	while ((n = bare(SYS_read, fd, (long)text + length, sizeof text - 1 - length, 0, 0, 0)) > 0)
		length += n;
	text[length] = '\0';
	bare(SYS_close, fd, 0, 0, 0, 0, 0);
	return text;
}

const char *unary(int fd)
{
	static char text[4][1024];
	static unsigned turn;
	char *here = text[turn++ % 4];

	memset(here, 'x', fd);
	here[fd] = '\0';
	return here;
}

bool child_has(int fd)
{
	const char *number = unary(fd);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(CHILD, "calls-child", "child", "has", number, (char *)NULL);
		_exit(127);
	}
	status = wait_for(pid);
	expect_true(status == 0 || status == 1, "the child ran", __FILE__, __LINE__);
	return status == 0;
}

static int child_args(int argc, char **argv)
{
	puts(argv[0]);
	for (int i = 3; i < argc; i++)
		puts(argv[i]);
	return fflush(stdout);
}

static int child_env(const char *name)
{
	const char *value = getenv(name);

	printf(value ? "%s=%s\n" : "%s\n", name, value);
	return fflush(stdout);
}

static int child_cat(void)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(0, bytes, sizeof bytes)) > 0)
		if (write(1, bytes, n) != n)
			return 1;
	return n < 0;
}

static int child_signals(void)
{
	struct sigaction interrupt, quit;
	sigset_t blocked;

	sigaction(SIGINT, NULL, &interrupt);
	sigaction(SIGQUIT, NULL, &quit);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	return interrupt.sa_handler != SIG_DFL || quit.sa_handler != SIG_DFL || sigismember(&blocked, SIGCHLD);
}

int child_main(int argc, char **argv)
{
	const char *question, *what;

	if (argc < 3 || strcmp(argv[1], "child") != 0)
		return -1;
	question = argv[2];
	what = argc > 3 ? argv[3] : "";
	if (!strcmp(question, "has"))
		return !is_open(strlen(what));
	if (!strcmp(question, "number"))
		return !is_open(atoi(what));
	if (!strcmp(question, "exit"))
		return atoi(what);
	if (!strcmp(question, "args"))
		return child_args(argc, argv);
	if (!strcmp(question, "env"))
		return child_env(what);
	if (!strcmp(question, "cat"))
		return child_cat();
	if (!strcmp(question, "signals"))
		return child_signals();
	return 99;
}

void scratch_enter(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof scratch, "%s/fdguard-calls.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	expect_true(mkdtemp(scratch) && chdir(scratch) == 0, "a scratch directory", __FILE__, __LINE__);
	setenv("PATH", "/usr/bin:/bin", 1); /* whoever runs this may have directories there that others may not enter */
}

static void remove_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir || chdir(path) < 0)
		return;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR) {
			remove_files(entry->d_name);
			rmdir(entry->d_name);
		} else {
			unlink(entry->d_name);
		}
	}
	closedir(dir);
	if (chdir("..") < 0)
		perror("chdir");
}

void scratch_leave(void)
{
	remove_files(scratch);
	rmdir(scratch);
}

static int has_name(struct dl_phdr_info *info, size_t size, void *wanted)
{
	size_t length = strlen(info->dlpi_name), want = strlen(wanted);

	(void)size;
	return length >= want && !strcmp(info->dlpi_name + length - want, wanted);
}

bool preload_is_there(void)
{
	char *wanted = getenv("CALLS_NEEDS");

	return !wanted || dl_iterate_phdr(has_name, wanted) == 1;
}
