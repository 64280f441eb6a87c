package answerfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// hostile is what XML 1.0 allows in text and a terminal must never see: C1 controls, line breaks, bidirectional marks.
const hostile = "\u009b31m\u202eEVIL\u2066&#10;x"

// TestTextOfAFileIsSafe checks that no message, change or fact carries a character of a file, of the registry value or
// of a record that acts on a terminal.
func TestTextOfAFileIsSafe(t *testing.T) {
	t.Parallel()
	safe := func(what string, texts ...string) {
		t.Helper()
		if len(texts) == 0 {
			t.Errorf("%s: there is no text to look at", what)
		}
		for _, text := range texts {
			if text == "" || !plaintext.Safe(text) {
				t.Errorf("%s: %q", what, text)
			}
		}
	}
	named := head + specialize(shell("amd64", computerName(hostile))) + tail
	_, err := Plan([]byte(named), webJoin(), Options{})
	if err == nil || !strings.Contains(err.Error(), "EVIL") {
		t.Fatalf("Plan: %v", err)
	}
	safe("refusal", err.Error())

	edit, err := Plan([]byte(named), webJoin(), Options{Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(edit.Changes, func(c Change) bool { return c.Name == tagComputerName })
	safe("change", edit.Changes[i].Before)

	facts, err := ReadFacts([]byte(named), "amd64", "it")
	if err != nil {
		t.Fatal(err)
	}
	safe("facts", facts.MachineName)

	other := head + specialize(unattendedJoin(hostile, withAccountData("QUJD"))) + tail
	if edit, err = Plan([]byte(other), webJoin(), Options{}); err != nil {
		t.Fatal(err)
	}
	safe("warnings", edit.Warnings...)

	edit.Undo.Replaced = []string{hostile}
	removal, err := Remove(append(edit.Content, '\n'), edit.Undo)
	if err != nil || removal.Outcome != Cut {
		t.Fatalf("Remove: %v, %v", removal, err)
	}
	safe("notes", removal.Notes...)

	img, _ := image(t, nil)
	for _, pointer := range []string{"C:\\Windows\\" + hostile + ".xml", "C:\\Windows\\\x1b]0;EVIL\x07.xml"} {
		_, err = Find(img, pointer)
		if err == nil || !strings.Contains(err.Error(), "cannot be seen") {
			t.Fatalf("Find: %v", err)
		}
		safe("pointer", err.Error())
	}
	_, err = (&Record{Name: "\x1b[2J\u202eEVIL.xml"}).Find(img, "")
	if err == nil || !strings.Contains(err.Error(), "no place where a join is staged") {
		t.Fatalf("Find: %v", err)
	}
	safe("path of a record", err.Error())
}
