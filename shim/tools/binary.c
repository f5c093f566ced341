// SPDX-License-Identifier: MIT
#include "tools/binary.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE_HERE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE_HERE EM_AARCH64
#endif
#define SCRIPT_DEPTH 5        /* as many as the kernel follows */
#define SCRIPT_LINE 256       /* the kernel's BINPRM_BUF_SIZE */
#define HEADERS_MAX 128       /* program headers; real files have a dozen */
#define DYNAMIC_MAX 4096      /* entries of the dynamic section */
#define NEEDED_NAME 64

struct file {
	int fd;
	Elf64_Ehdr elf;
	Elf64_Phdr segment[HEADERS_MAX];
	unsigned segments;
};

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{ EM_386, "32-bit x86" }, { EM_ARM, "32-bit ARM" }, { EM_X86_64, "x86-64" }, { EM_AARCH64, "aarch64" },
	{ EM_RISCV, "RISC-V" }, { EM_PPC64, "POWER" }, { EM_S390, "S/390" },
};

const char *binary_word(enum binary_kind kind)
{
	static const char *const words[] = { "dynamic", "asan", "static", "foreign", "privileged", "missing" };

	return words[kind];
}

static bool read_at(int fd, uint64_t at, void *ret, size_t n)
{
	return pread(fd, ret, n, (off_t)at) == (ssize_t)n;
}

static const Elf64_Phdr *segment_of_type(const struct file *f, unsigned type)
{
	for (unsigned i = 0; i < f->segments; i++)
		if (f->segment[i].p_type == type)
			return &f->segment[i];
	return NULL;
}

/* Where in the file the byte at a virtual address is; 0: nowhere (what is at 0 is the header, which nobody asks for). */
static uint64_t offset_of(const struct file *f, uint64_t address)
{
	for (unsigned i = 0; i < f->segments; i++) {
		const Elf64_Phdr *p = &f->segment[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz)
			return p->p_offset + (address - p->p_vaddr);
	}
	return 0;
}

