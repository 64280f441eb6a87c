package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// figures are what one kind of process costs.
type figures struct {
	wall, inside  time.Duration // medians
	fastest       time.Duration
	memory        int64 // greatest resident size, bytes
	read, written int64 // by the kernel's account, last run
	syncs         string
}

// measure runs a command several times, each on what prepare makes anew.
func measure(runs int, prepare func() error, command func() *exec.Cmd) (figures, error) {
	var walls, insides []time.Duration
	f := figures{syncs: "0"}
	for range runs {
		if err := prepare(); err != nil {
			return f, err
		}
		cmd := command()
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		start := time.Now()
		if err := cmd.Start(); err != nil {
			return f, err
		}
		io, err := waitForIO(cmd.Process.Pid)
		walls = append(walls, time.Since(start))
		if err != nil {
			return f, err
		}
		if err := cmd.Wait(); err != nil && !changedHive(cmd) {
			return f, fmt.Errorf("%v: %w: %s", cmd.Args[0], err, errs.String())
		}
		peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10 // so it is on Linux
		f.read, f.written = io["rchar"], io["wchar"]
		var r childReport
		if json.Unmarshal(out.Bytes(), &r) == nil && r.Inside > 0 {
			insides = append(insides, r.Inside)
			f.syncs = strconv.Itoa(r.Syncs)
		}
		if r.Peak > 0 {
			peak = r.Peak
		}
		f.memory = max(f.memory, peak)
	}
	f.wall, f.fastest, f.inside = median(walls), slices.Min(walls), median(insides)
	return f, nil
}

// changedHive tells that reged ended well: it says with 2 that it has changed a hive.
func changedHive(cmd *exec.Cmd) bool {
	return filepath.Base(cmd.Path) == "reged" && cmd.ProcessState.ExitCode() == 2
}

// waitForIO waits until a child has ended and reads the kernel's account of it before it is reaped.
func waitForIO(pid int) (map[string]int64, error) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		break
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return nil, err
	}
	account := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if account[name], err = strconv.ParseInt(value, 10, 64); err != nil {
			return nil, err
		}
	}
	return account, nil
}

// cpuTime returns the user and system time of this process so far.
func cpuTime() time.Duration {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil { // never, with these arguments
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}
