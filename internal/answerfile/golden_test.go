package answerfile

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestShapes merges a join into every shape, compares with the golden file, has xmllint judge it, and takes it back.
func TestShapes(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.code != 0 {
				refused(t, s)
				if !s.replaceable {
					return
				}
				s.options.Replace, s.resized = true, true
			}
			merged(t, s)
		})
	}
}

func refused(t *testing.T, s shape) {
	t.Helper()
	before := bytes.Clone(s.content)
	edit, err := Plan(s.content, s.webJoin(), s.options)
	if edit != nil || err == nil {
		t.Fatalf("it is not refused")
	}
	if code, _ := winerr.CodeOf(err); code != s.code || !strings.Contains(err.Error(), s.words) {
		t.Errorf("error %q, want %v and %q", err, s.code, s.words)
	}
	if !bytes.Equal(s.content, before) {
		t.Error("the input was changed")
	}
	t.Log(err)
}

func merged(t *testing.T, s shape) {
	t.Helper()
	j := s.webJoin()
	edit, err := Plan(s.content, j, s.options)
	if err != nil {
		t.Fatal(err)
	}
	if s.warning != "" && !strings.Contains(strings.Join(edit.Warnings, "\n"),
		s.warning) || s.warning == "" && edit.Warnings != nil {
		t.Errorf("warnings %q, want one with %q", edit.Warnings, s.warning)
	}
	if edit.Unchanged() != s.unchanged || (len(edit.Changes) == 0) != s.unchanged {
		t.Fatalf("unchanged: %v, %v; want %v", edit.Unchanged(), edit.Changes, s.unchanged)
	}
	if s.unchanged {
		return
	}
	golden(t, s.name, edit.Content)
	lint(t, edit.Content, j)
	keepsLines(t, s, edit.Content)
	saysItself(t, edit.Content, j)
	takesBack(t, s, edit)
}

func golden(t *testing.T, name string, content []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".xml")
	if *update {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, want) {
		t.Errorf("the result differs from %s:\n%s", file, content)
	}
}

// lint has an independent tool read the result: it must be well formed and hold the very account data and name.
func lint(t *testing.T, content []byte, j Join) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "unattend.xml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	xmllint := testenv.Tool(t, "xmllint")
	if out, err := exec.Command(xmllint, "--nonet", "--noout", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
	const ns = "namespace-uri()='urn:schemas-microsoft-com:unattend'"
	component := func(name string) string {
		return "/*[local-name()='unattend' and " + ns + "]/*[local-name()='settings' and " + ns + " and @pass='specialize']" +
			"/*[local-name()='component' and " + ns + " and translate(@name,'" + upperCase + "','" + lowerCase + "')='" +
			strings.ToLower(name) +
			"' and @processorArchitecture='" + j.Architecture +
			"' and @publicKeyToken='31bf3856ad364e35' and @language='neutral'" +
			" and @versionScope='nonSxS']"
	}
	account := component("Microsoft-Windows-UnattendedJoin") + "/*[local-name()='Identification' and " + ns +
		"]/*[local-name()=" +
		"'Provisioning' and " + ns + "]/*[local-name()='AccountData' and " + ns + "]"
	name := component("Microsoft-Windows-Shell-Setup") + "/*[local-name()='ComputerName' and " + ns + "]"
	path := "concat(count(" + account + "),' ',count(" + name + "),' ',string(" + account + "),' ',string(" + name + "))"
	out, err := exec.Command(xmllint, "--nonet", "--xpath", path, file).CombinedOutput()
	if err != nil {
		t.Fatalf("xmllint: %v\n%s", err, out)
	}
	got := strings.SplitN(strings.TrimSuffix(string(out), "\n"), " ", 4)
	if got[0] != "1" || got[1] != "1" || got[2] != string(j.AccountData) || !strings.EqualFold(got[3], j.MachineName) {
		t.Errorf("xmllint cuts out %q", got)
	}
}

const upperCase, lowerCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"

// keepsLines checks without our own reader that what was there still is, byte for byte and in order.
func keepsLines(t *testing.T, s shape, content []byte) {
	t.Helper()
	if s.resized || len(bytes.TrimSpace(s.content)) < 10 {
		return
	}
	rest := content
	for _, line := range bytes.SplitAfter(s.content, []byte("\n")) {
		at := bytes.Index(rest, line)
		if at < 0 {
			t.Errorf("the line %q is not there in its place", line)
			return
		}
		rest = rest[at+len(line):]
	}
}

func saysItself(t *testing.T, content []byte, j Join) {
	t.Helper()
	again, err := Plan(content, j, Options{})
	if err != nil || !again.Unchanged() {
		t.Errorf("planned again: %v, %v", again, err)
	}
	facts, err := ReadFacts(content, j.Architecture, "it")
	if err != nil || string(facts.AccountData) != string(j.AccountData) || !strings.EqualFold(facts.MachineName,
		j.MachineName) ||
		facts.Processed || facts.Erased || facts.OtherJoin != nil {
		t.Errorf("facts: %+v, %v", facts, err)
	}
}

func takesBack(t *testing.T, s shape, edit *Edit) {
	t.Helper()
	record, err := ParseRecord((&Record{Name: "Panther/unattend.xml", Undo: edit.Undo}).Text())
	if err != nil {
		t.Fatal(err)
	}
	removal, err := Remove(edit.Content, record.Undo)
	if err != nil || removal.Outcome != Restored || removal.RemoveFile != (s.content == nil) ||
		!bytes.Equal(removal.Content, s.content) {
		t.Errorf("taken back: %+v, %v", removal, err)
	}
}
