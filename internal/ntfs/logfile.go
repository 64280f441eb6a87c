package ntfs

import (
	"io"
	"math/bits"
)

// Offsets in a restart page of $LogFile, and in the restart area inside it.
const (
	restartPageSize  = 16 // of restart pages
	restartLogPage   = 20 // of log pages
	restartOffset    = 24 // of the restart area
	areaLSN          = 0
	areaClients      = 8
	areaFlags        = 14
	areaSequenceBits = 16
	areaLength       = 20
	areaClientArray  = 22
	areaFileSize     = 24
	areaClean        = 2 // flag: the volume was dismounted
)

// logState looks at the two restart pages of $LogFile. It returns nil when nothing waits in the log: all of its beginning
// is 0xff (as after formatting, or after ntfs-3g), or the newer restart page says that the volume was dismounted.
func (r *reader) logState() error {
	file, err := r.inode(recordLogFile)
	if err != nil {
		return err
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		return err
	}
	if s == nil || s.attr.resident || s.attr.flags != 0 || s.size < 16384 || !s.covered(r.cluster) {
		return refuse(LogDamaged, "$LogFile has no pages")
	}
	head := make([]byte, min(s.size, 65536))
	if err := r.allocatedBytes(s, head, 0); err != nil { // its initialized size does not count
		return err
	}
	return checkLog(head, s.size)
}

// maxLogRead bounds how much of $LogFile [Volume.WriteLog] reads, in bytes. Windows makes logs of at most 64 MiB by itself.
const maxLogRead = 512 << 20

// WriteLog writes the content of $LogFile to w, as it is allocated: whoever mounts the volume for writing changes it. Of a
// log that is larger than 512 MiB it writes the beginning, where the restart pages are.
func (v *Volume) WriteLog(w io.Writer) error {
	file, err := v.inode(recordLogFile)
	if err != nil {
		return err
	}
	s, err := file.stream(typeData, "")
	if err != nil {
		return err
	}
	if s == nil || s.attr.resident || s.attr.flags != 0 || !s.covered(v.cluster) {
		return refuse(LogDamaged, "$LogFile has no pages")
	}
	buffer := make([]byte, 1<<20)
	for off, size := int64(0), min(s.size, maxLogRead); off < size; {
		part := buffer[:min(int64(len(buffer)), size-off)]
		if err := v.allocatedBytes(s, part, off); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		off += int64(len(part))
	}
	return nil
}

// checkLog looks at the beginning of a log of size bytes.
func checkLog(head []byte, size int64) error {
	if allOnes(head) {
		return nil
	}
	if string(head[:4]) != "RSTR" {
		return refuse(LogDamaged, "$LogFile begins with %q", head[:4])
	}
	page := int64(u32(head, restartPageSize))
	if !isPowerOfTwo(page) || page < sectorSize || page > int64(len(head))/2 {
		return refuse(LogDamaged, "restart pages of %d bytes", page)
	}
	return newerRestart(head, page, size)
}

func newerRestart(head []byte, page, size int64) error {
	var newest []byte
	for at := int64(0); at <= page; at += page {
		area, err := restartArea(head[at : at+page])
		if err != nil {
			return err
		}
		if newest == nil || u64(area, areaLSN) > u64(newest, areaLSN) {
			newest = area
		}
	}
	if u16(newest, areaFlags)&areaClean == 0 {
		return refuse(LogPending, "restart flags %#x", u16(newest, areaFlags))
	}
	// What NTFS itself derives from the size of the log.
	fileSize := i64(newest, areaFileSize)
	if fileSize <= 0 || fileSize > size || int(u32(newest, areaSequenceBits)) != 67-bits.Len64(uint64(fileSize)) {
		return refuse(LogDamaged, "a log of %d bytes with %d bits for sequence numbers",
			fileSize, u32(newest, areaSequenceBits))
	}
	return nil
}

// restartArea checks a restart page and returns what is in it from the restart area on.
func restartArea(b []byte) ([]byte, error) {
	if string(b[:4]) != "RSTR" {
		return nil, refuse(LogDamaged, "a restart page begins with %q", b[:4])
	}
	if err := unprotect(b, "RSTR"); err != nil {
		return nil, refuse(LogDamaged, "%s", err.(*Refused).Detail) // unprotect returns no other
	}
	at, logPage := int(u16(b, restartOffset)), int64(u32(b, restartLogPage))
	if at%8 != 0 || at < 30 || at+48 > len(b) || !isPowerOfTwo(logPage) || logPage < sectorSize {
		return nil, refuse(LogDamaged, "restart area at %d, pages of %d bytes", at, logPage)
	}
	area := b[at:]
	length, clients := int(u16(area, areaLength)), int(u16(area, areaClientArray))
	if length < 48 && length != 0 || at+length > len(b) || clients > length && length != 0 {
		return nil, refuse(LogDamaged, "restart area of %d bytes", length)
	}
	return area, nil
}

func allOnes(b []byte) bool {
	for _, c := range b {
		if c != 0xff {
			return false
		}
	}
	return true
}
