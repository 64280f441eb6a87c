package options

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/privatefile"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// CheckReport refuses a report file that could not be written (2 no folder, 87 no file): better before staging than
// after.
func CheckReport(path string) error {
	if path == "" {
		return nil
	}
	if err := NotContent(ReportFile, path); err != nil {
		return err
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return winerr.Errorf(winerr.FileNotFound, "the folder of report_file %s does not exist: make it first",
			plaintext.Line(path, 0))
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return winerr.Errorf(winerr.InvalidParameter, "report_file %s is no regular file: name another",
			plaintext.Line(path, 0))
	}
	if err := checkOverwritten(path); err != nil {
		return err
	}
	return checkWritable(path)
}

// checkWritable refuses a report whose folder takes no new file, by making one and removing it again.
func checkWritable(path string) error {
	f, err := privatefile.CreateTemp(filepath.Dir(path), ".report-")
	if err == nil {
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err // the name of the file is ours, and means nothing to the user
	}
	return winerr.Errorf(winerr.AccessDenied, "report_file %s cannot be written, since its folder takes no new file (%w): name another "+
		"folder", plaintext.Line(path, 0), err)
}

// checkOverwritten refuses to put a report in place of a file that is no report of this program (87).
func checkOverwritten(path string) error {
	f, _, err := openRegular(path, ReportFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() // only read
	const enough = 1 << 20
	content, err := readBounded(f, enough, 0)
	defer clear(content) // it may be anything
	if err != nil {
		return cannotRead(path, "report", err)
	}
	if !isReport(content) {
		return winerr.Errorf(winerr.InvalidParameter, "report_file %s is there already and is no report of this program: name "+
			"another, or move that file away", plaintext.Line(path, 0))
	}
	return nil
}

// isReport recognises a receipt, a report on many joins in either of its formats, and a file that holds nothing.
func isReport(content []byte) bool {
	const head = 64
	start := bytes.TrimSpace(content[:min(len(content), head)])
	switch {
	case len(bytes.TrimSpace(content)) == 0:
		return true
	case bytes.HasPrefix(start, []byte("<!DOCTYPE html>")):
		return bytes.Contains(content, []byte("<h1>offlinejoin <b>"))
	case bytes.HasPrefix(start, []byte("{")) && bytes.Contains(start, []byte(`"schema_version"`)):
		return bytes.Contains(content, []byte(`"image_status"`)) || bytes.Contains(content, []byte(`"joins"`))
	}
	return false
}

// WriteReport writes a receipt as JSON, readable by its owner only, in place of what is there. An empty path writes
// nothing.
func WriteReport(path string, receipt *offlinejoin.Receipt) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err // the sentence names the path already
		}
		return winerr.Errorf(winerr.CantCreateJoinInfo, "the join is done (%s), but report_file %s cannot be written: %w",
			receipt.Outcome, plaintext.Line(path, 0), err)
	}
	return nil
}

// replaceFile puts a new file in place of what is there at once. It is private.
func replaceFile(path string, content []byte) (err error) {
	f, err := privatefile.CreateTemp(filepath.Dir(path), ".report-")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
