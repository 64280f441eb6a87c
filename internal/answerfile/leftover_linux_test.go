package answerfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestALeftoverWithoutAnEnd: what has the name of a file that a killed run leaves is overwritten as far as one of ours could reach,
// and no further: an enemy's may have no end.
func TestALeftoverWithoutAnEnd(t *testing.T) {
	t.Parallel()
	const size = 1 << 30 // of nothing; a terabyte would fill the disk where the test fails
	img, root := image(t, map[string]string{"Windows/Panther/" + tempName: "x"})
	left, kept := filepath.Join(root, "Windows", "Panther", tempName), filepath.Join(t.TempDir(), "kept")
	if err := os.Truncate(left, size); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(left, kept); err != nil {
		t.Skip("no hard links here:", err)
	}
	unstaged(t, img, staged(t, img, Options{}))
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
	info, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	const block, most = 512, 64 << 20
	if used := info.Sys().(*syscall.Stat_t).Blocks * block; used > most {
		t.Errorf("%d MiB of it were written", used>>20)
	}
}
