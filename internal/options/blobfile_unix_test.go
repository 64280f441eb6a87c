//go:build unix

package options_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// A named pipe without a writer would block an ordinary open for ever; go test's time limit would end this test.
func TestBlobFileRefusesANamedPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("skipped: no named pipes here: %v", err)
	}
	wantRefusal(t, third(options.ReadBlobFile(pipe, "")), winerr.InvalidParameter, "")
}

func TestBlobFileWithoutTheRight(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("skipped: root may read everything")
	}
	wantRefusal(t, third(options.ReadBlobFile(write(t, []byte("blob"), 0), "")), winerr.AccessDenied, "")
}

func TestBlobFileFollowsALink(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(write(t, []byte("blob"), 0o600), link); err != nil {
		t.Fatal(err)
	}
	if got, _, err := options.ReadBlobFile(link, ""); err != nil || string(got) != "blob" {
		t.Errorf("ReadBlobFile(link) = %q, %v", got, err)
	}
}
