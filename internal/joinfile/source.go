package joinfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The endings of join files.
const (
	Ending     = ".join.hcl"
	EndingJSON = ".join.hcl.json"
)

// IsJoinFile reports whether a file name has the ending of a join file.
func IsJoinFile(name string) bool {
	return strings.HasSuffix(name, Ending) || strings.HasSuffix(name, EndingJSON)
}

// find returns the join files at path: the file itself, or all of a folder in the order of their names, and the folder
// that their relative paths start from.
func find(path string) (files []string, folder string, diags hcl.Diagnostics) {
	if err := options.NotContent("FILE|FOLDER", path); err != nil {
		return nil, "", general("Looks like a secret", winerr.MessageOf(err)+".")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", general("No such join file", fmt.Sprintf("%s does not exist: check the path.", path))
	case err != nil:
		return nil, "", general("Join file cannot be read", cause(path, err))
	case !info.IsDir() && !IsJoinFile(path):
		return nil, "", general("Not a join file", fmt.Sprintf("%s does not end in %s or %s: give a join file, or the "+
			"folder that holds some. One image by itself is given by --image-path or --windows-path, to stage, status and unstage.",
			path, Ending, EndingJSON))
	case !info.IsDir():
		return []string{path}, filepath.Dir(path), nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, "", general("Folder cannot be read", cause(path, err))
	}
	for _, e := range entries {
		if !e.IsDir() && IsJoinFile(e.Name()) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	switch {
	case len(files) == 0:
		return nil, "", general("No join files", fmt.Sprintf("%s holds no file that ends in %s or %s: write one, such as "+
			"fleet.join.hcl.", path, Ending, EndingJSON))
	case len(files) > MaxFiles:
		return nil, "", general("Too many join files", fmt.Sprintf("%s holds %d join files, and at most %d are read: "+
			"split the folder.", path, len(files), MaxFiles))
	}
	return files, path, nil
}

// parse reads one HCL file, native or JSON by its name.
func parse(path string) (*hcl.File, hcl.Diagnostics) {
	if err := options.NotContent("--var-file", path); err != nil {
		return nil, general("Looks like a secret", winerr.MessageOf(err)+".")
	}
	src, err := readText(path)
	if err != nil {
		return nil, general("File cannot be read", cause(path, err))
	}
	if diags := checkNesting(src, path); diags.HasErrors() {
		return nil, diags
	}
	if strings.HasSuffix(path, ".json") {
		return json.Parse(src, path)
	}
	return hclsyntax.ParseConfig(src, path, hcl.InitialPos)
}

// readText reads a regular file of at most [MaxFile] bytes of UTF-8.
func readText(path string) ([]byte, error) {
	// A named pipe would wait for a writer; the folder's owner can swap the file, but not to our harm.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > MaxFile:
		return nil, errors.New("it is larger than 1 MiB")
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, errors.New("it is not UTF-8 text; a blob, for one, belongs into blob_file")
	}
	return text, nil
}

// cause is a sentence about a file that an operation failed on.
func cause(path string, err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the sentence names the path already
	}
	return fmt.Sprintf("%s cannot be read: %v.", path, err)
}
