package ledger

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// noFollow: Windows has no such flag for a plain open; that the file is no link is seen afterwards.
const noFollow = 0

func isFull(err error) bool { return errors.Is(err, windows.ERROR_DISK_FULL) }

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

// syncFolder does nothing: NTFS journals its directories.
func syncFolder(string) error { return nil }

// replaceable reports whether another file can take the place of an open one.
func replaceable(*os.File, os.FileInfo) bool { return true }

// replacesOpen: no file that is open can be replaced.
const replacesOpen = false

// lockContent does nothing: a lock would keep readers out, and no file is mounted by itself.
func lockContent(context.Context, *os.File) error { return nil }

func unlockContent(*os.File) {}

// deleted reports false: a file that is open keeps its name.
func deleted(*os.File) bool { return false }

// sameMode does nothing: a new ledger is for its user and Administrators, as the first one was made.
func sameMode(*os.File, os.FileInfo) error { return nil }

// isPrivate trusts Windows: the cache and temporary folders of a user are in the profile, which others cannot read.
func isPrivate(folder string) bool {
	info, err := os.Lstat(folder)
	return err == nil && info.IsDir()
}

func userName() string { return "user" }
