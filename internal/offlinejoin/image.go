package offlinejoin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// openImage is an open Windows image with the session it is open in.
type openImage struct {
	*winimage.Image
	session imagefs.Session
	header  []byte // of the SYSTEM hive when it was opened, where others may change it meanwhile; else nil
	closed  bool
	program string // SHA-256 of the program, where programStatus has read it in this session; ""
}

// lockPoll is the pause between two tries to open an image that somebody else is changing.
const lockPoll = 100 * time.Millisecond

// open opens the image, waiting for others who are changing it as long as the request says, and as long as the context lasts:
// then the error is the context's.
func (at Image) open(ctx context.Context, mode imagefs.Mode) (*openImage, error) {
	giveUp := time.Now().Add(at.LockTimeout)
	for {
		im, err := at.openOnce(ctx, mode)
		code, _ := winerr.CodeOf(err)
		if code != winerr.Busy || errors.Is(err, imagefs.ErrLasting) || time.Until(giveUp) < lockPoll {
			return im, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w while waiting for another offlinejoin to be done with %s", ctx.Err(), at)
		case <-time.After(lockPoll):
		}
	}
}

func (at Image) openOnce(ctx context.Context, mode imagefs.Mode) (*openImage, error) {
	opener := at.Open
	if opener == nil {
		opener = open.Image
	}
	session, err := opener(ctx, at.Location, mode)
	if err != nil {
		return nil, err
	}
	hives := winimage.Read
	if _, deferred := session.(imagefs.Deferred); mode == imagefs.Write || mode == imagefs.Rehearse && deferred {
		hives = winimage.Write
	}
	var header []byte
	if hives == winimage.Read && at.Open == nil {
		header = systemHeader(session)
	}
	im, err := winimage.Open(ctx, session, hives)
	if err != nil {
		if header != nil && !bytes.Equal(systemHeader(session), header) {
			err = unsteady(session)
		}
		return nil, errors.Join(doubtful(session, err), session.Close())
	}
	return &openImage{Image: im, session: session, header: header}, nil
}

// doubtful adds to the refusal of a Windows that the disk below its overlay may be the cause.
func doubtful(s imagefs.Session, err error) error {
	f, ok := s.(imagefs.Founded)
	if !ok {
		return err
	}
	if doubt := f.Doubt(); doubt != "" {
		return winerr.Errorf(codeOf(err), "%w (%s)", winerr.Uncoded(err), doubt)
	}
	return err
}

// in returns a name below the Windows directory as one of the volume.
func (im *openImage) in(name string) string { return path.Join(im.session.Windows(), name) }

// pointer is the value UnattendFile, by which Windows Setup is told where its answer file is.
func (im *openImage) pointer() string { return im.Facts().Setup.UnattendFile }

// commit lets go of the hives, ends the session's changes, and closes it.
func (im *openImage) commit(ctx context.Context) (imagefs.Cost, error) {
	if err := im.Image.Close(); err != nil {
		return imagefs.Cost{}, err
	}
	cost, err := im.session.Commit(ctx)
	return cost, errors.Join(err, im.Close())
}

// Close releases the image, once. What was not committed is dropped where the session can drop it.
func (im *openImage) Close() error {
	if im.closed {
		return nil
	}
	im.closed = true
	return errors.Join(im.Image.Close(), im.session.Close())
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
