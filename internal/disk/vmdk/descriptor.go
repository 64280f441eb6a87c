package vmdk

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Bounds of what a hostile descriptor can cost.
const (
	descriptorMost = 1 << 20 // bytes
	extentsMost    = 256     // of a disk in flat files: 512 GiB where they are split into 2 GiB
	sectorSize     = 512
	noParent       = "ffffffff"
)

// descriptor is what counts of a descriptor.
type descriptor struct {
	createType string
	parent     bool
	extents    []extentLine
}

// extentLine is one line: where a stretch of the disk is.
type extentLine struct {
	access string
	bytes  int64
	kind   string
	name   string // "" where the kind needs none
	offset int64  // in the file, in bytes
}

// isDescriptor reports whether a file's beginning is that of a descriptor: comments, then its version.
func isDescriptor(head []byte) bool {
	for line := range bytes.Lines(head) {
		text := strings.ToLower(strings.TrimSpace(string(line)))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		return strings.HasPrefix(text, "version=")
	}
	return false
}

// parseDescriptor reads the lines of a descriptor, up to the bytes of zero that fill it up inside a sparse file.
func parseDescriptor(b []byte) (*descriptor, error) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if !isDescriptor(b) {
		return nil, corrupt("its descriptor is missing or damaged")
	}
	if !utf8.Valid(b) {
		return nil, unsupported("its descriptor is not in UTF-8: name the files with letters of ASCII")
	}
	d := &descriptor{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if isExtent(line) {
			e, err := parseExtent(line)
			if err != nil {
				return nil, err
			}
			d.extents = append(d.extents, e)
			continue
		}
		d.setting(line)
	}
	return d, nil
}

// setting takes a line such as CID=f769065. Unknown ones do not matter to a reader.
func (d *descriptor) setting(line string) {
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return
	}
	value = strings.Trim(strings.TrimSpace(value), `"`)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "parentcid":
		d.parent = d.parent || !strings.EqualFold(value, noParent)
	case "parentfilenamehint":
		d.parent = true
	case "createtype":
		d.createType = value
	}
}

// isExtent reports whether a line, which is not empty, begins as an extent's does.
func isExtent(line string) bool {
	words := strings.Fields(line)
	switch strings.ToUpper(words[0]) {
	case "RW", "RDONLY", "NOACCESS":
		return true
	default:
		return false
	}
}

// parseExtent reads a line: access, sectors, type, file name in quotes, first sector in the file.
func parseExtent(line string) (e extentLine, err error) {
	bad := func() (extentLine, error) { return extentLine{}, corrupt("the extent line %q", shorten(line)) }
	front, quoted, named := strings.Cut(line, `"`)
	words := strings.Fields(front)
	if len(words) != 3 {
		return bad()
	}
	e.access, e.kind = strings.ToUpper(words[0]), strings.ToUpper(words[2])
	if e.bytes, err = sectors(words[1]); err != nil || e.bytes == 0 {
		return bad()
	}
	if !named {
		return e, nil
	}
	name, rest, closed := strings.Cut(quoted, `"`)
	after := strings.Fields(rest)
	if !closed || name == "" {
		return bad()
	}
	e.name = name
	if len(after) > 0 {
		if e.offset, err = sectors(after[0]); err != nil {
			return bad()
		}
	}
	return e, nil
}

// sectors parses a number of sectors and returns it in bytes.
func sectors(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > math.MaxInt64/sectorSize/4 {
		return 0, strconv.ErrRange
	}
	return n * sectorSize, nil
}

// shorten keeps a line of somebody's file from filling an error.
func shorten(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// local reports whether a name is one of the folder itself, on every system.
func local(name string) bool {
	return name != "." && name != ".." && !strings.ContainsAny(name, "/\\:\x00")
}

func corrupt(format string, args ...any) error {
	return &container.Refused{Kind: container.Corrupt, Detail: fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) error {
	return &container.Refused{Kind: container.Unsupported, Detail: fmt.Sprintf(format, args...)}
}
