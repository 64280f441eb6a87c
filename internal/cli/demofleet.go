package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

type demoFleetDocument struct {
	SchemaVersion int    `json:"schema_version"`
	JoinFile      string `json:"join_file"`
}

// prepareFleet makes a sample fleet to try the commands on join files on.
func (d *demonstration) prepareFleet(folder string) error {
	if _, err := os.Lstat(filepath.Join(folder, "images")); err == nil {
		return fmt.Errorf("%s holds images already: name another folder", folder)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	joinFile, err := sample.WriteFleet(folder)
	if err != nil {
		return err
	}
	if d.json {
		return d.printJSON(demoFleetDocument{SchemaVersion: schemaVersion, JoinFile: joinFile})
	}
	fmt.Fprintf(d.Out, "A fleet of three is declared in %s. Try: offlinejoin plan %[1]s\n", joinFile)
	return nil
}
