package ndr

import (
	"fmt"
	"strings"
)

// Unsupported is the reason of an [Error] about a stream that may be sound but is not of a kind that is read here. A
// layout uses it, too, for what it does not know.
type Unsupported string

// Error returns the reason.
func (u Unsupported) Error() string { return string(u) }

// Two kinds of streams that [MS-RPCE] describes and that are refused. No known program puts either into a file. Samba
// ignores the mark of big endian and reads little endian (tried), so nobody could tell what such a stream means.
const (
	unsupportedBigEndian Unsupported = "the header says big endian, which no known program writes"
	unsupportedVersion2  Unsupported = "the header has serialization version 2 (NDR64), not 1"
)

// Error tells where reading or writing stopped and why. It never shows content.
type Error struct {
	Path   string // such as "pBlobs[1].pBlob.WrappedPartCollection"; empty: the outermost stream's header
	Offset int    // in bytes from the start of the outermost stream; negative: unknown
	Err    error
}

// Error returns, for example, "pBlobs[0].cbBlob at offset 0x28: 585 bytes are announced, but 584 follow".
func (e *Error) Error() string {
	switch {
	case e.Offset < 0:
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	case e.Path == "":
		return fmt.Sprintf("offset %#x: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("%s at offset %#x: %v", e.Path, e.Offset, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// scope is where in the tree of structures a Coder stands. The path's text is made only when it is needed.
type scope struct {
	parent *scope
	field  string
	index  int // element of an array; -1: no array
}

func (s *scope) enter(field string) *scope { return &scope{parent: s, field: field, index: -1} }

func (s *scope) element(field string, i int) *scope { return &scope{parent: s, field: field, index: i} }

func (s *scope) path(field string) string {
	var names []string
	if field != "" {
		names = append(names, field)
	}
	for ; s != nil; s = s.parent {
		if s.index >= 0 {
			names = append(names, fmt.Sprintf("%s[%d]", s.field, s.index))
		} else {
			names = append(names, s.field)
		}
	}
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteString(names[i])
		if i > 0 {
			b.WriteByte('.')
		}
	}
	return b.String()
}
