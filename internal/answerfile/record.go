package answerfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Record is all that is needed to take a join out of an image again. It holds no secret; its text form is for the
// image's registry.
type Record struct {
	// Name is the file's, relative to the Windows directory, or to the root of its drive if OnDrive is set; with slashes.
	Name    string `json:"name"`
	OnDrive bool   `json:"on_drive,omitempty"`
	// Folder tells that the file's folder was made for it.
	Folder bool `json:"folder,omitempty"`
	// Security is what the file's security descriptor was; empty when there was none.
	Security []byte `json:"security,omitempty"`
	// Mode and ModTime are the permission bits and the time of last change that the host kept of the file; nil and zero when
	// there was none, or the file system of the image has no such thing. In place of Mode, DOS are the attributes that the NTFS
	// volume of a disk image kept of it, which knows when it was made and read, too.
	Mode     *uint32   `json:"mode,omitempty"`
	DOS      *uint32   `json:"dos,omitempty"`
	ModTime  time.Time `json:"mod_time,omitzero"`
	Created  time.Time `json:"created,omitzero"`
	Accessed time.Time `json:"accessed,omitzero"`
	Undo     Undo      `json:"undo"`
}

// maxRecord is the longest text of a record in bytes that is read: what was replaced may be another blob.
const maxRecord = 4 * MaxSize

// Text returns the record as one line of JSON.
func (r *Record) Text() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return string(text)
}

// ParseRecord reads what Text returned.
func ParseRecord(text string) (*Record, error) {
	r := &Record{}
	if len(text) > maxRecord || json.Unmarshal([]byte(text), r) != nil || !fs.ValidPath(r.Name) || r.Name == "." {
		return nil, winerr.Errorf(winerr.BadOfflineJoinInfo,
			"the image's record of its answer file is damaged: take the join "+
				"out of the answer file by hand")
	}
	return r, nil
}

// Record returns the record of an edit that is planned for this place. Store it before Write is called, so that a run
// that is stopped half-way can be taken back.
func (p *Place) Record(e *Edit) (*Record, error) {
	r := &Record{Name: p.at.name, OnDrive: p.at.onDrive, Undo: e.Undo}
	if p.Exists() {
		if a, ok := p.at.tree.(imagefs.Attributed); ok {
			if was, err := a.Attributes(p.at.file); err == nil {
				r.remember(was)
			}
		}
		sd, _, err := imagefs.Security(p.at.tree, p.at.file)
		r.Security = sd
		return r, err
	}
	_, err := p.at.tree.Stat(path.Dir(p.at.file))
	r.Folder = errors.Is(err, fs.ErrNotExist)
	if r.Folder {
		err = nil
	}
	return r, err
}

// remember keeps the attributes of the file, of the times those that have a text form.
func (r *Record) remember(was imagefs.Attributes) {
	if r.DOS = was.DOS; r.DOS == nil {
		mode := uint32(was.Mode.Perm())
		r.Mode = &mode
	}
	const lastYear = 9999 // RFC 3339
	for at, t := range map[*time.Time]time.Time{&r.ModTime: was.ModTime, &r.Created: was.Created, &r.Accessed: was.Accessed} {
		if year := t.UTC().Year(); 0 < year && year <= lastYear {
			*at = t.UTC()
		}
	}
}

// Followed returns the record of another join in the place of the recorded one, by an edit that is planned for the file without
// the recorded one.
func (r *Record) Followed(e *Edit) *Record {
	next := *r
	next.Undo = e.Undo
	return &next
}

