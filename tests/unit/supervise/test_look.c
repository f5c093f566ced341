// SPDX-License-Identifier: MIT
/* A look that takes for ever, by a file system of ours that answers when it is told to. */
#include "supervise/look.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int bell[2];
static atomic_int looks;
static struct fdg_look look;

void fdg_image_look_in(int root, const char *path, struct fdg_image *ret)
{
	char c;

	(void)root;
	looks++;
	if (strstr(path, "slow"))
		assert_int_equal(read(bell[0], &c, 1), 1);
	memset(ret, 0, sizeof(*ret));
	ret->kind = FDG_IMAGE_STATIC;
	ret->elf.e_type = strstr(path, "core") ? ET_CORE : ET_EXEC;
	ret->mode = S_IFREG | 0755;
	strcpy(ret->program, "/proc/self/exe");
}

void fdg_image_done(struct fdg_image *f)
{
	(void)f;
}

static bool look_at(const char *name)
{
	look = (struct fdg_look){ .tid = getpid(), .directory = AT_FDCWD };
	strcpy(look.name, name);
	return fdg_look(&look);
}

static void what_answers_is_told(void **state)
{
	char self[PATH_MAX] = "";
	struct stat st;

	(void)state;
	assert_true(look_at("/quick"));
	assert_true(look.is_program);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_string_equal(look.exe, self);
	assert_int_equal(stat(self, &st), 0);
	assert_int_equal(look.file.ino, st.st_ino);
	assert_int_equal(look.image.kind, FDG_IMAGE_STATIC);
	assert_true(look_at("/core"));
	assert_false(look.is_program); /* the kernel refuses it */
}

static void what_does_not_is_left(void **state)
{
	int before = looks;

	(void)state;
	assert_false(look_at("/slow"));
	assert_int_equal(looks, before + 1);
	assert_false(look_at("/quick"));
	assert_int_equal(looks, before + 1); /* it was not even tried */
	assert_int_equal(write(bell[1], "", 1), 1);
	for (int i = 0; i < 10000 && !look_at("/quick"); i++)
		usleep(1000);
	assert_true(look_at("/quick"));
	assert_string_equal(look.name, "/quick");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_answers_is_told),
		cmocka_unit_test(what_does_not_is_left),
	};

	alarm(10); /* who waits for ever is ended */
	if (pipe2(bell, O_CLOEXEC) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
