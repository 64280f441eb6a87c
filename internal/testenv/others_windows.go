package testenv

import (
	"testing"

	"golang.org/x/sys/windows"
)

// LetOthersRead lets everybody on this machine read a file.
func LetOthersRead(t testing.TB, path string) {
	t.Helper()
	SetAccessList(t, path, "D:P(A;;FA;;;BA)(A;;FR;;;WD)")
}

// SetAccessList gives a file the access list that a descriptor in text has ([MS-DTYP] 2.5.1), and keeps inherited entries away.
func SetAccessList(t testing.TB, path, descriptor string) {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString(descriptor)
	if err != nil {
		t.Fatal(err)
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil)
	if err != nil {
		t.Fatal(err)
	}
}
