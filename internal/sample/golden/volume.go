package golden

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// WriteVolume makes a file with the NTFS volume of the sample Windows, which is a raw disk image without partitions, too.
// It returns an error that matches fs.ErrExist when there is something at path already.
func WriteVolume(path string, im sample.Image) error {
	files, err := sample.Files(im)
	if err != nil {
		return err
	}
	return writeVolume(path, sample.Folders(), files)
}

// WriteVolumeOf is [WriteVolume] with the tree at a Windows directory.
func WriteVolumeOf(path, windows string) error {
	folders, files, err := tree(windows)
	if err != nil {
		return err
	}
	return writeVolume(path, folders, files)
}

// FillVolume puts the tree at a Windows directory into the NTFS volume that is all of the file at path.
func FillVolume(path, windows string) error {
	folders, files, err := tree(windows)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		err = fill(f, info.Size(), folders, files)
	}
	return errors.Join(err, f.Close())
}

// tree reads what is at a Windows directory, by names below the folder that it is in.
func tree(windows string) (folders []string, files []sample.File, err error) {
	root := filepath.Dir(windows)
	err = filepath.WalkDir(windows, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			folders = append(folders, filepath.ToSlash(name))
			return nil
		}
		content, err := os.ReadFile(path)
		files = append(files, sample.File{Name: filepath.ToSlash(name), Content: content})
		return err
	})
	return folders, files, err
}

func writeVolume(path string, folders []string, files []sample.File) error {
	volume, err := filled(folders, files)
	if err != nil {
		return err
	}
	return writeNew(path, func(f *os.File) error {
		for at := 0; at < len(volume); at += clusterSize {
			if cluster := volume[at:min(at+clusterSize, len(volume))]; !isZero(cluster) {
				if _, err := f.WriteAt(cluster, int64(at)); err != nil {
					return err
				}
			}
		}
		return f.Truncate(int64(len(volume)))
	})
}

// filled returns the empty volume with folders and files in it.
func filled(folders []string, files []sample.File) ([]byte, error) {
	volume, err := Empty()
	if err != nil {
		return nil, err
	}
	return volume, fill(memory(volume), VolumeSize, folders, files)
}

// disk is a volume that is read and written.
type disk interface {
	io.ReaderAt
	io.WriterAt
}

// memory is a disk in memory.
type memory []byte

func (m memory) ReadAt(p []byte, off int64) (int, error)  { return bytes.NewReader(m).ReadAt(p, off) }
func (m memory) WriteAt(p []byte, off int64) (int, error) { return copy(m[off:], p), nil }

// fill puts folders, parents first, and files into a volume.
func fill(volume disk, size int64, folders []string, files []sample.File) error {
	v, err := ntfs.Open(volume, size)
	if err != nil {
		return err
	}
	tx, err := v.Begin(ntfs.Options{Now: time.Now()})
	if err != nil {
		return err
	}
	for _, name := range folders {
		if err := tx.Mkdir(name, ntfs.CreateOptions{}); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := tx.Create(f.Name, f.Content, ntfs.CreateOptions{Descriptor: completion.FileSecurity()}); err != nil {
			return err
		}
	}
	plan, err := tx.Plan()
	if err != nil {
		return err
	}
	for _, p := range plan.Fills {
		if _, err := volume.WriteAt(p.Data, p.Off); err != nil {
			return err
		}
	}
	for _, g := range plan.Groups {
		for _, p := range g.Patches {
			if _, err := volume.WriteAt(p.New, p.Off); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeNew makes a file that only its owner can read. On any error it is taken away again.
func writeNew(path string, write func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(path) // a file that is not whole; the first error counts
	}
	return err
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
