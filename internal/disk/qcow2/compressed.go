package qcow2

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// readCompressed copies a part of a compressed cluster, in bytes after its begin.
func (q *Image) readCompressed(p []byte, m mapping, in int64) error {
	q.mu.Lock()
	whole := q.unpacked.get(m.host)
	if whole != nil {
		copy(p, whole[in:])
	}
	q.mu.Unlock()
	if whole != nil {
		return nil
	}
	whole, _, err := q.unpack(m)
	if err != nil {
		return err
	}
	copy(p, whole[in:])
	q.mu.Lock()
	q.unpacked.put(m.host, whole)
	q.mu.Unlock()
	return nil
}

// unpack decompresses a cluster. It also returns how many bytes of the file the compressed data take.
func (q *Image) unpack(m mapping) (whole []byte, used int64, err error) {
	packed := make([]byte, min(m.length, q.fileSize-m.host))
	if n, err := q.file.ReadAt(packed, m.host); n < len(packed) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, 0, err
	}
	whole = make([]byte, q.cluster())
	if q.compression == compressionZstd {
		used, err = unzstd(whole, packed)
	} else {
		used, err = inflate(whole, packed)
	}
	if err != nil {
		return nil, 0, corrupt("the compressed cluster at offset %d: %v", m.host, err)
	}
	return whole, used, nil
}

// inflate decompresses a raw deflate stream, as qemu writes them, until whole is full.
func inflate(whole, packed []byte) (int64, error) {
	r := bytes.NewReader(packed) // an io.ByteReader, so that flate reads no byte more than it needs
	d := flate.NewReader(r)
	if _, err := io.ReadFull(d, whole); err != nil {
		return 0, err
	}
	// The end mark of the stream may still wait to be read; what follows it is the next cluster's.
	_, _ = d.Read(make([]byte, 1))
	return int64(len(packed) - r.Len()), nil
}

// unzstd decompresses zstd frames until whole is full.
func unzstd(whole, packed []byte) (int64, error) {
	used := zstdLength(packed)
	d, err := zstd.NewReader(bytes.NewReader(packed[:used]),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(64<<20),
		zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if _, err := io.ReadFull(d, whole); err != nil {
		return 0, err
	}
	return int64(used), nil
}

// zstdLength returns the length of the first frame in b by its block headers (RFC 8878, 3.1.1), and all of b when those
// lead out of it. qemu writes one frame for a cluster; what follows it in the last sector is no zstd.
func zstdLength(b []byte) int {
	const magicLen, blockHeaderLen, checksumLen = 4, 3, 4
	if len(b) <= magicLen {
		return len(b)
	}
	descriptor := b[magicLen]
	pos := magicLen + 1 + []int{0, 1, 2, 4}[descriptor&3] // the dictionary's id
	if descriptor&0x20 == 0 {
		pos++ // the window
		pos += []int{0, 2, 4, 8}[descriptor>>6]
	} else {
		pos += []int{1, 2, 4, 8}[descriptor>>6]
	}
	for pos+blockHeaderLen <= len(b) {
		h := int(b[pos]) | int(b[pos+1])<<8 | int(b[pos+2])<<16
		size := h >> 3
		if h>>1&3 == 1 {
			size = 1 // one byte, repeated
		}
		pos += blockHeaderLen + size
		if h&1 == 0 {
			continue
		}
		if descriptor&4 != 0 {
			pos += checksumLen
		}
		break
	}
	return min(pos, len(b))
}
