//go:build windows && odjboot_wine

package main

import (
	"os"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
)

// limits are such that a test can see each of them run out.
func limits() boot.Limits {
	return boot.Limits{
		Join: 4 * time.Second, Workstation: time.Second, Restart: time.Second, Event: 10 * time.Second,
		Poll: 300 * time.Millisecond,
	}
}

func lockable() bool { return os.Getenv("ODJBOOT_NOT_LOCKABLE") == "" }
