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
	programTemp  = systemFolder + "/" + programTempName // until it is whole
	// programTempName is an 8.3 name too.
	programTempName = "odjboot.tmp"
	// programSyncs is how often writing the program waits for the disk: for the file and for its folder.
	programSyncs = 2
)

// programFile is the completion program's file in an image.
type programFile struct {
	fs      imagefs.FS
	program *program.Program
	exists  bool // a file of that name is there
	present bool // and it is this very program
	secures bool // the file system can hold Windows security
}

// planProgram finds the program for an image, the user's own copy when a path is given, and what the image has of it. It
// writes nothing.
func planProgram(im *openImage, arch, own string) (*programFile, error) {
	p, err := lookUpProgram(arch, own)
	if err != nil {
		return nil, err
	}
	f := &programFile{fs: im.fs, program: p}
	if _, f.secures, err = im.fs.Security(systemFolder + "/config/SYSTEM"); err != nil {
		return nil, err
	}
	sum, err := fileDigest(im.fs, programPath, p.Size)
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
func fileDigest(fsys imagefs.FS, name string, size int64) (string, error) {
	file, err := fsys.Open(name)
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

// write puts the program in place at once: it is written and secured under another name first. It returns how many bytes
// were written, and a function that takes a new file away again.
func (f *programFile) write() (n int64, undo func() error, err error) {
	undo = func() error { return nil }
	if f.present {
		return 0, undo, nil
	}
	if err := f.fs.Remove(programTemp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, undo, err // left by a run that was killed
	}
	if err := f.writeTemp(); err != nil {
		if rmErr := f.fs.Remove(programTemp); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
		return 0, undo, err
	}
	if err := f.fs.Rename(programTemp, completion.ProgramFile); err != nil {
		return 0, undo, errors.Join(err, f.fs.Remove(programTemp))
	}
	if !f.exists {
		undo = func() error { return f.fs.Remove(programPath) }
	}
	if err := f.fs.SyncDir(systemFolder); err != nil {
		return 0, undo, errors.Join(err, undo())
	}
	return f.program.Size, undo, nil
}

func (f *programFile) writeTemp() (err error) {
	file, err := f.fs.Create(programTemp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteAt(f.program.Bytes(), 0); err != nil {
		return err
	}
	if f.secures {
		if _, err := f.fs.SetSecurity(programTemp, completion.FileSecurity()); err != nil {
			return err
		}
	}
	return file.Sync()
}

// verify reads the program back.
func (f *programFile) verify() error {
	sum, err := fileDigest(f.fs, programPath, f.program.Size)
	if err == nil && sum != f.program.SHA256 {
		err = winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", f.fs.Path(programPath))
	}
	return err
}
