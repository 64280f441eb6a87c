package undojournal

import (
	"bytes"
	"errors"
	"io"
)

// run is consecutive whole sectors of 512 bytes that the change brings in, on one side of the old end. Nobody refers to what
// was there before, and the journal does not hold it.
type run struct {
	off     int64
	digests []byte // one for each sector
}

func (r *run) bytes() int64 { return int64(len(r.digests)/digestSize) * sectorSize }

func (r *run) end() int64 { return r.off + r.bytes() }

// eachSector reads the sectors of a run and calls visit with what each holds and the digest that the change gives it. Behind
// the end of the file, where the change may still have to grow it, now is nil.
func (r *run) eachSector(f Reader, oldSize int64, visit func(off int64, now, digest []byte) error) error {
	buf := make([]byte, min(r.bytes(), 64<<10))
	defer clear(buf)
	digests := r.digests
	for off := r.off; off < r.end(); {
		b := buf[:min(int64(len(buf)), r.end()-off)]
		n, err := f.ReadAt(b, off)
		if n < len(b) && (off < oldSize || err != nil && !errors.Is(err, io.EOF)) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return comparing(err)
		}
		for at := 0; at < len(b); at += sectorSize {
			now := b[at : at+sectorSize]
			if at+sectorSize > n {
				now = nil
			}
			if err := visit(off+int64(at), now, digests[:digestSize]); err != nil {
				return err
			}
			digests = digests[digestSize:]
		}
		off += int64(len(b))
	}
	return nil
}

// holds reports whether a sector has the content with a digest.
func holds(now, sum []byte) bool {
	if now == nil {
		return false
	}
	is := digest(now)
	return bytes.Equal(is[:], sum)
}

// takeBack zeroes the sectors of a run that are still ours, which may hold a secret.
func (r *run) takeBack(f File, oldSize int64) error {
	if r.off >= oldSize {
		return nil // cut off
	}
	var found span
	err := r.eachSector(f, oldSize, func(off int64, now, sum []byte) error {
		switch {
		case !holds(now, sum):
			return nil
		case found.n > 0 && found.end() == off:
			found.n += sectorSize
			return nil
		}
		ours := found
		found = span{off, sectorSize}
		return zero(f, ours)
	})
	if err != nil {
		return err
	}
	return zero(f, found)
}

// rewrite writes what is there, so that the next flush makes it durable.
func (r *run) rewrite(f File) error {
	return r.eachSector(f, r.end(), func(off int64, now, _ []byte) error {
		_, err := f.WriteAt(now, off)
		return err
	})
}
