package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"pgregory.net/rapid"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	image := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(image, link); err != nil {
		t.Skipf("skipped: no links here: %v", err)
	}
	const account = `corp.example.com\WEB01`
	first := newClaim("a", core.ImageAt(image), account, "web01.djoin")
	sharing := func(token, windowsPath string) claim {
		c := newClaim(token, core.ImageAt(windowsPath), account, "b")
		c.allowsSharing = true
		return c
	}
	for name, c := range map[string]struct {
		second claim
		says   string
	}{
		"same account, once allowed": {sharing("b", t.TempDir()), "in all that are new"},

		"another image and account": {newClaim("b", core.ImageAt(t.TempDir()), `corp.example.com\WEB02`, "b"), ""},
		"planned twice":             {newClaim("a", core.ImageAt(image), account, "web01.djoin"), ""},
		"moves":                     {newClaim("a", core.ImageAt(t.TempDir()), account, "web01.djoin"), ""},
		"same image":                {newClaim("b", core.ImageAt(image), `corp.example.com\WEB02`, "b"), "has the image"},
		"same image by a link":      {newClaim("b", core.ImageAt(link), "", "b"), "has the image"},
		"same image, not there yet": {newClaim("b", core.ImageAt(image+"/x/.."), "", "b"), "has the image"},
		"same account":              {newClaim("b", core.ImageAt(t.TempDir()), `CORP.example.com\web01`, "b"), "stages the account"},
		"same account, unknown":     {newClaim("b", core.ImageAt(""), account, "b"), "stages the account"},
		"same image_name":           {namedClaim("b", t.TempDir(), "vm:1"), "has the image_name vm:1"},
		"another image_name":        {namedClaim("b", t.TempDir(), "vm:2"), ""},
		"account not known":         {newClaim("b", core.ImageAt(t.TempDir()), "", "b"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var run claims
			first := first
			first.image.Name = "vm:1"
			if clash := run.take(first); clash != "" {
				t.Fatalf("the first claim: %s", clash)
			}
			clash := run.take(c.second)
			if c.says == "" && clash != "" || !strings.Contains(clash, c.says) {
				t.Errorf("take says %q, want %q", clash, c.says)
			}
			if clash != "" && !strings.Contains(clash, "web01.djoin") {
				t.Errorf("%q does not tell of the other resource", clash)
			}
		})
	}
}

func namedClaim(token, windowsPath, name string) claim {
	at := core.ImageAt(windowsPath)
	at.Name = name
	return newClaim(token, at, "", "b")
}

func TestClaimsOfAnAccountThatIsUsedAgain(t *testing.T) {
	t.Parallel()
	var run claims
	for _, token := range []string{"a", "b", "c"} { // settled, or all allowed
		c := newClaim(token, core.ImageAt("/none/"+token), `d\WEB01`, "blob")
		c.allowsSharing = true
		if clash := run.take(c); clash != "" {
			t.Errorf("%s: %s", token, clash)
		}
	}
	if clash := run.take(newClaim("d", core.ImageAt("/none/d"), `d\WEB01`, "blob")); clash == "" {
		t.Error("one that minds is not told")
	}
}

// TestClaimsAreFair takes claims at random: one is refused exactly when another resource has its image or its account.
func TestClaimsAreFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var run claims
		type wish struct{ path, account string }
		has := map[string]wish{}
		name := rapid.SampledFrom([]string{"1", "2", "3", "4"})
		for range rapid.IntRange(1, 30).Draw(t, "claims") {
			token, w := name.Draw(t, "token"), wish{"/none/" + name.Draw(t, "image"), `d\` + name.Draw(t, "account")}
			taken := false
			for other, o := range has {
				taken = taken || other != token && (o.path == w.path || o.account == w.account)
			}
			if clash := run.take(newClaim(token, core.ImageAt(w.path), w.account, "b")); (clash != "") != taken {
				t.Fatalf("%s takes %v of %v: %q", token, w, has, clash)
			}
			has[token] = w
		}
	})
}

func TestClaimsOfDisks(t *testing.T) {
	t.Parallel()
	disk := func(golden, overlay string, partition int) core.Image {
		var at core.Image
		at.ImagePath, at.OverlayPath, at.Partition = golden, overlay, partition
		return at
	}
	for name, c := range map[string]struct {
		a, b core.Image
		says string
	}{
		"one golden image":           {disk("golden", "a", 0), disk("golden", "b", 0), ""},
		"one path":                   {disk("golden", "a", 0), disk("other", "./a", 3), "has the image"},
		"golden changed in place":    {disk("golden", "a", 0), disk("golden", "", 0), "a golden image is only read"},
		"changed in place golden":    {disk("golden", "", 0), disk("golden", "a", 0), "a golden image is only read"},
		"a disk over a disk":         {disk("golden", "a", 0), disk("a", "b", 0), "a golden image is only read"},
		"two Windows of one image":   {disk("disk", "", 2), disk("disk", "", 3), ""},
		"one Windows of one image":   {disk("disk", "", 2), disk("disk", "", 2), "has the image"},
		"one Windows, named once":    {disk("disk", "", 2), disk("disk", "", 0), "has the image"},
		"golden with a partition":    {disk("golden", "a", 3), disk("golden", "", 3), "a golden image is only read"},
		"a disk, and in place in it": {disk("golden", "a", 0), disk("a", "", 0), "has the image"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var run claims
			_ = run.take(newClaim("a", c.a, "", "a"))
			if clash := run.take(newClaim("b", c.b, "", "b")); (clash == "") != (c.says == "") || !strings.Contains(clash, c.says) {
				t.Errorf("take says %q, want %q", clash, c.says)
			}
		})
	}
}
