package golden

import (
	"encoding/binary"
	"fmt"
	"os"
)

// extent is a range of the virtual disk that is not all zeros.
type extent struct {
	off  int64
	data []byte
}

// A small qcow2 image (qemu's docs/interop/qcow2.txt): one cluster each for the header, the refcount table, its one block,
// the L1 table and its one L2 table, then the data. One L2 table maps 512 MiB.
const (
	clusterBits = 16
	clusterSize = 1 << clusterBits

	atRefcountTable = 1 * clusterSize
	atRefcountBlock = 2 * clusterSize
	atL1            = 3 * clusterSize
	atL2            = 4 * clusterSize
	atData          = 5 * clusterSize

	oneReference = 1 << 63 // of a cluster, in the tables that lead to it
	most         = clusterSize / 8 * clusterSize
)

// writeQcow2 makes an image of a disk of size bytes with these extents, of which later ones win, and zeros elsewhere.
func writeQcow2(path string, size int64, extents []extent) error {
	if size > most {
		return fmt.Errorf("a disk of %d bytes does not fit in one table", size)
	}
	clusters := map[int64][]byte{} // by their number on the disk
	for _, e := range extents {
		for data, off := e.data, e.off; len(data) > 0; {
			number, inside := off/clusterSize, off%clusterSize
			n := min(int64(len(data)), clusterSize-inside)
			cluster, ok := clusters[number]
			if !ok && !isZero(data[:n]) {
				cluster = make([]byte, clusterSize)
				clusters[number] = cluster
			}
			if cluster != nil {
				copy(cluster[inside:], data[:n])
			}
			data, off = data[n:], off+n
		}
	}
	return writeNew(path, func(f *os.File) error { return writeClusters(f, size, clusters) })
}

func writeClusters(f *os.File, size int64, clusters map[int64][]byte) error {
	be := binary.BigEndian
	tables := make([]byte, atData)
	header := tables[:104]
	copy(header, "QFI\xfb")
	be.PutUint32(header[4:], 3) // version
	be.PutUint32(header[20:], clusterBits)
	be.PutUint64(header[24:], uint64(size))
	be.PutUint32(header[36:], 1) // entries of L1
	be.PutUint64(header[40:], atL1)
	be.PutUint64(header[48:], atRefcountTable)
	be.PutUint32(header[56:], 1) // clusters of the refcount table
	be.PutUint32(header[96:], 4) // refcounts of 1<<4 bits
	be.PutUint32(header[100:], uint32(len(header)))
	be.PutUint64(tables[atRefcountTable:], atRefcountBlock)
	be.PutUint64(tables[atL1:], atL2|oneReference)

	at := int64(atData)
	for number := range (size + clusterSize - 1) / clusterSize {
		cluster, ok := clusters[number]
		if !ok {
			continue
		}
		if _, err := f.WriteAt(cluster, at); err != nil {
			return err
		}
		be.PutUint64(tables[atL2+8*number:], uint64(at)|oneReference)
		at += clusterSize
	}
	for i := range at / clusterSize {
		be.PutUint16(tables[atRefcountBlock+2*i:], 1)
	}
	_, err := f.WriteAt(tables, 0)
	return err
}
