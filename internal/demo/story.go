package demo

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/term"
)

// Wording puts what the core returns into the words of the other commands.
type Wording interface {
	// Image describes the image in a Windows directory in one line.
	Image(ctx context.Context, windowsPath string) (string, error)
	// Join is what a join is called.
	Join(machine, domain string) string
	// Event is a line about a step of the work.
	Event(e offlinejoin.Event) string
	// Changes are lines about changes.
	Changes(changes []offlinejoin.Change) []term.Row
	// ShowStatus prints a status.
	ShowStatus(status *offlinejoin.Status)
	// ShowDisk prints what a disk image file is.
	ShowDisk(ctx context.Context, path string) error
	// Outcome is what became of a request, in one line.
	Outcome(r *offlinejoin.Receipt) string
}

// Story is the demonstration of one sample, as it is printed to Out.
type Story struct {
	Sample  Sample
	Out     io.Writer
	Wording Wording

	begun bool // a part has been printed
}

// Show stages the sample and shows the whole way of the join, one headed part after the other: in the tree, then in disks
// that are made from the golden image.
func (s *Story) Show(ctx context.Context) error {
	blob, err := s.Sample.OpenBlob()
	if err != nil {
		return err
	}
	defer blob.Wipe()
	if err := s.showSample(ctx, blob.Facts()); err != nil {
		return err
	}
	before, err := s.Sample.registry()
	if err != nil {
		return err
	}
	s.heading("The registry before")
	term.WriteRows(s.Out, compare("SYSTEM", before, before))

	s.heading("The stage")
	receipt, err := s.Sample.Stage(ctx, blob, func(e offlinejoin.Event) {
		if e.Kind != offlinejoin.EventNote {
			fmt.Fprintln(s.Out, "  "+s.Wording.Event(e))
		}
	})
	if err != nil {
		return err
	}

	after, err := s.Sample.registry()
	if err != nil {
		return err
	}
	s.heading("The registry after: + is new, ~ has changed")
	term.WriteRows(s.Out, append(compare("SYSTEM", before, after), s.Wording.Changes(files(receipt.Changes))...))

	s.heading("The status")
	status, err := s.Sample.Status(ctx)
	if err != nil {
		return err
	}
	s.Wording.ShowStatus(status)
	return s.showDisks(ctx)
}

func (s *Story) showSample(ctx context.Context, blob offlinejoin.BlobFacts) error {
	image, err := s.Wording.Image(ctx, s.Sample.WindowsPath)
	if err != nil {
		return err
	}
	s.heading("A sample image and a sample blob, made just now in " + filepath.Dir(s.Sample.WindowsPath))
	term.WriteFacts(s.Out,
		term.Fact{Name: "  image  " + filepath.Base(s.Sample.WindowsPath), Value: image},
		term.Fact{
			Name:  "  blob   " + filepath.Base(s.Sample.BlobFile),
			Value: s.Wording.Join(blob.MachineName, blob.Domain) + "   (a fictional domain)",
		},
	)
	return nil
}

// heading begins a part, after an empty line.
func (s *Story) heading(text string) {
	if s.begun {
		fmt.Fprintln(s.Out)
	}
	s.begun = true
	fmt.Fprintln(s.Out, term.NewPainter(s.Out).Bold(text))
}

// files are the changes outside of the registry.
func files(changes []offlinejoin.Change) []offlinejoin.Change {
	var found []offlinejoin.Change
	for _, c := range changes {
		if c.Type == "file" {
			found = append(found, c)
		}
	}
	return found
}
