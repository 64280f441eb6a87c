package localdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func TestPermission(t *testing.T) {
	t.Parallel()
	image, dir := tree(t, map[string]string{"SYSTEM": "x", "closed/SAM": "x"})
	must(t, os.Chmod(filepath.Join(dir, "SYSTEM"), 0))
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Run("nobody", func(t *testing.T) {
		testenv.AsNobody(t)
		_, err := image.Open("SYSTEM")
		wantCode(t, err, winerr.AccessDenied, "run as a user who may")
		_, err = image.OpenWrite("SYSTEM")
		wantCode(t, err, winerr.AccessDenied)
		_, err = image.Open("closed/SAM")
		wantCode(t, err, winerr.AccessDenied)
	})
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0o755))
}
