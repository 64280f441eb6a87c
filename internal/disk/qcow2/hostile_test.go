package qcow2_test

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/disk/container"
	"github.com/offlinejoin/offlinejoin/internal/disk/qcow2"
)

// madeUp is a file whose bytes are computed, so that it can be as large as it likes.
type madeUp struct {
	at func(off int64) byte
}

func (m madeUp) Close() error { return nil }

func (m madeUp) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = m.at(off + int64(i))
	}
	return len(p), nil
}

// hugeTables returns an image with the largest tables that the format allows, full of entries.
func hugeTables(size int64) madeUp {
	const cluster = 1 << 21
	h := make([]byte, 112)
	be := binary.BigEndian
	copy(h, qcow2.Magic)
	be.PutUint32(h[4:], 3)
	be.PutUint32(h[20:], 21)
	be.PutUint64(h[24:], 1<<60)
	be.PutUint32(h[36:], 4<<20)
	be.PutUint64(h[40:], cluster)
	be.PutUint64(h[48:], 20*cluster)
	be.PutUint32(h[56:], 4)
	be.PutUint32(h[96:], 4)
	be.PutUint32(h[100:], 112)
	return madeUp{at: func(off int64) byte {
		switch {
		case off < int64(len(h)):
			return h[off]
		case off < cluster:
			return 0
		}
		// Every other byte of the file is part of an entry that points to a cluster of its own.
		entry := uint64(30*cluster+off/8*cluster)%uint64(size)&^(cluster-1) | 1<<63
		if off >= 20*cluster {
			entry &^= 1 << 63
		}
		return byte(entry >> (56 - off%8*8))
	}}
}

// Not parallel: it measures what is allocated.
func TestHostileTablesTakeBoundedMemory(t *testing.T) {
	size := int64(1) << 50
	var before, opened, planned runtime.MemStats
	runtime.ReadMemStats(&before)
	q, err := qcow2.Open(hugeTables(size), size, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<20)
	for off := int64(0); off < q.Size(); off += q.Size() / 16 {
		if _, err := q.ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&opened)
	if n := opened.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("opening and reading allocated %d bytes", n)
	}
	_, err = q.Plan([]container.Write{{Off: 0, Data: []byte("join")}})
	wantRefused(t, err, container.Corrupt)
	if err == nil || !strings.Contains(err.Error(), "the L2 table at offset") {
		t.Errorf("the tables were not what was refused: %v", err)
	}
	runtime.ReadMemStats(&planned)
	if n := planned.TotalAlloc - opened.TotalAlloc; n > 64<<20 {
		t.Errorf("planning allocated %d bytes", n)
	}
}
