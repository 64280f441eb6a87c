package lock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Mode is what the caller is going to do with the image.
type Mode int

const (
	// Read shares the image with other readers and shuts out writers: what is read stays true.
	Read Mode = iota
	// Change shuts out everybody else.
	Change
)

// Options tune Open. The zero value takes the lock at once or fails.
type Options struct {
	Wait time.Duration // how long to wait for an image that is in use; 0 is not at all
}

// File is an image file that is open and locked. Closing it gives the lock back.
type File struct {
	*os.File
	// Weak reports that the file system has no locks, so that nobody was shut out.
	Weak bool
}

// Close gives back the locks and closes the file. The locks go first by themselves: a process that this program is starting has
// a copy of every open file until it becomes another program, and closing ours alone would leave the image in use until then.
func (f *File) Close() error {
	release(f.File)
	return f.File.Close()
}

// Share gives back what keeps others from writing, for another program that takes its own locks on the file at once. That the
// file is being read stays locked, where the system has locks of qemu's kind, so that nobody else gets it with [Change].
func (f *File) Share() error { return share(f.File) }

// InUseError reports that another process holds the image.
type InUseError struct {
	Path string
	By   string // what is known of the holder, such as "a lock of qemu's kind"
}

// Error implements error.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use (%s): shut down the machine or end the program that has it open", e.Path, e.By)
}

// interval is how often an image that is in use is tried again.
const interval = 100 * time.Millisecond

// Open opens the regular file or block device at path and locks it. A block device is opened exclusively (O_EXCL), which
// also fails when it is mounted. It returns an *[InUseError] when somebody else holds the image and o.Wait is over, and the
// context's error when that ends first.
func Open(ctx context.Context, path string, m Mode, o Options) (*File, error) {
	deadline := time.Now().Add(o.Wait)
	for {
		f, err := openOnce(path, m)
		var used *InUseError
		if !errors.As(err, &used) || !time.Now().Before(deadline) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(min(interval, time.Until(deadline))):
		}
	}
}

func openOnce(path string, m Mode) (*File, error) {
	if holder := vmwareHolder(path); holder != "" {
		return nil, &InUseError{Path: path, By: holder}
	}
	f, err := openLocked(path, m)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// vmwareHolder looks for the folder that VMware Workstation, Player and Fusion keep beside a disk that a machine has open:
// NAME.vmdk.lck with a file M*.lck in it (Broadcom: "Cannot open the disk ... or one of the snapshot disks"). A
// flat extent is held by the lock of its descriptor.
func vmwareHolder(path string) string {
	names := []string{path}
	if base, ok := strings.CutSuffix(path, "-flat.vmdk"); ok {
		names = append(names, base+".vmdk")
	}
	for _, name := range names {
		held, err := filepath.Glob(escapeGlob(name+".lck") + string(filepath.Separator) + "M*.lck")
		if err == nil && len(held) > 0 {
			return "VMware's lock " + held[0]
		}
	}
	return ""
}

// escapeGlob makes a path a pattern that matches only it, by putting each special character into a class of its own.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return path // a pattern of Windows cannot be escaped; its special characters except [ are not allowed in names
	}
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`, `\`, `\\`).Replace(path)
}
