// SPDX-License-Identifier: MIT

// dial HOW N: N connections whose reads have deadlines. HOW "file" tunes each by File().Fd(), which turns it blocking; "control" by SyscallConn.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
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

func tune(c *net.TCPConn, how string) {
	if how == "file" {
		f, err := c.File()
		if err != nil {
			panic(err)
		}
		_ = f.Fd()
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
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
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
		tune(c.(*net.TCPConn), how)
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
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
			fmt.Printf("%d of %d deadlines fired, few threads: %v\n", fired, n, threads() <= 10)
			return
		case <-time.After(10 * time.Millisecond):
			if threads() > n {
				fmt.Println("a thread for each")
				os.Exit(0)
			}
		}
	}
}
