package guides_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestReadme runs the commands that README shows, with the join file that it shows.
func TestReadme(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "README.md"))
	must(t, err)
	joins := regexp.MustCompile("(?ms)^```hcl\n(join .*?)^```$").FindSubmatch(content)
	if joins == nil {
		t.Fatal("README shows no join file")
	}
	ran := 0
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(offlinejoin .*?)^```$").FindAllSubmatch(content, -1) {
		ran++
		text := string(m[1])
		h := newHost(t)
		must(t, os.Rename(h.path("secrets/web01.djoin"), h.path("web01.djoin")))
		must(t, os.Link(h.path("web01.djoin"), h.path("secrets/web01.djoin")))
		must(t, os.Rename(h.path("srv/golden/ws2022.qcow2"), h.path("golden.qcow2")))
		must(t, os.Symlink(h.path("golden.qcow2"), h.path("srv/golden/ws2022.qcow2")))
		must(t, os.Remove(h.path("srv/machines/web03.qcow2")))
		must(t, os.WriteFile(h.path("fleet.join.hcl"), []byte(h.here(string(joins[1]))), 0o600))
		out, err := h.run(t, strings.ReplaceAll(text, "offlinejoin apply ", "offlinejoin apply --yes "))
		if err != nil {
			t.Errorf("%s\n%v\n%s", text, err, out)
		}
	}
	if ran < 3 {
		t.Errorf("README shows only %d blocks of commands", ran)
	}
}
