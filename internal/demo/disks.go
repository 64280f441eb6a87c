package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// member is a machine whose disk is made from the golden image, and the relative identifier of its account.
type member struct {
	name  string
	rid   uint32
	place func(at *offlinejoin.Image, path string)
}

// members are the two ways to a new disk, one each.
func members() []member {
	return []member{
		{"web02", 1108, func(at *offlinejoin.Image, path string) { at.OverlayPath = path }},
		{"web03", 1109, func(at *offlinejoin.Image, path string) { at.CopyPath = path }},
	}
}

// StageDisks makes an overlay and a copy of the golden image, each with the join of a machine of its own. It returns an
// error when the golden image has changed.
func (s Sample) StageDisks(ctx context.Context) ([]*offlinejoin.Receipt, error) {
	before, err := digest(s.Golden)
	if err != nil {
		return nil, err
	}
	var receipts []*offlinejoin.Receipt
	for _, m := range members() {
		receipt, err := s.stageDisk(ctx, m)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, receipt)
	}
	after, err := digest(s.Golden)
	if err == nil && before != after {
		err = fmt.Errorf("%s was only to be read, and has changed: report this", s.Golden)
	}
	return receipts, err
}

func (s Sample) stageDisk(ctx context.Context, m member) (*offlinejoin.Receipt, error) {
	folder := filepath.Dir(s.Golden)
	file := filepath.Join(folder, m.name+".djoin")
	if err := writeBlob(file, strings.ToUpper(m.name), m.rid); err != nil {
		return nil, err
	}
	blob, _, err := options.OpenBlobFile(file, "")
	if err != nil {
		return nil, err
	}
	defer blob.Wipe()
	at := offlinejoin.ImageAt("")
	at.ImagePath = s.Golden
	m.place(&at, filepath.Join(folder, m.name+".qcow2"))
	return offlinejoin.Stage(ctx, offlinejoin.Request{Image: at, Blob: blob, StagedBy: "offlinejoin/" + version.String()})
}

func writeBlob(path, machine string, rid uint32) error {
	blob, err := sample.BlobFor(machine, rid)
	if err != nil {
		return err
	}
	defer blob.Wipe()
	file := blob.DjoinFile()
	defer clear(file)
	return os.WriteFile(path, file, 0o600)
}

func digest(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// showDisks tells the story once more, of a golden disk image file.
func (s *Story) showDisks(ctx context.Context) error {
	s.heading("The same Windows as a golden disk image: no mount, no root")
	if err := s.Wording.ShowDisk(ctx, s.Sample.Golden); err != nil {
		return err
	}
	receipts, err := s.Sample.StageDisks(ctx)
	if err != nil {
		return err
	}
	s.heading("An overlay and a copy of it, each with a join")
	folder := filepath.Dir(s.Sample.Golden) + string(filepath.Separator)
	disks := []string{s.Sample.Golden}
	facts := []term.Fact{{Name: "  " + filepath.Base(s.Sample.Golden), Value: "not one byte has changed"}}
	for _, r := range receipts {
		fmt.Fprintln(s.Out, "  "+strings.ReplaceAll(s.Wording.Outcome(r), folder, ""))
		status, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: diskAt(r.NewDisk.Path)})
		if err != nil {
			return err
		}
		disks = append(disks, r.NewDisk.Path)
		facts = append(facts, term.Fact{
			Name:  "  " + filepath.Base(r.NewDisk.Path),
			Value: s.Wording.Join(status.MachineName, status.Domain) + ", " + string(status.State),
		})
	}
	s.heading("Their statuses")
	term.WriteFacts(s.Out, facts...)
	return s.showPicture(ctx, disks)
}

func diskAt(path string) offlinejoin.Image {
	at := offlinejoin.ImageAt("")
	at.ImagePath = path
	return at
}
