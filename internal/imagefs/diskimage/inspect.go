package diskimage

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Contents is what a disk image file holds, for people to look at.
type Contents struct {
	Path       string          `json:"path"`
	Format     string          `json:"format"`       // in qemu's words
	Size       int64           `json:"size"`         // of the file, in bytes
	Virtual    int64           `json:"virtual_size"` // of the disk, in bytes
	Chain      []string        `json:"chain"`        // the files that it stands on, from the top down
	Scheme     string          `json:"partition_table"`
	Partitions []PartitionInfo `json:"partitions"`
	Notes      []string        `json:"notes"`
	Refusals   []string        `json:"refusals"` // why a join in place would be refused, before its own checks
}

// PartitionInfo is a partition and what is in it.
type PartitionInfo struct {
	Number  int    `json:"number"`
	Offset  int64  `json:"offset"` // in bytes
	Size    int64  `json:"size"`
	Kind    string `json:"kind"`
	Label   string `json:"label,omitempty"` // of an NTFS volume
	Windows bool   `json:"windows"`
	Product string `json:"product,omitempty"`       // of the Windows, when whoever asked has looked: "Windows Server 2022 Standard"
	Build   string `json:"windows_build,omitempty"` // "20348.2700"
	Refused string `json:"refused,omitempty"`       // why it is not read, or not changed
}

// Inspect looks at a disk image file, also at one without a Windows. Errors are those of [Open].
func Inspect(ctx context.Context, path string) (_ *Contents, err error) {
	s := &Session{at: imagefs.Location{ImagePath: path}, mode: imagefs.Read}
	if s.image, err = disk.OpenSeeing(ctx, path, lock.Read, lock.Options{}, s.see); err != nil {
		return nil, s.imageError(err)
	}
	defer s.Close() // only read
	if err := s.seeDisk(); err != nil {
		return nil, err
	}
	chain := s.image.Chain()
	c := &Contents{
		Path: plaintext.Line(path, 0), Format: string(s.image.Format()), Size: chain[0].FileSize, Virtual: s.image.Size(),
		Chain: []string{}, Partitions: []PartitionInfo{}, Notes: []string{}, Refusals: []string{},
	}
	for _, l := range chain[1:] {
		c.Chain = append(c.Chain, plaintext.Line(l.Path, 0))
	}
	table, err := partition.Read(s.disk, s.image.Size())
	if err != nil {
		return nil, coded(imagefs.OpOpen, path, err)
	}
	c.Scheme = string(table.Scheme)
	for _, l := range lookAll(s.disk, table) {
		p := PartitionInfo{Number: l.Number, Offset: l.Off, Size: l.Size, Kind: l.Kind(), Label: l.Label, Windows: l.Windows}
		if l.Err != nil && l.data() {
			p.Refused = plain{l.Err}.Error()
		}
		c.Partitions = append(c.Partitions, p)
	}
	c.Notes = append(append(c.Notes, s.Notes()...), table.Notes...)
	c.refuse(ctx, path)
	return c, nil
}

// refuse tries what staging in place does first, and notes why that would be refused.
func (c *Contents) refuse(ctx context.Context, path string) {
	s, err := Open(ctx, imagefs.Location{ImagePath: path}, imagefs.Rehearse)
	if err == nil {
		if r := s.image.ByEngine(); r != nil {
			c.Notes = append(c.Notes, "it "+plain{r}.Error()+": qemu-nbd changes it in place")
		}
		err = s.Close()
	}
	if err != nil {
		c.Refusals = append(c.Refusals, err.Error())
	}
}
