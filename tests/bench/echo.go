// SPDX-License-Identifier: MIT

// echo serve: says its address, and sends back what it gets, until its standard input ends. echo load ADDRESS CLIENTS MS: so many clients for so long; prints round trips a second.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

func serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) // by read and write, not by splice
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

func load(address string, clients int, ms int) {
	var trips int64
	end := time.Now().Add(time.Duration(ms) * time.Millisecond)
	done := make(chan bool)
	begin := time.Now()
	for i := 0; i < clients; i++ {
		c, err := net.Dial("tcp", address)
		if err != nil {
			panic(err)
		}
		go func() {
			b := make([]byte, 64)
			for time.Now().Before(end) {
				if _, err := c.Write(b); err != nil {
					panic(err)
				}
				if _, err := io.ReadFull(c, b); err != nil {
					panic(err)
				}
				atomic.AddInt64(&trips, 1)
			}
			done <- true
		}()
	}
	for i := 0; i < clients; i++ {
		<-done
	}
	fmt.Println(int64(float64(trips) / time.Since(begin).Seconds()))
}

func main() {
	if os.Args[1] == "serve" {
		serve()
		return
	}
	clients, _ := strconv.Atoi(os.Args[3])
	ms, _ := strconv.Atoi(os.Args[4])
	load(os.Args[2], clients, ms)
}
