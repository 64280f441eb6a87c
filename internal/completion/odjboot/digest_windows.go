package main

import (
	"unsafe"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"golang.org/x/sys/windows"
)

// SHA256 is Windows' own (bcrypt.h): Go's package would add 450 KB to the program. BCryptHash is there since Windows 10,
// and so is every Windows that a Go program runs on.
func (windowsSystem) SHA256(data []byte) (sum [32]byte, err error) {
	bcrypt := windows.NewLazySystemDLL("bcrypt.dll")
	open, hash := bcrypt.NewProc("BCryptOpenAlgorithmProvider"), bcrypt.NewProc("BCryptHash")
	closeProvider := bcrypt.NewProc("BCryptCloseAlgorithmProvider")
	for _, proc := range []*windows.LazyProc{open, hash, closeProvider} {
		if err := proc.Find(); err != nil {
			return sum, winerr.OfCall("bcrypt.dll", err)
		}
	}
	name, err := windows.UTF16PtrFromString("SHA256") // BCRYPT_SHA256_ALGORITHM
	if err != nil {
		return sum, err
	}
	var provider uintptr
	if status, _, _ := open.Call(uintptr(unsafe.Pointer(&provider)), uintptr(unsafe.Pointer(name)), 0, 0); status != 0 {
		return sum, ntFailure("BCryptOpenAlgorithmProvider", status)
	}
	defer func() { _, _, _ = closeProvider.Call(provider, 0) }() // nothing depends on it
	const noSecret, noSecretSize = 0, 0
	status, _, _ := hash.Call(provider, noSecret, noSecretSize, uintptr(unsafe.Pointer(unsafe.SliceData(data))),
		uintptr(uint32(len(data))), uintptr(unsafe.Pointer(&sum[0])), uintptr(len(sum)))
	if status != 0 {
		return sum, ntFailure("BCryptHash", status)
	}
	return sum, nil
}

// ntFailure gives an NTSTATUS the Windows code that belongs to it.
func ntFailure(what string, status uintptr) error {
	return winerr.OfCall(what, windows.NTStatus(uint32(status)).Errno())
}
