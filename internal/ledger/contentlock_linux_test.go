package ledger

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/privatefile"
)

// A ledger on a share is read while another host adds to it.
func TestALedgerOnAShareIsNotLockedItself(t *testing.T) {
	t.Parallel()
	for kind, want := range map[uint32]bool{
		unix.CIFS_SUPER_MAGIC: false, unix.SMB_SUPER_MAGIC: false, unix.SMB2_SUPER_MAGIC: false,
		unix.EXT4_SUPER_MAGIC: true, unix.NFS_SUPER_MAGIC: true,
	} {
		if got := keepsReaders(kind); got != want {
			t.Errorf("%#x: %v", kind, got)
		}
	}
	f, err := privatefile.Create(filepath.Join(t.TempDir(), "l"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // only looked at
	if !readersStay(f) {
		t.Error("a file here is taken for one on a share")
	}
}
