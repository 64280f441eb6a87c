package main

import (
	"time"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
)

// Log appends to %SystemRoot%\debug\offlinejoin.log, beside Windows' own NetSetup.log. A line that cannot be kept is
// lost: the registry has the same.
func (windowsSystem) Log(line string) {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return
	}
	folder, err := windows.UTF16PtrFromString(dir + `\debug`)
	if err != nil {
		return
	}
	_ = windows.CreateDirectory(folder, nil) // it exists already
	name, err := windows.UTF16PtrFromString(dir + `\` + completion.LogFile)
	if err != nil {
		return
	}
	file, err := windows.CreateFile(name, windows.FILE_APPEND_DATA, windows.FILE_SHARE_READ, nil, windows.OPEN_ALWAYS,
		windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return
	}
	var written uint32
	_ = windows.WriteFile(file, []byte(boot.Stamp(time.Now())+" "+line+"\r\n"), &written, nil)
	_ = windows.FlushFileBuffers(file)
	_ = windows.CloseHandle(file)
}
