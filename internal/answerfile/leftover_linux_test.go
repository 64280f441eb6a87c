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
	left := filepath.Join(root, "Windows", "Panther", tempName)
	if err := os.Truncate(left, size); err != nil {
		t.Fatal(err)
	}
	kept, err := os.Open(left)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close() // only looked at
	unstaged(t, img, staged(t, img, Options{}))
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
	info, err := kept.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const block, most = 512, 64 << 20
	if used := info.Sys().(*syscall.Stat_t).Blocks * block; used == 0 || used > most {
		t.Errorf("%d bytes of it were written", used)
	}
}

// TestALeftoverThatIsASecondName: one of ours has a single name, so that what is a file of somebody else's by another stays as it is.
func TestALeftoverThatIsASecondName(t *testing.T) {
	t.Parallel()
	img, root := image(t, map[string]string{"Windows/Panther/" + tempName: "theirs"})
	left, theirs := filepath.Join(root, "Windows", "Panther", tempName), filepath.Join(t.TempDir(), "theirs")
	if err := os.Link(left, theirs); err != nil {
		t.Skip("no hard links here:", err)
	}
	unstaged(t, img, staged(t, img, Options{}))
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
	if now, err := os.ReadFile(theirs); err != nil || string(now) != "theirs" {
		t.Errorf("the other name has %q, %v", now, err)
	}
}
