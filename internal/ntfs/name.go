package ntfs

import (
	"cmp"
	"strings"
	"unicode/utf16"
)

// Namespaces of a $FILE_NAME.
const (
	spacePOSIX = 0 // a name with no DOS twin
	spaceWin32 = 1 // a long name whose DOS twin is another attribute
	spaceDOS   = 2
	spaceBoth  = 3 // a name that is both
)

// fileName is the value of a $FILE_NAME, as it stands in a record and as the key of a directory entry: parent 8 bytes, four
// times 8 each, allocated and real size 8 each, flags 4, tag 4, length and namespace 1 each, name.
type fileName []byte

const nameHeader = 66

// parseFileName checks the length. NTFS pads nothing behind the name.
func parseFileName(b []byte) (fileName, error) {
	if len(b) < nameHeader+2 || len(b) != nameHeader+2*int(b[64]) || b[65] > spaceBoth {
		return nil, damaged("a file name of %d bytes", len(b))
	}
	return fileName(b), nil
}

func (f fileName) parent() uint64  { return u64(f, 0) }
func (f fileName) space() byte     { return f[65] }
func (f fileName) units() []uint16 { return units(f[nameHeader:]) }
func (f fileName) String() string  { return decodeUTF16(f[nameHeader:]) }

// compareNames orders names as directories do: by their upper-case units, the shorter first.
func (r *reader) compareNames(a, b []uint16) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(r.upcase[a[i]], r.upcase[b[i]]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// splitPath returns the names of a path with slashes. Empty names are left out: "/Windows//System32/" is Windows, System32.
func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

// newName checks a name that is to be written, and returns its units and its namespace. A name that DOS could hold (8.3, in
// any case) is in both namespaces, as Windows writes it; other names get no DOS twin.
func newName(name string) ([]uint16, byte, error) {
	u := utf16.Encode([]rune(name))
	switch {
	case len(u) == 0 || len(u) > 255 || strings.ContainsRune(name, '\uFFFD'),
		name == "." || name == "..",
		strings.ContainsAny(name, `"*/:<>?\|`) || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }),
		strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "),
		deviceName(name):
		return nil, 0, refuse(InvalidName, "%q", name)
	}
	if fitsDOS(name) {
		return u, spaceBoth, nil
	}
	return u, spacePOSIX, nil
}

// deviceName reports whether Windows takes the name for a device, with or without an extension.
func deviceName(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if port, ok := strings.CutPrefix(stem, "COM"); ok || strings.HasPrefix(stem, "LPT") {
		if !ok {
			port = stem[3:]
		}
		return port == "¹" || port == "²" || port == "³" || len(port) == 1 && port[0] >= '0' && port[0] <= '9'
	}
	return false
}

func fitsDOS(name string) bool {
	stem, extension, dot := strings.Cut(name, ".")
	if len(stem) == 0 || len(stem) > 8 || len(extension) > 3 || dot && extension == "" {
		return false
	}
	return !strings.ContainsFunc(stem+extension, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
			!strings.ContainsRune("$%'-_@~`!(){}^#&", c)
	})
}
