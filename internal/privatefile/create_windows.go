package privatefile

import (
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Create makes a new file, open for reading and writing. What is there already is an error that matches fs.ErrExist. The
// file is private from the first moment on: its access list is given to CreateFile (documented).
func Create(path string) (*os.File, error) {
	h, err := create(path)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

func create(path string) (windows.Handle, error) {
	user, err := thisUser()
	if err != nil {
		return 0, err
	}
	// P: nothing is inherited. FA: all rights on files. BA: Administrators. [MS-DTYP] 2.5.1.1
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;" + user.String() + ")(A;;FA;;;BA)")
	if err != nil {
		return 0, err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	return windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, &attributes, windows.CREATE_NEW,
		windows.FILE_ATTRIBUTE_NORMAL, 0)
}

func thisUser() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return user.User.Sid, nil
}

// Readers returns who else can read an open file, such as "its access list lets in S-1-5-32-545", and "" when nobody can.
// The owner, this user, SYSTEM and Administrators are nobody else. A file system without access lists lets everybody in.
func Readers(f *os.File) (string, error) {
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	user, err := thisUser()
	if err != nil {
		return "", err
	}
	dacl, _, err := sd.DACL()
	if err != nil || dacl == nil {
		return "it has no access list", nil // everybody has all rights ([MS-DTYP] 2.4.6)
	}
	owner, _, _ := sd.Owner() // nil equals nobody
	const mayRead = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	for i := range uint32(dacl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(dacl, i, &ace); err != nil {
			return "", err
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 ||
			ace.Mask&mayRead == 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		if !isNobodyElse(sid, user, owner) {
			return "its access list lets in " + sid.String(), nil
		}
	}
	return "", nil
}

func isNobodyElse(sid, user, owner *windows.SID) bool {
	return sid.Equals(user) || owner != nil && sid.Equals(owner) ||
		sid.IsWellKnown(windows.WinBuiltinAdministratorsSid) || sid.IsWellKnown(windows.WinLocalSystemSid)
}

// Cure says how a file is made private.
const Cure = "icacls FILE /inheritance:r /grant:r \"%USERNAME%:F\" Administrators:F"
