// Command gen writes what the front ends have of package options in files of their own: the comments of Packer's
// configurations, which become Packer's documentation; the page parts with the output of Packer's data sources; and the
// attributes of Terraform's staged join that are facts.
//
//	gen REPOSITORY
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen REPOSITORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// write writes the files that are not yet as they must be.
func write(repository string) error {
	all, err := files(repository)
	if err != nil {
		return err
	}
	for name, content := range all {
		path := filepath.Join(repository, name)
		if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, content) {
			continue
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// files returns all generated files by their paths in the repository. Of Packer's configurations only the comments are
// generated, so those files are read first.
func files(repository string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for name, own := range packerConfigs() {
		name = "provisioner/offlinejoin/" + name
		source, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			return nil, err
		}
		if out[name], err = withComments(name, source, own); err != nil {
			return nil, err
		}
	}
	addOutputs(out)
	attributes, err := joinFacts()
	out["provider/offlinejoin/joinfacts_gen.go"] = attributes
	return out, err
}
