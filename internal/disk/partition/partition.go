package partition

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Scheme is the kind of a partition table.
type Scheme string

// The schemes.
const (
	GPT  Scheme = "GPT"
	MBR  Scheme = "MBR"
	Bare Scheme = "none" // no table: one volume
)

// Table is what the disk says of its partitions.
type Table struct {
	Scheme     Scheme
	Sector     int64       // size of a sector in bytes, as the table counts
	ID         string      // the disk's GUID (GPT) or signature of 8 hexadecimal digits (MBR); "" for Bare
	Partitions []Partition // by number
	Notes      []string    // what is not as it should be and was read nevertheless, such as a damaged backup
}

// Partition is a range of the disk.
type Partition struct {
	// Number counts from 1: the entry's place in a GPT; 1 to 4 for the primary ones of an MBR and from 5 for the logical
	// ones, in the order of their chain; 1 for a bare volume.
	Number     int
	Off, Size  int64 // in bytes
	Type       Type
	TypeID     string // the GUID, or the MBR's byte as two hexadecimal digits; "" for a bare volume
	ID         string // the partition's own GUID; "" but for GPT
	Name       string // of a GPT entry
	Attributes Attributes
}

// Attributes are the flags of a partition.
type Attributes struct {
	Active        bool // MBR: the firmware starts it
	Required      bool // GPT bit 0: the platform needs it
	ReadOnly      bool // GPT bit 60, Microsoft's for basic data
	ShadowCopy    bool // GPT bit 61
	Hidden        bool // GPT bit 62
	NoDriveLetter bool // GPT bit 63
}

// Type is the use of a partition, as far as it matters for finding a Windows.
type Type string

// The types.
const (
	EFISystem     Type = "EFI system"
	Reserved      Type = "Microsoft reserved"
	BasicData     Type = "basic data"
	Recovery      Type = "recovery"
	StorageSpaces Type = "Storage Spaces"
	LDMMetadata   Type = "dynamic disk metadata"
	LDMData       Type = "dynamic disk data"
	Other         Type = "other"
	Whole         Type = "whole disk" // a bare volume
)

// Foreign reports whether only a running Windows can put the volumes of such a partition together.
func (t Type) Foreign() bool { return t == StorageSpaces || t == LDMMetadata || t == LDMData }

// Read reads the table of a disk of the given size in bytes. It returns a *[container.Refused] of kind Truncated when the
// disk ends before its partitions do and of kind Corrupt when the table contradicts itself, both with the words to print;
// other errors are those of d.
func Read(d io.ReaderAt, size int64) (*Table, error) {
	if size < mbrSize {
		return nil, &container.Refused{Kind: container.Truncated, Detail: fmt.Sprintf("%d bytes are no disk", size)}
	}
	first := make([]byte, mbrSize)
	if err := readFull(d, first, 0); err != nil {
		return nil, err
	}
	boot := parseMBR(first)
	if boot.protective() {
		t, err := readGPT(d, size)
		if t != nil || err != nil {
			return t, err
		}
	}
	if !boot.plausible() {
		return bare(size), nil
	}
	return readMBR(d, boot, size)
}

func bare(size int64) *Table {
	return &Table{Scheme: Bare, Sector: 512, Partitions: []Partition{{Number: 1, Size: size, Type: Whole}}}
}

func readFull(d io.ReaderAt, b []byte, off int64) error {
	n, err := d.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func corrupt(format string, args ...any) error {
	return &container.Refused{Kind: container.Corrupt, Detail: fmt.Sprintf(format, args...)}
}

// checkRanges sorts the partitions by number and returns an error when one ends beyond the disk or two overlap.
func (t *Table) checkRanges(size int64) error {
	byPlace := slices.Clone(t.Partitions)
	slices.SortFunc(byPlace, func(a, b Partition) int {
		if a.Off != b.Off {
			return int(min(max(a.Off-b.Off, -1), 1))
		}
		return a.Number - b.Number
	})
	end := int64(0)
	for i, p := range byPlace {
		if i > 0 && p.Off < end {
			return corrupt("partitions %d and %d of its partition table overlap", byPlace[i-1].Number, p.Number)
		}
		end = p.Off + p.Size
	}
	if end > size {
		return truncated(size, end)
	}
	slices.SortFunc(t.Partitions, func(a, b Partition) int { return a.Number - b.Number })
	return nil
}

// truncated is the error for a disk that was not copied to its end.
func truncated(have, want int64) error {
	return &container.Refused{
		Kind:   container.Truncated,
		Detail: fmt.Sprintf("it ends before its partitions do (%s of %s): copy it again", amount(have), amount(want)),
	}
}

// amount prints a number of bytes with a unit that suits it.
func amount(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
