package offlinejoin

import (
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const nativeHere = true

// requestOfflineDomainJoin calls NetRequestOfflineDomainJoin (lmjoin.h). An empty path stands for the running Windows'
// own directory.
func requestOfflineDomainJoin(blob []byte, options uint32, windowsPath string) winerr.Code {
	request := windows.NewLazySystemDLL("netapi32.dll").NewProc("NetRequestOfflineDomainJoin")
	if request.Find() != nil || len(blob) == 0 {
		return winerr.NotSupported
	}
	var err error
	if windowsPath == "" {
		windowsPath, err = windows.GetSystemWindowsDirectory()
	} else {
		windowsPath, err = filepath.Abs(windowsPath)
	}
	if err != nil {
		return winerr.FileNotFound
	}
	path, err := windows.UTF16PtrFromString(windowsPath)
	if err != nil {
		return winerr.InvalidParameter
	}
	code, _, _ := request.Call(
		uintptr(unsafe.Pointer(&blob[0])), uintptr(uint32(len(blob))), uintptr(options), uintptr(unsafe.Pointer(path)))
	return winerr.Code(uint32(code))
}
