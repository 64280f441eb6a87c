package offlinejoin

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestWrittenLater writes into a configuration what was found without it, and other spellings of what was written: nothing is
// replaced, neither when it is written nor when it is removed again, and what the resource has goes with it all the same.
func TestWrittenLater(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	linked := func(path string) string { // the same file, by a link and with what says nothing in it
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Dir(path), link); err != nil {
			t.Skip(err)
		}
		return link + "/./" + filepath.Base(path)
	}
	for name, c := range map[string]struct {
		kind  string
		place func(t *testing.T) map[string]string
		later map[string]func(place map[string]string) string
	}{
		"overlay": {
			joinedDiskName, func(t *testing.T) map[string]string {
				return map[string]string{"image_path": golden, "overlay_path": filepath.Join(t.TempDir(), "web01")}
			},
			map[string]func(map[string]string) string{
				"partition":    func(map[string]string) string { return "1" },
				"backing":      func(map[string]string) string { return "absolute" },
				"method":       func(map[string]string) string { return "registry" },
				"image_path":   func(place map[string]string) string { return linked(place["image_path"]) },
				"overlay_path": func(place map[string]string) string { return linked(place["overlay_path"]) },
			},
		},
		"copy": {
			joinedDiskName, func(t *testing.T) map[string]string {
				return map[string]string{"image_path": golden, "copy_path": filepath.Join(t.TempDir(), "web01")}
			},
			map[string]func(map[string]string) string{"partition": func(map[string]string) string { return "01" }},
		},
		"disk in place": {
			"offlinejoin_staged_join", func(t *testing.T) map[string]string { return map[string]string{"image_path": goldenImage(t)} },
			map[string]func(map[string]string) string{
				"partition":  func(map[string]string) string { return "1" },
				"method":     func(map[string]string) string { return "registry" },
				"image_path": func(place map[string]string) string { return linked(place["image_path"]) },
			},
		},
		"tree": {
			"offlinejoin_staged_join",
			func(t *testing.T) map[string]string {
				return map[string]string{"windows_path": sampletest.Image(t, sample.Image{})}
			},
			map[string]func(map[string]string) string{
				"windows_path": func(place map[string]string) string { return place["windows_path"] + "/./" },
				"method":       func(map[string]string) string { return "registry" },
			},
		},
		"joined overlay": {
			"offlinejoin_domain_join", func(t *testing.T) map[string]string {
				return map[string]string{"image_path": golden, "overlay_path": filepath.Join(t.TempDir(), "web01"), "machine_name": "WEB01"}
			},
			map[string]func(map[string]string) string{
				"partition":    func(map[string]string) string { return "1" },
				"backing":      func(map[string]string) string { return "absolute" },
				"method":       func(map[string]string) string { return "registry" },
				"overlay_path": func(place map[string]string) string { return linked(place["overlay_path"]) },
				"machine_name": func(map[string]string) string { return "web01" },
			},
		},
		"joined in place": {
			"offlinejoin_domain_join", func(t *testing.T) map[string]string {
				return map[string]string{"image_path": goldenImage(t), "machine_name": "WEB01"}
			},
			map[string]func(map[string]string) string{"partition": func(map[string]string) string { return "1" }},
		},
	} {
		for word, value := range c.later {
			t.Run(name+"/"+word, func(t *testing.T) {
				t.Parallel()
				ledger := filepath.Join(t.TempDir(), "ledger")
				d := &activedirectorytest.Domain{}
				start := func() plugin {
					if c.kind == "offlinejoin_domain_join" {
						return newDomainPlugin(t, d).of(c.kind)
					}
					return newPlugin(t, map[string]string{"ledger_file": ledger}).of(c.kind)
				}
				config := c.place(t)
				if c.kind != "offlinejoin_domain_join" {
					_, config["blob_file"] = sampletest.Blob(t)
				}
				made := newDisk{config: config}.make(t, start())
				written := maps.Clone(config)
				written[word] = value(config)
				for _, now := range []map[string]string{written, config, written} {
					p := start() // as another run of Terraform
					planned := p.change(now, made.state, made.private)
					p.good(planned.Diagnostics)
					if len(planned.RequiresReplace) > 0 {
						t.Fatalf("%s = %q replaces the resource: %v", word, now[word], planned.RequiresReplace)
					}
					updated := p.update(now, made.state, planned)
					p.good(updated.Diagnostics)
					made.state, made.private = updated.NewState, updated.Private
					read := p.refresh(made.state, made.private)
					p.good(read.Diagnostics)
					made.state, made.private = read.NewState, read.Private
				}
				p := start()
				p.good(p.destroy(made.state, made.private))
				if path := config["overlay_path"] + config["copy_path"]; path != "" && exists(path) {
					t.Error("the disk is still there")
				}
				entries, err := os.ReadFile(ledger)
				if c.kind != "offlinejoin_domain_join" && (err != nil || !strings.Contains(string(entries), `"unstaged"`)) {
					t.Errorf("the account is not free again: %v, %s", err, entries)
				}
			})
		}
	}
}