// Write makes a planned edit true. security is the new file's security descriptor, for it holds a secret; where it
// cannot be set, a warning says so.
func (p *Place) Write(e *Edit, r *Record, security []byte) (warnings []string, err error) {
	if err := p.unchanged(); err != nil {
		return nil, err
	}
	if r.Folder {
		if err := p.at.tree.Mkdir(path.Dir(p.at.file)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	if len(security) == 0 {
		security = r.Security
	}
	kept, secured, err := p.at.put(e.Content, security)
	if kept != "" {
		warnings = append(warnings, kept)
	}
	if !secured && err == nil {
		warnings = append(warnings, "the file system of this image cannot hold Windows access rights: "+p.Path+
			" can be read by "+
			"whom its folder lets")
	}
	return warnings, err
}

// unchanged refuses to write over what the plan was not made for.
func (p *Place) unchanged() error {
	now, err := read(p.at)
	if errors.Is(err, fs.ErrNotExist) {
		now, err = nil, nil
	}
	defer clear(now)
	if err == nil && ((now == nil) == p.Exists() || string(now) != string(p.Content)) {
		err = winerr.Errorf(winerr.Busy, "%s was changed while the join was being planned: stage again", p.Path)
	}
	return err
}

// in returns the place in an image.
func (r *Record) in(image imagefs.Session) (location, error) {
	if !r.OnDrive {
		return inWindows(image, r.Name), nil
	}
	if !image.DriveKnown() {
		return location{}, winerr.Errorf(winerr.FileNotFound,
			"the join is in %s at the root of the image's drive, which was not "+
				"given: give it", plaintext.Line(r.Name, plaintext.Name))
	}
	return onDrive(image, r.Name), nil
}

// checkPlace refuses a record of a place that [Find] never chooses: the registry of an image may be an enemy's, and the
// file is about to be changed.
func (r *Record) checkPlace(image imagefs.Session, at location, pointer string) error {
	for _, c := range r.places(image, pointer) {
		for _, known := range c.at {
			if imagefs.SameName(known.file, at.file) {
				return nil
			}
		}
	}
	return winerr.Errorf(winerr.BadOfflineJoinInfo, "the image's record names %s as its answer file, which is no place where "+
		"a join is staged: it is left alone; take the join out by hand, and delete SYSTEM\\Setup\\OfflineJoin",
		plaintext.Line(at.path(), plaintext.Name))
}

// Find returns the recorded file as it is now; its Content is nil when it is gone. Where it does not hold the join, and another
// answer file does, because somebody has moved it there, that one is returned, with Moved. pointer is as in the function Find. A
// record of a place where nothing is ever staged is refused (2710).
func (r *Record) Find(image imagefs.Session, pointer string) (*Place, error) {
	at, err := r.in(image)
	if err != nil {
		return nil, err
	}
	if err := r.checkPlace(image, at, pointer); err != nil {
		return nil, err
	}
	content, err := read(at)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &Place{Path: plaintext.Line(at.path(), 0), Content: content, at: at}
	if p.Exists() && r.Undo.in(content) {
		return p, nil
	}
	if moved := r.elsewhere(image, pointer, at); moved != nil {
		p.Wipe()
		return moved, nil
	}
	return p, nil
}

// elsewhere returns another answer file than the recorded one that holds the join, nil when none does. What cannot be read
// counts as none.
func (r *Record) elsewhere(image imagefs.Session, pointer string, recorded location) *Place {
	for _, c := range r.places(image, pointer) {
		for _, at := range c.at {
			if imagefs.SameName(at.file, recorded.file) {
				continue
			}
			content, err := read(at)
			if err != nil {
				continue
			}
			if r.Undo.in(content) {
				return &Place{Order: c.order, Path: plaintext.Line(at.path(), 0), Content: content, Moved: true, at: at}
			}
			clear(content)
		}
	}
	return nil
}

// places returns where an answer file may be.
func (r *Record) places(image imagefs.Session, pointer string) []candidate {
	f := &finder{}
	candidates, err := f.candidates(image, pointer)
	if err != nil { // a pointer that cannot be followed
		candidates, _ = f.candidates(image, "")
	}
	return candidates
}

// Unstage takes the join out of the image. It is safe to be called again after it was stopped. The error is a *[StaysError] where
// the file cannot be read, or the join not be taken out of it: then nothing was done to it, and what a stopped run has left beside
// it is gone.
func (r *Record) Unstage(image imagefs.Session, pointer string) (*Removal, error) {
	p, err := r.Find(image, pointer)
	if err != nil {
		return nil, Stays(err)
	}
	removal, err := r.unstage(p)
	if err != nil || removal.Outcome == Gone {
		return removal, err
	}
	for { // copies of it
		other := r.elsewhere(image, pointer, p.at)
		if other == nil {
			return removal, nil
		}
		also, err := r.unstage(other)
		if err != nil {
			return nil, err
		}
		clear(also.Content)
		removal.Notes = append(removal.Notes, "the join was in "+other.Path+", too, and was taken out there")
	}
}

// unstage takes the join out of one file.
func (r *Record) unstage(p *Place) (removal *Removal, err error) {
	defer p.Wipe()
	removal = &Removal{Outcome: Gone, Notes: []string{p.Path + " does not exist any more"}}
	if p.Exists() {
		if removal, err = r.plan(p); err != nil {
			if left := p.at.dropLeft(); left != nil {
				return nil, left
			}
			return nil, Stays(err)
		}
	}
	if err := r.carryOut(p.at, removal); err != nil {
		return nil, err
	}
	removal.Name = p.at.name
	if p.Moved {
		removal.Notes = append(removal.Notes, "the join had been moved to "+p.Path)
		if own, err := r.in(p.at.tree); err == nil {
			return removal, errors.Join(p.at.dropLeft(), r.tidy(own, true))
		}
	}
	return removal, r.tidy(p.at, !p.Exists() || removal.RemoveFile)
}

// plan plans the removal of the join from a file.
func (r *Record) plan(p *Place) (*Removal, error) {
	removal, err := Remove(p.Content, r.Undo)
	if err == nil && removal.Outcome != Gone && erasesRemoved(p.at.tree) { // which replaces no file with several names
		if err = p.CheckAlone(); err != nil {
			clear(removal.Content)
		}
	}
	return removal, err
}

func (r *Record) carryOut(at location, removal *Removal) error {
	if removal.Outcome == Gone {
		return nil
	}
	var kept string
	var err error
	if removal.RemoveFile {
		kept, err = at.remove()
	} else {
		if kept, _, err = at.put(removal.Content, r.Security); err == nil {
			r.dress(at, removal)
		}
	}
	if kept != "" {
		removal.Notes = append(removal.Notes, kept)
	}
	return err
}

// dress gives a file that was put back the mode or the attributes that it had, and its times when its bytes are the old ones. The
// host may not let go of them; then they stay as they are, and a note says so.
func (r *Record) dress(at location, removal *Removal) {
	a, ok := at.tree.(imagefs.Attributed)
	if !ok || r.Mode == nil && r.DOS == nil {
		return
	}
	was := imagefs.Attributes{DOS: r.DOS}
	if r.Mode != nil {
		was.Mode, was.DOS = fs.FileMode(*r.Mode).Perm(), nil
	}
	if removal.Outcome == Restored {
		was.ModTime, was.Created, was.Accessed = r.ModTime, r.Created, r.Accessed
	}
	if a.SetAttributes(at.file, was) != nil {
		removal.Notes = append(removal.Notes, at.path()+" did not get its old mode and times back")
	}
}

// tidy removes what a stopped run has left, and the folder that was made for the file, unless something is in it.
func (r *Record) tidy(at location, fileGone bool) error {
	folder := path.Dir(at.file)
	if err := at.dropLeft(); err != nil || !r.Folder || !fileGone {
		return err
	}
	entries, err := at.tree.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil || len(entries) > 0:
		return err
	}
	if err := at.tree.RemoveDir(folder); err != nil {
		return err
	}
	return at.tree.SyncDir(path.Dir(folder))
}
