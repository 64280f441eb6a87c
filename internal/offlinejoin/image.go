package offlinejoin

import (
	"context"
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/target"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// openImage is an open Windows image with the place it is at.
type openImage struct {
	*winimage.Image
	fs target.FS
}

// open opens the image in the directory windowsPath.
func open(ctx context.Context, windowsPath string, mode winimage.Mode) (*openImage, error) {
	fs, err := target.Directory(windowsPath)
	if err != nil {
		return nil, err
	}
	im, err := winimage.Open(ctx, fs, mode)
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	return &openImage{Image: im, fs: fs}, nil
}

// Close releases the image. Nothing is written.
func (im *openImage) Close() error { return errors.Join(im.Image.Close(), im.fs.Close()) }

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
	}
}
