package ntfs

import (
	"bytes"
	"io"
)

// sectorSize is the unit of update sequences, and of patches, on disks of any sector size.
const sectorSize = 512

// geometry is what the boot sector says: sizes in bytes, places in clusters.
type geometry struct {
	sector, cluster, recordSize int64
	clusters                    int64 // of the volume
	bytes                       int64 // of the volume, without the backup boot sector behind it
	mftStart, mirrorStart       int64 // first cluster of $MFT and of $MFTMirr
	serial                      uint64
}

// bitLockerToGo is the end of the GUID 4967d63b-2e29-4ad8-8399-f6a339e3d001, at 428 of a boot sector that else looks like FAT's.
// Its first four bytes are not compared: with that name and the rest of it, nothing else is meant.
func bitLockerToGo() []byte {
	return []byte{0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01}
}

// readGeometry reads the boot sector of a volume of size bytes. A missing signature (55 aa) is not refused: NTFS itself does
// not look at it.
func readGeometry(r io.ReaderAt, size int64) (geometry, error) {
	b := make([]byte, sectorSize)
	if size < sectorSize {
		return geometry{}, refuse(NotNTFS, "%d bytes", size)
	}
	if err := readFull(r, b, 0); err != nil {
		return geometry{}, err
	}
	if err := checkName(b); err != nil {
		return geometry{}, err
	}
	g := geometry{
		sector:      int64(u16(b, 11)),
		mftStart:    i64(b, 48),
		mirrorStart: i64(b, 56),
		serial:      u64(b, 72),
	}
	if !isPowerOfTwo(g.sector) || g.sector < sectorSize || g.sector > 4096 {
		return g, damaged("boot sector: %d bytes per sector", g.sector)
	}
	g.cluster = g.sector * sectorsPerCluster(b[13])
	if !isPowerOfTwo(g.cluster) || g.cluster > 2<<20 {
		return g, damaged("boot sector: cluster size code %d", b[13])
	}
	g.recordSize = recordBytes(int8(b[64]), g.cluster)
	if !isPowerOfTwo(g.recordSize) || g.recordSize < sectorSize || g.recordSize > 65536 {
		return g, damaged("boot sector: FILE record size code %d", int8(b[64]))
	}
	return g, g.place(i64(b, 40), size)
}

// checkName looks at the name at 3 before anything else: a BitLocker volume may have a filled-in geometry.
func checkName(b []byte) error {
	switch name := b[3:11]; {
	case bytes.Equal(name, []byte("-FVE-FS-")),
		bytes.Equal(name, []byte("MSWIN4.1")) && bytes.Equal(b[428:440], bitLockerToGo()):
		return &Refused{Kind: BitLocker}
	case bytes.Equal(name, []byte("ReFS\x00\x00\x00\x00")):
		return &Refused{Kind: ReFS}
	case !bytes.Equal(name, []byte("NTFS    ")):
		return &Refused{Kind: NotNTFS}
	}
	return nil
}

// sectorsPerCluster returns the number for the code at 13, or 0: up to 128 it is the number, from 244 a negative power of two.
func sectorsPerCluster(code byte) int64 {
	switch {
	case code <= 128:
		return int64(code)
	case code >= 244:
		return 1 << (256 - int(code))
	}
	return 0
}

// recordBytes returns the size for the code at 64, or 0: positive in clusters, negative a power of two in bytes.
func recordBytes(code int8, cluster int64) int64 {
	switch {
	case code > 0:
		return int64(code) * cluster
	case code < 0 && code >= -16:
		return 1 << -code
	}
	return 0
}

// place fills in what depends on the number of sectors.
func (g *geometry) place(sectors, size int64) error {
	perCluster := g.cluster / g.sector
	if sectors < perCluster || sectors > 1<<52 {
		return damaged("boot sector: %d sectors", sectors)
	}
	g.clusters = sectors / perCluster
	g.bytes = sectors * g.sector
	if g.bytes > size {
		return refuse(Truncated, "%d of %d bytes", size, g.bytes)
	}
	for _, start := range []int64{g.mftStart, g.mirrorStart} {
		if start <= 0 || start >= g.clusters {
			return damaged("boot sector: $MFT or its mirror at cluster %d of %d", start, g.clusters)
		}
	}
	return nil
}

// readFull fills p, and returns io.ErrUnexpectedEOF where the source ends inside it.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
