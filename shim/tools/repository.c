// SPDX-License-Identifier: MIT
#include "tools/repository.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST_MAX (256u << 20) /* what git may say */

extern char **environ;

static bool exists(const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path) && stat(path, &st) == 0;
}

static bool is_file(const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The nearest directory upwards that has a .git, a directory or (in work trees and submodules) a file; else the one that it began with. */
static void find_root(char root[PATH_MAX])
{
	char up[PATH_MAX], *slash;

	for (strcpy(up, root); *up; *slash = '\0') {
		if (exists(up, ".git")) {
			strcpy(root, up);
			return;
		}
		slash = strrchr(up, '/');
	}
}

/* What `git ls-files -z` says on its standard output; NULL: there is no git, or it refuses. */
static char *ask_git(const char *root, size_t *ret_n)
{
	char *argv[] = { "git", "-C", (char *)root, "ls-files", "-z", NULL }, *text = NULL;
	posix_spawn_file_actions_t actions;
	size_t n = 0, room = 0;
	int ends[2], status = -1;
	ssize_t got = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, "git", &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (pid > 0 && n < LIST_MAX) {
		char *more = n + 4096 < room ? text : realloc(text, room = room * 2 + 65536);

		if (!more)
			break;
		text = more;
		got = read(ends[0], text + n, room - n);
		if (got <= 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status != 0 || n == 0) {
		free(text);
		return NULL;
	}
	*ret_n = n;
	return text;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_own(struct repository *r)
{
	size_t n = 0, count = 0;
	char *said = exists(r->root, ".git") ? ask_git(r->root, &n) : NULL, *text;

	if (!said)
		return;
	text = pool_text(&r->pool, said, n);
	free(said);
	for (size_t i = 0; i < n; i++)
		count += text[i] == '\0';
	r->own = pool_take(&r->pool, (count + 1) * sizeof(*r->own));
	for (size_t i = 0; i < n && r->owns < count; i += strlen(text + i) + 1)
		r->own[r->owns++] = text + i;
	qsort(r->own, r->owns, sizeof(*r->own), by_name);
}

static bool is_own(const struct repository *r, const char *path)
{
	return !r->own || bsearch(&path, r->own, r->owns, sizeof(*r->own), by_name);
}

/* Any file at the top, the first by name. */
static const char *some_file(struct repository *r)
{
	const char *best = NULL;
	DIR *all = opendir(r->root);

	for (struct dirent *d; all && (d = readdir(all));)
		if (d->d_name[0] != '.' && is_file(r->root, d->d_name) && (!best || strcmp(d->d_name, best) < 0))
			best = pool_copy(&r->pool, d->d_name);
	if (all)
		closedir(all);
	return best;
}

static const char *find_stable(struct repository *r)
{
	static const char *const names[] = {
		"CMakeLists.txt", "meson.build", "configure.ac", "Makefile", "GNUmakefile", "makefile", "Cargo.toml", "go.mod", "pyproject.toml", "setup.py",
		"package.json", "BUILD.bazel", "README.md", "README.rst", "README", "README.txt",
	};
	const char *some = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (is_file(r->root, names[i]) && is_own(r, names[i]))
			return names[i];
	if (r->owns)
		return r->own[0];
	if (*r->root)
		some = some_file(r);
	return some ? some : "README.md"; /* there is no file at all, and a path there must be */
}

void repository_open(struct repository *r, const char *root, const char *directory)
{
	char path[PATH_MAX];

	*r = (struct repository){ .root = "" };
	if (realpath(root ? root : directory, path)) {
		if (!root)
			find_root(path);
		r->root = pool_copy(&r->pool, strcmp(path, "/") == 0 ? "" : path);
	}
	if (*r->root)
		list_own(r);
	r->stable = find_stable(r);
}

const char *repository_path(struct repository *r, const char *file)
{
	size_t n = strlen(r->root);
	char path[PATH_MAX], whole[PATH_MAX];
	struct stat st;

	if (!n || !file)
		return NULL;
	/* Compilers that are told to (-ffile-prefix-map) leave paths that begin at the top of the tree. */
	if (*file != '/' && snprintf(whole, sizeof(whole), "%s/%s", r->root, file) < (int)sizeof(whole))
		file = whole;
	if (!realpath(file, path) || strncmp(path, r->root, n) != 0 || path[n] != '/' || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return is_own(r, path + n + 1) ? pool_copy(&r->pool, path + n + 1) : NULL;
}

void repository_close(struct repository *r)
{
	pool_free(&r->pool);
	*r = (struct repository){ .root = "" };
}
