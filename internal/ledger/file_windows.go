package ledger

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// noFollow: Windows has no such flag for a plain open; that the file is no link is seen afterwards.
const noFollow = 0

func isFull(err error) bool { return errors.Is(err, windows.ERROR_DISK_FULL) }

// syncFolder does nothing: NTFS journals its directories.
func syncFolder(string) error { return nil }

// replaceable reports whether another file can take the place of an open one.
func replaceable(*os.File, os.FileInfo) bool { return true }

// sameMode does nothing: a new ledger is for its user and Administrators, as the first one was made.
func sameMode(*os.File, os.FileInfo) error { return nil }

// isPrivate trusts Windows: the cache and temporary folders of a user are in the profile, which others cannot read.
func isPrivate(folder string) bool {
	info, err := os.Lstat(folder)
	return err == nil && info.IsDir()
}

func userName() string { return "user" }
