package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// Sample is where a sample image and the blob for it are.
type Sample struct {
	WindowsPath string // the image's Windows directory
	BlobFile    string // as djoin writes it
	Golden      string // the same image as a disk: a qcow2 file
}

// Make writes a sample image, as a tree and as a disk, and a blob into folder, which is made when it is not there and may
// not hold a Windows yet.
func Make(folder string) (Sample, error) {
	if err := makeFolder(folder, "Windows", "a Windows"); err != nil {
		return Sample{}, err
	}
	windows, err := sample.WriteTree(folder, sample.Image{})
	if err != nil {
		return Sample{}, err
	}
	s := Sample{
		WindowsPath: windows, BlobFile: filepath.Join(folder, "web01.djoin"), Golden: filepath.Join(folder, "golden.qcow2"),
	}
	if err := golden.WriteDisk(s.Golden, sample.Image{}); err != nil {
		return Sample{}, err
	}
	return s, writeBlob(s.BlobFile, "WEB01", 1107)
}

// MakeFleet writes three sample images with their blobs and a join file into folder, which is made when it is not there
// and may not hold images yet. It returns the path of the join file.
func MakeFleet(folder string) (joinFile string, err error) {
	if err := makeFolder(folder, "images", "images"); err != nil {
		return "", err
	}
	return sample.WriteFleet(folder)
}

// makeFolder makes a folder for a sample. It refuses one in which the sample's first name is taken, which the message
// calls what.
func makeFolder(folder, name, what string) error {
	if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
		return fmt.Errorf("%s holds %s already: name another folder", folder, what)
	}
	return os.MkdirAll(folder, 0o700)
}

// OpenBlob reads and parses the blob. The caller wipes it.
func (s Sample) OpenBlob() (*offlinejoin.Blob, error) {
	blob, _, err := options.OpenBlobFile(s.BlobFile, "")
	return blob, err
}

// Stage stages the sample's blob into the image.
func (s Sample) Stage(
	ctx context.Context, blob *offlinejoin.Blob, progress func(offlinejoin.Event),
) (*offlinejoin.Receipt, error) {
	return offlinejoin.Stage(ctx, offlinejoin.Request{
		Image: offlinejoin.ImageAt(s.WindowsPath), Blob: blob,
		StagedBy: "offlinejoin/" + version.String(), Progress: progress,
	})
}

// Status reads what the image holds.
func (s Sample) Status(ctx context.Context) (*offlinejoin.Status, error) {
	return offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(s.WindowsPath)})
}
