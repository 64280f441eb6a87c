package ntfs

import "io"

// Secrecy says which bytes of a range may be secret. Whoever keeps a journal stores no secret bytes: a range whose old bytes
// are secret can only be rolled forward, one whose new bytes are secret only back. To roll back, the first patch of a
// sector counts; those of later groups start from what the plan itself has written.
type Secrecy uint8

// What may be secret.
const (
	OldSecret Secrecy = 1 << iota // what is there before the change
	NewSecret                     // what is there after it

	// stale is for what is there before the change when nobody needs it to undo the change.
	stale
)

// overlay holds changed sectors over something that is read, in pages of eight. Offsets are those of the volume.
type overlay map[int64]*page

const pageSize = 8 * sectorSize

type page struct {
	data    [pageSize]byte
	have    uint8 // which sectors are changed
	old, to uint8 // which of them hold secret bytes before and after
	stale   uint8 // which of them need not be put back to undo the change
}

// write puts whole sectors into the overlay. Secrecy adds to what a sector had.
func (o overlay) write(off int64, b []byte, s Secrecy) {
	var pages []page // made together: a file that is brought in has hundreds
	for ; len(b) > 0; off, b = off+sectorSize, b[sectorSize:] {
		p := o[off/pageSize]
		if p == nil {
			if len(pages) == 0 {
				pages = make([]page, (off%pageSize+int64(len(b))+pageSize-1)/pageSize)
			}
			p, pages = &pages[0], pages[1:]
			o[off/pageSize] = p
		}
		at := off % pageSize
		copy(p.data[at:], b[:sectorSize])
		bit := uint8(1) << (at / sectorSize)
		p.have |= bit
		if s&OldSecret != 0 {
			p.old |= bit
		}
		if s&NewSecret != 0 {
			p.to |= bit
		}
		if s&stale != 0 {
			p.stale |= bit
		}
	}
}

// sector returns the changed bytes of the sector at off, nil when it is not changed.
func (o overlay) sector(off int64) []byte {
	p := o[off/pageSize]
	at := off % pageSize
	if p == nil || p.have>>(at/sectorSize)&1 == 0 {
		return nil
	}
	return p.data[at : at+sectorSize]
}

func (o overlay) secrecy(off int64) Secrecy {
	p := o[off/pageSize]
	if p == nil {
		return 0
	}
	bit := off % pageSize / sectorSize
	return Secrecy(p.old>>bit&1)*OldSecret | Secrecy(p.to>>bit&1)*NewSecret | Secrecy(p.stale>>bit&1)*stale
}

// rewrite changes those of the sectors that the overlay has.
func (o overlay) rewrite(off int64, b []byte) {
	for ; len(b) > 0; off, b = off+sectorSize, b[sectorSize:] {
		copy(o.sector(off), b)
	}
}

// view is a volume with two overlays over it: the newest content of what was changed, and below it content of clusters that are
// free on disk.
type view struct {
	base        io.ReaderAt
	over, fills overlay
}

// sector returns the content of the sector at off, nil when it is as on disk.
func (v *view) sector(off int64) []byte {
	if b := v.over.sector(off); b != nil {
		return b
	}
	return v.fills.sector(off)
}

// ReadAt reads what the volume will hold. Stretches without changes are read in one piece.
func (v *view) ReadAt(p []byte, off int64) (int, error) {
	plain := 0 // bytes before at that are not changed and not read yet
	at := 0
	flush := func() error {
		if plain == 0 {
			return nil
		}
		err := readFull(v.base, p[at-plain:at], off+int64(at-plain))
		plain = 0
		return err
	}
	for at < len(p) {
		o := off + int64(at)
		start := o / sectorSize * sectorSize
		n := int(min(start+sectorSize-o, int64(len(p)-at)))
		changed := v.sector(start)
		if changed == nil {
			if v.over[o/pageSize] == nil && v.fills[o/pageSize] == nil {
				n = int(min(o/pageSize*pageSize+pageSize-o, int64(len(p)-at)))
			}
			plain, at = plain+n, at+n
			continue
		}
		if err := flush(); err != nil {
			return 0, err
		}
		copy(p[at:at+n], changed[o-start:])
		at += n
	}
	if err := flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}
