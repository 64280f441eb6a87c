package diskimage_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// TestUnstageOfAMalformedAnswerFile: in a disk image file, too, the password goes from an answer file that is not well formed any
// more, and where it cannot be told from the rest, the record stays and the file does not change.
func TestUnstageOfAMalformedAnswerFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new string
		stays    bool
	}{
		"elsewhere":       {"</settings>", "</setting >", false},
		"in the password": {"</AccountData>", "A/AccountData>", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := volume(t, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
			blob, _ := blobFor(t, "WEB01", 1107)
			secret := []byte(blob.Text())
			_, err := core.Stage(t.Context(), core.Request{Image: at(image), Blob: blob})
			must(t, err)
			s, err := diskimage.Open(t.Context(), at(image).Location, imagefs.Write)
			must(t, err)
			f, err := s.OpenWrite("Windows/Panther/unattend.xml")
			must(t, err)
			size, err := f.Size()
			must(t, err)
			content := make([]byte, size)
			_, err = f.ReadAt(content, 0)
			must(t, err)
			_, err = f.WriteAt([]byte(c.new), int64(bytes.Index(content, []byte(c.old))))
			must(t, err)
			must(t, f.Close())
			_, err = s.Commit(t.Context())
			must(t, errors.Join(err, s.Close()))
			receipt, err := core.Unstage(t.Context(), core.UnstageRequest{Image: at(image)})
			raw, readErr := os.ReadFile(image)
			must(t, readErr)
			st, statusErr := core.ReadStatus(t.Context(), core.StatusRequest{Image: at(image)})
			must(t, statusErr)
			if c.stays {
				if err == nil || !strings.Contains(err.Error(), "stays in its answer file, with its record") || st.State != core.StateStaged {
					t.Errorf("%v, status %s", err, st.State)
				}
				return
			}
			if err != nil || !strings.Contains(strings.Join(receipt.Warnings, " "), "was taken out of it") || st.State != core.StateAbsent {
				t.Errorf("%+v, %v, status %s", receipt, err, st.State)
			}
			if bytes.Contains(raw, secret[len(secret)/2:len(secret)/2+64]) {
				t.Error("the password is in the image still")
			}
		})
	}
}
