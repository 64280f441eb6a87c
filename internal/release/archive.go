package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"time"
)

// file is a file of an archive, by its path with slashes. Its mode is that of a program or of a document.
type file struct {
	name string
	mode fs.FileMode
	data []byte
}

// document reads a file of the source that goes into archives under its own name.
func document(name string) (file, error) {
	data, err := os.ReadFile(name)
	return file{name, 0o644, data}, err
}

// zipped makes a zip file, whose entries all have one time. What is packed before stays as it is.
func zipped(when time.Time, files []file) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: when}
		h.SetMode(f.mode)
		entry, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// tarred makes a tar archive of root's files: first the folders that they are in, below prefix.
func tarred(when time.Time, prefix string, files []file) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := func(name string, mode fs.FileMode, size int) *tar.Header {
		return &tar.Header{
			Name: name, Mode: int64(mode.Perm()), Size: int64(size), ModTime: when, Uname: "root", Gname: "root",
			Format: tar.FormatGNU,
		}
	}
	made := map[string]bool{"": true}
	for _, f := range files {
		name := prefix + f.name
		for i := range name {
			if name[i] != '/' || made[name[:i+1]] {
				continue
			}
			made[name[:i+1]] = true
			h := header(name[:i+1], 0o755, 0)
			h.Typeflag = tar.TypeDir
			if err := w.WriteHeader(h); err != nil {
				return nil, err
			}
		}
		h := header(name, f.mode, len(f.data))
		if f.mode.IsDir() {
			h.Typeflag, h.Name = tar.TypeDir, name+"/"
			if f.mode&fs.ModeSticky != 0 {
				h.Mode |= 0o1000
			}
			made[h.Name] = true
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// gzipped compresses without name and time. For programs the default level will do: the best one takes twice the time for one
// percent.
func gzipped(data []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// tarball is a compressed tar archive.
func tarball(when time.Time, prefix string, files []file) ([]byte, error) {
	data, err := tarred(when, prefix, files)
	if err != nil {
		return nil, err
	}
	return gzipped(data, gzip.DefaultCompression)
}
