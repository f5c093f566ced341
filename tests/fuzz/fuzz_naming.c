// SPDX-License-Identifier: MIT
/* Command lines and environments: the input is two strings, an argument and a variable, with a NUL between. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "guards/cloexec/naming.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("--status-fd=3 /dev/fd/63 fd://4 12:13:14\0MAKEFLAGS= -j --jobserver-auth=3,4"),
	FUZZ_TEXT("sh -c 'exec 9>&5; cat <&7' --x=3,4\0LISTEN_FDS=2"),
	FUZZ_TEXT("spawn_main(tracker_fd=5, pipe_handle=7)\0NGINX=6;7;"),
	FUZZ_TEXT("-f3 fd10 10.0.0.1:80 5s\0PUMA_INHERIT_0=3:tcp://0.0.0.0:80"),
	FUZZ_TEXT("99999999999999999999 0003\0CARGO_MAKEFLAGS=--jobserver-fds=5,6 --jobserver-auth=fifo:/x"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static bool small(int fd)
{
	return fd < 9000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fdg_named named = { .interesting = small };
	char *text = malloc(n + 2), *argv[] = { text, NULL }, *envp[2] = { NULL, NULL };

	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = text[n + 1] = '\0';
	envp[0] = text + strlen(text) + (strlen(text) < n);
	fdg_named_collect(&named, argv, envp);
	for (unsigned i = 0; i < named.count; i++)
		if (named.high[i] < FDG_NAMED_LOW || !small(named.high[i]))
			abort();
	if (named.count > FDG_NAMED_MAX || named.listen_end < 0)
		abort();
	for (int fd = 3; fd < 20; fd++) {
		char why[64];
		struct fdg_buf b = FDG_BUF(why);
		bool weak;

		if (fdg_named_why(&named, argv, envp, fd, &b, &weak) != fdg_named_has(&named, fd))
			abort();
	}
	free(text);
	return 0;
}
