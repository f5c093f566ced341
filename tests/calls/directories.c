// SPDX-License-Identifier: MIT
/* opendir, fdopendir and closedir: descriptors that libc makes, takes over and closes. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

static int entries(DIR *dir)
{
	int n = 0;

	while (readdir(dir))
		n++;
	return n;
}

static void opendir_is_close_on_exec(void)
{
	int want = lowest();
	DIR *dir = opendir("dir");

	SAME(dirfd(dir), want);
	EXPECT(cloexec(want));
	SAME(entries(dir), 4);
	SAME(closedir(dir), 0);
	EXPECT(!is_open(want));
	FAILS(opendir("missing") ? 0 : -1, ENOENT);
	FAILS(opendir("dir/a") ? 0 : -1, ENOTDIR);
	FAILS(opendir("") ? 0 : -1, ENOENT);
}

static void a_directory_can_be_given_to_children(void)
{
	DIR *dir = opendir("dir");

	EXPECT(!child_has(dirfd(dir)));
	SAME(fcntl(dirfd(dir), F_SETFD, 0), 0);
	EXPECT(!cloexec(dirfd(dir)));
	EXPECT(child_has(dirfd(dir)));
	SAME(closedir(dir), 0);
}

static void fdopendir_takes_the_descriptor_over(void)
{
	int fd = open("dir", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);

	SAME(dirfd(dir), fd);
	EXPECT(cloexec(fd)); /* glibc makes it so */
	SAME(entries(dir), 4);
	SAME(closedir(dir), 0);
	EXPECT(!is_open(fd));
}

static void fdopendir_refuses_and_leaves_the_descriptor(void)
{
	int fd = open("dir/a", O_RDONLY);

	FAILS(fdopendir(fd) ? 0 : -1, ENOTDIR);
	EXPECT(is_open(fd));
	FAILS(fdopendir(none()) ? 0 : -1, EBADF);
	SAME(close(fd), 0);
}

static void scandir_leaves_nothing_open(void)
{
	struct dirent **list;
	int n = scandir("dir", &list, NULL, alphasort);

	SAME(n, 4);
	EXPECT(!strcmp(list[2]->d_name, "a"));
	while (n-- > 0)
		free(list[n]);
	free(list);
}

static void closedir_of_nothing(void)
{
	FAILS(closedir(nowhere()), EINVAL);
}

void body(void)
{
	SAME(mkdir("dir", 0700), 0);
	write_file("dir/a", "", 0600);
	write_file("dir/b", "", 0600);
	RUN(opendir_is_close_on_exec);
	RUN(a_directory_can_be_given_to_children);
	RUN(fdopendir_takes_the_descriptor_over);
	RUN(fdopendir_refuses_and_leaves_the_descriptor);
	RUN(scandir_leaves_nothing_open);
	RUN(closedir_of_nothing);
}
