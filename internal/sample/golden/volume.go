package golden

import (
	"bytes"
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
	var folders []string
	var files []sample.File
	root := filepath.Dir(windows)
	err := filepath.WalkDir(windows, func(path string, e fs.DirEntry, err error) error {
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
	if err != nil {
		return err
	}
	return writeVolume(path, folders, files)
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

// filled returns the volume with folders, parents first, and files in it.
func filled(folders []string, files []sample.File) ([]byte, error) {
	volume, err := Empty()
	if err != nil {
		return nil, err
	}
	v, err := ntfs.Open(bytes.NewReader(volume), VolumeSize)
	if err != nil {
		return nil, err
	}
	tx, err := v.Begin(ntfs.Options{Now: time.Now()})
	if err != nil {
		return nil, err
	}
	for _, name := range folders {
		if err := tx.Mkdir(name, ntfs.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	for _, f := range files {
		if err := tx.Create(f.Name, f.Content, ntfs.CreateOptions{Descriptor: completion.FileSecurity()}); err != nil {
			return nil, err
		}
	}
	plan, err := tx.Plan()
	if err != nil {
		return nil, err
	}
	for _, p := range plan.Fills {
		copy(volume[p.Off:], p.Data)
	}
	for _, g := range plan.Groups {
		for _, p := range g.Patches {
			copy(volume[p.Off:], p.New)
		}
	}
	return volume, nil
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
