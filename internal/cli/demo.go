package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

func (a *app) demo() *cobra.Command {
	var d demonstration
	var only, fleet string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Stage a sample join into a sample image, and show the registry before and after",
		Long: `Stage a sample join into a sample image, and show the registry before and after.

Image and blob are made by this program, for a fictional domain, in a temporary folder that is removed afterwards.`,
		Args: cobra.NoArgs,
		RunE: a.begin(func(ctx context.Context, _ []string) error {
			d.app = a
			switch {
			case only != "":
				return d.prepare(only)
			case fleet != "":
				return d.prepareFleet(fleet)
			}
			return d.run(ctx)
		}),
	}
	cmd.Flags().BoolVar(&d.keep, "keep", false, "keep the folder, to look around in it")
	cmd.Flags().StringVar(&only, "sample", "", "only make the sample image and blob, in `FOLDER`, to try things on")
	cmd.Flags().StringVar(&fleet, "fleet", "", "only make three sample images with blobs and a join file, in `FOLDER`")
	cmd.Flags().BoolVar(&d.continued, "continued", false, "leave out the last line; more follows")
	cmd.Flags().MarkHidden("continued") //nolint:errcheck // the flag was added one line above
	return cmd
}

// demonstration is one run of the demo.
type demonstration struct {
	*app
	keep, continued bool

	windowsPath, blobFile string
	begun                 bool // something has been shown
}

type demoDocument struct {
	SchemaVersion int                  `json:"schema_version"`
	WindowsPath   string               `json:"windows_path"`
	BlobFile      string               `json:"blob_file"`
	Kept          bool                 `json:"kept"`
	Receipt       *offlinejoin.Receipt `json:"receipt,omitempty"`
	Status        *offlinejoin.Status  `json:"status,omitempty"`
}

func (d *demonstration) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "offlinejoin-demo-")
	if err != nil {
		return err
	}
	if !d.keep {
		defer os.RemoveAll(folder) //nolint:errcheck // a sample; the system clears its temporary folder too
	}
	if err := d.makeSample(folder); err != nil {
		return err
	}
	if d.json {
		return d.asJSON(ctx)
	}
	if err := d.tell(ctx); err != nil {
		return err
	}
	d.closing()
	return nil
}

// prepare makes the sample and tells where it is.
func (d *demonstration) prepare(folder string) error {
	if err := d.makeSample(folder); err != nil {
		return err
	}
	if d.json {
		return d.printJSON(demoDocument{
			SchemaVersion: schemaVersion, WindowsPath: d.windowsPath, BlobFile: d.blobFile, Kept: true,
		})
	}
	showFacts(d.Out, fact{"image", d.windowsPath}, fact{"blob", d.blobFile})
	return nil
}

// makeSample writes image and blob into folder, which may not hold such yet.
func (d *demonstration) makeSample(folder string) error {
	if _, err := os.Lstat(filepath.Join(folder, "Windows")); err == nil {
		return fmt.Errorf("%s holds a Windows already: name another folder", folder)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var err error
	if d.windowsPath, err = sample.WriteTree(folder, sample.Image{}); err != nil {
		return err
	}
	blob, err := sample.Blob()
	if err != nil {
		return err
	}
	file := blob.DjoinFile()
	defer clear(file)
	defer blob.Wipe()
	d.blobFile = filepath.Join(folder, "web01.djoin")
	return os.WriteFile(d.blobFile, file, 0o600)
}

func (d *demonstration) stage(ctx context.Context, progress func(offlinejoin.Event)) (*offlinejoin.Receipt, error) {
	blob, name, err := d.readBlob(blobSource{file: d.blobFile})
	if err != nil {
		return nil, err
	}
	defer clear(blob)
	return offlinejoin.Stage(ctx, offlinejoin.Request{
		WindowsPath: d.windowsPath, Blob: blob, BlobName: name,
		StagedBy: "offlinejoin/" + version.String(), Progress: progress,
	})
}

// registry reads the part of the image's SYSTEM hive that a join is staged into.
func (d *demonstration) registry() (registryTree, error) {
	h, err := winimage.OpenHiveFile(filepath.Join(d.windowsPath, "System32", "config", "SYSTEM"), false)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	setup, err := h.Key(completion.SetupKey)
	if err != nil {
		return nil, err
	}
	return readTree(setup)
}

func (d *demonstration) asJSON(ctx context.Context) error {
	receipt, err := d.stage(ctx, nil)
	if err != nil {
		return err
	}
	status, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{WindowsPath: d.windowsPath})
	if err != nil {
		return err
	}
	return d.printJSON(demoDocument{schemaVersion, d.windowsPath, d.blobFile, d.keep, receipt, status})
}
