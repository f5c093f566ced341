// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guards/uring.h"

static void a_ring_is_seen_however_it_was_made(void **state)
{
	struct io_uring_params p = { 0 };
	int ring;
	void *m;

	(void)state;
	assert_false(fdg_uring_is_used());
	ring = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (ring < 0) { /* the kernel may refuse to make one */
		assert_true(errno == ENOSYS || errno == EPERM);
		return;
	}
	assert_true(fdg_uring_is_used()); /* a ring in the program's own memory is not mapped */
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	assert_ptr_not_equal(m, MAP_FAILED);
	assert_true(fdg_uring_is_used());
	munmap(m, 4096);
	close(ring);
	assert_true(fdg_uring_is_used());
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_ring_is_seen_however_it_was_made) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
