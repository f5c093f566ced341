// SPDX-License-Identifier: MIT

// listens close|drain: two SO_REUSEPORT listeners, and clients in their queues. Says "ready", waits for a line, and closes the first listener; drain: which accepts what is queued before.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

const reusePort = 15 // SO_REUSEPORT: not in package syscall

func control(network, address string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1)
	})
}

func listen(address string) *net.TCPListener {
	config := net.ListenConfig{Control: control}
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		panic(err)
	}
	return l.(*net.TCPListener)
}

func drain(l *net.TCPListener) {
	for {
		l.SetDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}

func main() {
	first := listen("127.0.0.1:0")
	second := listen(first.Addr().String())
	for i := 0; i < 40; i++ {
		if _, err := net.Dial("tcp", second.Addr().String()); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	in := bufio.NewReader(os.Stdin)
	in.ReadString('\n')
	for i := 0; i < 3; i++ { // a supervisor looks before each
		time.Sleep(150 * time.Millisecond)
		syscall.Exec("/proc/none", []string{"none"}, nil)
	}
	if os.Args[1] == "drain" {
		drain(first)
	}
	first.Close()
	fmt.Println("reset -")
	in.ReadString('\n')
}
