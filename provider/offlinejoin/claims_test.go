package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	first := newClaim("a", image, account, "web01.djoin")
	sharing := func(token, windowsPath string) claim {
		c := newClaim(token, windowsPath, account, "b")
		c.allowsSharing = true
		return c
	}
	for name, c := range map[string]struct {
		second claim
		says   string
	}{
		"same account, once allowed": {sharing("b", t.TempDir()), "in all that are new"},

		"another image and account": {newClaim("b", t.TempDir(), `corp.example.com\WEB02`, "b"), ""},
		"planned twice":             {newClaim("a", image, account, "web01.djoin"), ""},
		"moves":                     {newClaim("a", t.TempDir(), account, "web01.djoin"), ""},
		"same image":                {newClaim("b", image, `corp.example.com\WEB02`, "b"), "has the image"},
		"same image by a link":      {newClaim("b", link, "", "b"), "has the image"},
		"same image, not there yet": {newClaim("b", image+"/x/..", "", "b"), "has the image"},
		"same account":              {newClaim("b", t.TempDir(), `CORP.example.com\web01`, "b"), "stages the account"},
		"same account, unknown":     {newClaim("b", "", account, "b"), "stages the account"},
		"account not known":         {newClaim("b", t.TempDir(), "", "b"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var run claims
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

func TestClaimsOfAnAccountThatIsUsedAgain(t *testing.T) {
	t.Parallel()
	var run claims
	for _, token := range []string{"a", "b", "c"} { // settled, or all allowed
		c := newClaim(token, "/none/"+token, `d\WEB01`, "blob")
		c.allowsSharing = true
		if clash := run.take(c); clash != "" {
			t.Errorf("%s: %s", token, clash)
		}
	}
	if clash := run.take(newClaim("d", "/none/d", `d\WEB01`, "blob")); clash == "" {
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
			if clash := run.take(newClaim(token, w.path, w.account, "b")); (clash != "") != taken {
				t.Fatalf("%s takes %v of %v: %q", token, w, has, clash)
			}
			has[token] = w
		}
	})
}
