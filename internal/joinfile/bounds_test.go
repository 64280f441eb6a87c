package joinfile_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/joinfile"
)

// load writes one join file and loads it.
func load(t testing.TB, name, text string) (*joinfile.Fleet, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet, diagnostics := joinfile.Load(t.Context(), path, joinfile.Inputs{})
	var b bytes.Buffer
	if err := diagnostics.Write(&b, 0, false); err != nil {
		t.Fatal(err)
	}
	return fleet, b.String()
}

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"too large":      {"a.join.hcl", strings.Repeat("# comment\n", 200_000), "larger than 1 MiB"},
		"binary":         {"a.join.hcl", "join \"a\" {\x00}", "not UTF-8 text"},
		"not UTF-8":      {"a.join.hcl", "join \"\xff\" {}", "not UTF-8 text"},
		"brackets":       {"a.join.hcl", "locals {\n a = " + strings.Repeat("[", 500_000), "nested deeper"},
		"signs":          {"a.join.hcl", "locals {\n a = " + strings.Repeat("!", 500_000) + "true\n}", "nested deeper"},
		"signs apart":    {"a.join.hcl", "locals {\n a = " + strings.Repeat("- ", 250_000) + "1\n}", "nested deeper"},
		"JSON brackets":  {"a.join.hcl.json", `{"locals":{"a":` + strings.Repeat("[", 500_000), "nested deeper"},
		"JSON templates": {"a.join.hcl.json", `{"locals":{"a":"${` + strings.Repeat("(", 500_000) + `"}}`, "nested deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet, told := load(t, c.file, c.text)
			if fleet != nil || !strings.Contains(told, c.want) {
				t.Errorf("fleet %v, want %q in: %.400s", fleet != nil, c.want, told)
			}
		})
	}
}

func TestLoadStopsWhenItIsCancelled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.join.hcl")
	// Some seconds of work, so that it is still going on when the context is looked at.
	text := "locals {\n a = [for a in range(600): [for b in range(600): [for c in range(10): 1]]]\n}\njoin \"a\" {}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fleet, diagnostics := joinfile.Load(ctx, path, joinfile.Inputs{})
	if p := diagnostics.Problems(); fleet != nil || len(p) != 1 || p[0].Summary != "Stopped" {
		t.Errorf("fleet %v, problems %v", fleet != nil, p)
	}
}

// TestNoDiagnosticShowsABlob pastes a blob wherever one could be pasted.
func TestNoDiagnosticShowsABlob(t *testing.T) {
	t.Parallel()
	secret, encoded := pasted(t)
	for name, text := range map[string]string{
		"an option":      "join \"a\" {\n  blob = \"" + encoded + "\"\n}\n",
		"another":        "join \"a\" {\n  machine_name = \"" + encoded + "\" +\n}\n",
		"wrapped":        "join \"a\" {\n  blob = <<EOT\n" + wrapped(encoded, 64) + "EOT\n}\n",
		"wrapped at 76":  "join \"a\" {\n  blob = <<EOT\n" + wrapped(encoded, 76) + "\n",
		"no HCL":         encoded,
		"a name":         "join \"" + encoded + "\" {\n}\n",
		"a method":       "join \"a\" {\n  windows_path = \"x\"\n  blob_file = \"y\"\n  method = \"" + encoded + "\"\n}\n",
		"a conversion":   "locals {\n  a = tonumber(\"" + encoded + "\")\n}\njoin \"a\" {\n}\n",
		"a reference":    "locals {\n  a = var." + encoded[:200] + "\n}\njoin \"a\" {\n}\n",
		"an environment": "locals {\n  a = env(\"" + encoded + "\")\n}\njoin \"a\" {\n}\n",
		"a file":         "locals {\n  a = file(\"" + encoded + "\")\n}\njoin \"a\" {\n}\n",
		"a path":         "join \"a\" {\n  windows_path = \"x\"\n  blob_file = <<EOT\n" + encoded + "\nEOT\n}\n",
		"a key":          "join \"a\" {\n  for_each = { \"" + encoded[:200] + "\" = 1 }\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet, told := load(t, "a.join.hcl", text)
			if fleet != nil || told == "" {
				t.Fatal("there is no diagnostic")
			}
			if found := secret.In([]byte(told)); found != nil {
				t.Errorf("the diagnostic shows %q:\n%s", found, told)
			}
		})
	}
}

func wrapped(text string, width int) string {
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return b.String() + text + "\n"
}

func pasted(t *testing.T) (*canary.Search, string) {
	t.Helper()
	blob := sampleBlob(t)
	return canary.ForBlob(blob.Bytes(), blob.MachinePassword()), string(blob.AccountData())
}
