package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestABlobIsParsedOnce counts how often each command parses a blob. The counter is the process's, so this test runs
// beside no other.
func TestABlobIsParsedOnce(t *testing.T) {
	dir := t.TempDir()
	joinFile, err := sample.WriteFleet(dir)
	must(t, err)
	windows, sealed := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t)
	file, key := sealed.File, sealed.IdentityFile
	plain := filepath.Join(dir, "plain.djoin")
	must(t, os.WriteFile(plain, sealed.Blob.DjoinFile(), 0o600))
	recipient, err := age.ParseX25519Identity(sealed.Identity)
	must(t, err)
	bad := filepath.Join(dir, "bad.join.hcl")
	must(t, os.WriteFile(bad, []byte("join \"bad\" {\n  windows_path = \"images/web01/Windows\"\n"+
		"  blob_file = \"bad.djoin\"\n}\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "bad.djoin"), []byte("AAAA"), 0o600))
	const fleet = 3 // joins of the sample join file
	for _, c := range []struct {
		args  string
		stdin string
		want  int64
	}{
		{"stage --dry-run --windows-path " + windows + " --blob-file " + plain, "", 1},
		{"stage --dry-run --windows-path " + windows + " --blob-file " + file + " --identity-file " + key, "", 1},
		{"stage --windows-path " + windows + " --blob-file " + plain, "", 1},
		{"stage --windows-path " + windows + " --blob-file " + plain, "", 1}, // staged already
		{"status --windows-path " + windows, "", 0},
		{"inspect image " + windows, "", 0},
		{"unstage --windows-path " + windows, "", 0},
		{"inspect blob " + plain, "", 1},
		{"inspect blob " + file + " --identity-file " + key, "", 1},
		{"blob encrypt " + plain + " -r " + recipient.Recipient().String(), "", 1},
		{"blob decrypt " + file + " -o " + plain + "2 --identity-file " + key, "", 0},
		{"plan " + joinFile, "", fleet},
		{"apply " + joinFile, "no\n", fleet},
		{"apply " + joinFile, "yes\n", fleet}, // plan, question and apply
		{"unstage --yes " + joinFile, "", 0},
		{"apply --yes " + joinFile, "", fleet},
		{"status " + joinFile, "", 0},
		{"plan " + bad, "", 1}, // refused when it is parsed
		{"demo", "", 3},        // of the tree's, the overlay's and the copy's join
		{"demo --json", "", 3},
	} {
		t.Run(strings.ReplaceAll(c.args, "/", "_"), func(t *testing.T) {
			var printed string
			got := sampletest.Parses(func() { printed = output(strings.Fields(c.args), c.stdin) })
			if got != c.want {
				t.Errorf("%d blobs are parsed, want %d:\n%s", got, c.want, printed)
			}
			if failed := strings.Contains(printed, "error") || strings.Contains(printed, "Not confirmed"); failed != (c.stdin == "no\n" || strings.HasSuffix(c.args, bad)) {
				t.Errorf("failed: %v\n%s", failed, printed)
			}
		})
	}
}
