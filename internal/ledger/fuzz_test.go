package ledger

import (
	"bytes"
	"testing"
	"time"
)

// FuzzParse reads hostile ledgers: no panic, nothing in force that is not in a line, and what was read writes lines
// that read the same. What may stay of a file reads the same, too.
func FuzzParse(f *testing.F) {
	entry := Entry{
		Version: Version, Event: EventIntent, ID: "a1", At: time.Unix(1e9, 0).UTC(),
		Fingerprint: "4f1c" + string(bytes.Repeat([]byte("0"), 60)),
		Account:     NewAccount("S-1-5-21-1-2-3", 1107, "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604", "corp.example.com", "WEB01"),
		Image:       Image{Path: "images/web01", Place: "file:/images/web01.img|/Windows"},
	}
	var all []byte
	for _, event := range []Event{EventIntent, EventStaged, EventCompleted, EventUnstaged, EventReleased, EventCancelled} {
		entry.Event = event
		entry.Ends = nil
		if event == EventUnstaged || event == EventReleased {
			entry.Ends = []string{"a1"}
		}
		for entry.Version = Version; entry.Version >= 1; entry.Version-- {
			line, err := entry.line()
			if err != nil {
				f.Fatal(err)
			}
			if _, _, ours := written(bytes.TrimSuffix(line, []byte("\n"))); !ours {
				f.Fatalf("the picker does not take %s for a line of ours, and decodes all", line)
			}
			f.Add(line)
			all = append(all, line...)
		}
	}
	f.Add(all)
	f.Add(all[:len(all)-9])
	f.Add([]byte(`{"v":3}` + "\n"))
	f.Add([]byte("\n\r\n" + `{"v":1,"event":"cancelled","id":"x"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		entries, good, err := parse(content, wanted{all: true})
		if err != nil {
			return
		}
		if good > len(content) {
			t.Fatalf("%d good bytes of %d", good, len(content))
		}
		again, whole, err := parse(content[:good], wanted{all: true})
		if err != nil || whole != good || len(again) != len(entries) {
			t.Fatalf("what stays reads as %d entries of %d bytes, %v; want %d of %d",
				len(again), whole, err, len(entries), good)
		}
		force := inForce(entries)
		if len(force) > len(entries) {
			t.Fatalf("%d in force of %d", len(force), len(entries))
		}
		claim := Claim{Account: entry.Account, Fingerprint: entry.Fingerprint, Image: entry.Image}
		some, _, err := parse(content, claim.wanted())
		if err != nil {
			t.Fatalf("parsed in part: %v", err)
		}
		for _, claim.AlreadyStaged = range []bool{false, true} {
			var m, filtered mark
			m.look(force, claim)
			filtered.look(inForce(some), claim)
			if len(filtered.others) != len(m.others) || len(filtered.same) != len(m.same) {
				t.Fatalf("of the wanted lines %d and %d uses, of all %d and %d",
					len(filtered.same), len(filtered.others), len(m.same), len(m.others))
			}
		}
		for _, e := range force {
			if text := NewRun().secondUse(claim, e).Error(); text == "" {
				t.Error("no sentence")
			}
			line, err := e.line()
			if err != nil {
				continue // longer than what is read, after escaping
			}
			if back, err := parseLine(bytes.TrimSuffix(line, []byte("\n"))); err != nil || back.ID != e.ID {
				t.Errorf("%+v reads back as %+v, %v", e, back, err)
			}
		}
	})
}
