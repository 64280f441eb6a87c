package imagefs

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// GoldenMark is what is remembered of the disk that an overlay stands on, with all that it stands on itself, to see later that
// it changed. Equal marks do not prove that nothing did: a write that spares what Windows and the formats change at every start
// shows in the time alone, and not even there if somebody has put that back.
type GoldenMark struct {
	Size    int64     // of its file, in bytes
	ModTime time.Time // the latest of its files
	// Digest is of the beginnings and ends of its files, or the tables of a qcow2 image, and, inside it, of the log of the
	// volume, its first file records and the header of its SYSTEM hive, which every start of that Windows changes.
	Digest [32]byte
}

// Founded is a session of a disk that stands on another one.
type Founded interface {
	// GoldenMark returns the mark of the disk that this one stands on, or is going to stand on when it is made, as it is now,
	// and its path. known is false for a disk that stands by itself.
	GoldenMark() (mark GoldenMark, path string, known bool, err error)
	// Doubt returns what speaks against the disk below when this one cannot be read, and "" when nothing does.
	Doubt() string
}

const goldenVersion = "1"

// String returns the mark as a text for [ParseGoldenMark].
func (m GoldenMark) String() string {
	return fmt.Sprintf("%s %d %d %x", goldenVersion, m.Size, m.ModTime.UnixNano(), m.Digest)
}

// ParseGoldenMark reads the text of a mark; ok is false for any other.
func ParseGoldenMark(text string) (m GoldenMark, ok bool) {
	parts := strings.Fields(text)
	if len(parts) != 4 || parts[0] != goldenVersion {
		return GoldenMark{}, false
	}
	var err1, err2 error
	var nanos int64
	m.Size, err1 = strconv.ParseInt(parts[1], 10, 64)
	nanos, err2 = strconv.ParseInt(parts[2], 10, 64)
	digest, err3 := hex.DecodeString(parts[3])
	if err1 != nil || err2 != nil || err3 != nil || len(digest) != len(m.Digest) {
		return GoldenMark{}, false
	}
	m.ModTime = time.Unix(0, nanos)
	copy(m.Digest[:], digest)
	return m, true
}

// Changed reports whether the disk is another one than the mark was made of. touched means that only the time is another one.
func (m GoldenMark) Changed(now GoldenMark) (changed, touched bool) {
	changed = m.Size != now.Size || m.Digest != now.Digest
	return changed, !changed && !m.ModTime.Equal(now.ModTime)
}
