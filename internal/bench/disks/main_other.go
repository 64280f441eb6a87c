//go:build !linux

package main

import "fmt"

func main() { fmt.Println("bench: disks: skipped: it measures on Linux alone") }
