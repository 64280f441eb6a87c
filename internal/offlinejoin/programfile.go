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
	theirs  bool // and it is neither that nor what the record says was staged: somebody else's file
	secures bool // the file system can hold Windows security
	secured bool // and has kept that of the file that was written
}

// planProgram finds the program for an image, the user's own copy when a path is given, and what the image has of it. It
// writes nothing.
func planProgram(im *openImage, r *record, arch, own string) (*programFile, error) {
	p, err := lookUpProgram(arch, own)
	if err != nil {
		return nil, err
	}
	f := &programFile{im: im, program: p}
	if _, f.secures, err = imagefs.Security(im.session, im.in(hiveFolder+"/SYSTEM")); err != nil {
		return nil, err
	}
	sum, err := digestOf(im.session, im.in(programPath))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, err
	}
	f.exists, f.present = true, sum == p.SHA256
	f.theirs = !f.present && !r.staged(sum)
	if f.present {
		return f, nil
	}
	info, err := im.session.Stat(im.in(programPath))
	if err == nil && info.Links > 1 {
		err = imagefs.SeveralNames(im.session.Path(im.in(programPath)), info.Links)
	}
	return f, err
}

// staged reports whether a record says that the program with a digest was staged. Records of version 1 do not name it.
func (r *record) staged(digest string) bool {
	return r.there && (r.program == "" || r.program == digest)
}

func lookUpProgram(arch, own string) (*program.Program, error) {
	if own != "" {
		return program.Read(own, arch)
	}
	return program.Lookup(arch)
}

// maxProgram bounds what is read of a file in the program's place, in bytes. The program has less than 2 MiB.
const maxProgram = 16 << 20

// digestOf returns the SHA-256 of a file, in hex; "" stands for a file that is too large to be the program.
func digestOf(v imagefs.Volume, name string) (string, error) {
	file, err := v.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil || size > maxProgram {
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
	var found []string
	if f.theirs {
		found = append(found, systemFolder+`\`+completion.ProgramFile+" was there already and is no program of ours: it is "+
			"replaced, and does not come back when the join is taken back")
	}
	if f.secures {
		return found
	}
	return append(found, noAccessRights+completion.ProgramFile+" gets its own from itself at first boot, before anybody can log on")
}

// write puts the program in place at once: it is written and secured under another name first. undo brings back what was
// there: nothing, or somebody else's file with its bytes and its access.
func (f *programFile) write() (undo func() error, err error) {
	undo = func() error { return nil }
	v, name, temp := f.im.session, f.im.in(programPath), f.im.in(programTemp)
	if err := removeIfThere(v, temp); err != nil { // left by a run that was killed
		return undo, err
	}
	if f.present {
		return undo, nil
	}
	foreign, err := f.keepForeign()
	if err != nil {
		return undo, err
	}
	if err := f.replace(f.program.Bytes(), completion.FileSecurity()); err != nil {
		return undo, err
	}
	undo = func() error {
		if foreign == nil {
			return v.Remove(name)
		}
		return f.replace(foreign.content, foreign.security)
	}
	if err := v.SyncDir(f.im.in(systemFolder)); err != nil {
		return undo, errors.Join(err, undo())
	}
	return undo, nil
}

// foreignFile is a file of somebody else's that had the program's name.
type foreignFile struct{ content, security []byte }

// keepForeign reads the file that has the program's name, and returns nil when there is none. One that is too large to be
// kept in memory is refused.
func (f *programFile) keepForeign() (*foreignFile, error) {
	if !f.exists {
		return nil, nil // nothing is there
	}
	v, name := f.im.session, f.im.in(programPath)
	file, err := v.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	if size > maxProgram {
		return nil, winerr.Errorf(winerr.CantCreateJoinInfo, "%s is somebody else's file of %s, which could not be put back: "+
			"move it away first", v.Path(name), FormatSize(size))
	}
	kept := &foreignFile{content: make([]byte, size)}
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), kept.content); err != nil {
		return nil, err
	}
	kept.security, _, err = imagefs.Security(v, name)
	return kept, err
}

// replace makes content the file of the program's name, at once.
func (f *programFile) replace(content, security []byte) error {
	v, temp := f.im.session, f.im.in(programTemp)
	if err := f.writeTemp(v, temp, content, security); err != nil {
		return errors.Join(err, removeIfThere(v, temp))
	}
	if err := v.Rename(temp, completion.ProgramFile); err != nil {
		return errors.Join(err, v.Remove(temp))
	}
	return nil
}

func removeIfThere(v imagefs.Volume, name string) error {
	if err := v.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f *programFile) writeTemp(v imagefs.Volume, temp string, content, security []byte) (err error) {
	file, err := v.Create(temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteAt(content, 0); err != nil {
		return err
	}
	if f.secures && len(security) > 0 {
		if f.secured, err = imagefs.SetSecurity(v, temp, security); err != nil {
			return err
		}
	}
	return file.Sync()
}

// verify reads the program back, in another session, unless its status was read there.
func (f *programFile) verify(again *openImage) error {
	sum, err := again.program, error(nil)
	if sum == "" {
		sum, err = digestOf(again.session, again.in(programPath))
	}
	if err == nil && sum != f.program.SHA256 {
		err = winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", again.session.Path(again.in(programPath)))
	}
	return err
}
