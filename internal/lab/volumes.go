package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/diskimage"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
)

func volumeSteps() []Step {
	return []Step{
		{"volume-is-read", "volume-mounts", readVolume},
		{"volume-is-sound", "volume-mounts", checkVolume},
		{"volume-keeps-descriptors", "volume-descriptors", readDescriptors},
	}
}

// editedFolder has what our engine makes and changes in the volume.
const editedFolder = "Windows/Lab"

// The files that are made, and the greatest of them in bytes.
const (
	madeFiles = 120
	largest   = 3 << 20
)

// editedDisk makes a VHD with a volume that our engine has edited, and returns its path.
func editedDisk(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "edited.vhd")
	if err := golden.WriteVHD(path, sample.Image{}); err != nil {
		return "", err
	}
	// Twice: what was made by one change is changed by the next.
	for _, edit := range []func(imagefs.Volume) error{makeFiles, changeFiles} {
		if err := editDisk(ctx, path, edit); err != nil {
			return "", err
		}
	}
	return path, nil
}

func editDisk(ctx context.Context, path string, edit func(imagefs.Volume) error) error {
	s, err := diskimage.Open(ctx, imagefs.Location{ImagePath: path}, imagefs.Write)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := edit(s); err != nil {
		return err
	}
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	_, err = s.Commit(ctx)
	return err
}

func fileName(n int) string { return fmt.Sprintf("%s/file-%03d.bin", editedFolder, n) }

// makeFiles makes a folder that outgrows its record, and files of all sizes, every third with an access list of its own.
func makeFiles(v imagefs.Volume) error {
	if err := v.Mkdir(editedFolder); err != nil {
		return err
	}
	for n := range madeFiles {
		size := n * 37
		if n == madeFiles-1 {
			size = largest
		}
		if err := putFile(v, fileName(n), pattern(size), n%3 == 0); err != nil {
			return err
		}
	}
	return nil
}

func putFile(v imagefs.Volume, name string, content []byte, guarded bool) error {
	f, err := v.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil && guarded {
		_, err = imagefs.SetSecurity(v, name, completion.FileSecurity())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// changeFiles removes, renames, grows and shortens some of them.
func changeFiles(v imagefs.Volume) error {
	for n := range madeFiles {
		var err error
		switch n % 10 {
		case 3:
			err = v.Remove(fileName(n))
		case 5:
			err = v.Rename(fileName(n), fmt.Sprintf("Renamed %d ä.bin", n))
		case 7:
			err = resize(v, fileName(n), 50_000+n)
		case 9:
			err = resize(v, fileName(n), n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func resize(v imagefs.Volume, name string, size int) error {
	f, err := v.OpenWrite(name)
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(pattern(size), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// shown is what a volume shows of the edited folder and of the hives.
type shown map[string]entry

type entry struct {
	content, security []byte
}

func show(v imagefs.Volume) (shown, error) {
	all := shown{}
	for _, folder := range []string{editedFolder, "Windows/System32/config"} {
		names, err := v.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, e := range names {
			if e.IsDir() {
				continue
			}
			name := folder + "/" + e.Name()
			content, err := imagefs.ReadFile(v, name, 2*largest)
			if errors.Is(err, imagefs.ErrOverLimit) {
				err = differs("%v", err)
			}
			if err != nil {
				return nil, err
			}
			security, _, err := imagefs.Security(v, name)
			if err != nil {
				return nil, err
			}
			all[name] = entry{content, security}
		}
	}
	return all, nil
}

// both returns what our own reader shows of an edited disk, and what Windows shows.
func both(ctx context.Context, m Machine, dir string, more func(Volume) error) (ours, windows shown, err error) {
	if err := m.MayAttach(); err != nil {
		return nil, nil, err
	}
	path, err := editedDisk(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := diskimage.Open(ctx, imagefs.Location{ImagePath: path}, imagefs.Read)
	if err != nil {
		return nil, nil, err
	}
	ours, err = show(s)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, nil, err
	}
	v, err := m.AttachVolume(ctx, path)
	if err != nil {
		return nil, nil, inCase("attaching", err)
	}
	if windows, err = show(v); errors.Is(err, fs.ErrNotExist) {
		err = differs("Windows does not find what was written")
	}
	if err == nil && more != nil {
		err = more(v)
	}
	return ours, windows, errors.Join(err, v.Close())
}

func readVolume(ctx context.Context, m Machine, dir string) (Detail, error) {
	ours, windows, err := both(ctx, m, dir, nil)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		got, found := windows[name]
		switch {
		case !found:
			return nil, differs("a file is missing: %.60q", name)
		case !bytes.Equal(got.content, ours[name].content):
			return nil, differs("a file has other bytes: %.60q", name)
		}
	}
	if len(windows) != len(ours) {
		return nil, differs("%d files, and there are %d", len(windows), len(ours))
	}
	return Detail{"files": count(len(ours))}, nil
}

func checkVolume(ctx context.Context, m Machine, dir string) (Detail, error) {
	code := 0
	_, _, err := both(ctx, m, dir, func(v Volume) (err error) {
		if v.Dirty() {
			return differs("Windows takes the volume for one that has to be checked")
		}
		code, err = v.Check(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if code != 0 {
		return nil, differs("chkdsk ended with %d", code)
	}
	return Detail{"chkdsk": count(code)}, nil
}

func readDescriptors(ctx context.Context, m Machine, dir string) (Detail, error) {
	ours, windows, err := both(ctx, m, dir, nil)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if !sameRights(ours[name].security, windows[name].security) {
			return nil, differs("another owner, group or access list: %.60q", name)
		}
	}
	return Detail{"files": count(len(ours))}, nil
}
