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

// forgetful answers every question about access rights, and keeps none.
type forgetful struct {
	imagefs.Session
	keeps bool
}

func (f forgetful) Security(string) ([]byte, bool, error)              { return []byte{1}, true, nil }
func (f forgetful) SetSecurity(string, []byte) (applied bool, _ error) { return f.keeps, nil }

func TestAccessRightsThatWereNotKeptAreReported(t *testing.T) {
	t.Parallel()
	for _, keeps := range []bool{true, false} {
		image := offlinejoin.ImageAt(sampletest.Image(t, sample.Image{}))
		image.Open = func(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
			s, err := open.Image(ctx, at, mode)
			return forgetful{s, keeps}, err
		}
		_, file := sampletest.Blob(t)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blob, err := offlinejoin.ReadBlob(content, file)
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := offlinejoin.Stage(t.Context(), offlinejoin.Request{Image: image, Blob: blob, StagedBy: "test/1"})
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if keeps {
			want = 0
		}
		if got := countOf(receipt.Warnings, "did not keep the access rights"); got != want {
			t.Errorf("keeps %v: %d warnings in %q", keeps, got, receipt.Warnings)
		}
	}
}

func countOf(lines []string, piece string) (n int) {
	for _, line := range lines {
		if strings.Contains(line, piece) {
			n++
		}
	}
	return n
}
