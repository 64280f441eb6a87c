// Package hives makes the hives that the benchmarks measure with, out of a real one from the shared test data.
package hives

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/bench/hivetask"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// hiveFiles are the real hive, unpacked, with its logs.
func hiveFiles(shared string) (regf.Files, error) {
	var files [3]*regf.MemFile
	for i, name := range []string{"SYSTEM", "SYSTEM.LOG1", "SYSTEM.LOG2"} {
		data, err := gunzip(filepath.Join(shared, "testdata", "hives", "win10-1709-x64-dirty", name+".gz"))
		if err != nil {
			return regf.Files{}, err
		}
		files[i] = regf.NewMemFile(data)
	}
	return regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]}, nil
}

func gunzip(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// cleanHive is the real hive after its pending log entries were written to it, as Windows leaves it at a shutdown.
func cleanHive(shared string) (hive, log []byte, err error) {
	f, err := hiveFiles(shared)
	if err != nil {
		return nil, nil, err
	}
	h, err := regf.Open(f)
	if err != nil {
		return nil, nil, err
	}
	k, _, err := h.CreateKey(hivetask.ExistingKey, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := k.SetValue("Prepared", regf.DWORD, regf.DWORDData(1)); err != nil {
		return nil, nil, err
	}
	if _, err := h.Commit(regf.CommitOptions{}); err != nil {
		return nil, nil, err
	}
	return f.Primary.(*regf.MemFile).Bytes(), f.Log1.(*regf.MemFile).Bytes(), nil
}

// grownHive is a new hive of at least size bytes, filled with copies of the real one.
func grownHive(shared string, size uint32) ([]byte, error) {
	f, err := hiveFiles(shared)
	if err != nil {
		return nil, err
	}
	from, err := regf.Open(f)
	if err != nil {
		return nil, err
	}
	source, err := from.Root()
	if err != nil {
		return nil, err
	}
	file := regf.NewMemFile(nil)
	if err := regf.Create(file, regf.CreateOptions{Security: completion.KeySecurity()}); err != nil {
		return nil, err
	}
	h, err := regf.Open(regf.Files{Primary: file, Log1: regf.NewMemFile(nil)})
	if err != nil {
		return nil, err
	}
	root, err := h.Root()
	if err != nil {
		return nil, err
	}
	if err := copyTree(root, source); err != nil { // what the measurements look for
		return nil, err
	}
	for i := 0; h.DataSize() < size; i++ {
		k, _, err := root.CreateSubkey(fmt.Sprintf("Copy%d", i), nil)
		if err != nil {
			return nil, err
		}
		if err := copyTree(k, source); err != nil {
			return nil, err
		}
	}
	_, err = h.Commit(regf.CommitOptions{})
	return file.Bytes(), err
}

func copyTree(to, from regf.Key) error {
	for v, err := range from.Values() {
		if err != nil {
			return err
		}
		data, err := v.Data()
		if err != nil {
			return err
		}
		if err := to.SetValue(v.Name(), v.Type(), data); err != nil {
			return err
		}
	}
	for sub, err := range from.Subkeys() {
		if err != nil {
			return err
		}
		k, _, err := to.CreateSubkey(sub.Name(), nil)
		if err != nil {
			return err
		}
		if err := copyTree(k, sub); err != nil {
			return err
		}
	}
	return nil
}

// The files that Write makes.
const (
	CleanName = "clean"
	LargeName = "hundred"
)

// Write makes the hives that are measured, in dir.
func Write(shared, dir string, large bool) error {
	hive, log, err := cleanHive(shared)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, CleanName)
	if err := errors.Join(os.WriteFile(path, hive, 0o600), os.WriteFile(path+".LOG1", log, 0o600)); err != nil || !large {
		return err
	}
	const size = 96 << 20
	if hive, err = grownHive(shared, size); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, LargeName), hive, 0o600)
}
