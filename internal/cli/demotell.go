package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// tell shows the whole way of one join, one headed part after the other.
func (d *demonstration) tell(ctx context.Context) error {
	if err := d.tellSample(ctx); err != nil {
		return err
	}
	before, err := d.registry()
	if err != nil {
		return err
	}
	d.heading("The registry before")
	d.showRows(compareTrees("SYSTEM", before, before))

	d.heading("The stage")
	receipt, err := d.stage(ctx, func(e offlinejoin.Event) { fmt.Fprintln(d.Out, "  "+eventLine(e)) })
	if err != nil {
		return err
	}

	after, err := d.registry()
	if err != nil {
		return err
	}
	d.heading("The registry after: + is new, ~ has changed")
	d.showRows(append(compareTrees("SYSTEM", before, after), changeRows(files(receipt.Changes))...))

	d.heading("The status")
	status, err := offlinejoin.ReadStatus(ctx, offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(d.windowsPath)})
	if err != nil {
		return err
	}
	d.showStatus(status)
	return nil
}

func (d *demonstration) tellSample(ctx context.Context) error {
	image, err := readImage(ctx, d.windowsPath)
	if err != nil {
		return err
	}
	data, _, err := d.readBlob(blobSource{file: d.blobFile})
	if err != nil {
		return err
	}
	defer clear(data)
	blob, err := odj.Parse(data)
	if err != nil {
		return err
	}
	defer blob.Wipe()
	d.heading("A sample image and a sample blob, made just now in " + filepath.Dir(d.windowsPath))
	showFacts(d.Out,
		fact{"  image  " + filepath.Base(d.windowsPath), identity(image)},
		fact{"  blob   " + filepath.Base(d.blobFile), join(blob.MachineName(), blob.Domain()) + "   (a fictional domain)"},
	)
	return nil
}

// heading begins a part, after an empty line.
func (d *demonstration) heading(text string) {
	if d.begun {
		fmt.Fprintln(d.Out)
	}
	d.begun = true
	fmt.Fprintln(d.Out, newPainter(d.Out).bold(text))
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

func (d *demonstration) closing() {
	switch {
	case d.keep:
		fmt.Fprintf(d.Out, "\nKept: %s. Try next: offlinejoin unstage --windows-path %s\n",
			filepath.Dir(d.windowsPath), d.windowsPath)
	case !d.continued:
		fmt.Fprintln(d.Out,
			"\nTry next: offlinejoin stage --windows-path /mnt/YOUR-IMAGE/Windows --blob-file YOUR.djoin --dry-run")
	}
}
