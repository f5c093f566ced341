// SPDX-License-Identifier: MIT
/* The program that constructor.c's libraries are loaded into, and the program that tests exec. Fails if no body ran. */
#include "expect.h"

extern int carrier_saw_body;
int carrier_saw_body;

int main(int argc, char **argv)
{
	int status = child_main(argc, argv);

	return status >= 0 ? status : carrier_saw_body ? 0 : 99;
}
