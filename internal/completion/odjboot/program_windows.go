package main

import (
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// ownFile is the path of the program's file.
func ownFile() (string, error) {
	name := make([]uint16, 1024) // %SystemRoot%\System32\odjboot.exe, or what somebody who starts it by hand has
	n, err := windows.GetModuleFileName(0, &name[0], uint32(len(name)))
	switch {
	case err != nil:
		return "", winerr.OfCall("finding the program's file", err)
	case int(n) == len(name):
		return "", winerr.OfCall("finding the program's file", windows.ERROR_INSUFFICIENT_BUFFER)
	}
	return windows.UTF16ToString(name[:n]), nil
}

// ProtectProgram sets owner, group and a protected DACL on our own file. When the owner may not be set, the DACL alone
// is: it is what keeps others from writing.
func (windowsSystem) ProtectProgram() error {
	if !lockable() {
		return winerr.OfCall("SetNamedSecurityInfo", windows.ERROR_ACCESS_DENIED)
	}
	file, err := ownFile()
	if err != nil {
		return err
	}
	image := completion.FileSecurity()
	sd := (*windows.SECURITY_DESCRIPTOR)(unsafe.Pointer(&image[0]))
	owner, _, err := sd.Owner()
	if err != nil {
		return winerr.OfCall("security descriptor", err)
	}
	group, _, err := sd.Group()
	if err != nil {
		return winerr.OfCall("security descriptor", err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return winerr.OfCall("security descriptor", err)
	}
	const rights = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	const ownership = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION
	err = windows.SetNamedSecurityInfo(file, windows.SE_FILE_OBJECT, rights, nil, nil, dacl, nil)
	if err != nil {
		return winerr.OfCall("SetNamedSecurityInfo (DACL)", err)
	}
	err = windows.SetNamedSecurityInfo(file, windows.SE_FILE_OBJECT, ownership, owner, group, nil, nil)
	return winerr.OfCall("SetNamedSecurityInfo (owner)", err)
}

// RemoveProgram has the session manager delete our file, which is in use until we end, at the next start (documented).
func (windowsSystem) RemoveProgram() error {
	file, err := ownFile()
	if err != nil {
		return err
	}
	path, err := windows.UTF16PtrFromString(file)
	if err != nil {
		return winerr.OfCall("the program's file name", err)
	}
	return winerr.OfCall("MoveFileEx", windows.MoveFileEx(path, nil, windows.MOVEFILE_DELAY_UNTIL_REBOOT))
}
