// SPDX-License-Identifier: MIT

// mixed HOW: a Go program whose C part, which a preload sees, turns a copy blocking. HOW "setfl" and "fionbio": of Go's copy of Go's connection; "dup": of C's copy of it; "own": of C's copy of what C
// made, and then C reads. Says in which mode the other one is then.
package main

/*
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((noinline)) static void by_setfl(int fd) { fcntl(fd, F_SETFL, 0); __asm__ volatile(""); }
static inline void by_fionbio(int fd) { int zero = 0; ioctl(fd, FIONBIO, &zero); __asm__ volatile(""); }
static void by_dup(int fd) { by_setfl(dup(fd)); __asm__ volatile(""); }

static int own(void)
{
	struct epoll_event e = { EPOLLIN, { 0 } };
	struct timeval t = { 0, 200000 };
	int pair[2];
	char c;

	socketpair(AF_UNIX, SOCK_STREAM | 04000, 0, pair);
	epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pair[0], &e);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	by_dup(pair[0]);
	return read(pair[0], &c, 1) < 0 ? pair[0] : -1; // it waits, or not
}
*/
import "C"

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

func turn(how string, conn, copy int) int {
	switch how {
	case "setfl":
		C.by_setfl(C.int(copy))
	case "fionbio":
		C.by_fionbio(C.int(copy))
	case "dup":
		C.by_dup(C.int(conn))
	case "own":
		return int(C.own())
	}
	return conn
}

func number(c syscall.Conn) int {
	rc, err := c.SyscallConn()
	if err != nil {
		panic(err)
	}
	n := -1
	rc.Control(func(fd uintptr) { n = int(fd) })
	return n
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		panic(err)
	}
	fd := turn(os.Args[1], number(c.(*net.TCPConn)), number(f))
	flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if flags&syscall.O_NONBLOCK != 0 {
		fmt.Println("non-blocking")
	} else {
		fmt.Println("blocking")
	}
}
