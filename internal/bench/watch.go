package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watched is what children were seen to use.
type watched struct {
	peak int64         // greatest resident size of one, bytes
	cpu  time.Duration // user and system time of all, in steps of 10 ms
}

// watchChildren looks at the children of a process with a program of the given name until the function that it returns is
// called, which tells what they used. What a child did in its last 5 ms is missed. Where there is no /proc it is nothing.
func watchChildren(parent int, name string) (stop func() watched) {
	quit, result := make(chan struct{}), make(chan watched)
	go func() {
		used := map[string]time.Duration{} // by process
		var seen watched
		child := ""
		for {
			size, cpu := usage(child)
			if size == 0 { // it has ended, or none has begun
				child = childOf(parent, name)
				size, cpu = usage(child)
			}
			seen.peak, used[child] = max(seen.peak, size), max(used[child], cpu)
			select {
			case <-quit:
				for _, cpu := range used {
					seen.cpu += cpu
				}
				result <- seen
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() watched { close(quit); return <-result }
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
		pid := filepath.Base(filepath.Dir(link))
		if fields := stat(pid); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			return pid
		}
	}
	return ""
}

// stat returns the fields of /proc/PID/stat from the state on, and nothing when the process has ended.
func stat(pid string) []string {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}

// usage returns the greatest resident size in bytes, and the user and system time, of a process that has not ended.
func usage(pid string) (peak int64, cpu time.Duration) {
	if pid == "" {
		return 0, 0
	}
	if fields := stat(pid); len(fields) > 12 {
		const tick = 10 * time.Millisecond
		user, _ := strconv.ParseInt(fields[11], 10, 64)   // the kernel writes numbers
		system, _ := strconv.ParseInt(fields[12], 10, 64) // the kernel writes numbers
		cpu = time.Duration(user+system) * tick
	}
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0, cpu
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				peak = kib << 10
			}
		}
	}
	return peak, cpu
}
