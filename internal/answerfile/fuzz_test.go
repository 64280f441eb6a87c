package answerfile

import (
	"bytes"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxSeed keeps the shapes that are made large on purpose out of the corpus.
const maxSeed = 1 << 14

// FuzzPlan merges a join into anything. What is accepted must hold the join, be the same when planned again, and give
// its old bytes back.
func FuzzPlan(f *testing.F) {
	for _, s := range shapes() {
		if len(s.content) < maxSeed {
			f.Add(s.content)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		edit, err := Plan(data, webJoin(), Options{Replace: true, Client: true})
		if !bytes.Equal(data, input) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if _, ok := winerr.CodeOf(err); !ok || edit != nil {
				t.Fatalf("%v, %v", edit, err)
			}
			return
		}
		if edit.Unchanged() {
			return
		}
		facts, err := ReadFacts(edit.Content, "amd64", "it")
		if err != nil || !bytes.Equal(facts.AccountData, accountData()) || facts.OtherJoin != nil {
			t.Fatalf("%+v, %v", facts, err)
		}
		again, err := Plan(edit.Content, webJoin(), Options{})
		if err != nil || !again.Unchanged() {
			t.Fatalf("planned again: %v, %v", again, err)
		}
		back, err := Remove(edit.Content, edit.Undo)
		if err != nil || back.Outcome != Restored || !bytes.Equal(back.Content, data) {
			t.Fatalf("%+v, %v", back, err)
		}
	})
}

// FuzzRemove takes a join out of anything, with any record. What is taken out must be gone.
func FuzzRemove(f *testing.F) {
	for _, s := range shapes() {
		o := s.options
		o.Replace = true
		edit, err := Plan(s.content, s.webJoin(), o)
		if err != nil || edit.Unchanged() || len(s.content) > maxSeed {
			continue
		}
		record := (&Record{Name: "x", Undo: edit.Undo}).Text()
		f.Add(edit.Content, record)
		f.Add(bytes.Replace(edit.Content, []byte("specialize\""), []byte("specialize\" wasPassProcessed='true'"), 1), record)
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		record, err := ParseRecord(text)
		if err != nil {
			return
		}
		removal, err := Remove(file, record.Undo)
		if err != nil {
			if _, ok := winerr.CodeOf(err); !ok || removal != nil {
				t.Fatalf("%+v, %v", removal, err)
			}
			return
		}
		if removal.Outcome == Gone && (removal.Content != nil || removal.RemoveFile) {
			t.Fatalf("%+v", removal)
		}
		if removal.Outcome == Cut && !removal.RemoveFile {
			_, unread := parse(file)
			if _, err := parse(removal.Content); err != nil && unread == nil {
				t.Fatalf("%v: %q", err, removal.Content)
			}
		}
	})
}

// FuzzRemoveUnread takes the account data out of files that cannot be read. What it takes out is that alone, and is gone.
func FuzzRemoveUnread(f *testing.F) {
	secret := accountData()
	undo := Undo{AccountData: digest(secret)}
	var err error
	if undo.Salt, undo.Sealed, err = seal(secret, []byte("what was there")); err != nil {
		f.Fatal(err)
	}
	for _, enc := range []encoding{{}, utf8BOM, utf16LE, utf16BE} {
		for _, text := range []string{"<a>%</a", "<AccountData>%", "%%", "<a b='%'>%A", ""} {
			whole := enc.encode(bytes.ReplaceAll([]byte(text), []byte("%"), secret))
			f.Add(whole)
			f.Add(whole[:max(len(whole)-1, 0)])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		removal, err := removeUnread(data, undo, refuse(winerr.InvalidParameter, "is broken: correct it"))
		if !bytes.Equal(data, input) {
			t.Fatal("the input was changed")
		}
		left := bytes.ReplaceAll(data, []byte{0}, nil)
		switch {
		case err != nil || removal.Outcome == Gone:
			if err == nil && bytes.Contains(left, secret) {
				t.Fatal("it is there, and counts as gone")
			}
		case removal.Outcome != Cut || len(removal.Content) >= len(data):
			t.Fatalf("%+v", removal)
		case bytes.Contains(bytes.ReplaceAll(removal.Content, []byte{0}, nil), secret):
			t.Fatal("it is there still")
		}
	})
}
