# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Which variables of the environment excuse a leak, and how surely; and whom LISTEN_FDS is for.
. "$FDG_SRC/tests/check/lib.sh"

for variable in BATS_LIB_PATH=/usr/lib/bats BATS_VERSION=1 BATS_TEST_NAME=x DOCKER_SOCKET=/run/d-3.sock LISTEN_ADDR=127.0.0.3 LISTEN_ADDRESS=10.4.3.7:8080 X=see_http://fd/3; do
	exits "$variable" 99 -- env "$variable" cloexec-wrong socket fork show-fds
done
for variable in SOCKET_TIMEOUT=3 SOCKETS=3 WEBSOCKET_RETRIES=3 LISTEN_WORKERS=3 LISTENERS=3 INHERIT_X=3; do
	exits "$variable" 0 -- env "$variable" cloexec-wrong socket fork show-fds
	says "$variable: is a number" '^Taken as meant for a child because of a bare number; '
	says "$variable: and told" ": the variable ${variable%=*} names it\$"
done
for variable in SERVER_FD=3 X=/dev/fd/3 PUMA_INHERIT_0=3:tcp://0.0.0.0:80 WAYLAND_SOCKET=3; do
	exits "$variable" 0 -- env "$variable" cloexec-wrong socket fork show-fds
	says_not "$variable: is more" '^Taken as meant for a child because of a bare number; '
done

cat >activated.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* activated: starts itself with a socket, as a service manager does; that one starts PROGRAM. */
int main(int argc, char **argv)
{
	char pid[20];
	if (!getenv("LISTEN_FDS"))
		socket(AF_INET, SOCK_STREAM, 0);
	if (fork() == 0) {
		snprintf(pid, sizeof(pid), "%d", getpid());
		if (getenv("LISTEN_FDS"))
			execlp(argv[argc - 1], argv[argc - 1], (char *)0);
		setenv("LISTEN_FDS", "1", 1);
		setenv("LISTEN_PID", pid, 1);
		execl("/proc/self/exe", "service", argv[argc - 1], (char *)0);
		_exit(9);
	}
	wait(0);
	return 0;
}
EOF
"$FDG_CC" -o activated activated.c || bad 'activated'
exits 'what LISTEN_FDS gave a service' 99 -- ./activated show-fds
same 'and it gave to a third program' 1 "$(grep -c '^3 ' out)"
says 'is a leak there' 'show-fds (pid [0-9]*) inherited 1 TCP socket from activated'
says 'with what to do there' 'fix: set FD_CLOEXEC on it in activated'
says 'and meant for the service' '^  fd 3 (TCP socket, .*: the variable LISTEN_FDS names it$'
same 'one finding' 1 "$(grep -c '\[cloexec' summary)"
finish
