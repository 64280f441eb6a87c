package offlinejoin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/disk/newfile"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// hiveFolder is where an image keeps its hives.
const hiveFolder = systemFolder + "/config"

// hiveFileNames are the files that a registry transaction can change.
func hiveFileNames() []string { return []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} }

// backup copies the SYSTEM hive and its logs, as they are before anything is written, into the folder that the request
// names. The copies are readable by their owner only, and what is there already is never overwritten: a copy that is the
// same stays, another is refused.
func (t *transaction) backup(ctx context.Context, folder string) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return cannotBackUp(folder, err)
	}
	for _, name := range hiveFileNames() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := backUpFile(t.image.session, t.image.in(path.Join(hiveFolder, name)), filepath.Join(folder, name)); err != nil {
			return cannotBackUp(folder, err)
		}
	}
	shown := plaintext.Line(folder, 0)
	t.detail("A copy of the SYSTEM hive and its logs is in %s", shown)
	if len(t.record.blob) > 0 {
		t.warn("the copy in " + shown + " holds the blob of the join that is replaced, and unstaging does not reach it: delete it, " +
			"or " + resetCure)
	}
	return nil
}

// warnOfBackup says in a plan what would refuse the copy, and by that the stage.
func (p *plan) warnOfBackup() {
	folder := p.req.Backup
	if folder == "" || p.image == nil {
		return
	}
	there := folder // or the nearest folder above that is
	info, err := os.Stat(there)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(there) != there {
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	shown := plaintext.Line(there, 0)
	switch {
	case err != nil:
		p.warn("the SYSTEM hive cannot be copied to " + plaintext.Line(folder, 0) + ": staging would be refused")
	case !info.IsDir():
		p.warn(shown + ", where the SYSTEM hive is to be copied to, is no folder: staging would be refused")
	case !imagefs.MayWrite(there):
		p.warn("this user may not write " + shown + ", where the SYSTEM hive is to be copied to: staging would be refused")
	}
	for _, name := range hiveFileNames() {
		from, err := p.image.session.Open(p.image.in(path.Join(hiveFolder, name)))
		if err != nil {
			continue // a log that is not there; the hive itself was read by now
		}
		size, err := from.Size()
		if err == nil {
			err = sameContent(io.NewSectionReader(from, 0, size), filepath.Join(folder, name))
		}
		from.Close() // nothing was written to it
		if _, ours := winerr.CodeOf(err); ours {
			p.warn(winerr.MessageOf(err) + ": staging would be refused")
		}
	}
}

func cannotBackUp(folder string, err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("%s: %w", plaintext.Line(pe.Path, 0), pe.Err)
	}
	return winerr.Errorf(codeOf(err), "the SYSTEM hive cannot be copied to %s: %w: name a folder of this image alone that "+
		"can be written. Nothing was written to the image.", plaintext.Line(folder, 0), winerr.Uncoded(err))
}

func backUpFile(image imagefs.Volume, name, to string) (err error) {
	from, err := image.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a log that is not there
	}
	if err != nil {
		return err
	}
	defer from.Close() // nothing was written to it
	size, err := from.Size()
	if err != nil {
		return err
	}
	content := io.NewSectionReader(from, 0, size)
	out, err := newfile.CreateBy(to, privatefile.Create) // it gets its name when it is whole: half a copy would be in the way of every later run
	if errors.Is(err, fs.ErrExist) {
		return sameContent(content, to)
	}
	if err != nil {
		return err
	}
	out.Secret(0, size) // a blob that is replaced may be in it
	defer func() { err = errors.Join(err, out.Discard()) }()
	if _, err := io.Copy(out, content); err != nil {
		return err
	}
	if err := out.Publish(); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return sameContent(io.NewSectionReader(from, 0, size), to) // of another run, at the same time
}

// sameContent refuses a file that is something else than a copy of content.
func sameContent(content io.Reader, name string) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	other := winerr.Errorf(winerr.CantCreateJoinInfo, "%s is there already and is no copy of it", plaintext.Line(name, 0))
	if !info.Mode().IsRegular() {
		return other
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // nothing was written
	same, err := equal(content, f)
	if err == nil && !same {
		return other
	}
	return err
}

func equal(a, b io.Reader) (bool, error) {
	const step = 64 << 10
	inA, inB := make([]byte, step), make([]byte, step)
	for {
		n, errA := io.ReadFull(a, inA)
		m, errB := io.ReadFull(b, inB)
		if n != m || !bytes.Equal(inA[:n], inB[:m]) {
			return false, nil
		}
		if done(errA) && done(errB) {
			return true, nil
		}
		if err := errors.Join(errA, errB); err != nil {
			return false, err
		}
	}
}

func done(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
