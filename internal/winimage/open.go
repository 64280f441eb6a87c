package winimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Mode says what an image is opened for.
type Mode int

// The modes.
const (
	Read  Mode = iota // nothing can be written
	Write             // the SYSTEM hive can be changed, and is locked
)

// configDir is where the hives are, below the Windows directory.
const configDir = "System32/config"

// Image is an open Windows installation. It is not safe for concurrent use.
type Image struct {
	session    imagefs.Session
	mode       Mode
	system     *regf.Hive
	controlSet string
	facts      Facts
	faults     map[string]error // by hive name: why it cannot be relied on
	unrest     error            // see CheckAtRest
	open       []io.Closer
}

// Open opens the image of a session, which stays the caller's to close. The errors have the
// documented codes: 87 no Windows installation, 2717 the SYSTEM hive is missing or damaged, 5 no rights, 170 in use;
// with mode Write also 2711 when the hive cannot be written without touching files outside the image.
func Open(ctx context.Context, session imagefs.Session, mode Mode) (*Image, error) {
	if err := findConfig(session); err != nil {
		return nil, err
	}
	im := &Image{session: session, mode: mode, faults: map[string]error{}, facts: Facts{WindowsPath: session.String()}}
	if err := im.load(ctx); err != nil {
		im.Close() // nothing was written
		return nil, err
	}
	return im, nil
}

// load opens the hives one after the other and reads their facts; only SYSTEM stays in use afterwards.
func (im *Image) load(ctx context.Context) error {
	steps := []struct {
		name string
		read func(*reader)
	}{
		{"SYSTEM", im.readSystem},
		{"SOFTWARE", im.readSoftware},
		{"SECURITY", im.readSecurity},
		{"SAM", im.readSAM},
	}
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("opening the image %s: %w", im.session, err)
		}
		h := im.openHive(s.name)
		if h != nil {
			r := &reader{hive: h}
			s.read(r)
			im.noteDamage(s.name, r.err)
		}
		if s.name == "SYSTEM" {
			im.system = h
			if err := im.systemFault(); err != nil {
				return err
			}
		}
	}
	im.findUnrest()
	im.facts.Architecture = im.findArchitecture()
	im.facts.Phase = im.facts.phase()
	im.warn()
	return nil
}

// systemFault decides whether the image can be opened with what was found of its SYSTEM hive: for reading also when
// only some of it is legible.
func (im *Image) systemFault() error {
	if im.system != nil && im.controlSet != "" && im.mode == Read {
		return nil
	}
	if err := im.faults["SYSTEM"]; err != nil {
		return err
	}
	if im.controlSet == "" {
		return winerr.Errorf(winerr.CantLoadOfflineHive,
			"the hive %s names no control set to start (Select): it is not the SYSTEM hive of an installed Windows; "+
				"restore it from a backup", im.path("SYSTEM"))
	}
	return nil
}

// System returns the SYSTEM hive.
func (im *Image) System() *regf.Hive { return im.system }

// ControlSet returns the key of the control set that the next boot uses, such as "ControlSet001".
func (im *Image) ControlSet() string { return im.controlSet }

// Facts returns what the image said of itself when it was opened.
func (im *Image) Facts() Facts { return im.facts }

// name returns the name in the volume of a file of the folder of hives.
func (im *Image) name(hive string) string { return path.Join(im.session.Windows(), configDir, hive) }

// path returns what messages call a file of the folder of hives.
func (im *Image) path(hive string) string { return im.session.Path(im.name(hive)) }

// Close releases the hives and the lock. It writes nothing: what was not committed is dropped.
func (im *Image) Close() error {
	var errs []error
	for _, c := range im.open {
		errs = append(errs, c.Close())
	}
	im.open = nil
	return errors.Join(errs...)
}

// findConfig refuses what is no Windows directory, and says what the user may have meant instead.
func findConfig(s imagefs.Session) error {
	in := func(name string) string { return path.Join(s.Windows(), name) }
	info, err := s.Stat(in(configDir))
	if err == nil && info.IsDir {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	isDir := func(name string) bool { info, err := s.Stat(in(name)); return err == nil && info.IsDir }
	isFile := func(name string) bool { info, err := s.Stat(in(name)); return err == nil && !info.IsDir }
	hint := "give the image's Windows directory, such as " + imagefs.ExamplePath()
	switch {
	case isDir("Windows/" + configDir):
		hint = "did you mean " + s.Path(in("Windows")) + "?"
	case isDir("config"):
		hint = "it looks like its System32 directory: give the directory above it"
	case isFile("SYSTEM") && isFile("SOFTWARE"):
		hint = `it looks like its System32\config directory: give the one two levels above it`
	}
	return winerr.Errorf(winerr.InvalidParameter, `%s is not a Windows directory (there is no System32\config in it): %s`,
		s, hint)
}
