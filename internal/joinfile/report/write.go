package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/joinfile/fleet"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The endings of report files.
const (
	endingJSON = ".json"
	endingHTML = ".html"
)

// CheckName refuses a file name whose ending tells no format.
func CheckName(path string) error {
	switch filepath.Ext(path) {
	case endingJSON, endingHTML:
		return nil
	}
	return fmt.Errorf("a report ends in %s or %s", endingJSON, endingHTML)
}

// Write writes a report to a file in the format that its ending tells. The file is only its owner's to read, and is
// replaced as a whole, so that whoever looks at it never sees half a report.
func Write(path string, r *fleet.Report) error {
	if err := CheckName(path); err != nil {
		return err
	}
	to, err := privatefile.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return cannotWrite(path, err)
	}
	render := JSON
	if filepath.Ext(path) == endingHTML {
		render = HTML
	}
	if err := errors.Join(render(to, r), to.Sync(), to.Close()); err != nil {
		return cannotWrite(path, errors.Join(err, os.Remove(to.Name())))
	}
	if err := os.Rename(to.Name(), path); err != nil {
		return cannotWrite(path, errors.Join(err, os.Remove(to.Name())))
	}
	return nil
}

func cannotWrite(path string, err error) error {
	return winerr.Errorf(winerr.InvalidParameter, "the report %s cannot be written: %w; the images are as the output "+
		"tells",
		path, err)
}

// JSON writes a report as one document.
func JSON(w io.Writer, r *fleet.Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
