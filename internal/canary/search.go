package canary

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf16"
)

// Search looks for secrets. It is made by [For] and by [ForBlob].
type Search struct{ needles []needle }

// needle is one spelling of a piece of a secret.
type needle struct {
	what     string // "password as UTF-16, base64"
	text     []byte
	squeezed bool // looked for in squeezed content
}

// For returns a search for secrets, given by what to call them. One that is too short to be told from accident makes
// it panic: such a test would prove nothing.
func For(secrets map[string][]byte) *Search {
	s := &Search{}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		for _, piece := range pieces(secrets[name]) {
			s.needles = append(s.needles, spellings(name, piece)...)
		}
	}
	return s
}

// ForBlob returns a search for a provisioning blob by its bytes, and for its machine password by its UTF-16 units.
func ForBlob(blob []byte, password []uint16) *Search {
	wide := make([]byte, 0, 2*len(password))
	for _, unit := range password {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	s := For(map[string][]byte{"the blob": blob})
	// Names are in a blob and may be elsewhere, as UTF-16. In other spellings they would not be there.
	s.needles = slices.DeleteFunc(s.needles, func(n needle) bool {
		return !n.squeezed && bytes.Count(n.text, []byte{0}) > len(n.text)/3
	})
	s = s.And(For(map[string][]byte{
		"the password, UTF-8":  []byte(string(utf16.Decode(password))),
		"the password, UTF-16": wide,
	}))
	for at := 0; at+pieceUnits <= len(password); at += 2 * pieceUnits {
		s.needles = append(s.needles, unitSpellings(password[at:at+pieceUnits])...)
	}
	return s
}

// And returns a search for what either looks for.
func (s *Search) And(other *Search) *Search {
	return &Search{append(slices.Clone(s.needles), other.needles...)}
}

// In returns what of the secrets is in content, and nil when nothing is.
func (s *Search) In(content []byte) []string {
	var found []string
	squeezed := squeeze(content)
	for _, n := range s.needles {
		hay := content
		if n.squeezed {
			hay = squeezed
		}
		if !slices.Contains(found, n.what) && bytes.Contains(hay, n.text) {
			found = append(found, n.what)
		}
	}
	return found
}

// InTree looks at every file below root, also at the names of files and the targets of links. It returns what was
// found by path, and how many files it has read. A path for which skip reports true is left out with all below it; nil
// skips nothing.
func (s *Search) InTree(root string, skip func(path string) bool) (found map[string][]string, files int, err error) {
	found = map[string][]string{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skip != nil && skip(path) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		content := []byte(d.Name())
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			content = append(content, target...)
		}
		if d.Type().IsRegular() {
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = append(append(content, '\n'), body...)
			files++
		}
		if what := s.In(content); what != nil {
			found[path] = what
		}
		return nil
	})
	return found, files, err
}
