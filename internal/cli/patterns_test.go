package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMatching(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"web01.djoin", "web02.djoin", "web01.txt"} {
		if err := os.WriteFile(in(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args, want []string
		leave      bool
	}{
		"pattern":  {args: []string{in("*.djoin")}, want: []string{in("web01.djoin"), in("web02.djoin")}},
		"one sign": {args: []string{in("web0?.djoin"), in("web01.txt")}, want: []string{in("web01.djoin"), in("web02.djoin"), in("web01.txt")}},
		"none":     {args: []string{in("*.none")}, want: []string{in("*.none")}},
		"input":    {args: []string{"-"}, want: []string{"-"}},
		"shell":    {args: []string{in("*.djoin")}, want: []string{in("*.djoin")}, leave: true},
	} {
		if got := matching(c.args, !c.leave); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestQuotesInAPath(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		`C:\img\Windows" --blob-file b.djoin`: true, `C:\img\Windows"`: true, `C:\img\Windows\`: false, "/mnt/web01/Windows": false,
	} {
		if err := checkQuotes("windows-path", value); (err != nil) != want {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// The name of an OU is no path: it has quotes and backslashes, and is longer than the name of any file; and so are many owners.
func TestWordsThatAreNoPaths(t *testing.T) {
	t.Parallel()
	root := (&app{}).root()
	long := strings.Repeat("S-1-5-21-1004336348-1177238915-682003330-1105,", 8)
	for _, args := range [][]string{
		{"provision", "--account-ou", `OU=\"Web\" Team,DC=corp,DC=example,DC=com`},
		{"join", "--account-ou", "OU=" + strings.Repeat("Web,OU=", 40) + "Web,DC=corp,DC=example,DC=com"},
		{"join", "--account-trusted-owners=" + long},
	} {
		if err := checkArguments(root, args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := checkArguments(root, []string{"join", "--account-ou", "-----BEGIN PRIVATE KEY-----"}); err == nil {
		t.Error("a key is taken for an OU")
	}
}
