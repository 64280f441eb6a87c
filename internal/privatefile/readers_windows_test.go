package privatefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
)

func TestReadersByAccessList(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"D:P(A;;FA;;;BA)(A;;FA;;;SY)":     "",
		"D:P(A;;FA;;;BA)(A;;FR;;;BU)":     "S-1-5-32-545",
		"D:P(A;;FA;;;BA)(A;;FR;;;WD)":     "S-1-1-0",
		"D:P(A;;FA;;;BA)(A;IOOI;FR;;;WD)": "",
	} {
		path := filepath.Join(t.TempDir(), "f")
		f, err := privatefile.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		sd, err := windows.SecurityDescriptorFromString(list)
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
		who, err := privatefile.Readers(f)
		if err != nil || (who == "") != (want == "") || !strings.Contains(who, want) {
			t.Errorf("%s: %q, %v", list, who, err)
		}
		if err := f.Close(); err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
	}
}
