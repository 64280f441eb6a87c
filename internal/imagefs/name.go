package imagefs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxEntries bounds how many names of one directory are looked at. A real System32 has about 5,000 and WinSxS 20,000.
const maxEntries = 1 << 20

// components checks a name and splits it. A backslash or colon would mean something else to Windows (a separator, a
// drive, a stream), so they are refused everywhere.
func components(name string) ([]string, error) {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%q is not a file name inside an image", name)
	}
	if name == "." {
		return nil, nil
	}
	return strings.Split(name, "/"), nil
}

// match returns how the directory spells name. The exact spelling wins; else exactly one entry must differ in the case
// of ASCII letters only.
func match(dir *os.Root, dirPath, name string) (string, error) {
	_, err := dir.Lstat(name)
	if err == nil {
		return name, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", failed(opOpen, join(dirPath, name), err)
	}
	var found []string
	err = eachEntry(dir, ".", func(e fs.DirEntry) {
		if sameName(e.Name(), name) && len(found) < maxAmbiguous {
			found = append(found, e.Name())
		}
	})
	switch {
	case err != nil:
		return "", failed(opRead, dirPath, err)
	case len(found) == 0:
		return "", failed(opOpen, join(dirPath, name), fs.ErrNotExist)
	case len(found) > 1:
		slices.Sort(found)
		return "", ambiguous(dirPath, found)
	}
	return found[0], nil
}

// maxAmbiguous is how many spellings of one name an error lists.
const maxAmbiguous = 4

// eachEntry calls f for the entries of a directory, in the directory's order.
func eachEntry(dir *os.Root, name string, f func(fs.DirEntry)) error {
	d, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	const batch = 1024
	for seen := 0; seen < maxEntries; {
		entries, err := d.ReadDir(batch)
		for _, e := range entries {
			f(e)
		}
		if err == io.EOF { //nolint:errorlint // ReadDir returns it bare
			return nil
		}
		if err != nil {
			return err
		}
		seen += len(entries)
	}
	return errors.New("the directory has too many entries")
}

// sameName compares without regard to the case of ASCII letters only: all the names this project looks for are ASCII,
// and Unicode folding would take U+017F and U+212A for s and k, which would let an entry pose as another.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if upper(a[i]) != upper(b[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
