package answerfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnotherNameOfTheFileStaysWhole: the bytes of a file with a second name are somebody else's too, and are not overwritten.
func TestAnotherNameOfTheFileStaysWhole(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, root := image(t, scene)
			theirs := t.TempDir()
			second := func(as string) []byte {
				place, err := Find(img, "")
				if err != nil {
					t.Fatal(err)
				}
				if !place.Exists() {
					return nil
				}
				if err := os.Link(place.Path, filepath.Join(theirs, as)); err != nil {
					t.Skip("skipped: no hard links here:", err)
				}
				return place.Content
			}
			before := files(t, root)
			want := map[string][]byte{"before": second("before")}
			record := staged(t, img, Options{Replace: true})
			want["staged"] = second("staged")
			removal := unstaged(t, img, record)
			for as, content := range want {
				if got := files(t, theirs)[as]; string(got) != string(content) {
					t.Errorf("the name from %s has other bytes (%d of %d)", as, len(got), len(content))
				}
			}
			if told := strings.Join(removal.Notes, ""); !strings.Contains(told, "stays under the other name") {
				t.Errorf("of the blob there is told %q", told)
			}
			if err := sameFiles(before, files(t, root)); err != nil {
				t.Error(err)
			}
		})
	}
}
