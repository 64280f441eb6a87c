package offlinejoin_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// retaining says that it is on some file system.
type retaining struct {
	imagefs.Session
	kind string
}

func (r retaining) Retains(string) string { return r.kind }

func TestWhatUnstagingCannotReach(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "btrfs", "zfs", "xfs", "overlayfs"} {
		image := offlinejoin.ImageAt(sampletest.Image(t, sample.Image{}))
		image.Open = func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
			s, err := open.Image(ctx, at, mode)
			return retaining{s, kind}, err
		}
		stage := func(machine string, rid uint32) *offlinejoin.Receipt {
			_, file := sampletest.BlobFor(t, machine, rid)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			blob, err := offlinejoin.ReadBlob(content, file)
			if err != nil {
				t.Fatal(err)
			}
			receipt, err := offlinejoin.Stage(t.Context(), offlinejoin.Request{
				Image: image, Blob: blob, StagedBy: "test/1", OnExisting: offlinejoin.OnExistingReplace,
			})
			if err != nil {
				t.Fatal(err)
			}
			return receipt
		}
		first, second := stage("WEB01", 2001), stage("WEB02", 2002)
		unstaged, err := offlinejoin.Unstage(t.Context(), offlinejoin.UnstageRequest{Image: image})
		if err != nil {
			t.Fatal(err)
		}
		again, err := offlinejoin.Unstage(t.Context(), offlinejoin.UnstageRequest{Image: image})
		if err != nil {
			t.Fatal(err)
		}
		erases := 1
		if kind == "" {
			erases = 0
		}
		for what, c := range map[string]struct {
			receipt *offlinejoin.Receipt
			want    int
		}{"stage": {first, 0}, "replace": {second, erases}, "unstage": {unstaged, erases}, "nothing": {again, 0}} {
			if got := countOf(c.receipt.Warnings, "reset the computer account"); got != c.want {
				t.Errorf("%s on %q: %d warnings in %q", what, kind, got, c.receipt.Warnings)
			}
			if c.want > 0 && !strings.Contains(strings.Join(c.receipt.Warnings, " "), kind) {
				t.Errorf("%s: the warning does not name %s", what, kind)
			}
		}
	}
}
