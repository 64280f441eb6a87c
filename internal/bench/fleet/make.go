package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// realHives is how many images get a real hive.
const realHives = 64

const joinFile = `variable "images" { type = number }

join "m" {
  for_each     = { for i in range(var.images) : format("m%04d", i) => i }
  windows_path = "images/${each.key}/Windows"
  blob_file    = "secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}
`

// makeFleet makes images, blobs and the join file. The real hives are spread evenly.
func makeFleet(shared, dir string, images int) error {
	for i := range images {
		name := fmt.Sprintf("m%04d", i)
		if err := sample.WriteMember(dir, name); err != nil {
			return err
		}
		if i*realHives/images == (i-1)*realHives/images && i > 0 {
			continue
		}
		config := filepath.Join(dir, "images", name, "Windows", "System32", "config")
		for _, file := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} {
			if err := unpack(filepath.Join(config, file), filepath.Join(shared, "testdata", "hives", "win10-1709-x64-dirty",
				file+".gz")); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "fleet.join.hcl"), []byte(joinFile), 0o600)
}

func unpack(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, z)
	return errors.Join(err, out.Close())
}
