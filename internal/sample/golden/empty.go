package golden

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
)

// VolumeSize is the size in bytes of the volume.
const VolumeSize = 40 << 20

//go:embed empty.ntfs.gz
var packed []byte

// Empty returns the empty NTFS volume: 512-byte sectors, 4 KiB clusters, the label OS, made for a partition that begins at
// 1 MiB. It has no boot code.
func Empty() ([]byte, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("empty.ntfs.gz: %w", err)
	}
	volume := make([]byte, VolumeSize)
	if _, err := io.ReadFull(unpacked, volume); err != nil {
		return nil, fmt.Errorf("empty.ntfs.gz: %w", err)
	}
	var last uint16
	for at := 0; at < len(volume); at += 2 {
		last += binary.LittleEndian.Uint16(volume[at:])
		binary.LittleEndian.PutUint16(volume[at:], last)
	}
	return volume, nil
}

// Pack is the mirror of [Empty]: each two bytes as their difference from the two before, then gzip. Most of an empty volume
// is zeros and a table of Unicode's upper case, in which most differences are 1.
func Pack(volume []byte) ([]byte, error) {
	differences := make([]byte, len(volume))
	var last uint16
	for at := 0; at < len(volume); at += 2 {
		this := binary.LittleEndian.Uint16(volume[at:])
		binary.LittleEndian.PutUint16(differences[at:], this-last)
		last = this
	}
	var to bytes.Buffer
	compressor, err := gzip.NewWriterLevel(&to, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := compressor.Write(differences); err != nil {
		return nil, err
	}
	if err := compressor.Close(); err != nil {
		return nil, err
	}
	return to.Bytes(), nil
}
