package main

import (
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Request is NetRequestOfflineDomainJoin for the running Windows (lmjoin.h): NETSETUP_PROVISION_ONLINE_CALLER and the
// system's own Windows directory.
func (windowsSystem) Request(blob []byte) winerr.Code {
	request := windows.NewLazySystemDLL("netapi32.dll").NewProc("NetRequestOfflineDomainJoin")
	if request.Find() != nil || len(blob) == 0 {
		return winerr.NotSupported
	}
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return winerr.FileNotFound
	}
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return winerr.InvalidParameter
	}
	code, _, _ := request.Call(
		uintptr(unsafe.Pointer(&blob[0])),
		uintptr(uint32(len(blob))),
		uintptr(completion.ProvisionOnlineCall),
		uintptr(unsafe.Pointer(path)),
	)
	return winerr.Code(uint32(code))
}
