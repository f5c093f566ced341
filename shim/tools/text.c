// SPDX-License-Identifier: MIT
#include "tools/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *complain(const char *what, const char *path, const char *why)
{
	fprintf(stderr, "fdguard: %s '%s' %s\n", what, path, why);
	return NULL;
}

char *text_file(struct pool *pool, const char *what, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL, why[128];
	struct stat st;
	ssize_t n = 0;

	snprintf(why, sizeof(why), "cannot be read: %s", strerror(errno));
	if (fd < 0)
		return complain(what, path, why);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		complain(what, path, "is not a regular file");
	} else if (st.st_size > (off_t)TEXT_FILE_MAX) {
		complain(what, path, "is larger than 4 MiB");
	} else {
		text = pool_take(pool, (size_t)st.st_size + 1);
		n = read(fd, text, (size_t)st.st_size);
		if (n != st.st_size || strlen(text) != (size_t)n)
			text = complain(what, path, n != st.st_size ? "cannot be read" : "is no text: there is a NUL in it");
	}
	close(fd);
	return text;
}

char *text_line(char **text)
{
	char *line = *text, *end = line ? strchr(line, '\n') : NULL;

	if (!line || !*line)
		return NULL;
	if (end)
		*end = '\0';
	*text = end ? end + 1 : NULL;
	return line;
}
