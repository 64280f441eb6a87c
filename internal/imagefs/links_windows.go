package imagefs

import (
	"os"

	"golang.org/x/sys/windows"
)

// CountLinks returns the number of hard links of an open file; Windows does not count short names. Errors are those of the
// system.
func CountLinks(f *os.File, _ string) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var info windows.ByHandleFileInformation
	var inner error
	err = conn.Control(func(h uintptr) { inner = windows.GetFileInformationByHandle(windows.Handle(h), &info) })
	if err == nil {
		err = inner
	}
	return int(info.NumberOfLinks), err
}
