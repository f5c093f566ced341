// SPDX-License-Identifier: MIT
/*
 * Calls before main and before anybody's constructor: from an IFUNC resolver, which runs while the program is being relocated, from
 * .preinit_array, and from a constructor. What they made is still right afterwards.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

struct early {
	int made, copy, flag, closed, failed, error;
};
static struct early resolver, preinit, constructor;

static void call(struct early *e)
{
	e->made = socket(AF_UNIX, SOCK_STREAM, 0);
	e->copy = dup(e->made);
	e->flag = fcntl(e->made, F_GETFD);
	e->closed = close(e->copy);
	e->failed = close(e->copy);
	e->error = errno;
}

static int answer(void)
{
	return 42;
}

/* As real resolvers are built: the canary may not be there yet. */
__attribute__((no_stack_protector, used)) static int (*resolve(void))(void)
{
	call(&resolver);
	return answer;
}

int resolved(void) __attribute__((ifunc("resolve")));

static void run_preinit(void)
{
	call(&preinit);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_all)(void) = run_preinit;

__attribute__((constructor)) static void run_constructor(void)
{
	call(&constructor);
}

static void was_right(const struct early *e, int number)
{
	SAME(e->made, number);
	SAME(e->copy, number + 1);
	SAME(e->flag, 0);
	SAME(e->closed, 0);
	SAME(e->failed, -1);
	SAME(e->error, EBADF);
	SAME(fcntl(e->made, F_GETFD), 0);
	SAME(fcntl(e->made, F_SETFD, 0), 0);
	EXPECT(child_has(e->made));
	SAME(close(e->made), 0);
}

int main(void)
{
	int base = lowest() - 3; /* three are open by now */

	SAME(resolved(), 42);
	was_right(&resolver, base);
	was_right(&preinit, base + 1);
	was_right(&constructor, base + 2);
	return expect_failures() != 0;
}
