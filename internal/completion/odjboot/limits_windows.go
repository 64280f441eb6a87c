//go:build windows && !odjboot_wine

package main

import "github.com/offlinejoin/offlinejoin/internal/completion/boot"

func limits() boot.Limits { return boot.DefaultLimits() }

// lockable reports whether the program's file may be locked down. Only tests make it false.
func lockable() bool { return true }
