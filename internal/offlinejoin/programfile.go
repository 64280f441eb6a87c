package offlinejoin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

const (
	systemFolder = "System32"
	programPath  = systemFolder + "/" + completion.ProgramFile
	// programTemp is the program's name until it is whole: an 8.3 name, too.
	programTemp = systemFolder + "/odjboot.tmp"
)

// programFile is the completion program's file in an image.
type programFile struct {
	im      *openImage
	program *program.Program
	exists  bool // a file of that name is there
	present bool // and it is this very program
	secures bool // the file system can hold Windows security
	secured bool // and has kept that of the file that was written
}

// planProgram finds the program for an image, the user's own copy when a path is given, and what the image has of it. It
// writes nothing.
func planProgram(im *openImage, arch, own string) (*programFile, error) {
	p, err := lookUpProgram(arch, own)
	if err != nil {
		return nil, err
	}
	f := &programFile{im: im, program: p}
	if _, f.secures, err = imagefs.Security(im.session, im.in(hiveFolder+"/SYSTEM")); err != nil {
		return nil, err
	}
	sum, err := fileDigest(im.session, im.in(programPath), p.Size)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, err
	}
	f.exists, f.present = true, sum == p.SHA256
	return f, nil
}

func lookUpProgram(arch, own string) (*program.Program, error) {
	if own != "" {
		return program.Read(own, arch)
	}
	return program.Lookup(arch)
}

// fileDigest returns the SHA-256 of a file of the given size, and "" for a file of another size.
func fileDigest(v imagefs.Volume, name string, size int64) (string, error) {
	file, err := v.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if have, err := file.Size(); err != nil || have != size {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (f *programFile) changes() []Change {
	if f.present {
		return nil
	}
	c := Change{Kind: ChangeAdd, Where: systemFolder, Name: completion.ProgramFile, Type: "file", After: FormatSize(f.program.Size)}
	if f.exists {
		c.Kind, c.Before = ChangeModify, "another file"
	}
	return []Change{c}
}

func (f *programFile) warnings() []string {
	if f.secures {
		return nil
	}
	return []string{"the file system of this image cannot hold Windows access rights: " + systemFolder + `\` +
		completion.ProgramFile + " gets its own from itself at first boot, before anybody can log on"}
}

// write puts the program in place at once: it is written and secured under another name first. undo takes a new file
// away again.
func (f *programFile) write() (undo func() error, err error) {
	undo = func() error { return nil }
	if f.present {
		return undo, nil
	}
	v, name, temp := f.im.session, f.im.in(programPath), f.im.in(programTemp)
	if err := removeIfThere(v, temp); err != nil { // left by a run that was killed
		return undo, err
	}
	if err := f.writeTemp(v, temp); err != nil {
		return undo, errors.Join(err, removeIfThere(v, temp))
	}
	if err := v.Rename(temp, completion.ProgramFile); err != nil {
		return undo, errors.Join(err, v.Remove(temp))
	}
	if !f.exists {
		undo = func() error { return v.Remove(name) }
	}
	if err := v.SyncDir(f.im.in(systemFolder)); err != nil {
		return undo, errors.Join(err, undo())
	}
	return undo, nil
}

func removeIfThere(v imagefs.Volume, name string) error {
	if err := v.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *programFile) writeTemp(v imagefs.Volume, temp string) (err error) {
	file, err := v.Create(temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteAt(f.program.Bytes(), 0); err != nil {
		return err
	}
	if f.secures {
		if f.secured, err = imagefs.SetSecurity(v, temp, completion.FileSecurity()); err != nil {
			return err
		}
	}
	return file.Sync()
}

// verify reads the program back, in another session.
func (f *programFile) verify(again *openImage) error {
	sum, err := fileDigest(again.session, again.in(programPath), f.program.Size)
	if err == nil && sum != f.program.SHA256 {
		err = winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", again.session.Path(again.in(programPath)))
	}
	return err
}
