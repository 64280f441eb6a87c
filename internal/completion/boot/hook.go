package boot

import (
	"errors"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
)

// hook is what SYSTEM\Setup holds of Windows' boot hook; nil is an absent value.
type hook struct {
	setupType *uint32
	cmdLine   *string
}

// disarm is step 2: it puts the hook back as it was before staging, and reports whether it can no longer start this
// program. A hook that does not start this program is somebody else's and stays as it is.
func (r *run) disarm() bool {
	if !r.startsUs() {
		return true
	}
	var before hook
	r.try("reading the previous hook", func() (err error) {
		before, err = r.previous()
		return err
	})
	r.try("restoring SetupType", func() error { return r.putNumber(completion.SetupKey, completion.ValueSetupType, before.setupType) })
	r.try("restoring CmdLine", func() error { return r.putText(completion.SetupKey, completion.ValueCmdLine, before.cmdLine) })
	if r.armed() {
		r.try("setting SetupType to 0", func() error {
			return r.sys.SetNumber(completion.SetupKey, completion.ValueSetupType, completion.SetupTypeNone)
		})
	}
	r.try("flushing SYSTEM\\Setup", func() error { return r.sys.Flush(completion.SetupKey) })
	return !r.armed()
}

// previous reads what staging found. What cannot be read, and a contract that is not there at all, means "start
// normally": SetupType 0 and no CmdLine. So does a previous hook that starts this very program, or it would be armed
// for ever.
func (r *run) previous() (hook, error) {
	normal := completion.SetupTypeNone
	safe := hook{setupType: &normal}
	if _, err := r.sys.Size(completion.Key, completion.ValueVersion); err != nil {
		return safe, ignoreAbsent(err)
	}
	var h hook
	setupType, err := r.sys.Number(completion.Key, completion.ValuePreviousSetupType)
	switch {
	case err == nil:
		h.setupType = &setupType
	case !errors.Is(err, ErrAbsent):
		return safe, err
	}
	cmdLine, err := r.sys.Text(completion.Key, completion.ValuePreviousCmdLine)
	switch {
	case err == nil:
		h.cmdLine = &cmdLine
	case !errors.Is(err, ErrAbsent):
		return safe, err
	}
	if mentionsUs(cmdLine) {
		return safe, errors.New("it starts this program too")
	}
	return h, nil
}

func (r *run) putNumber(key, name string, v *uint32) error {
	if v == nil {
		return r.sys.Delete(key, name)
	}
	return r.sys.SetNumber(key, name, *v)
}

func (r *run) putText(key, name string, v *string) error {
	if v == nil {
		return r.sys.Delete(key, name)
	}
	return r.sys.SetText(key, name, *v)
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
		cmdLine, err := r.sys.Text(completion.SetupKey, completion.ValueCmdLine)
		if errors.Is(err, ErrAbsent) {
			ours = false
			return nil
		}
		ours = err != nil || mentionsUs(cmdLine)
		return err
	})
	return ours
}

func mentionsUs(cmdLine string) bool {
	return strings.Contains(strings.ToLower(cmdLine), strings.ToLower(completion.ProgramFile))
}
