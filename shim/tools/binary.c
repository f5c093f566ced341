// SPDX-License-Identifier: MIT
#include "tools/binary.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/elf.h"

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{ EM_386, "32-bit x86" }, { EM_ARM, "32-bit ARM" }, { EM_X86_64, "x86-64" }, { EM_AARCH64, "aarch64" },
	{ EM_RISCV, "RISC-V" }, { EM_PPC64, "POWER" }, { EM_S390, "S/390" },
};

const char *binary_word(enum binary_kind kind)
{
	static const char *const words[] = { "dynamic", "asan", "static", "foreign", "privileged", "missing", "go", "unread" };

	return words[kind];
}

static void say(struct binary *ret, enum binary_kind kind, const char *format, const char *what)
{
	ret->kind = kind;
	snprintf(ret->why, sizeof(ret->why), format, what);
	/* One line, whatever a file name holds. */
	for (char *p = ret->why; *p; p++)
		if (*p == '\n')
			*p = '?';
}

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another architecture";
}

static void say_privileged(unsigned how, struct binary *ret)
{
	if (how == FDG_IMAGE_SUID)
		say(ret, BINARY_PRIVILEGED, "%s", "is set-user-ID, and the loader ignores LD_PRELOAD for such programs");
	else if (how == FDG_IMAGE_SGID)
		say(ret, BINARY_PRIVILEGED, "%s", "is set-group-ID, and the loader ignores LD_PRELOAD for such programs");
	else
		say(ret, BINARY_PRIVILEGED, "%s", "has file capabilities, and the loader ignores LD_PRELOAD for such programs");
}

static bool is_watchable(enum fdg_image_kind kind, unsigned detail)
{
#if defined(__x86_64__)
	if (kind == FDG_IMAGE_FOREIGN && detail == EM_386)
		return true;
#endif
	return kind == FDG_IMAGE_DYNAMIC || kind == FDG_IMAGE_ASAN || kind == FDG_IMAGE_STATIC || (kind == FDG_IMAGE_FOREIGN && !detail);
}

void binary_tell(enum fdg_image_kind kind, unsigned detail, const char *loader, struct binary *ret)
{
	ret->is_watchable = is_watchable(kind, detail);
	switch (kind) {
	case FDG_IMAGE_ASAN:
		say(ret, BINARY_ASAN, "needs %s", "AddressSanitizer's runtime");
		break;
	case FDG_IMAGE_STATIC:
		say(ret, BINARY_STATIC, "is statically linked: %s", "no loader, so nothing can be preloaded");
		break;
	case FDG_IMAGE_FOREIGN:
		if (detail)
			say(ret, BINARY_FOREIGN, "is a program for %s, and the library is not", machine_name(detail));
		else
			say(ret, BINARY_FOREIGN, "is built for a C library other than glibc (%s)", loader);
		break;
	case FDG_IMAGE_PRIVILEGED:
		say_privileged(detail, ret);
		break;
	case FDG_IMAGE_MISSING:
		say(ret, BINARY_MISSING, "its interpreter %s: No such file or directory", loader);
		break;
	default:
		say(ret, BINARY_DYNAMIC, "%s", "is dynamically linked");
	}
}

static bool is_go(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct fdg_elf e;
	bool found = fd >= 0 && fdg_elf_open(&e, fd) && fdg_elf_is_go(&e);

	if (fd >= 0)
		close(fd);
	return found;
}

void binary_look(const char *path, struct binary *ret)
{
	static struct fdg_image image;

	fdg_image_look(path, &image);
	binary_tell(image.kind, image.detail, image.loader, ret);
	if (image.kind == FDG_IMAGE_UNKNOWN && access(path, X_OK) == 0 && access(path, R_OK) < 0)
		say(ret, BINARY_UNREAD, "%s", "may not be read, so that nobody can tell if a preload gets into it");
	if (image.kind == FDG_IMAGE_DYNAMIC && is_go(image.program))
		say(ret, BINARY_GO, "is a Go program: %s", "it makes its system calls past the C library, where no preload sees them");
}
