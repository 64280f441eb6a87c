package winimage

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// openHive opens a hive and records its condition. It returns nil when there is nothing to read.
func (im *Image) openHive(name string) *regf.Hive {
	facts := HiveFacts{Name: name, Path: im.path(name)}
	h, err := im.loadHive(name)
	facts.State = hiveState(h, err)
	if h != nil {
		facts.Pending, facts.Orphaned = h.Recovery().Entries, h.Recovery().Orphaned
	}
	if err != nil {
		facts.Detail = plaintext.Line(err.Error(), plaintext.Sentence)
		im.faults[name] = hiveError(facts, err)
	}
	im.facts.Hives = append(im.facts.Hives, facts)
	return h
}

// loadHive returns a hive together with an error when it can be read but not relied on. A hive that will be written is
// locked first of all.
func (im *Image) loadHive(name string) (*regf.Hive, error) {
	o := opener{file: im.openFile}
	if im.writes(name) {
		o.write, o.lock, o.createLog = true, im.lock, im.createLog
	}
	h, files, err := o.hive(name)
	if files.AsIs = true; im.mode == Read && errors.Is(err, regf.ErrUnrecoverable) {
		if asIs, asIsErr := regf.Open(files); asIsErr == nil {
			return asIs, err
		}
	}
	return h, err
}

func (im *Image) writes(name string) bool { return im.mode == Write && name == "SYSTEM" }

func (im *Image) openFile(name string, write bool) (imagefs.File, error) {
	open := im.session.Open
	if write {
		open = im.session.OpenWrite
	}
	f, err := open(im.name(name))
	if err != nil {
		return nil, err
	}
	im.open = append(im.open, f)
	if name == "SYSTEM" || write {
		if err := im.checkAlone(f, name, write); err != nil {
			return nil, err
		}
	}
	if name != "SYSTEM" && write {
		if err := im.checkLogSize(f, name); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// maxLog bounds a log that is written, in bytes: what older entries have left in it is overwritten to its end, and an enemy's
// log may have no end. A log holds the pages of one hive that changed since it was last written.
const maxLog = 256 << 20

func (im *Image) checkLogSize(f imagefs.File, name string) error {
	info, err := f.Stat()
	if err != nil || info.Size <= maxLog {
		return err
	}
	return winerr.Errorf(winerr.CantLoadOfflineHive, "%s has %d MiB, and no log of a hive is so large: take it away (a hive that was "+
		"closed cleanly needs none), or bring back the one that belongs to the hive", im.path(name), info.Size>>20)
}

// CheckAlone refuses an image where a file that staging writes has another name (2711), as [Open] does with mode Write.
func (im *Image) CheckAlone() error {
	for _, name := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} {
		info, err := im.session.Stat(im.name(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Links > 1 {
			err = imagefs.SeveralNames(im.path(name), info.Links)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAlone refuses to write to a file that has another name (docs/internals/disk.md §3).
func (im *Image) checkAlone(f imagefs.File, name string, write bool) error {
	info, err := f.Stat()
	if err != nil || info.Links < 2 {
		return err
	}
	err = imagefs.SeveralNames(im.path(name), info.Links)
	if write {
		return err
	}
	im.facts.Warnings = append(im.facts.Warnings, err.(*winerr.Error).Message) // made above
	return nil
}

func (im *Image) lock(f imagefs.File) error {
	held, err := f.TryLock()
	if err == nil && !held {
		im.facts.Warnings = append(im.facts.Warnings,
			"the file system of "+im.session.String()+" has no locks: make sure that nothing else changes this image now")
	}
	return err
}

// createLog makes the first log of the SYSTEM hive, which will hold what the hive does: with the hive's own security,
// and durable before it is relied on.
func (im *Image) createLog() (regf.File, error) {
	hive, log := im.name("SYSTEM"), im.name("SYSTEM.LOG1")
	sd, secured, err := imagefs.Security(im.session, hive)
	if err != nil {
		return nil, err
	}
	f, err := im.session.Create(log)
	if err != nil {
		return nil, err
	}
	im.open = append(im.open, f)
	if secured {
		if _, err := imagefs.SetSecurity(im.session, log, sd); err != nil {
			return nil, err
		}
	}
	return f, im.session.SyncDir(im.name(""))
}

// hiveState names the condition that loadHive has found.
func hiveState(h *regf.Hive, err error) HiveState {
	switch {
	case err == nil && h.Recovery().Dirty:
		return HivePending
	case err == nil:
		return HiveClean
	case errors.Is(err, regf.ErrUnrecoverable):
		return HiveUnrecoverable
	case errors.Is(err, fs.ErrNotExist):
		return HiveMissing
	case hasCode(err):
		return HiveUnreadable
	default:
		return HiveDamaged
	}
}

func hasCode(err error) bool {
	_, ok := winerr.CodeOf(err)
	return ok
}

// hiveError is the refusal that an unusable hive comes to: 2717 with what to do, unless the trouble has a code of its
// own (no rights, in use).
func hiveError(h HiveFacts, cause error) error {
	const code = winerr.CantLoadOfflineHive
	switch h.State {
	case HiveMissing:
		return winerr.Errorf(code, "the hive %s is missing: restore it from a backup, or make the image again", h.Path)
	case HiveUnrecoverable:
		return winerr.Errorf(code, "the hive %s cannot be used: %w: start this Windows once and shut it down, or bring the "+
			"files %s.LOG1 and %s.LOG2 that belong to it", h.Path, cause, h.Name, h.Name)
	case HiveUnreadable:
		if specialFile(cause) {
			return winerr.Errorf(code, "the hive %s cannot be used: %w", h.Path, withoutCode(cause))
		}
		return cause
	default:
		return winerr.Errorf(code, "the hive %s cannot be used: %w: restore it from a backup, or make the image again",
			h.Path, cause)
	}
}

// specialFile reports whether something that Windows would not have there stands in place of a hive.
func specialFile(err error) bool {
	_, irregular := errors.AsType[*imagefs.IrregularError](err)
	_, ambiguous := errors.AsType[*imagefs.AmbiguousError](err)
	return irregular || ambiguous
}

// withoutCode drops the outer Error, whose code gives way to ours, and keeps its cause.
func withoutCode(err error) error {
	if e, ok := errors.AsType[*winerr.Error](err); ok && e.Err != nil {
		return e.Err
	}
	return err
}

// noteDamage records what reading the facts of a hive has stumbled on.
func (im *Image) noteDamage(name string, err error) {
	if err == nil || im.faults[name] != nil {
		return
	}
	h := &im.facts.Hives[slices.IndexFunc(im.facts.Hives, func(h HiveFacts) bool { return h.Name == name })]
	h.State, h.Detail = HiveDamaged, plaintext.Line(err.Error(), plaintext.Sentence)
	if hasCode(err) {
		h.State = HiveUnreadable
	}
	im.faults[name] = hiveError(*h, err)
}
