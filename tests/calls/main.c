// SPDX-License-Identifier: MIT
/* Runs a test's body as a program. */
#include "expect.h"

int main(int argc, char **argv)
{
	int status = child_main(argc, argv);

	if (status >= 0)
		return status;
	if (!EXPECT(preload_is_there()))
		return 99;
	scratch_enter();
	body();
	scratch_leave();
	return expect_failures() != 0;
}
