// SPDX-License-Identifier: MIT
#include "base/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define SCRIPT_DEPTH 5   /* as many as the kernel follows */
#define DYNAMIC_MAX 4096 /* entries of the dynamic section */
#define NEEDED_NAME 64
#define NO_SUID 2        /* ST_NOSUID, which statfs has in f_flags */

static long read_some(const struct fdg_image *f, uint64_t at, void *ret, size_t n)
{
	return fdg_sys4(SYS_pread64, f->fd, ret, n, at);
}

static bool read_at(const struct fdg_image *f, uint64_t at, void *ret, size_t n)
{
	return read_some(f, at, ret, n) == (long)n;
}

static bool read_string(const struct fdg_image *f, uint64_t at, char *ret, size_t size)
{
	long n = read_some(f, at, ret, size - 1);

	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

static const Elf64_Phdr *segment_of_type(const struct fdg_image *f, unsigned type)
{
	for (unsigned i = 0; i < f->segments; i++)
		if (f->segment[i].p_type == type)
			return &f->segment[i];
	return NULL;
}

/* Where in the file the byte at a virtual address is; 0: nowhere (what is at 0 is the header, which nobody asks for). */
static uint64_t offset_of(const struct fdg_image *f, uint64_t address)
{
	for (unsigned i = 0; i < f->segments; i++) {
		const Elf64_Phdr *p = &f->segment[i];

		if (p->p_type == PT_LOAD && address >= p->p_vaddr && address - p->p_vaddr < p->p_filesz)
			return p->p_offset + (address - p->p_vaddr);
	}
	return 0;
}

/* True if a dynamic entry with this tag (DT_NEEDED, DT_SONAME) names a library whose name begins so. */
static bool names_library(const struct fdg_image *f, Elf64_Sxword tag, const char *prefix)
{
	const Elf64_Phdr *dynamic = segment_of_type(f, PT_DYNAMIC);
	uint64_t strings = 0;
	Elf64_Dyn d;

	for (int pass = 0; dynamic && pass < 2; pass++) {
		for (uint64_t i = 0; i < DYNAMIC_MAX; i++) {
			char name[NEEDED_NAME];

			if (!read_at(f, dynamic->p_offset + i * sizeof(d), &d, sizeof(d)) || d.d_tag == DT_NULL)
				break;
			if (pass == 0 && d.d_tag == DT_STRTAB)
				strings = offset_of(f, d.d_un.d_ptr);
			if (pass == 1 && d.d_tag == tag && strings && read_string(f, strings + d.d_un.d_val, name, sizeof(name)) &&
			    strncmp(name, prefix, strlen(prefix)) == 0)
				return true;
		}
	}
	return false;
}

static void look_at_interpreter(struct fdg_image *f, const Elf64_Phdr *interp)
{
	char *base;

	if (!read_string(f, interp->p_offset, f->loader, sizeof(f->loader)))
		return;
	base = strrchr(f->loader, '/');
	base = base ? base + 1 : f->loader;
	if (strncmp(base, "ld-linux", 8) != 0) {
		f->kind = FDG_IMAGE_FOREIGN;
		return;
	}
	f->loader[0] = '\0';
	if (names_library(f, DT_NEEDED, "libasan.so"))
		f->kind = FDG_IMAGE_ASAN;
}

static void look_at_elf(struct fdg_image *f)
{
	const Elf64_Phdr *interp;

	f->kind = FDG_IMAGE_DYNAMIC;
	if (f->elf.e_ident[EI_CLASS] != ELFCLASS64 || f->elf.e_machine != FDG_IMAGE_MACHINE) {
		f->kind = FDG_IMAGE_FOREIGN;
		f->detail = f->elf.e_machine ? f->elf.e_machine : UINT16_MAX;
		return;
	}
	f->segments = f->elf.e_phnum <= FDG_IMAGE_SEGMENTS ? f->elf.e_phnum : FDG_IMAGE_SEGMENTS;
	if (f->elf.e_phentsize != sizeof(*f->segment) || !read_at(f, f->elf.e_phoff, f->segment, f->segments * sizeof(*f->segment)))
		return;
	interp = segment_of_type(f, PT_INTERP);
	if (interp)
		look_at_interpreter(f, interp);
	else if (!names_library(f, DT_SONAME, "ld-linux")) /* the loader itself, run by name, preloads */
		f->kind = FDG_IMAGE_STATIC;
}

/*
 * Would the kernel set AT_SECURE? Its rule is the new effective user or group against the real one of now, so that root runs a set-user-ID-root
 * program without it; no set bits on a nosuid mount or after PR_SET_NO_NEW_PRIVS; file capabilities do it for all but root.
 */
static bool is_privileged(struct fdg_image *f, const struct stat *st)
{
	struct statfs fs;
	bool nosuid = fdg_sys2(SYS_statfs, f->program, &fs) == 0 && (fs.f_flags & NO_SUID);
	bool ignored = nosuid || fdg_sys5(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	long user = fdg_sys0(SYS_getuid);

	if (!ignored && (st->st_mode & S_ISUID) && st->st_uid != (uid_t)user)
		f->detail = FDG_IMAGE_SUID;
	else if (!ignored && (st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st->st_gid != (gid_t)fdg_sys0(SYS_getgid))
		f->detail = FDG_IMAGE_SGID;
	else if (user != 0 && fdg_sys4(SYS_getxattr, f->program, "security.capability", NULL, 0) > 0)
		f->detail = FDG_IMAGE_CAPABLE;
	else
		return false;
	f->kind = FDG_IMAGE_PRIVILEGED;
	return true;
}

/* ---- names ---- */

static void copy(char *to, size_t size, const char *from)
{
	struct fdg_buf b = { to, 0, size, false };

	*to = '\0';
	fdg_put(&b, from);
}

static long open_below(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	return fdg_sys4(SYS_openat2, root, path, &how, sizeof(how));
}

void fdg_image_done(struct fdg_image *f)
{
	if (f->held >= 0)
		fdg_sys_close(f->held);
	f->held = -1;
}

/* From here on the program is what has this name in the root that was given. Links of /proc do not lead anywhere from there, nor does anything before Linux 5.6: those are followed as they are. */
static void go_to(struct fdg_image *f, const char *path)
{
	struct fdg_buf b = FDG_BUF(f->program);

	fdg_image_done(f);
	if (f->root < 0) {
		copy(f->program, sizeof(f->program), path);
		return;
	}
	f->held = (int)open_below(f->root, path);
	fdg_fmt(&b, "/proc/self/fd/%d", f->held >= 0 ? f->held : f->root);
	if (f->held < 0)
		fdg_put(&b, path);
}

static bool is_there(const struct fdg_image *f, const char *path)
{
	long fd;

	if (f->root < 0)
		return fdg_sys3(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
	fd = open_below(f->root, path);
	if (fd >= 0)
		fdg_sys_close((int)fd);
	return fd != -ENOENT && fd != -ENOTDIR;
}

/* ---- the look ---- */

/* To open a device can do something to it. */
static bool is_regular(struct fdg_image *f)
{
	struct stat st;

	if (fdg_sys_stat(f->program, &st) < 0)
		return false;
	f->mode = f->mode ? f->mode : st.st_mode;
	return S_ISREG(st.st_mode);
}

static void open_file(struct fdg_image *f)
{
	long n;

	f->fd = is_regular(f) ? fdg_sys_open(f->program, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0) : -1;
	n = f->fd < 0 ? 0 : read_some(f, 0, f->start, sizeof(f->start) - 1);
	f->start[n < 0 ? 0 : n] = '\0';
}

static void keep_name(struct fdg_image *f)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (f->fd < 0)
		return;
	fdg_fmt(&b, "/proc/self/fd/%d", f->fd);
	n = fdg_sys_readlink(path, f->real, sizeof(f->real) - 1);
	f->real[n < 0 ? 0 : n] = '\0';
}

/* The first line begins with "#!". Cuts the interpreter's path out of it as the kernel does; NULL: there is none. */
static const char *interpreter_of(char *line)
{
	char *path = line + 2 + strspn(line + 2, " \t");

	path[strcspn(path, " \t\n")] = '\0';
	return *path ? path : NULL;
}

/* Opens the program that the kernel starts for the file; false: there is nothing more to be said. */
static bool open_program(struct fdg_image *f)
{
	for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		const char *interpreter;

		open_file(f);
		if (depth == 0)
			keep_name(f);
		if (strncmp(f->start, "#!", 2) != 0)
			return true;
		fdg_sys_close(f->fd);
		f->fd = -1;
		interpreter = interpreter_of(f->start);
		if (!interpreter)
			return false; /* the kernel says ENOEXEC, and a shell runs it */
		if (!is_there(f, interpreter)) {
			f->kind = FDG_IMAGE_MISSING;
			copy(f->loader, sizeof(f->loader), interpreter);
			return false;
		}
		go_to(f, interpreter);
	}
	return false;
}

void fdg_image_look(const char *path, struct fdg_image *ret)
{
	fdg_image_look_in(-1, path, ret);
}

void fdg_image_look_in(int root, const char *path, struct fdg_image *ret)
{
	struct stat st;

	ret->kind = FDG_IMAGE_UNKNOWN;
	ret->detail = 0;
	ret->loader[0] = ret->real[0] = '\0';
	ret->fd = ret->held = -1;
	ret->root = root;
	ret->mode = 0;
	ret->segments = 0;
	go_to(ret, path);
	if (!open_program(ret))
		return;
	if (fdg_sys_stat(ret->program, &st) == 0 && !is_privileged(ret, &st) && ret->fd >= 0 && strncmp(ret->start, ELFMAG, SELFMAG) == 0 &&
	    read_at(ret, 0, &ret->elf, sizeof(ret->elf)))
		look_at_elf(ret);
	if (ret->fd >= 0)
		fdg_sys_close(ret->fd);
}
