package answerfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestAFileThatItsOwnerMayOnlyRead is staged into and given back by that owner, as a copy from a CD is: nothing breaks off half-way.
func TestAFileThatItsOwnerMayOnlyRead(t *testing.T) {
	t.Parallel()
	img, root := image(t, map[string]string{"Windows/Panther/unattend.xml": head + tail})
	const nobody = 65534
	file := filepath.Join(root, "Windows", "Panther", "unattend.xml")
	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		for _, name := range []string{file, filepath.Dir(file)} {
			if err := os.Chown(name, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := files(t, root)
	t.Run("nobody", func(t *testing.T) {
		testenv.AsNobody(t)
		removal := unstaged(t, img, staged(t, img, Options{}))
		if removal.Outcome != Restored || len(removal.Notes) > 0 {
			t.Errorf("%+v", removal)
		}
	})
	if err := sameFiles(before, files(t, root)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
