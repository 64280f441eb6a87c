package winimage_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func TestHibernatedIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head    string
		refused bool
	}{
		{"HIBR", true},
		{"hibr", true},
		{"WAKE", true},
		{"wake", true},
		{"RSTR", true},
		{"rstr", true},
		{"\x00\x00\x00\x00", false},
		{"HIB", false},
		{"", false},
	} {
		t.Run(fmt.Sprintf("%q", c.head), func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			file := filepath.Join(filepath.Dir(windows), "HiberFil.sys") // names have no case
			must(t, os.WriteFile(file, []byte(c.head), 0o600))
			if len(c.head) == 4 { // as large as memory
				must(t, os.Truncate(file, 16<<30))
			}
			for _, mode := range []winimage.Mode{winimage.Read, winimage.Write} {
				im := mustOpen(t, windows, mode)
				wantRefused(t, im, c.refused)
				must(t, im.Close())
			}
		})
	}
}

func wantRefused(t *testing.T, im *winimage.Image, refused bool) {
	t.Helper()
	err := im.CheckJoinable()
	if !refused {
		must(t, err)
		must(t, im.CheckAtRest())
		return
	}
	wantCode(t, err, winerr.Busy, "is hibernated", "shutdown /s /full")
	wantCode(t, im.CheckAtRest(), winerr.Busy, "is hibernated")
}

// TestNotTheDriveOfACopy copies a Windows directory under another name, beside which there is somebody else's file.
func TestNotTheDriveOfACopy(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	copied := filepath.Join(filepath.Dir(windows), "web01")
	must(t, os.Rename(windows, copied))
	must(t, os.WriteFile(filepath.Join(filepath.Dir(windows), "hiberfil.sys"), []byte("HIBR"), 0o600))
	im := mustOpen(t, copied, winimage.Read)
	wantRefused(t, im, false)
	must(t, im.Close())
}

// guest is another machine that reads this one's files, and remembers what it carried.
type guest struct {
	remotedir.Machine // what it does not do
	carried           map[string]int64
}

func (g *guest) Join(dir, name string) string         { return filepath.Join(dir, name) }
func (g *guest) Split(path string) (dir, name string) { return filepath.Dir(path), filepath.Base(path) }

func (g *guest) List(_ context.Context, dir string) ([]remotedir.Entry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []remotedir.Entry
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		out = append(out, remotedir.Entry{Name: e.Name(), Mode: info.Mode().Type(), Size: info.Size(), Links: 1})
	}
	return out, nil
}

func (g *guest) Fetch(_ context.Context, path string, limit int64) ([]byte, error) {
	return g.read(path, limit)
}

func (g *guest) read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit))
	g.carried[filepath.Base(path)] += int64(len(data))
	return data, err
}

// nearGuest is a guest that can carry the beginning of a file.
type nearGuest struct{ *guest }

func (g nearGuest) FetchHead(_ context.Context, path string, n int) ([]byte, error) {
	return g.read(path, int64(n))
}

// TestHibernatedGuestIsRefused looks at an image that another machine has mounted, whose hiberfil.sys must not travel.
func TestHibernatedGuestIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		head    string
		size    int64
		near    bool
		carried int64
		refused bool
		warned  bool
	}{
		{"head", "HIBR", 1 << 40, true, 4, true, false},
		{"zeroed", "\x00\x00\x00\x00", 1 << 40, true, 4, false, false},
		{"small, whole", "HIBR", 4096, false, 4096, true, false},
		{"large, no head", "HIBR", 1 << 40, false, 0, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			windows := sampleTree(t, sample.Image{})
			file := filepath.Join(filepath.Dir(windows), "hiberfil.sys")
			must(t, os.WriteFile(file, []byte(c.head), 0o600))
			must(t, os.Truncate(file, c.size))
			g := &guest{carried: map[string]int64{}}
			var m remotedir.Machine = g
			if c.near {
				m = nearGuest{g}
			}
			s, err := remotedir.NewTree(m, imagefs.Location{WindowsPath: windows, Machine: "rescue"}).Open(t.Context(), imagefs.Read)
			must(t, err)
			im, err := winimage.Open(t.Context(), s, winimage.Read)
			must(t, err)
			defer im.Close()
			wantRefused(t, im, c.refused)
			if got := g.carried["hiberfil.sys"]; got != c.carried {
				t.Errorf("%d bytes travelled, want %d", got, c.carried)
			}
			if warned := strings.Contains(strings.Join(im.Facts().Warnings, "\n"), "is not known"); warned != c.warned {
				t.Errorf("warnings: %q", im.Facts().Warnings)
			}
		})
	}
}

func TestDamageElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	windows := sampleTree(t, sample.Image{})
	im := mustOpen(t, windows, winimage.Read)
	must(t, im.VerifySystem())
	must(t, im.Close())
	hive, err := os.ReadFile(configFile(windows, "SYSTEM"))
	must(t, err)
	const firstCell = 4096 + 32 // behind the base block and the header of the first bin
	last := firstCell
	for at := firstCell; at < len(hive) && string(hive[at:at+4]) != "hbin"; {
		last = at
		size := int(int32(binary.LittleEndian.Uint32(hive[at:])))
		at += max(size, -size)
	}
	binary.LittleEndian.PutUint32(hive[last:], 0x7FFFFFFF)
	must(t, os.WriteFile(configFile(windows, "SYSTEM"), hive, 0o600))

	im = mustOpen(t, windows, winimage.Read)
	wantCode(t, im.VerifySystem(), winerr.CantLoadOfflineHive, "SYSTEM cannot be used", "restore it from a backup")
	wantCode(t, im.VerifySystem(), winerr.CantLoadOfflineHive)
	if h := im.Facts().Hive("SYSTEM"); h.State != winimage.HiveDamaged || h.Detail == "" {
		t.Errorf("facts: %+v", h)
	}
	must(t, im.Close())
}
