//go:build !windows

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "offlinejoin-lab runs on Windows only: build it with `make lab` and take it there")
	os.Exit(2)
}
