//go:build unix

package winimage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func TestOpenHiveFile(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	system := configFile(windows, "SYSTEM")
	notClosed := filepath.Join(t.TempDir(), "SYSTEM")
	data, err := os.ReadFile(system)
	must(t, err)
	const firstSequence, checksum = 4, 508 // the header's checksum is an XOR
	data[firstSequence] ^= 1
	data[checksum] ^= 1
	must(t, os.WriteFile(notClosed, data, 0o600))
	link, noHive := filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "text")
	must(t, os.Symlink(system, link))
	must(t, os.WriteFile(noHive, make([]byte, 9000), 0o600))
	for _, c := range []struct {
		name, path string
		asIs       bool
		want       error
	}{
		{"clean", system, false, nil},
		{"a link to it", link, false, nil},
		{"missing", system + ".none", false, fs.ErrNotExist},
		{"no hive", noHive, true, regf.ErrNotHive},
		{"not closed, no logs", notClosed, false, regf.ErrUnrecoverable},
		{"not closed, as it is", notClosed, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := winimage.OpenHiveFile(c.path, c.asIs)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if err == nil {
				defer h.Close()
				if _, err := h.Key("Setup"); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
