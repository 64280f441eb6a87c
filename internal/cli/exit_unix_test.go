//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// Engines run again what ended with 75, and nothing else: an image that somebody changes is worth it, a refusal is not, and
// neither is a run in which both came up.
func TestWhatMayPassByItselfEndsWith75(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	release := hold(t, f.image("web01"))
	defer release()
	file := filepath.Join(t.TempDir(), "one.join.hcl")
	text := `
variable "blob" {}

join "web" {
  for_each     = toset(split(",", var.names))
  windows_path = "IMAGES/${each.key}/Windows"
  blob_file    = each.key == "web02" ? var.blob : "IMAGES/../secrets/${each.key}.djoin"
  lock_timeout = "0s"
}

variable "names" {}
`
	images := filepath.Dir(filepath.Dir(f.image("web01")))
	must(t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "IMAGES", images)), 0o600))
	none := filepath.Join(t.TempDir(), "none.djoin")
	blob := filepath.Join(filepath.Dir(images), "secrets", "web01.djoin")
	asleep := f.image("web03")
	must(t, os.WriteFile(filepath.Join(filepath.Dir(asleep), "hiberfil.sys"), []byte("HIBR and so on"), 0o600))
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"one that is busy":              {[]string{"apply", file, "--yes", "--var", "names=web01", "--var", "blob="}, 75},
		"one that is busy, in lines":    {[]string{"apply", file, "--yes", "--json", "--var", "names=web01", "--var", "blob="}, 75},
		"one that is busy, one refused": {[]string{"apply", file, "--yes", "--var", "names=web01,web02", "--var", "blob=" + none}, 1},
		"one refused":                   {[]string{"apply", file, "--yes", "--var", "names=web02", "--var", "blob=" + none}, 1},
		"stage into one that is busy": {
			[]string{"stage", "--windows-path", f.image("web01"), "--blob-file", blob, "--lock-timeout", "0s"}, 75,
		},
		"stage into one that sleeps":  {[]string{"stage", "--windows-path", asleep, "--blob-file", blob, "--lock-timeout", "0s"}, 1},
		"one that sleeps, in a fleet": {[]string{"apply", file, "--yes", "--var", "names=web03", "--var", "blob="}, 1},
		"stage of no blob":            {[]string{"stage", "--windows-path", f.image("web01"), "--blob-file", none}, 1},
	} {
		var out, errOut bytes.Buffer
		got := cli.Run(context.Background(), c.args, cli.Streams{In: os.Stdin, Out: &out, Err: &errOut})
		if got != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", name, got, c.code, out.String(), errOut.String())
		}
		if c.code == 75 && strings.Contains(out.String(), "Mend what failed") {
			t.Errorf("%s: nothing is to be mended: %s", name, out.String())
		}
	}
}