static bool read_string(int fd, uint64_t at, char *ret, size_t size)
{
	ssize_t n = pread(fd, ret, size - 1, (off_t)at);

	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

/* True if a dynamic entry with this tag (DT_NEEDED, DT_SONAME) names a library whose name begins so. */
static bool names_library(const struct file *f, Elf64_Sxword tag, const char *prefix)
{
	const Elf64_Phdr *dynamic = segment_of_type(f, PT_DYNAMIC);
	uint64_t strings = 0;
	Elf64_Dyn d;

	for (int pass = 0; dynamic && pass < 2; pass++) {
		for (uint64_t i = 0; i < DYNAMIC_MAX; i++) {
			char name[NEEDED_NAME];

			if (!read_at(f->fd, dynamic->p_offset + i * sizeof(d), &d, sizeof(d)) || d.d_tag == DT_NULL)
				break;
			if (pass == 0 && d.d_tag == DT_STRTAB)
				strings = offset_of(f, d.d_un.d_ptr);
			if (pass == 1 && d.d_tag == tag && strings && read_string(f->fd, strings + d.d_un.d_val, name, sizeof(name)) &&
			    strncmp(name, prefix, strlen(prefix)) == 0)
				return true;
		}
	}
	return false;
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

static bool foreign_machine(const struct file *f, struct binary *ret)
{
	if (f->elf.e_ident[EI_CLASS] == ELFCLASS64 && f->elf.e_machine == MACHINE_HERE)
		return false;
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (machines[i].machine == f->elf.e_machine) {
			say(ret, BINARY_FOREIGN, "is a program for %s, and the library is not", machines[i].name);
			return true;
		}
	}
	say(ret, BINARY_FOREIGN, "is a program for %s, and the library is not", "another architecture");
	return true;
}

static void look_at_interpreter(const struct file *f, const Elf64_Phdr *interp, struct binary *ret)
{
	char path[256], *base;

	if (!read_string(f->fd, interp->p_offset, path, sizeof(path)))
		return;
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (strncmp(base, "ld-linux", 8) != 0)
		say(ret, BINARY_FOREIGN, "is built for a C library other than glibc (%s)", path);
	else if (names_library(f, DT_NEEDED, "libasan.so"))
		say(ret, BINARY_ASAN, "needs %s", "AddressSanitizer's runtime");
}

static void look_at_elf(struct file *f, struct binary *ret)
{
	const Elf64_Phdr *interp;

	if (foreign_machine(f, ret))
		return;
	f->segments = f->elf.e_phnum <= HEADERS_MAX ? f->elf.e_phnum : HEADERS_MAX;
	if (f->elf.e_phentsize != sizeof(*f->segment) || !read_at(f->fd, f->elf.e_phoff, f->segment, f->segments * sizeof(*f->segment)))
		return;
	interp = segment_of_type(f, PT_INTERP);
	if (interp)
		look_at_interpreter(f, interp, ret);
	else if (!names_library(f, DT_SONAME, "ld-linux")) /* the loader itself, run by name, preloads */
		say(ret, BINARY_STATIC, "is statically linked: %s", "no loader, so nothing can be preloaded");
}

/*
 * Would the kernel set AT_SECURE? Its rule is the new effective user or group against the real one of now, so that root runs a set-user-ID-root
 * program without it; no set bits on a nosuid mount or after PR_SET_NO_NEW_PRIVS; file capabilities do it for all but root.
 */
static bool privileged(const char *path, const struct stat *st, struct binary *ret)
{
	struct statvfs fs;
	bool ignored = (statvfs(path, &fs) == 0 && (fs.f_flag & ST_NOSUID)) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

	if (!ignored && (st->st_mode & S_ISUID) && st->st_uid != getuid())
		say(ret, BINARY_PRIVILEGED, "%s", "is set-user-ID, and the loader ignores LD_PRELOAD for such programs");
	else if (!ignored && (st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->st_gid != getgid())
		say(ret, BINARY_PRIVILEGED, "%s", "is set-group-ID, and the loader ignores LD_PRELOAD for such programs");
	else if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		say(ret, BINARY_PRIVILEGED, "%s", "has file capabilities, and the loader ignores LD_PRELOAD for such programs");
	else
		return false;
	return true;
}

/* `line` begins with "#!". Cuts the interpreter's path out of it as the kernel does; NULL: there is none. */
static char *interpreter_of(char *line)
{
	char *path = line + 2 + strspn(line + 2, " \t");

	path[strcspn(path, " \t\n")] = '\0';
	return *path ? path : NULL;
}

/* To open a device can do something to it. */
static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Opens path into f, or, for a script, the program that the kernel starts for it; false: `ret` tells what is wrong. Names that program in
 * ret_path. The first bytes of the file are in `start`; -1 in f->fd: cannot be read. */
static bool open_program(struct file *f, const char *path, char start[SCRIPT_LINE], char ret_path[PATH_MAX], struct binary *ret)
{
	snprintf(ret_path, PATH_MAX, "%s", path);
	for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		ssize_t n;
		char *interpreter;

		f->fd = is_regular(ret_path) ? open(ret_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
		n = f->fd < 0 ? 0 : pread(f->fd, start, SCRIPT_LINE - 1, 0);
		start[n < 0 ? 0 : n] = '\0';
		if (strncmp(start, "#!", 2) != 0)
			return true;
		close(f->fd);
		interpreter = interpreter_of(start);
		if (!interpreter)
			return false; /* the kernel says ENOEXEC, and a shell runs it */
		if (access(interpreter, F_OK) != 0) {
			say(ret, BINARY_MISSING, "its interpreter %s: No such file or directory", interpreter);
			return false;
		}
		snprintf(ret_path, PATH_MAX, "%s", interpreter);
	}
	return false;
}

void binary_look(const char *path, struct binary *ret)
{
	static struct file f;
	char start[SCRIPT_LINE], program[PATH_MAX];
	struct stat st;

	say(ret, BINARY_DYNAMIC, "%s", "is dynamically linked");
	if (!open_program(&f, path, start, program, ret))
		return;
	if (stat(program, &st) == 0 && !privileged(program, &st, ret) && strncmp(start, ELFMAG, SELFMAG) == 0 &&
	    read_at(f.fd, 0, &f.elf, sizeof(f.elf)))
		look_at_elf(&f, ret);
	if (f.fd >= 0)
		close(f.fd);
}
