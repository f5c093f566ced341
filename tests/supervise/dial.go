// SPDX-License-Identifier: MIT

// dial HOW N: N connections whose reads have deadlines. HOW "file" tunes each by File().Fd(), which turns it blocking; "value" by a method value; "inlined" does the same in a function that the compiler makes part of its caller;
// "control" by SyscallConn. With DIAL_STAY it waits until all deadlines have fired, however long that takes.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func threads() int {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "Threads:") {
			n, _ := strconv.Atoi(strings.TrimSpace(l[8:]))
			return n
		}
	}
	return -1
}

// For go_matrix.sh.
func tell(fired int) {
	if os.Getenv("DIAL_TELL") != "" {
		fmt.Fprintln(os.Stderr, threads(), fired)
	}
}

func short(fd uintptr) { syscall.SetNonblock(int(fd), false) }

//go:noinline
func call(method func() uintptr) { method() }

func tune(c *net.TCPConn, how string) {
	if how == "file" || how == "value" {
		f, err := c.File()
		if err != nil {
			panic(err)
		}
		if how == "value" {
			call(f.Fd)
		} else {
			_ = f.Fd()
		}
		f.Close()
	} else {
		rc, _ := c.SyscallConn()
		rc.Control(func(fd uintptr) {})
	}
}

func main() {
	how := os.Args[1]
	n, _ := strconv.Atoi(os.Args[2])
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var far []net.Conn // or they would be closed, as garbage
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			far = append(far, c)
		}
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	fired := 0
	for i := 0; i < n; i++ {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			panic(err)
		}
		if how == "inlined" {
			f, _ := c.(*net.TCPConn).File()
			rc, _ := f.SyscallConn()
			rc.Control(func(fd uintptr) { short(fd) })
			f.Close()
		} else {
			tune(c.(*net.TCPConn), how)
		}
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		wg.Add(1)
		go func() {
			defer wg.Done()
			var b [1]byte
			_, err := c.Read(b[:])
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				mu.Lock()
				fired++
				mu.Unlock()
			}
		}()
	}
	done := make(chan bool)
	told := false
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
			fmt.Printf("%d of %d deadlines fired, few threads: %v\n", fired, n, threads() <= 10)
			tell(fired)
			runtime.KeepAlive(far)
			return
		case <-time.After(10 * time.Millisecond):
			if threads() > n && !told {
				fmt.Println("a thread for each")
				tell(fired)
				if os.Getenv("DIAL_STAY") == "" {
					os.Exit(0)
				}
				told = true
			}
		}
	}
}
