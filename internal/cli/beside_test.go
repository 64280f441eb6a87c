package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// What keeps a staged join from being healthy is told by every command that shows a status, for one image and for those of
// join files: the program that is missing, the join of another tool beside it.
func TestEveryStatusTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happen    func(t *testing.T, windows string)
		says      string
		atStaging bool // it is told when the same join is staged again, too
	}{
		"missing program": {
			func(t *testing.T, windows string) {
				must(t, os.Remove(filepath.Join(windows, "System32", "odjboot.exe")))
			},
			`odjboot.exe is missing`, false,
		},
		"changed program": {
			func(t *testing.T, windows string) {
				must(t, os.WriteFile(filepath.Join(windows, "System32", "odjboot.exe"), []byte("MZ"), 0o600))
			},
			`odjboot.exe is not the program`, false,
		},
		"an unrecoverable hive": {
			func(t *testing.T, windows string) { sampletest.Unrecoverable(t, windows) },
			`was not closed cleanly and its logs do not complete it`, false,
		},
		"half undone": { // an unstage that was broken off after the blob had gone
			func(t *testing.T, windows string) {
				sampletest.Edit(t, windows, "SYSTEM", func(h *regf.Hive) error {
					key, err := h.Key(completion.Key)
					if err != nil {
						return err
					}
					return key.DeleteValue(completion.ValueProvisioningBlob)
				})
			},
			"the blob is missing, so that the next boot does not join", false,
		},
		"a join beside": {
			func(t *testing.T, windows string) { sampletest.Foreign(t, windows) }, `SYSTEM\Setup\DJOIN`, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, blob := sampletest.Blob(t)
			join := filepath.Join(t.TempDir(), "one.join.hcl")
			must(t, os.WriteFile(join, fmt.Appendf(nil, "join \"a\" {\n  windows_path = %q\n  blob_file = %q\n}\n", image, blob), 0o600))
			if code, _, stderr := withArguments(t, []string{"stage", "--windows-path", image, "--blob-file", blob}); code != 0 {
				t.Fatal(stderr)
			}
			c.happen(t, image)
			commands := [][]string{
				{"status", "--windows-path", image},
				{"--json", "status", "--windows-path", image},
				{"inspect", "image", image},
				{"status", join},
				{"--json", "status", join},
			}
			if c.atStaging {
				commands = append(commands,
					[]string{"stage", "--dry-run", "--windows-path", image, "--blob-file", blob},
					[]string{"stage", "--windows-path", image, "--blob-file", blob},
					[]string{"plan", join}, []string{"apply", join, "--yes"})
			}
			if _, table, _ := withArguments(t, []string{"status", join}); name == "half undone" && !strings.Contains(table, "incomplete") {
				t.Errorf("the table of joins says\n%s", table)
			}
			for _, args := range commands {
				_, out, stderr := withArguments(t, args)
				shown := strings.ReplaceAll(out+stderr, `\\`, `\`)
				if !strings.Contains(shown, c.says) || strings.Contains(shown, "waits for the first boot.") {
					t.Errorf("%q shows\n%s", args, shown)
				}
			}
		})
	}
}
