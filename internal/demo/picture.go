package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/disk"
	"github.com/offlinejoin/offlinejoin/internal/disk/lock"
	"github.com/offlinejoin/offlinejoin/internal/disk/partition"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

// The marks of a picture.
const (
	empty   = '.' // nothing but zeros
	own     = '#' // data, in the file itself
	below   = '-' // data of the golden image, which the file does not hold
	changed = '+' // data that differ from the golden image's
)

// pieces is how many marks a picture of a partition has.
const pieces = 64

// showPicture draws the Windows partition of the golden image and of the disks that were made from it, one below the other.
func (s *Story) showPicture(ctx context.Context, paths []string) error {
	var golden []byte
	for i, path := range paths {
		image, err := disk.Open(ctx, path, lock.Read, lock.Options{})
		if err != nil {
			return err
		}
		content, err := lastPartition(image)
		if err != nil {
			return err
		}
		if i == 0 {
			golden = content
			s.heading(fmt.Sprintf("Their Windows partitions, %s a mark: + differs from golden.qcow2, - is read from it, . is zero",
				offlinejoin.FormatSize(int64(len(content)/pieces))))
		}
		row := picture(golden, content, len(image.Chain()) > 1)
		if err := image.Close(); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "  %-12s |%s| %s\n", filepath.Base(path), paint(term.NewPainter(s.Out), row),
			offlinejoin.FormatSize(info.Size()))
	}
	return nil
}

// lastPartition returns the content of the last partition, which is the one with the Windows.
func lastPartition(image *disk.Image) ([]byte, error) {
	table, err := partition.Read(image, image.Size())
	if err != nil {
		return nil, err
	}
	p := table.Partitions[len(table.Partitions)-1]
	content := make([]byte, p.Size)
	_, err = io.ReadFull(io.NewSectionReader(image, p.Off, p.Size), content)
	return content, err
}

// picture returns a mark for each piece of a partition.
func picture(golden, content []byte, overlay bool) string {
	marks := make([]byte, pieces)
	size := len(content) / pieces
	zeros := make([]byte, size)
	for i := range marks {
		was, is := golden[i*size:][:size], content[i*size:][:size]
		switch {
		case !bytes.Equal(was, is):
			marks[i] = changed
		case bytes.Equal(is, zeros):
			marks[i] = empty
		case overlay:
			marks[i] = below
		default:
			marks[i] = own
		}
	}
	return string(marks)
}

// paint colours what differs.
func paint(p term.Painter, row string) string {
	var painted strings.Builder
	for _, mark := range row {
		if mark == changed {
			painted.WriteString(p.Line(term.Added, string(mark)))
		} else {
			painted.WriteRune(mark)
		}
	}
	return painted.String()
}
