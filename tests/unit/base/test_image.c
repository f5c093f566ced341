// SPDX-License-Identifier: MIT
/* What a starter finds out about a file. tests/unit/tools/test_binary.c has the kinds of ELF files, right and damaged. */
#include "base/image.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/fdguard-image.XXXXXX", path[64], other[64];
static struct fdg_image image;

static int setup(void **state)
{
	char *real;

	(void)state;
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	real = mkdtemp(folder) ? realpath(folder, NULL) : NULL;
	if (!real)
		return -1;
	snprintf(path, sizeof(path), "%s/file", real);
	snprintf(other, sizeof(other), "%s/other", real);
	free(real);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static void put(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static enum fdg_image_kind look(const char *file)
{
	memset(&image, 0xff, sizeof(image));
	fdg_image_look(file, &image);
	return image.kind;
}

static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void a_file_has_a_real_name(void **state)
{
	(void)state;
	put("text", 0700);
	assert_int_equal(symlink(path, other), 0);
	look(other);
	assert_string_equal(image.real, path);
	assert_string_equal(image.loader, "");
}

static void of_a_script_the_name_is_its_own_and_the_kind_its_interpreters(void **state)
{
	(void)state;
	put("#!/bin/sh\n", 0700);
	assert_int_equal(look(path), FDG_IMAGE_DYNAMIC);
	assert_string_equal(image.real, path);
	put("#! /no/such/interpreter -x\n", 0700);
	assert_int_equal(look(path), FDG_IMAGE_MISSING);
	assert_string_equal(image.loader, "/no/such/interpreter");
}

static void what_cannot_be_opened_has_none(void **state)
{
	(void)state;
	assert_int_equal(look("/no/such/file"), FDG_IMAGE_UNKNOWN);
	assert_string_equal(image.real, "");
	assert_int_equal(look("/dev/null"), FDG_IMAGE_UNKNOWN);
	assert_string_equal(image.real, "");
	assert_int_equal(mkfifo(other, 0700), 0);
	assert_int_equal(look(other), FDG_IMAGE_UNKNOWN);
}

static void the_bits_count_where_they_change_who_it_is(void **state)
{
	struct statvfs fs;

	(void)state;
	put("text", 04755);
	assert_int_equal(look(path), FDG_IMAGE_UNKNOWN); /* its owner is who asks */
	if (getuid() != 0 || statvfs(path, &fs) != 0 || fs.f_flag & ST_NOSUID || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return;
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_int_equal(chmod(path, 04755), 0);
	assert_int_equal(look(path), FDG_IMAGE_PRIVILEGED);
	assert_int_equal(image.detail, FDG_IMAGE_SUID);
	assert_int_equal(chmod(path, 02755), 0);
	assert_int_equal(look(path), FDG_IMAGE_PRIVILEGED);
	assert_int_equal(image.detail, FDG_IMAGE_SGID);
	assert_int_equal(chmod(path, 02745), 0); /* mandatory locking, once */
	assert_int_equal(look(path), FDG_IMAGE_UNKNOWN);
}

static void no_descriptor_stays_open(void **state)
{
	int free_before = lowest_free();

	(void)state;
	put("#!/bin/sh\n", 0700);
	look(path);
	put("#! \n", 0700);
	look(path);
	put("#!/no/such\n", 0700);
	look(path);
	look("/bin/sh");
	look("/dev/null");
	assert_int_equal(lowest_free(), free_before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_has_a_real_name),
		TEST(of_a_script_the_name_is_its_own_and_the_kind_its_interpreters),
		TEST(what_cannot_be_opened_has_none),
		TEST(the_bits_count_where_they_change_who_it_is),
		TEST(no_descriptor_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
