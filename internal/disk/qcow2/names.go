package qcow2

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
)

// Names are the names of other files in an image.
type Names struct {
	Backing     Backing
	HasDataFile bool
	DataFile    string // "" when the header does not name it
}

// ReadNames reads the names of other files in an image file of the given size in bytes, also of one that [Open] does not read.
// It returns a *[container.Refused] for a header that is damaged, or encrypted.
func ReadNames(f io.ReaderAt, size int64) (Names, error) {
	b := make([]byte, headerLenNew)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Names{}, err
	}
	if n < headerLenV2 || string(b[:len(Magic)]) != Magic {
		return Names{}, &container.Refused{Kind: container.Truncated, Detail: "the qcow2 header is not complete: copy it again"}
	}
	h := &header{fileSize: size, version: int(binary.BigEndian.Uint32(b[offVersion:]))}
	if err := h.readFixed(b[:n]); err != nil {
		return Names{}, err
	}
	if err := h.readExtensions(f, b); err != nil {
		return Names{}, err
	}
	return Names{h.backing, h.incompatible&incompatDataFile != 0, h.dataFile}, nil
}
