package main

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// Log appends to %SystemRoot%\debug\offlinejoin.log, beside Windows' own NetSetup.log. A line that cannot be kept is
// lost: the registry has the same.
func (windowsSystem) Log(line string) {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return
	}
	dir = filepath.Join(dir, "debug")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(dir, "offlinejoin.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(time.Now().UTC().Format(time.RFC3339) + " " + line + "\r\n")
	_ = f.Close()
}
