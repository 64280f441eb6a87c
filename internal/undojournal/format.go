package undojournal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// Suffix is what a journal's name adds to the name of the file it belongs to.
const Suffix = ".odjundo"

// MaxJournal is the largest journal, in bytes: what reading one may cost in memory.
const MaxJournal = 32 << 20

// The journal, all numbers little endian:
//
//	header    magic 8 | version 4 | identity length 4 | journal length 8 | old size 8 | new size 8 | sectors 4 | wipes 4 |
//	          runs 4 | left out 4
//	identity  the bytes that name the file, as the caller gave them
//	sectors   offset 8 | length 2 | kind 2 | digests 2 | zero 2, the digests of 16 bytes each, and the old bytes
//	          where the kind keeps them
//	wipes     offset 8 | length 8
//	left out  offset 8 | length 8: of secret bytes that stay
//	runs      offset 8 | sectors 8, and a digest of 16 bytes for each
//	CRC-32C   of everything before, 4
//
// Sectors and runs are ascending and do not overlap, and neither do wipes, and neither do ranges that are left out. A sector ends
// at the next multiple of 512, or at the file's old or new end where that comes first, so it lies wholly before or behind
// the old end. Bytes that are wiped or left out count as zero in its old bytes and for its digests. A run is sectors of 512
// bytes of kind 2 with one digest each.
//
// A digest is the first half of a SHA-256: 128 bits recognize a content. That nobody can make another content with the same
// digest does not matter, since whoever can write to the file needs no such trick; that it cannot be turned back does, since
// a content may be a secret.
const (
	magic         = "ODJUNDO\n"
	version       = 3
	headerSize    = 56
	recordSize    = 16
	crcSize       = 4
	sectorSize    = 512
	maxIdentity   = 4096
	digestSize    = sha256.Size / 2
	smallestWhole = headerSize + crcSize
)

// kind is what recovery may do with a sector.
type kind uint16

const (
	kindUndo  kind = 1 // before the old end: old bytes are kept
	kindFill  kind = 2 // a fill touched it first: no old bytes
	kindAdded kind = 3 // behind the old end, touched by a group: cut off when rolled back
	kindEdge  kind = 4 // before the old end, only a fill touched it, and not all of it: old bytes are kept
)

// sector is what a journal holds of one sector.
type sector struct {
	off     int64
	n       int // bytes, at most sectorSize
	kind    kind
	old     []byte // n bytes when kind is kindUndo or kindEdge, else nil; wiped bytes are zero
	digests []byte // one after the other, of its contents in the order of the groups; the last one is its last state
}

func (s *sector) end() int64 { return s.off + int64(s.n) }

// last returns the digest of the sector's last state.
func (s *sector) last() []byte { return s.digests[len(s.digests)-digestSize:] }

// given reports whether a content with this digest is one that the change gives the sector.
func (s *sector) given(sum [digestSize]byte) bool {
	for d := range slices.Chunk(s.digests, digestSize) {
		if bytes.Equal(d, sum[:]) {
			return true
		}
	}
	return false
}

// digest returns the digest of a content.
func digest(content []byte) [digestSize]byte {
	sum := sha256.Sum256(content)
	return [digestSize]byte(sum[:])
}

// span is a range of the file.
type span struct{ off, n int64 }

func (s span) end() int64 { return s.off + s.n }

// journal is the content of a journal.
type journal struct {
	identity []byte
	oldSize  int64
	newSize  int64
	sectors  []sector // ascending
	wipes    []span   // ascending, with a gap between any two
	leftOut  []span   // as wipes
	runs     []run    // ascending
}

// errTorn: the journal is not whole, so it was never relied on.
var errTorn = errors.New("the journal is not whole")

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func (j *journal) encodedSize() int64 {
	n := int64(smallestWhole + len(j.identity) + recordSize*(len(j.wipes)+len(j.leftOut)))
	for i := range j.sectors {
		n += int64(recordSize + len(j.sectors[i].digests) + len(j.sectors[i].old))
	}
	for i := range j.runs {
		n += int64(recordSize + len(j.runs[i].digests))
	}
	return n
}

// encode returns the journal's bytes, or [ErrTooLarge].
func (j *journal) encode() ([]byte, error) {
	size := j.encodedSize()
	if size > MaxJournal {
		return nil, fmt.Errorf("%w (%d MiB, at most %d)", ErrTooLarge, size>>20, MaxJournal>>20)
	}
	le := binary.LittleEndian
	b := make([]byte, 0, size)
	b = append(b, magic...)
	b = le.AppendUint32(b, version)
	b = le.AppendUint32(b, uint32(len(j.identity)))
	b = le.AppendUint64(b, uint64(size))
	b = le.AppendUint64(b, uint64(j.oldSize))
	b = le.AppendUint64(b, uint64(j.newSize))
	b = le.AppendUint32(b, uint32(len(j.sectors)))
	b = le.AppendUint32(b, uint32(len(j.wipes)))
	b = le.AppendUint32(b, uint32(len(j.runs)))
	b = le.AppendUint32(b, uint32(len(j.leftOut)))
	b = append(b, j.identity...)
	for i := range j.sectors {
		s := &j.sectors[i]
		b = le.AppendUint64(b, uint64(s.off))
		b = le.AppendUint16(b, uint16(s.n))
		b = le.AppendUint16(b, uint16(s.kind))
		b = le.AppendUint16(b, uint16(len(s.digests)/digestSize))
		b = le.AppendUint16(b, 0)
		b = append(b, s.digests...)
		b = append(b, s.old...)
	}
	for _, s := range slices.Concat(j.wipes, j.leftOut) {
		b = le.AppendUint64(b, uint64(s.off))
		b = le.AppendUint64(b, uint64(s.n))
	}
	for i := range j.runs {
		b = le.AppendUint64(b, uint64(j.runs[i].off))
		b = le.AppendUint64(b, uint64(len(j.runs[i].digests)/digestSize))
		b = append(b, j.runs[i].digests...)
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli())), nil
}

