package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestHostileFleet runs every command on join files over images and a ledger whose texts try to act on a terminal, and
// searches the lines, the reports and the page, too.
func TestHostileFleet(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	joinFile, err := sample.WriteFleet(dir)
	must(t, err)
	place := func(name, windows string) {
		at := filepath.Join(dir, "images", name, "Windows")
		must(t, os.RemoveAll(at))
		must(t, os.Rename(windows, at))
	}
	staged := hostiletext.Image(t)
	hostiletext.Record(t, staged, map[string]string{completion.ValueState: completion.StateStaged})
	generalized := hostiletext.GeneralizedImage(t, hostiletext.In(`C:\Windows\pointer`))
	place("web01", hostiletext.Image(t))
	place("web02", staged)
	place("web03", generalized)
	for _, command := range [][]string{
		{"status", joinFile},
		{"plan", joinFile},
		{"apply", joinFile},
		{"apply", joinFile, "--yes"},
		{"status", joinFile},
		{"unstage", joinFile, "--yes"},
	} {
		page, document := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.json")
		shown := shows(t, nil, append(command, "--report", page)...)
		shows(t, nil, append(command, "--report", document)...)
		switch command[0] {
		case "plan", "apply":
			wantShown(t, shown, "pointer")
		case "status":
			wantShown(t, shown, "ComputerName", "MachineName")
		}
		if command[0] == "apply" && len(command) == 2 {
			continue // not confirmed: there is no report
		}
		html, err := os.ReadFile(page)
		must(t, err)
		if found := hostiletext.Terminal(string(html)); found != nil {
			t.Errorf("%q writes into the page\n%s", command, strings.Join(found, "\n"))
		}
		wantShown(t, string(html), "ComputerName")
		text, err := os.ReadFile(document)
		must(t, err)
		if found := hostiletext.JSON(text, nil); found != nil {
			t.Errorf("%q writes into the report\n%s", command, strings.Join(found, "\n"))
		}
	}
}

// TestHostileLedger stages a blob that a ledger with hostile texts knows already.
func TestHostileLedger(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	windows := sampletest.Image(t, sample.Image{})
	ledger := hostiletext.Ledger(t, blob.Fingerprint())
	stage := []string{"stage", "--windows-path", windows, "--blob-file", file, "--ledger-file", ledger}
	wantShown(t, shows(t, nil, stage...), "LedgerPath")
	again := append(stage, "--reuse", "allow", "--reuse-reason", hostiletext.In("why"))
	wantShown(t, shows(t, nil, append(again, "--dry-run")...), "LedgerPath")
	shows(t, nil, again...)
	shows(t, nil, "unstage", "--windows-path", windows, "--ledger-file", ledger)
}

// TestHostileValues gives join files values of the environment, variables and source lines that try to act on a terminal.
func TestHostileValues(t *testing.T) {
	evil := hostiletext.In("evil")
	for what, value := range map[string]string{
		"whole": evil, "without line breaks": strings.NewReplacer("\r", "", "\n", "").Replace(evil), "marks": "evil\u202e\u2066",
	} {
		t.Run(what, func(t *testing.T) { checkHostileValues(t, value) })
	}
}

func checkHostileValues(t *testing.T, evil string) {
	t.Helper()
	t.Setenv("OFFLINEJOIN_VAR_images", evil)
	t.Setenv("EVIL", evil)
	t.Setenv("OFFLINEJOIN_IDENTITY_FILE", filepath.Join(t.TempDir(), hostiletext.Path("evil")))
	dir := t.TempDir()
	_, err := sample.WriteFleet(dir)
	must(t, err)
	sealed := sampletest.SealedBlob(t)
	fleet := filepath.Join(dir, "fleet.join.hcl")
	shows(t, nil, "plan", fleet)
	wantShown(t, shows(t, nil, "inspect", "blob", sealed.File), "evil")
	raw := strings.ReplaceAll(evil, "\n", "")
	join := func(path, more string) string {
		return "join \"web\" {\n  windows_path = " + path + "\n  blob_file = \"secrets/web01.djoin\"\n" + more + "}\n"
	}
	for name, source := range map[string]string{
		"env in a path":       join(`env("EVIL")`, ""),
		"env in a name":       join(`"/x/Windows"`, "  machine_name = env(\"EVIL\")\n"),
		"env in a word":       join(`"/x/Windows"`, "  method = env(\"EVIL\")\n"),
		"env in a duration":   join(`"/x/Windows"`, "  lock_timeout = env(\"EVIL\")\n"),
		"env in a blob":       "join \"web\" {\n  windows_path = \"/x/Windows\"\n  blob_file = env(\"EVIL\")\n}\n",
		"env in a ledger":     join(`"images/web01/Windows"`, "  ledger_file = env(\"EVIL\")\n"),
		"env as a key":        "join \"web\" {\n  for_each = toset([env(\"EVIL\")])\n  windows_path = each.key\n  blob_file = \"x\"\n}\n",
		"env that is missing": join(`env("`+raw+`")`, ""),
		"a file":              join(`file(env("EVIL"))`, ""),
		"a conversion":        join(`tonumber(env("EVIL"))`, ""),
		"an index":            join(`{}[env("EVIL")]`, ""),
		"a function's error":  join(`formatdate(env("EVIL"), env("EVIL"))`, ""),
		"a pattern":           join(`regex(env("EVIL"), "x")`, ""),
		"a source line":       join("\""+raw+"\" + nothing", ""),
		"a comment":           join("nothing # "+raw, ""),
		"an attribute":        join("\"x\"", "  \""+raw+"\" = 1\n"),
		"a block's label":     "join \"" + raw + "\" {\n}\n",
		"broken":              raw + " {",
		"a type":              "variable \"v\" {\n  type = " + raw + "\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			must(t, os.WriteFile(filepath.Join(folder, "x.join.hcl"), []byte(source), 0o600))
			shown := shows(t, nil, "plan", folder)
			if !strings.Contains(strings.ToLower(shown), "error") {
				t.Errorf("it is taken:\n%s", shown)
			}
		})
	}
	for _, args := range [][]string{
		{"--var", evil},
		{"--var", "images=" + evil},
		{"--var", evil + "=x"},
		{"--var-file", evil},
		{"--report", evil},
		{"--parallel", evil},
	} {
		shows(t, nil, append([]string{"plan", fleet}, args...)...)
	}
}
