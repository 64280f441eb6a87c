package testenv

import (
	"testing"

	"golang.org/x/sys/windows"
)

// LetOthersRead lets everybody on this machine read a file.
func LetOthersRead(t testing.TB, path string) {
	t.Helper()
	SetAccessList(t, path, "(A;;FR;;;WD)")
}

// SetAccessList gives a file an access list of this user, of Administrators, and of more entries in text ([MS-DTYP] 2.5.1), and
// keeps inherited entries away.
func SetAccessList(t testing.TB, path, more string) {
	t.Helper()
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;" + user.User.Sid.String() + ")(A;;FA;;;BA)" + more)
	if err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, windows.WRITE_DAC, share, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = windows.CloseHandle(h) }() // nothing is buffered in it
	// SetNamedSecurityInfo would add what the folder lets inherit, under Wine 8 also where it is told not to.
	if err := windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION, sd); err != nil {
		t.Fatal(err)
	}
}
