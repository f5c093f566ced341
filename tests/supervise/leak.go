// SPDX-License-Identifier: MIT

// leak HOW CMD ARG…: starts CMD with os/exec after it made three sockets without close-on-exec; HOW "extra" hands it a pipe as ExtraFiles, "none" makes no sockets.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func leak() {
	for i := 0; i < 3; i++ {
		if _, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0); err != nil {
			panic(err)
		}
	}
}

func main() {
	if os.Args[1] != "none" {
		leak()
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	if os.Args[1] == "extra" {
		r, w, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		c.ExtraFiles = []*os.File{r, w, r, w}
	}
	if err := c.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
