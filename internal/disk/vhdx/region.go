package vhdx

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// The region table, [MS-VHDX] 2.2.3.
const (
	regionTableSize  = 64 << 10
	regionTableFirst = 3 * headerAlign
	regionEntry      = 32
	regionHeader     = 16
	regionsMost      = 2047
)

// guid is a GUID as it is stored: the first three parts little endian.
type guid [guidSize]byte

// The regions that are known, [MS-VHDX] 2.2.3.2.
func regionBAT() guid {
	return guid{0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42, 0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08}
}

func regionMetadata() guid {
	return guid{0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b, 0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e}
}

// span is a range of the file.
type span struct{ off, n int64 }

func (s span) end() int64 { return s.off + s.n }

// regions are the structures of a file that no block may overlap.
type regions struct {
	bat, metadata span
	all           []span // ascending, with the header section and the log
}

// readRegions reads the region table, or its copy when the first is damaged. It returns a *container.Refused when both
// are, when a region is unknown and required, and when two structures overlap.
func readRegions(f io.ReaderAt, size int64, log span) (*regions, error) {
	table := make([]byte, regionTableSize)
	for _, off := range []int64{regionTableFirst, regionTableFirst + regionTableSize} {
		if err := read(f, table, off); err != nil {
			return nil, err
		}
		if string(table[:4]) == "regi" && checksum(table) == binary.LittleEndian.Uint32(table[4:]) {
			return parseRegions(table, size, log)
		}
	}
	return nil, corrupt("both region tables are damaged")
}

func parseRegions(table []byte, size int64, log span) (*regions, error) {
	r := &regions{all: []span{{0, sectionSize}}}
	if log.n > 0 {
		if err := r.add(log, size, "the log"); err != nil {
			return nil, err
		}
	}
	count := binary.LittleEndian.Uint32(table[8:])
	if count > regionsMost {
		return nil, corrupt("a region table of %d entries", count)
	}
	for e := range slices.Chunk(table[regionHeader:regionHeader+int(count)*regionEntry], regionEntry) {
		place := span{int64(binary.LittleEndian.Uint64(e[16:])), int64(binary.LittleEndian.Uint32(e[24:]))}
		if err := r.add(place, size, "a region"); err != nil {
			return nil, err
		}
		var known *span
		switch guid(e) {
		case regionBAT():
			known = &r.bat
		case regionMetadata():
			known = &r.metadata
		default:
			if binary.LittleEndian.Uint32(e[28:])&1 != 0 {
				return nil, &container.Refused{
					Kind: container.Unsupported, Detail: fmt.Sprintf("the region %x is required and not known", e[:guidSize]),
				}
			}
			continue
		}
		if known.n != 0 {
			return nil, corrupt("a region is named twice")
		}
		*known = place
	}
	if r.bat.n == 0 || r.metadata.n == 0 {
		return nil, corrupt("it lacks the block table or the metadata")
	}
	return r, r.distinct()
}

// add notes a structure. All of them are made of whole megabytes.
func (r *regions) add(s span, size int64, what string) error {
	if s.off < sectionSize || s.off%megabyte != 0 || s.n <= 0 || s.n%megabyte != 0 {
		return corrupt("%s has %d bytes at offset %d", what, s.n, s.off)
	}
	if s.off > size || s.n > size-s.off {
		return cutOff(s.end(), size)
	}
	r.all = append(r.all, s)
	return nil
}

// distinct returns an error when two structures overlap.
func (r *regions) distinct() error {
	slices.SortFunc(r.all, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	for i, s := range r.all[1:] {
		if r.all[i].end() > s.off {
			return corrupt("two structures overlap at offset %d", s.off)
		}
	}
	return nil
}

// overlaps reports whether a structure lies in s.
func (r *regions) overlaps(s span) bool {
	return slices.ContainsFunc(r.all, func(o span) bool { return o.off < s.end() && s.off < o.end() })
}

// read fills b, or returns a *container.Refused when the file is too short.
func read(f io.ReaderAt, b []byte, off int64) error {
	n, err := f.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return cutOff(off+int64(len(b)), off+int64(n))
	default:
		return err
	}
}

func corrupt(format string, args ...any) error {
	return &container.Refused{Kind: container.Corrupt, Detail: fmt.Sprintf(format, args...)}
}

func cutOff(need, have int64) error {
	return &container.Refused{
		Kind:   container.Truncated,
		Detail: fmt.Sprintf("it has %d bytes and needs at least %d: copy it again", have, need),
	}
}
