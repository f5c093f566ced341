// SPDX-License-Identifier: MIT
/*
 * monitor [-v] [-n SOCKETS] [-m fork|vfork|posix_spawn|system|popen] CMD [ARG…]
 *
 * The parent of case 1, as its author might have written it. It resolves names by itself, over a pool of connected UDP sockets that are all
 * registered for EPOLLIN in one epoll, and from time to time it starts a probe. Nothing in it is wrong, except that no
 * socket of the pool is close-on-exec: every probe begins life with SOCKETS + 1 descriptors that it does not know of.
 *
 * The probe's output is passed through, and its exit status is the monitor's (128 + N when a signal ended it). -v says both in words.
 * system and popen get the words of CMD joined by blanks, as with any program that builds a command line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct dns_pool {
	int epoll;
	int *socket;
	unsigned size;
};

int dns_pool_open(struct dns_pool *pool, unsigned size);
int dns_pool_close(struct dns_pool *pool);

static void die(const char *what)
{
	fprintf(stderr, "monitor: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* Room for the pool and a little more. Only the soft limit: the hard one is the administrator's. */
static void raise_limit(unsigned size)
{
	struct rlimit limit;
	rlim_t wanted = size + 64;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("getrlimit");
	if (limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("setrlimit RLIMIT_NOFILE");
}

/* Opens the sockets, connects each to the name server and registers them all. The missing SOCK_CLOEXEC and EPOLL_CLOEXEC are the incident. */
__attribute__((noinline)) int dns_pool_open(struct dns_pool *pool, unsigned size)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53) };

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pool->size = size;
	pool->socket = calloc(size ? size : 1, sizeof *pool->socket);
	if (!pool->socket)
		return -1;
	for (unsigned i = 0; i < size; i++) {
		pool->socket[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (pool->socket[i] < 0)
			return -1;
		if (connect(pool->socket[i], (struct sockaddr *)&server, sizeof server) != 0)
			return -1;
	}
	pool->epoll = epoll_create1(0);
	if (pool->epoll < 0)
		return -1;
	for (unsigned i = 0; i < size; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
		if (epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->socket[i], &event) != 0)
			return -1;
	}
	return 0;
}

/* -1 if the pool is not what it was: a socket that somebody closed, or took out of the epoll. */
int dns_pool_close(struct dns_pool *pool)
{
	for (unsigned i = 0; i < pool->size; i++) {
		if (epoll_ctl(pool->epoll, EPOLL_CTL_DEL, pool->socket[i], NULL) != 0)
			return -1;
		if (close(pool->socket[i]) != 0)
			return -1;
	}
	free(pool->socket);
	return close(pool->epoll);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return status;
}

static int probe_fork(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return wait_for(pid);
}

static int probe_vfork(char **argv)
{
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return wait_for(pid);
}

static int probe_posix_spawn(char **argv)
{
	pid_t pid;

	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno)
		die("posix_spawnp");
	return wait_for(pid);
}

static char *command_line(char **argv)
{
	size_t size = 1;
	char *line;

	for (char **word = argv; *word; word++)
		size += strlen(*word) + 1;
	line = calloc(1, size);
	if (!line)
		die("calloc");
	for (char **word = argv; *word; word++) {
		strcat(line, *word);
		if (word[1])
			strcat(line, " ");
	}
	return line;
}

static int probe_system(char **argv)
{
	char *line = command_line(argv);
	int status = system(line);

	if (status == -1)
		die("system");
	free(line);
	return status;
}

static int probe_popen(char **argv)
{
	char *line = command_line(argv), buffer[4096];
	FILE *pipe = popen(line, "r");
	size_t n;

	if (!pipe)
		die("popen");
	while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0)
		fwrite(buffer, 1, n, stdout);
	fflush(stdout);
	free(line);
	return pclose(pipe);
}

static const struct method {
	const char *name;
	int (*probe)(char **argv);
} methods[] = {
	{ "fork", probe_fork },
	{ "vfork", probe_vfork },
	{ "posix_spawn", probe_posix_spawn },
	{ "system", probe_system },
	{ "popen", probe_popen },
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	fprintf(stderr, "monitor: unknown method %s\n", name);
	exit(125);
}

static int tell(const char *probe, int status, int verbose)
{
	if (WIFSIGNALED(status)) {
		if (verbose)
			fprintf(stderr, "monitor: %s was killed by signal %d (%s)\n", probe, WTERMSIG(status), strsignal(WTERMSIG(status)));
		return 128 + WTERMSIG(status);
	}
	if (verbose)
		fprintf(stderr, "monitor: %s ended with exit status %d\n", probe, WEXITSTATUS(status));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const struct method *method = &methods[0];
	struct dns_pool pool;
	unsigned size = 1100;
	int option, status, verbose = 0;

	while ((option = getopt(argc, argv, "+vn:m:")) != -1) {
		if (option == 'v')
			verbose = 1;
		else if (option == 'n')
			size = strtoul(optarg, NULL, 10);
		else if (option == 'm')
			method = find_method(optarg);
		else
			return 125;
	}
	if (!argv[optind]) {
		fprintf(stderr, "usage: monitor [-v] [-n SOCKETS] [-m METHOD] CMD [ARG...]\n");
		return 125;
	}
	raise_limit(size);
	if (dns_pool_open(&pool, size) != 0)
		die("dns_pool_open");
	if (verbose)
		fprintf(stderr, "monitor: opened %u UDP sockets and an epoll\n", size);
	status = method->probe(argv + optind);
	if (dns_pool_close(&pool) != 0)
		die("dns_pool_close");
	return tell(argv[optind], status, verbose);
}
