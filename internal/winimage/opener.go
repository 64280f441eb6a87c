package winimage

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/localdir"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// opener opens a hive with the logs beside it. It is the one place that decides which logs complete a hive, for images
// and for hive files that a user names.
type opener struct {
	// file opens a file by its name in the hive's folder, such as "SYSTEM.LOG1". One that is not there is an error that
	// matches fs.ErrNotExist.
	file func(name string, write bool) (imagefs.File, error)

	// write opens the hive and its two logs for writing.
	write bool
	// lock is called with the hive's file before anything is read of it. Nil: it is not locked.
	lock func(imagefs.File) error
	// createLog makes the first log; see [regf.Files].
	createLog func() (regf.File, error)
}

// hiveFiles are a hive and its logs as found.
type hiveFiles struct {
	primary, log1, log2, old imagefs.File
}

// hive opens a hive. It also returns the files that were tried last, with which the caller may open one as it stands that
// they do not complete (regf.ErrUnrecoverable).
//
// The old log (".LOG": Windows 7 and before, and small hives of that time) is asked only when the hive is dirty and the
// two others do not complete it: newer Windows ignores it, and it may be a leftover.
func (o opener) hive(name string) (*regf.Hive, regf.Files, error) {
	files, err := o.files(name)
	if err != nil {
		return nil, regf.Files{}, err
	}
	f := regf.Files{
		Primary: files.primary, Log1: asFile(files.log1), Log2: asFile(files.log2), CreateLog: o.createLog,
	}
	h, err := regf.Open(f)
	if errors.Is(err, regf.ErrUnrecoverable) && files.old != nil {
		f.Log1 = files.old
		h, err = regf.Open(f)
	}
	if err != nil {
		return nil, f, err
	}
	return h, f, nil
}

// asFile keeps a nil File from becoming an interface that is not nil.
func asFile(f imagefs.File) regf.File {
	if f == nil {
		return nil
	}
	return f
}

// files opens a hive's files. A hive that will be written is locked first of all.
func (o opener) files(name string) (f hiveFiles, err error) {
	if f.primary, err = o.file(name, o.write); err != nil {
		return f, err
	}
	if o.lock != nil {
		if err := o.lock(f.primary); err != nil {
			return f, err
		}
	}
	for _, l := range []struct {
		suffix string
		file   *imagefs.File
		write  bool
	}{{".LOG1", &f.log1, o.write}, {".LOG2", &f.log2, o.write}, {".LOG", &f.old, false}} {
		log, err := o.file(name+l.suffix, l.write)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return f, err
		}
		*l.file = log
	}
	return f, nil
}

// HiveFile is a hive opened by the path of its file, for reading.
type HiveFile struct {
	*regf.Hive
	open []io.Closer
}

// OpenHiveFile opens a hive file of this machine, and the logs beside it whatever the case of their names, as [Open]
// opens those of an image: both decide alike which logs complete it. Nothing is locked, and nothing can be written.
//
// A link that the path leads through is followed, because the user named it; a file that the folder then holds in place
// of the hive or of a log is not. Errors match fs.ErrNotExist when there is no such file, and regf's when the hive
// cannot be relied on. asIs also opens one that its logs do not complete (regf.ErrUnrecoverable), as its file stands.
func OpenHiveFile(path string, asIs bool) (*HiveFile, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	folder, err := localdir.OpenTree(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	f := &HiveFile{open: []io.Closer{folder}}
	o := opener{file: func(name string, _ bool) (imagefs.File, error) {
		file, err := folder.Open(name)
		if err == nil {
			f.open = append(f.open, file)
		}
		return file, err
	}}
	h, files, err := o.hive(filepath.Base(path))
	if files.AsIs = asIs; asIs && errors.Is(err, regf.ErrUnrecoverable) {
		h, err = regf.Open(files)
	}
	if f.Hive = h; err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close closes the hive's files and their folder. They were only read, so that there is nothing to report.
func (f *HiveFile) Close() {
	for i := len(f.open) - 1; i >= 0; i-- {
		_ = f.open[i].Close() // only read
	}
	f.open = nil
}
