package diskimage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestGoldenChanged: status, plan and unstage of an overlay warn when what it stands on is not what it was.
func TestGoldenChanged(t *testing.T) {
	t.Parallel()
	raw := inMBR(t, volume(t, sample.Image{}))
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			golden := convert(t, raw, kind.format, kind.args)
			place := at(golden)
			place.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
			blob, _ := blobFor(t, "WEB01", 1107)
			other, _ := blobFor(t, "WEB02", 1108)
			receipt, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
			must(t, err)
			wantWarning(t, receipt.Warnings, "")
			wantWarning(t, warnings(t, place), "")

			later := time.Now().Add(time.Hour)
			must(t, os.Chtimes(golden, later, later))
			wantWarning(t, warnings(t, place), "was written to, or copied")

			_, err = core.Stage(t.Context(), core.Request{Image: at(golden), Blob: other})
			must(t, err)
			const broken = "the golden image changed under this overlay: it is broken"
			wantWarning(t, warnings(t, place), broken)
			again, err := core.Plan(t.Context(), core.Request{Image: place, Blob: blob})
			must(t, err)
			wantWarning(t, again.Warnings, broken)
			unstaged, err := core.Unstage(t.Context(), core.UnstageRequest{Image: place})
			must(t, err)
			wantWarning(t, unstaged.Warnings, broken)
		})
	}
}

func warnings(t *testing.T, place core.Image) []string {
	t.Helper()
	st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: place})
	must(t, err)
	return st.Warnings
}

func wantWarning(t *testing.T, all []string, says string) {
	t.Helper()
	about := ""
	for _, w := range all {
		if strings.Contains(w, "golden") {
			about += w
		}
	}
	if (says == "") != (about == "") || !strings.Contains(about, says) {
		t.Errorf("want %q among %q", says, all)
	}
}

// TestGoldenDoubt: an overlay that cannot be read any more names the golden image that was written to since.
func TestGoldenDoubt(t *testing.T) {
	t.Parallel()
	golden := convert(t, inMBR(t, volume(t, sample.Image{})), "", nil)
	place := at(golden)
	place.OverlayPath = filepath.Join(t.TempDir(), "web01.qcow2")
	blob, _ := blobFor(t, "WEB01", 1107)
	_, err := core.Stage(t.Context(), core.Request{Image: place, Blob: blob})
	must(t, err)
	f, err := os.OpenFile(golden, os.O_RDWR, 0)
	must(t, err)
	write(t, f, make([]byte, volumeSize), volumeStart)
	must(t, f.Close())
	later := time.Now().Add(time.Hour)
	must(t, os.Chtimes(golden, later, later))
	_, err = core.ReadStatus(t.Context(), core.StatusRequest{Image: place})
	if err == nil || !strings.Contains(err.Error(), "was written to after this overlay was") {
		t.Errorf("%v", err)
	}
}

func TestGoldenMark(t *testing.T) {
	t.Parallel()
	m := imagefs.GoldenMark{Size: 42, ModTime: time.Unix(1700000000, 123456789), Digest: [32]byte{1, 2, 3}}
	read, ok := imagefs.ParseGoldenMark(m.String())
	if changed, touched := m.Changed(read); !ok || changed || touched {
		t.Errorf("%v, %v", read, ok)
	}
	read.ModTime = read.ModTime.Add(1)
	if changed, touched := m.Changed(read); changed || !touched {
		t.Error("another time")
	}
	for _, text := range []string{"", "1", "2 42 1 00", "1 x 1 " + strings.Repeat("00", 32), "1 42 1 00"} {
		if _, ok := imagefs.ParseGoldenMark(text); ok {
			t.Errorf("%q is a mark", text)
		}
	}
}
