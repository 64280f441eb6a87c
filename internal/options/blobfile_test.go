package options_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func write(t *testing.T, content []byte, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "web01.djoin")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestBlobFileReadsWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 5000, options.MaxBlobFile} {
		content := bytes.Repeat([]byte{'A'}, size)
		got, warning, err := options.ReadBlobFile(write(t, content, 0o600), "")
		if err != nil || !bytes.Equal(got, content) || warning != "" {
			t.Errorf("%d bytes: got %d bytes, warning %q, error %v", size, len(got), warning, err)
		}
	}
}

func TestBlobFileWarnsOfOtherReaders(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no mode bits")
	}
	for mode, warns := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		name := write(t, []byte("blob"), mode)
		_, warning, err := options.ReadBlobFile(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.HasPrefix(warning, name+" can be read by others (mode 0"); got != warns {
			t.Errorf("mode %04o: warning %q, want one: %v", mode, warning, warns)
		}
	}
}

// TestBlobFileThatEverybodyMayRead is TestBlobFileWarnsOfOtherReaders for every system.
func TestBlobFileThatEverybodyMayRead(t *testing.T) {
	t.Parallel()
	f, err := privatefile.Create(filepath.Join(t.TempDir(), "web01.djoin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("blob"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, warning, err := options.ReadBlobFile(f.Name(), ""); warning != "" || err != nil {
		t.Errorf("a private file: warning %q, error %v", warning, err)
	}
	testenv.LetOthersRead(t, f.Name())
	_, warning, err := options.ReadBlobFile(f.Name(), "")
	if err != nil || !strings.HasPrefix(warning, f.Name()+" can be read by others (") || !strings.HasSuffix(warning, privatefile.Cure) {
		t.Errorf("warning %q, error %v", warning, err)
	}
}

func TestBlobFileRefusals(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path string
		code winerr.Code
	}{
		"no file":   {filepath.Join(t.TempDir(), "none"), winerr.FileNotFound},
		"directory": {t.TempDir(), winerr.InvalidParameter},
		"empty":     {write(t, nil, 0o600), winerr.InvalidParameter},
		"too large": {write(t, make([]byte, options.MaxBlobFile+1), 0o600), winerr.InvalidParameter},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blob, _, err := options.ReadBlobFile(c.path, "")
			wantRefusal(t, err, c.code, "")
			if blob != nil {
				t.Errorf("%d bytes beside the error", len(blob))
			}
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("error %q does not name the file", err)
			}
		})
	}
}
