package boot

import (
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
)

// disarm is step 2: it puts the hook back as it was before staging, and reports whether it can no longer start this
// program. A hook that does not start this program is somebody else's and stays as it is.
func (r *run) disarm() bool {
	if !r.startsUs() {
		return true
	}
	before := completion.NoHook()
	r.try("reading the previous hook", func() (err error) {
		before, err = r.previous()
		return err
	})
	const key = completion.SetupKey
	r.try("restoring SetupType", func() error { return r.put(key, completion.ValueSetupType, before.SetupType) })
	r.try("restoring CmdLine", func() error { return r.put(key, completion.ValueCmdLine, before.CmdLine) })
	if r.armed() {
		r.try("setting SetupType to 0", func() error {
			return r.sys.SetNumber(key, completion.ValueSetupType, completion.SetupTypeNone)
		})
	}
	r.try("flushing SYSTEM\\Setup", func() error { return r.sys.Flush(key) })
	return !r.armed()
}

// previous reads what staging found. What cannot be read, and a contract that is not there at all, means "start
// normally": SetupType 0 and no CmdLine. So does a previous hook that starts this very program, or it would be armed
// for ever, and in a record of version 1 one of other types than those have there.
func (r *run) previous() (completion.Hook, error) {
	safe := completion.Hook{SetupType: completion.SetNumber(completion.SetupTypeNone)}
	version, err := r.sys.Number(completion.Key, completion.ValueVersion)
	if err != nil {
		return safe, ignoreAbsent(err)
	}
	h, err := r.hook(completion.Key, completion.ValuePreviousSetupType, completion.ValuePreviousCmdLine)
	switch {
	case err != nil:
		return safe, err
	case h.StartsProgram():
		return safe, errors.New("it starts this program too")
	case version < completion.Version && h.RecordVersion() > version:
		return safe, errors.New("it has another type or length than it must have")
	}
	return h, nil
}

// hook reads the two values of a hook, in Windows' own key or in the record.
func (r *run) hook(key, setupType, cmdLine string) (h completion.Hook, err error) {
	for _, v := range []struct {
		name string
		to   **completion.RawValue
	}{{setupType, &h.SetupType}, {cmdLine, &h.CmdLine}} {
		raw, err := r.sys.Raw(key, v.name)
		switch {
		case err == nil:
			*v.to = &raw
		case !errors.Is(err, ErrAbsent):
			return completion.Hook{}, err
		}
	}
	return h, nil
}

// put writes a value, or deletes it when it is nil.
func (r *run) put(key, name string, v *completion.RawValue) error {
	if v == nil {
		return r.sys.Delete(key, name)
	}
	return r.sys.SetRaw(key, name, *v)
}

// armed reports whether the next boot would start this program. What cannot be read counts as armed.
func (r *run) armed() bool {
	armed := true
	r.try("reading SetupType", func() error {
		setupType, err := r.sys.Number(completion.SetupKey, completion.ValueSetupType)
		if errors.Is(err, ErrAbsent) || (err == nil && setupType == completion.SetupTypeNone) {
			armed = false
			return nil
		}
		return err
	})
	return armed && r.startsUs()
}

// startsUs reports whether CmdLine names this program. What cannot be read counts as ours.
func (r *run) startsUs() bool {
	ours := true
	r.try("reading CmdLine", func() error {
		cmdLine, err := r.sys.Raw(completion.SetupKey, completion.ValueCmdLine)
		if errors.Is(err, ErrAbsent) {
			ours = false
			return nil
		}
		ours = err != nil || completion.Hook{CmdLine: &cmdLine}.StartsProgram()
		return err
	})
	return ours
}
