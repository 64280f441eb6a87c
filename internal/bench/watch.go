package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watchChildren looks at the children of a process with a program of the given name until the function that it returns is
// called, which returns the greatest resident size that one of them has had, in bytes. The kernel keeps that maximum
// (VmHWM), so only what a child did in its last 5 ms may be missed. Where there is no /proc it is 0.
func watchChildren(parent int, name string) (stop func() int64) {
	quit, result := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		child := ""
		for {
			size := highWater(child)
			if size == 0 { // it has ended, or none has begun
				child = childOf(parent, name)
				size = highWater(child)
			}
			peak = max(peak, size)
			select {
			case <-quit:
				result <- peak
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(quit); return <-result }
}

// childOf returns the process that a process has started with a program, and "" when there is none.
func childOf(parent int, program string) string {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if exe, err := os.Readlink(link); err != nil || filepath.Base(exe) != program {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(link), "stat"))
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent …
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			return filepath.Base(filepath.Dir(link))
		}
	}
	return ""
}

func highWater(pid string) int64 {
	if pid == "" {
		return 0
	}
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}
