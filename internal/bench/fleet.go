package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// fleet is a number of images with a blob for each, in a folder.
type fleet struct {
	dir string
	n   int
}

// makeFleet makes images whose SYSTEM hive is a real one, and their blobs.
func makeFleet(dir string, n int, hive string) (fleet, error) {
	f := fleet{dir, n}
	for i := range n {
		windows, err := sample.WriteTree(filepath.Join(dir, f.name(i)), sample.Image{})
		if err != nil {
			return f, err
		}
		system := filepath.Join(windows, "System32", "config", "SYSTEM")
		if err := errors.Join(copyFile(system, hive), copyFile(system+".LOG1", hive+".LOG1")); err != nil {
			return f, err
		}
		blob, err := sample.BlobFor(strings.ToUpper(f.name(i)), uint32(2000+i))
		if err != nil {
			return f, err
		}
		if err := os.WriteFile(f.blob(i), blob.DjoinFile(), 0o600); err != nil {
			return f, err
		}
		blob.Wipe()
	}
	return f, nil
}

func (f fleet) name(i int) string    { return fmt.Sprintf("w%03d", i+1) }
func (f fleet) windows(i int) string { return filepath.Join(f.dir, f.name(i), "Windows") }
func (f fleet) blob(i int) string    { return filepath.Join(f.dir, f.name(i)+".djoin") }

// stage stages all images in this process, so many at once, and does nothing else.
func (f fleet) stage(parallel int) error {
	turns := make(chan struct{}, parallel)
	errs := make([]error, f.n)
	var all sync.WaitGroup
	for i := range f.n {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			_, errs[i] = stage(f.windows(i), f.blob(i))
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// plan plans all images in this process, one after the other.
func (f fleet) plan() error {
	for i := range f.n {
		if _, err := inImage(f.windows(i), f.blob(i), offlinejoin.Plan); err != nil {
			return err
		}
	}
	return nil
}

// unstage brings the images back to what they were.
func (f fleet) unstage() error {
	var errs []error
	for i := range f.n {
		_, err := offlinejoin.Unstage(context.Background(), offlinejoin.UnstageRequest{Image: offlinejoin.ImageAt(f.windows(i))})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// write makes the configuration that stages the images, or one that makes as many resources of terraform itself.
func (f fleet) write(dir string, ours bool) error {
	body := "resource \"terraform_data\" \"web\" {\n  for_each = local.names\n  input    = each.key\n}\n"
	if ours {
		body = fmt.Sprintf("terraform {\n  required_providers {\n"+
			"    offlinejoin = { source = \"offlinejoin/offlinejoin\" }\n  }\n}\n"+
			"resource \"offlinejoin_staged_join\" \"web\" {\n  for_each     = local.names\n"+
			"  windows_path = \"%s/${each.key}/Windows\"\n  blob_file    = \"%[1]s/${each.key}.djoin\"\n}\n", f.dir)
	}
	names := fmt.Sprintf("locals {\n  names = toset([for i in range(1, %d) : format(\"w%%03d\", i)])\n}\n", f.n+1)
	return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "main.tf"), []byte(names+body), 0o600))
}
