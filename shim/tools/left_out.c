// SPDX-License-Identifier: MIT
#include "tools/left_out.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/exe.h"
#include "base/judged.h"
#include "base/sys.h"
#include "options/options.h"

/* Options only and skip leave programs out by name; a script's is its interpreter's. */
static bool name_is_left_out(const char *name)
{
	const struct fdg_options *o = &fdg_options;

	return (o->only.count && !fdg_names_match(&o->only, name)) || fdg_names_match(&o->skip, name);
}

bool left_out_is(const char *file)
{
	char line[256] = "", *path;
	struct stat st;
	int fd;

	if (!fdg_options.only.count && !fdg_options.skip.count)
		return false;
	fd = stat(file, &st) == 0 && S_ISREG(st.st_mode) ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) < 0)
		line[0] = '\0';
	if (fd >= 0)
		close(fd);
	if (strncmp(line, "#!", 2) != 0)
		return name_is_left_out(fdg_base_name(file));
	path = line + 2 + strspn(line + 2, " \t");
	path[strcspn(path, " \t\n")] = '\0';
	return name_is_left_out(fdg_base_name(path));
}

/* By an fdguard above us, of all that we start. */
static bool is_supervised(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r > 0 && (r & FDG_PROBE_SUPERVISED);
}

const char *left_out_cure(enum binary_kind kind, bool elsewhere)
{
	if (elsewhere)
		return "leave FDGUARD_OPTIONS as check set it; or accept it, with a line in the suppressions file";
	switch (kind) {
	case BINARY_STATIC:
	case BINARY_GO:
		if (is_supervised())
			return "run check where no other fdguard supervises it (above: fdguard run --no-supervise): that one's options count for such programs, and their findings are its own; or accept it, with a line in the suppressions file";
		if (geteuid() == 0)
			return "see to what is in the way of a supervisor, which root has unless --no-supervise is said (fdguard explain run.uncovered: the reasons, and what each takes); or accept it, with a line in the suppressions file";
		return "run check as root, who has such programs supervised, or with --supervise (fdguard-limits(7) says what that changes); or accept it, with a line in the suppressions file";
	case BINARY_UNREAD: return "check as a user who may read the file, or as root; or accept it, with a line in the suppressions file";
	case BINARY_FOREIGN: return "check on a machine of that kind; or accept it, with a line in the suppressions file";
	case BINARY_PRIVILEGED: return "run the check as the user that it changes to; or accept it, with a line in the suppressions file";
	default: return "look for what drops LD_PRELOAD (a sandbox, a chroot without the library, an exec that bypasses libc); or accept it, with a line in the suppressions file";
	}
}

const struct left_out_bar *left_out_bar(int64_t barred)
{
	static const struct left_out_bar bars[] = {
		{ "preload lost", "is dynamically linked, but the library's file was out of its reach: the preload was lost",
		  "let it find and read the library under the same path (in a chroot or container, as another user); or accept it, with a line in the suppressions file" },
		{ "privileged", "was started by a process whose effective user or group was not its real one, and the loader ignores LD_PRELOAD then",
		  "run the check as the user that it changes to; or accept it, with a line in the suppressions file" },
		{ "preload lost", "was started with arguments and environment so long that nothing could be added: the preload was lost",
		  "have its caller pass fewer arguments at once, or keep LD_PRELOAD and FDGUARD_OPTIONS in its environment; or accept it, with a line in the suppressions file" },
	};

	return barred >= 1 && barred <= (int64_t)(sizeof(bars) / sizeof(bars[0])) ? &bars[barred - 1] : NULL;
}
