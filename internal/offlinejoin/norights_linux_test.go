package offlinejoin_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Without the right to make a file beside the image, that file is named, and nothing of the image is changed; also when root runs this.
func TestAJournalWithoutTheRightToMakeIt(t *testing.T) {
	t.Parallel()
	image := sampletest.Volume(t, sample.Image{})
	folder, ledgers := filepath.Dir(image), t.TempDir()
	for _, outer := range []string{filepath.Dir(folder), filepath.Dir(ledgers)} {
		if err := os.Chmod(outer, 0o755); err != nil { // testing gives it to its owner alone
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{image: 0o666, ledgers: 0o777, folder: 0o555} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) }) // a folder of the test
	t.Run("nobody", func(t *testing.T) {
		testenv.AsNobody(t)
		stageWithoutJournal(t, image, filepath.Join(ledgers, "ledger"), "cannot create ", func(string) error { return nil })
	})
}
