package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/demo"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/term"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func (a *app) demo() *cobra.Command {
	var d demoCommand
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Stage a sample join into a sample image, and show the registry before and after",
		Long: `Stage a sample join into a sample image, and show the registry before and after. Then make an overlay and a copy of
a golden disk image with the same Windows, each with a join of its own.

Images and blobs are made by this program, for a fictional domain, in a temporary folder that is removed afterwards.`,
		Args: d.arguments,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			d.app = a
			switch {
			case d.sample != "":
				return d.makeSample()
			case d.fleet != "":
				return d.makeFleet()
			}
			return d.run(ctx)
		}),
	}
	cmd.Flags().BoolVar(&d.keep, "keep", false, "keep the folder, to look around in it")
	cmd.Flags().StringVar(&d.sample, "sample", "", "only make the sample image, as a tree and as a golden disk image, and a blob, in `FOLDER`, to try things on")
	cmd.Flags().StringVar(&d.fleet, "fleet", "", "only make three sample images with blobs and a join file, in `FOLDER`")
	cmd.Flags().BoolVar(&d.continued, "continued", false, "leave out the last line; more follows")
	_ = cmd.Flags().MarkHidden("continued") // the flag was added one line above
	return cmd
}

// demoCommand is one run of the command, with its flags. It words the story of package demo as the other commands do.
type demoCommand struct {
	*app
	keep, continued bool
	sample, fleet   string
}

// arguments wants none, and one flag at most that makes samples to keep.
func (d *demoCommand) arguments(cmd *cobra.Command, args []string) error {
	switch {
	case d.sample != "" && d.fleet != "":
		return errors.New("--sample and --fleet are both there: give one at a time")
	case d.sample != "" || d.fleet != "":
		if err := refuseFlags(cmd, "is for the demonstration: what --sample and --fleet make is kept anyway; leave it out", "keep"); err != nil {
			return err
		}
	}
	return cobra.NoArgs(cmd, args)
}

var _ demo.Wording = (*demoCommand)(nil)

type demoDocument struct {
	SchemaVersion int                  `json:"schema_version"`
	WindowsPath   string               `json:"windows_path"`
	BlobFile      string               `json:"blob_file"`
	Golden        string               `json:"golden"`
	Kept          bool                 `json:"kept"`
	Receipt       *offlinejoin.Receipt `json:"receipt,omitempty"`
	Status        *offlinejoin.Status  `json:"status,omitempty"`
	// Of the disks that were made from the golden image.
	Disks []*offlinejoin.Receipt `json:"disks,omitempty"`
}

type demoFleetDocument struct {
	SchemaVersion int    `json:"schema_version"`
	JoinFile      string `json:"join_file"`
}

// makeSample only makes the sample, and prints where it is.
func (d *demoCommand) makeSample() error {
	s, err := demo.Make(d.sample)
	if err != nil {
		return err
	}
	for _, path := range []*string{&s.WindowsPath, &s.BlobFile, &s.Golden} {
		*path = plaintext.Line(*path, 0) // from here on shown
	}
	if d.json {
		return d.printJSON(demoDocument{
			SchemaVersion: schemaVersion, WindowsPath: s.WindowsPath, BlobFile: s.BlobFile, Golden: s.Golden, Kept: true,
		})
	}
	term.WriteFacts(d.Out, fact("image", s.WindowsPath), fact("blob", s.BlobFile), fact("golden", s.Golden))
	return nil
}

// makeFleet only makes a sample fleet, and prints where its join file is.
func (d *demoCommand) makeFleet() error {
	joinFile, err := demo.MakeFleet(d.fleet)
	if err != nil {
		return err
	}
	joinFile = plaintext.Line(joinFile, 0)
	if d.json {
		return d.printJSON(demoFleetDocument{SchemaVersion: schemaVersion, JoinFile: joinFile})
	}
	fmt.Fprintf(d.Out, "A fleet of three is declared in %s. Try: offlinejoin plan %[1]s\n", joinFile)
	return nil
}

func (d *demoCommand) run(ctx context.Context) error {
	folder, err := temporaryFolder()
	if err != nil {
		return err
	}
	if !d.keep {
		defer os.RemoveAll(folder) // a sample; the system clears its temporary folder too
	}
	s, err := demo.Make(folder)
	if err != nil {
		return err
	}
	if d.json {
		return d.asJSON(ctx, s)
	}
	story := demo.Story{Sample: s, Out: d.Out, Wording: d}
	if err := story.Show(ctx); err != nil {
		return err
	}
	d.closing(s)
	return nil
}

// temporaryFolder makes the folder of a demonstration: where the system keeps such folders, else in the working directory, for
// systems that have no /tmp, such as an image with one program. The error names the first place.
func temporaryFolder() (string, error) {
	const name = "offlinejoin-demo-"
	folder, err := os.MkdirTemp("", name)
	if err == nil {
		return folder, nil
	}
	here, hereErr := os.Getwd()
	if hereErr == nil {
		folder, hereErr = os.MkdirTemp(here, name)
	}
	if hereErr == nil {
		return folder, nil
	}
	return "", winerr.Errorf(codeFor(err), "the sample needs a folder, and neither %s nor the working directory takes one: %w: "+
		"set TMPDIR to a folder that does", plaintext.Line(os.TempDir(), 0), err)
}

func (d *demoCommand) asJSON(ctx context.Context, s demo.Sample) error {
	blob, err := s.OpenBlob()
	if err != nil {
		return err
	}
	defer blob.Wipe()
	receipt, err := s.Stage(ctx, blob, nil)
	if err != nil {
		return err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	disks, err := s.StageDisks(ctx)
	if err != nil {
		return err
	}
	return d.printJSON(demoDocument{schemaVersion, s.WindowsPath, s.BlobFile, s.Golden, d.keep, receipt, status, disks})
}

// closing prints what to do next.
func (d *demoCommand) closing(s demo.Sample) {
	switch {
	case d.keep:
		fmt.Fprintf(d.Out, "\nKept: %s. Try next: offlinejoin unstage --windows-path %s\n",
			filepath.Dir(s.WindowsPath), s.WindowsPath)
	case !d.continued:
		fmt.Fprintln(d.Out,
			"\nTry next: offlinejoin stage --image-path YOUR.qcow2 --overlay-path NEW.qcow2 --blob-file YOUR.djoin --dry-run")
	}
}

// Image implements [demo.Wording].
func (d *demoCommand) Image(ctx context.Context, windowsPath string) (string, error) {
	found, err := offlinejoin.Inspect(ctx, offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(windowsPath)})
	if err != nil {
		return "", err
	}
	return identity(found.Facts), nil
}

// Join implements [demo.Wording].
func (d *demoCommand) Join(machine, domain string) string { return join(machine, domain) }

// Event implements [demo.Wording].
func (d *demoCommand) Event(e offlinejoin.Event) string { return eventLine(e) }

// Changes implements [demo.Wording].
func (d *demoCommand) Changes(changes []offlinejoin.Change) []term.Row { return changeRows(changes) }

// ShowStatus implements [demo.Wording].
func (d *demoCommand) ShowStatus(st *offlinejoin.Status) { d.showStatus(st) }

// ShowDisk implements [demo.Wording].
func (d *demoCommand) ShowDisk(ctx context.Context, path string) error {
	return d.inspectAndShow(ctx, path)
}

// Outcome implements [demo.Wording].
func (d *demoCommand) Outcome(r *offlinejoin.Receipt) string { return outcome(r) }
