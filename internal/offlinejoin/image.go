package offlinejoin

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// openImage is an open Windows image with the place it is at.
type openImage struct {
	*winimage.Image
	fs       imagefs.FS
	borrowed bool // fs is the caller's

	root imagefs.FS // of the image's drive; nil: not known
}

// place is where an image is, and how long to wait for it.
type place struct {
	windowsPath string
	target      imagefs.FS
	lockTimeout time.Duration
}

func (r Request) place() place        { return place{r.WindowsPath, r.Target, r.LockTimeout} }
func (r UnstageRequest) place() place { return place{r.WindowsPath, r.Target, r.LockTimeout} }
func (r StatusRequest) place() place  { return place{r.WindowsPath, r.Target, 0} }

// String returns what messages call the image.
func (at place) String() string {
	if at.target != nil {
		return at.target.String()
	}
	return at.windowsPath
}

// lockPoll is the pause between two tries to open an image that somebody else is changing.
const lockPoll = 100 * time.Millisecond

// open opens the image at a place, waiting for others who are changing it as long as the place says.
func (at place) open(ctx context.Context, mode winimage.Mode) (*openImage, error) {
	giveUp := time.Now().Add(at.lockTimeout)
	for {
		im, err := at.openOnce(ctx, mode)
		code, _ := winerr.CodeOf(err)
		if code != winerr.Busy || time.Until(giveUp) < lockPoll {
			return im, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockPoll):
		}
	}
}

func (at place) openOnce(ctx context.Context, mode winimage.Mode) (*openImage, error) {
	fs, borrowed := at.target, at.target != nil
	if !borrowed {
		var err error
		if fs, err = imagefs.Directory(at.windowsPath); err != nil {
			return nil, err
		}
	}
	out := &openImage{fs: fs, borrowed: borrowed}
	im, err := winimage.Open(ctx, fs, mode)
	if err != nil {
		return nil, errors.Join(err, out.closePlace())
	}
	out.Image = im
	if !borrowed && strings.EqualFold(filepath.Base(at.windowsPath), "Windows") {
		if out.root, err = imagefs.Directory(filepath.Dir(filepath.Clean(at.windowsPath))); err != nil {
			out.root = nil // Windows' own directory is all that there is
		}
	}
	return out, nil
}

// drive returns the root of the drive that Windows is on, where an answer file can be, and nil when it is not known.
func (im *openImage) drive() imagefs.FS { return im.root }

// Close releases the image. Nothing is written.
func (im *openImage) Close() error { return errors.Join(im.Image.Close(), im.closePlace()) }

func (im *openImage) closePlace() error {
	if im.borrowed {
		return nil
	}
	if im.root != nil {
		return errors.Join(im.root.Close(), im.fs.Close())
	}
	return im.fs.Close()
}

func imageFacts(f winimage.Facts) ImageFacts {
	return ImageFacts{
		WindowsPath:  f.WindowsPath,
		ProductName:  f.DisplayName(),
		EditionID:    f.EditionID,
		Build:        f.BuildText,
		Architecture: string(f.Architecture),
		ProductType:  f.ProductType,
		ImageState:   f.ImageState,
		ComputerName: f.ComputerName,
		MachineSID:   f.MachineSID,
		Phase:        string(f.Phase),
	}
}
