//go:build !windows

package main

import "os"

func main() {
	_, _ = os.Stderr.WriteString("odjboot runs inside Windows only, at the first boot of a staged image\n")
	os.Exit(2)
}
