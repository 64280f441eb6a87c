//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "offlinejoin" {
		streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
		os.Exit(cli.Run(context.Background(), os.Args[2:], streams))
	}
	if len(os.Args) == 4 && os.Args[1] == "make" {
		exit(makeAll(os.Args[2], os.Args[3]))
	}
	if len(os.Args) == 4 && os.Args[1] == "stages" {
		n, err := strconv.Atoi(os.Args[3])
		exit(errors.Join(err, fleet{joins{os.Args[2]}, n}.stageAll()))
	}
	o := options{}
	flag.IntVar(&o.runs, "runs", 15, "how often each measurement is made")
	flag.StringVar(&o.only, "only", "", "make only these, comma-separated: join, size, memory, apply, rivals")
	flag.IntVar(&o.overlays, "overlays", 200, "how many overlays one apply makes")
	flag.BoolVar(&o.guestmount, "guestmount", false, "measure only guestmount, which can take 20 minutes")
	flag.StringVar(&o.keep, "dir", "", "a folder for the disks, which stay there and are used again; default: a temporary one")
	flag.StringVar(&o.shared, "shared", defaultShared(), "the project's shared folder")
	flag.Parse()
	exit(o.bench())
}

type options struct {
	runs, overlays int
	only           string
	guestmount     bool
	keep, shared   string
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func defaultShared() string {
	if dir := os.Getenv("OFFLINEJOIN_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared")
}

func (o *options) bench() error {
	for _, tool := range []string{"mkntfs", "qemu-img"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Printf("bench: disks: skipped: %s is not installed\n", tool)
			return nil
		}
	}
	if _, err := os.Stat(o.shared); err != nil {
		fmt.Println("bench: disks: skipped: the shared test data is not there (set OFFLINEJOIN_SHARED)")
		return nil
	}
	j, remove, err := o.disks()
	if err != nil {
		return err
	}
	fmt.Printf("disk image files, %d runs each in turn, %s, %d cores\n", o.runs, runtime.GOARCH, runtime.NumCPU())
	return errors.Join(o.benchIn(j), remove())
}

func (o *options) benchIn(j joins) error {
	if o.guestmount {
		return j.benchGuestmount()
	}
	for _, b := range []struct {
		name string
		run  func() error
	}{
		{"join", func() error { return j.benchJoins(o.runs) }},
		{"size", func() error { return j.benchSizes(o.runs) }},
		{"memory", func() error { return j.benchMemory(max(1, o.runs/3)) }},
		{"apply", func() error { return j.benchApply(o.overlays) }},
		{"rivals", func() error { return j.benchRivals(max(1, o.runs/3)) }},
	} {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+b.name+",") {
			continue
		}
		if err := b.run(); err != nil {
			return err
		}
	}
	return nil
}

// disks makes the disks, or finds those that an earlier run has left.
func (o *options) disks() (j joins, remove func() error, err error) {
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "offlinejoin-disks-"); err != nil {
			return j, nil, err
		}
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return j, nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return j, nil, err
	}
	remove = func() error {
		if o.keep != "" {
			return nil
		}
		return os.RemoveAll(dir)
	}
	done := filepath.Join(dir, "made")
	if _, err := os.Stat(done); err == nil {
		return joins{dir}, remove, nil
	}
	// A child makes them: the kernel counts the size of this process into the peak of those that it starts.
	if out, err := exec.Command("/proc/self/exe", "make", o.shared, dir).CombinedOutput(); err != nil {
		return j, nil, errors.Join(fmt.Errorf("making the disks: %w: %s", err, out), remove())
	}
	return joins{dir}, remove, os.WriteFile(done, nil, 0o600)
}
