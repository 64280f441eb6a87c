package imagefs

import (
	"errors"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Components checks a name and splits it; "." has none. A backslash or colon would mean something else to Windows (a
// separator, a drive, a stream), so they are refused everywhere (87).
func Components(name string) ([]string, error) {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%q is not a file name inside an image", name)
	}
	if name == "." {
		return nil, nil
	}
	return strings.Split(name, "/"), nil
}

// Component checks a name without a directory (87).
func Component(name string) error {
	if parts, err := Components(name); err != nil || len(parts) != 1 {
		return winerr.Errorf(winerr.InvalidParameter, "%q is not the name of a file", name)
	}
	return nil
}

// maxAmbiguous is how many spellings of one name an error lists.
const maxAmbiguous = 4

// Match returns how a directory spells a name. The exact spelling wins; else exactly one of the names in the directory
// must differ in the case of ASCII letters only. dir is what messages call the directory. Errors match fs.ErrNotExist
// when there is none, and [AmbiguousError] when there are several.
func Match(dir, name string, names iter.Seq[string]) (string, error) {
	var found []string
	for n := range names {
		if n == name {
			return n, nil
		}
		if SameName(n, name) && len(found) < maxAmbiguous {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return found[0], nil
	}
	slices.Sort(found)
	return "", winerr.Errorf(winerr.InvalidParameter, "%w: rename or remove all but one of them",
		&AmbiguousError{Dir: dir, Names: found})
}

// SameName compares without regard to the case of ASCII letters only: all the names this project looks for are ASCII,
// and Unicode folding would take U+017F and U+212A for s and k, which would let an entry pose as another.
func SameName(a, b string) bool {
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

// ErrNotEmpty is the cause when a directory to be removed holds something.
var ErrNotEmpty = errors.New("the directory is not empty")
