package guest

import (
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestScriptsCallExitCodesByName checks what scripts and Go share: the exit codes, and how lines begin.
func TestScriptsCallExitCodesByName(t *testing.T) {
	t.Parallel()
	number, name := regexp.MustCompile(`\bexit\s+[0-9]`), regexp.MustCompile(`\$(exit_\w+)`)
	used := map[string]bool{}
	files, err := fs.Glob(scripts, "posix/*.sh")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	for _, file := range files {
		text := script(file)
		for _, found := range number.FindAllString(text, -1) {
			if found != "exit 0" {
				t.Errorf("%s has the number %q instead of a name", file, found)
			}
		}
		for _, m := range name.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
	}
	for set := range strings.FieldsSeq(exitNames()) {
		variable, _, _ := strings.Cut(set, "=")
		if !used[variable] {
			t.Errorf("no script uses %s", variable)
		}
		delete(used, variable)
	}
	for left := range used {
		t.Errorf("a script uses %s, which is not set", left)
	}
	if text := script("powershell/frame.ps1"); !strings.Contains(text, "'"+failPrefix+"'") ||
		strings.Count(text, bodyMark) != 1 {
		t.Errorf("the frame does not begin failures with %q, or has no %s", failPrefix, bodyMark)
	}
	for file, words := range map[string][]string{
		"digests": {"'" + sumPrefix + "'"}, "fetches": {"'" + filePrefix + "'"}, "expect": {"'" + thrownChanged + "'"},
		"write": {"'" + thrownDiffers + "'"}, "run": {"'Erased=yes'"},
	} {
		for _, word := range words {
			if !strings.Contains(script("powershell/"+file+".ps1"), word) {
				t.Errorf("%s.ps1 does not say %s", file, word)
			}
		}
	}
}

// TestPosixScriptsAreShell has a shell read every script as it is sent.
func TestPosixScriptsAreShell(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(scripts, "posix/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		c := exec.Command("sh", "-n")
		c.Stdin = strings.NewReader(exitNames() + "\n" + script(file) + "\n")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", path.Base(file), err, out)
		}
	}
}

// A name in the image cannot end the text that it is in. PowerShell takes four more characters for a single quote
// (documented).
func TestLiteralIsOneText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"D:/a b":               "'D:/a b'",
		"it's":                 "'it''s'",
		"x\u2019;calc;\u2018":  "'x\u2019\u2019;calc;\u2018\u2018'",
		"\u201ax\u201b$(calc)": "'\u201a\u201ax\u201b\u201b$(calc)'",
	} {
		if got := literal(in); got != want {
			t.Errorf("literal(%q) = %q, want %q", in, got, want)
		}
	}
	if got, want := literals([]string{"a'", "b"}), "@('a''','b')"; got != want {
		t.Errorf("literals: %s, want %s", got, want)
	}
}

// Packer's WinRM communicator downloads by a command with the path in double quotes, where PowerShell replaces
// (observed in its source): a name that it would interpret is not fetched.
func TestFetchRefusesWhatACommunicatorWouldInterpret(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"D:/Windows/$(calc).xml", "D:/Windows/a\";calc;\".xml", "D:/Windows/a\u201d;calc;\u201c.xml"} {
		_, err := (&windows{}).Fetch(t.Context(), name, 1) // without a communicator: nothing may be run
		if err == nil || !strings.Contains(err.Error(), "cannot be given to the guest") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
