package localdir

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// countLinks returns the number of hard links; Windows does not count short names.
func countLinks(f *os.File, _ fs.FileInfo, _ string) (int, error) {
	var info windows.ByHandleFileInformation
	err := control(f, func(h windows.Handle) error { return windows.GetFileInformationByHandle(h, &info) })
	return int(info.NumberOfLinks), err
}