// decode parses a journal's bytes. It returns errTorn for bytes that are not whole, or contradict themselves, and an
// error that matches [ErrJournal] for a whole journal of another version.
func decode(b []byte) (*journal, error) {
	if len(b) < smallestWhole || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, errTorn
	}
	le := binary.LittleEndian
	body := b[:len(b)-crcSize]
	if le.Uint64(b[16:]) != uint64(len(b)) || crc32.Checksum(body, castagnoli()) != le.Uint32(b[len(body):]) {
		return nil, errTorn
	}
	if v := le.Uint32(b[8:]); v != version {
		return nil, fmt.Errorf("%w: it has version %d of its format, and this build reads version %d: run the command with the build "+
			"that made the edit, which undoes or completes it, or restore the file from a copy and delete the journal", ErrJournal, v,
			version)
	}
	r := reader{rest: body[headerSize:]}
	j := &journal{
		identity: r.take(min(int64(le.Uint32(b[12:])), maxIdentity+1)),
		oldSize:  int64(le.Uint64(b[24:])),
		newSize:  int64(le.Uint64(b[32:])),
	}
	if len(j.identity) > maxIdentity || j.oldSize < 0 || j.newSize < j.oldSize {
		return nil, errTorn
	}
	j.readSectors(&r, le.Uint32(b[40:]))
	j.wipes = j.readSpans(&r, le.Uint32(b[44:]))
	j.leftOut = j.readSpans(&r, le.Uint32(b[52:]))
	j.readRuns(&r, le.Uint32(b[48:]))
	if r.failed || len(r.rest) != 0 {
		return nil, errTorn
	}
	return j, nil
}

func (j *journal) readSectors(r *reader, count uint32) {
	j.sectors = make([]sector, 0, min(int64(count), int64(len(r.rest)/(recordSize+digestSize))))
	end := int64(0) // of the sector before
	for ; count > 0 && !r.failed; count-- {
		s := sector{off: r.u64(), n: int(r.u16()), kind: kind(r.u16())}
		digests := int64(r.u16())
		if r.u16() != 0 || digests == 0 || s.off < end || !j.fits(&s) {
			r.failed = true
			return
		}
		s.digests = r.take(digests * digestSize)
		if s.kind == kindUndo || s.kind == kindEdge {
			s.old = r.take(int64(s.n))
		}
		end = s.end()
		j.sectors = append(j.sectors, s)
	}
}

// fits reports whether a sector begins and ends where the format has it.
func (j *journal) fits(s *sector) bool {
	if s.off < 0 || s.off >= j.newSize || s.n != j.sectorAt(s.off).n || s.off != j.sectorAt(s.off).off {
		return false
	}
	switch s.kind {
	case kindUndo, kindEdge:
		return s.off < j.oldSize
	case kindFill:
		return true
	case kindAdded:
		return s.off >= j.oldSize
	default:
		return false
	}
}

// sectorAt returns the bounds of the sector that holds the byte at off, which is before the new end.
func (j *journal) sectorAt(off int64) sector {
	start := off - off%sectorSize
	end := j.newSize
	if j.newSize-start > sectorSize {
		end = start + sectorSize
	}
	switch {
	case off < j.oldSize:
		end = min(end, j.oldSize)
	case start < j.oldSize:
		start = j.oldSize
	}
	return sector{off: start, n: int(end - start)}
}

func (j *journal) readSpans(r *reader, count uint32) (all []span) {
	end := int64(-1)
	for ; count > 0 && !r.failed; count-- {
		s := span{r.u64(), r.u64()}
		if s.off <= end || s.off < 0 || s.n <= 0 || s.off > j.oldSize || s.n > j.oldSize-s.off {
			r.failed = true
			return nil
		}
		end = s.end()
		all = append(all, s)
	}
	return all
}

func (j *journal) readRuns(r *reader, count uint32) {
	end := int64(0)
	for ; count > 0 && !r.failed; count-- {
		from, n := r.u64(), r.u64()
		if from < end || from%sectorSize != 0 || n <= 0 || n > int64(len(r.rest)/digestSize) {
			r.failed = true
			return
		}
		run := run{off: from, digests: r.take(n * digestSize)}
		if run.off > j.newSize || run.bytes() > j.newSize-run.off || !j.apart(&run) {
			r.failed = true
			return
		}
		end = run.end()
		j.runs = append(j.runs, run)
	}
}

// apart reports whether a run lies on one side of the old end, and overlaps no sector and no secret.
func (j *journal) apart(r *run) bool {
	if r.off < j.oldSize && r.end() > j.oldSize {
		return false
	}
	i, _ := slices.BinarySearchFunc(j.sectors, r.off, func(s sector, off int64) int { return cmp.Compare(s.end()-1, off) })
	return (i == len(j.sectors) || j.sectors[i].off >= r.end()) && len(within(j.wipes, r.off, r.bytes())) == 0 &&
		len(within(j.leftOut, r.off, r.bytes())) == 0
}

// reader takes a journal apart. After a failure it yields zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int64) []byte {
	if r.failed || n > int64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}
