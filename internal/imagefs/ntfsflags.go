package imagefs

import (
	"encoding/binary"
	"io"
)

// NTFSDirty is the volume flag of NTFS that asks for chkdsk: set while Windows has the volume mounted, and left behind
// when it did not dismount it cleanly.
const NTFSDirty uint16 = 1

// Layout of NTFS, as the Linux-NTFS documentation and Microsoft's boot sector description have it.
const (
	ntfsSector       = 512 // a boot sector, and what one fixup protects
	ntfsVolumeRecord = 3   // $Volume in the master file table
	ntfsMaxRecord    = 4096
	attrVolumeInfo   = 0x70
	attrEnd          = 0xFFFFFFFF
)

// readNTFSFlags returns the flags in $VOLUME_INFORMATION of the NTFS volume that a disk holds from its beginning. known is
// false for anything that is no NTFS volume, or cannot be read.
func readNTFSFlags(disk io.ReaderAt) (flags uint16, known bool) {
	le := binary.LittleEndian
	boot := make([]byte, ntfsSector)
	if _, err := disk.ReadAt(boot, 0); err != nil || string(boot[3:11]) != "NTFS    " {
		return 0, false
	}
	cluster := int64(le.Uint16(boot[11:])) * perCluster(boot[13])
	size := recordSize(int8(boot[64]), cluster)
	table := le.Uint64(boot[48:])
	if cluster < ntfsSector || cluster > 2<<20 || size < ntfsSector || size > ntfsMaxRecord || table > 1<<40 {
		return 0, false
	}
	record := make([]byte, size)
	if _, err := disk.ReadAt(record, int64(table)*cluster+ntfsVolumeRecord*size); err != nil || !mendRecord(record) {
		return 0, false
	}
	for at := int(le.Uint16(record[20:])); at+24 <= len(record); {
		kind, length := le.Uint32(record[at:]), le.Uint32(record[at+4:])
		if kind == attrEnd || length < 24 || uint64(at)+uint64(length) > uint64(len(record)) {
			return 0, false
		}
		value := at + int(le.Uint16(record[at+20:]))
		if resident := record[at+8] == 0; kind == attrVolumeInfo && resident && value+12 <= at+int(length) {
			return le.Uint16(record[value+10:]), true
		}
		at += int(length)
	}
	return 0, false
}

// perCluster is the number of sectors of a cluster: a count, or from 0x80 on a negative power of two.
func perCluster(b byte) int64 {
	if b <= 0x80 {
		return int64(b)
	}
	return 1 << min(256-int(b), 32)
}

// recordSize is the size of a record: in clusters, or a negative power of two in bytes.
func recordSize(n int8, cluster int64) int64 {
	if n >= 0 {
		return int64(n) * cluster
	}
	return 1 << min(-int(n), 32)
}

// mendRecord puts back the last two bytes of each sector of a record, which a write to the disk replaces by a number that
// shows whether all of it was written.
func mendRecord(record []byte) bool {
	le := binary.LittleEndian
	at, n := int(le.Uint16(record[4:])), int(le.Uint16(record[6:]))
	if string(record[:4]) != "FILE" || n != len(record)/ntfsSector+1 || at+2*n > len(record) {
		return false
	}
	for i := 1; i < n; i++ {
		end := record[i*ntfsSector-2 : i*ntfsSector]
		if le.Uint16(end) != le.Uint16(record[at:]) {
			return false
		}
		copy(end, record[at+2*i:at+2*i+2])
	}
	return true
}
