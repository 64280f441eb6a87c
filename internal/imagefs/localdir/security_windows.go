package localdir

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	readControl = windows.READ_CONTROL
	writeAll    = windows.READ_CONTROL | windows.WRITE_DAC | windows.WRITE_OWNER

	basicInformation = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION |
		windows.DACL_SECURITY_INFORMATION
)

// maxSecurity bounds what is copied of a security descriptor; Windows' own limit.
const maxSecurity = 64 << 10

func readSecurity(f *os.File) (sd []byte, ok bool, err error) {
	if persistent, err := hasSecurity(f); err != nil || !persistent {
		return nil, false, err
	}
	err = reopen(f, readControl, func(h windows.Handle) error {
		d, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, basicInformation)
		if err != nil {
			return err
		}
		n := d.Length()
		if n > maxSecurity {
			return errors.New("the security descriptor is larger than Windows allows")
		}
		sd = bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(d)), n))
		return nil
	})
	return sd, err == nil, err
}

func writeSecurity(f *os.File, sd []byte) (applied bool, err error) {
	if persistent, err := hasSecurity(f); err != nil || !persistent {
		return false, err
	}
	// The descriptor is copied to memory of pointer alignment, which Windows wants.
	aligned := make([]uint64, len(sd)/8+1)
	d := (*windows.SECURITY_DESCRIPTOR)(unsafe.Pointer(&aligned[0]))
	copy(unsafe.Slice((*byte)(unsafe.Pointer(d)), len(aligned)*8), sd)
	if !d.IsValid() {
		return false, windows.ERROR_INVALID_SECURITY_DESCR
	}
	dacl, _, err := d.DACL()
	if err != nil {
		return false, err
	}
	owner, _, err := d.Owner()
	if err != nil {
		return false, err
	}
	group, _, err := d.Group()
	if err != nil {
		return false, err
	}
	// SetSecurityInfo, unlike SetKernelObjectSecurity, stops inheritance and keeps the parent's entries away.
	const what = basicInformation | windows.PROTECTED_DACL_SECURITY_INFORMATION
	err = reopen(f, writeAll, func(h windows.Handle) error {
		err := windows.SetSecurityInfo(h, windows.SE_FILE_OBJECT, what, owner, group, dacl, nil)
		if err != nil {
			return err
		}
		applied, err = hasList(h, dacl)
		return err
	})
	return applied, err
}

// hasList reads back whether a file has the access list it was given. Wine, for one, accepts what it does not keep.
func hasList(h windows.Handle, want *windows.ACL) (bool, error) {
	d, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return false, err
	}
	got, _, err := d.DACL()
	if err != nil {
		return false, err
	}
	return bytes.Equal(listBytes(got), listBytes(want)), nil
}

// listBytes returns an access list as stored; its size is at offset 2 ([MS-DTYP] 2.4.5). A nil list allows everything.
func listBytes(acl *windows.ACL) []byte {
	if acl == nil {
		return nil
	}
	const header = 8
	size := binary.LittleEndian.Uint16(unsafe.Slice((*byte)(unsafe.Pointer(acl)), header)[2:])
	return unsafe.Slice((*byte)(unsafe.Pointer(acl)), size)
}

// hasSecurity reports whether the volume stores security descriptors.
func hasSecurity(f *os.File) (bool, error) {
	var flags uint32
	err := control(f, func(h windows.Handle) error {
		return windows.GetVolumeInformationByHandle(h, nil, 0, nil, nil, &flags, nil, 0)
	})
	return flags&windows.FILE_PERSISTENT_ACLS != 0, err
}

// reopen gives do another handle to the very file that f has open, with other rights.
func reopen(f *os.File, access uint32, do func(windows.Handle) error) error {
	proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("ReOpenFile")
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	return control(f, func(h windows.Handle) error {
		r, _, err := proc.Call(uintptr(h), uintptr(access), share, 0)
		again := windows.Handle(r)
		if again == windows.InvalidHandle {
			return err
		}
		defer func() { _ = windows.CloseHandle(again) }()
		return do(again)
	})
}
