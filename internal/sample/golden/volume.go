package golden

import (
	"bytes"
	"os"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/ntfs"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// WriteVolume makes a file with the NTFS volume of the sample Windows, which is a raw disk image without partitions, too.
// It returns an error that matches fs.ErrExist when there is something at path already.
func WriteVolume(path string, im sample.Image) error {
	volume, err := filled(im)
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

// filled returns the volume with the sample Windows in it.
func filled(im sample.Image) ([]byte, error) {
	volume, err := Empty()
	if err != nil {
		return nil, err
	}
	files, err := sample.Files(im)
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
	for _, name := range sample.Folders() {
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
