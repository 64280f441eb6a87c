//go:build unix

package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestFilesWithSeveralNamesTakeNoJoin: whatever file of an image it is, the plan refuses it with one sentence, and nothing is written;
// what is taken back is not kept from it.
func TestFilesWithSeveralNamesTakeNoJoin(t *testing.T) {
	t.Parallel()
	const says = "has 2 names (hard links)"
	for name, state := range map[string]string{
		"System32/config/SYSTEM":      "",
		"System32/config/SYSTEM.LOG1": "",
		"System32/odjboot.exe":        "",
		"Panther/unattend.xml":        "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			req := newImage(t, sample.Image{ImageState: state})
			path := filepath.Join(req.Image.WindowsPath, filepath.FromSlash(name))
			if _, err := os.Stat(path); err != nil {
				putAnswerFile(t, path, userAnswerFile) // any content
			}
			other := filepath.Join(t.TempDir(), "other")
			if err := os.Link(path, other); err != nil {
				t.Skip("skipped: no hard links here:", err)
			}
			before := string(readFile(t, path))
			_, err := Plan(t.Context(), req)
			wantCode(t, err, winerr.CantCreateJoinInfo, says)
			_, err = Stage(t.Context(), req)
			wantCode(t, err, winerr.CantCreateJoinInfo, says)
			if string(readFile(t, path)) != before {
				t.Error("the file was changed")
			}
			if err := os.Remove(other); err != nil {
				t.Fatal(err)
			}
			if _, err := Stage(t.Context(), req); err != nil {
				t.Fatal("with one name:", err)
			}
			if !strings.HasSuffix(name, ".xml") {
				return
			}
			if err := os.Link(path, other); err != nil {
				t.Fatal(err)
			}
			receipt, err := Unstage(t.Context(), UnstageRequest{Image: ImageAt(req.Image.WindowsPath)})
			if err != nil || !strings.Contains(strings.Join(receipt.Warnings, " "), "stays under the other name") {
				t.Errorf("taken back: %+v, %v", receipt, err)
			}
		})
	}
}
