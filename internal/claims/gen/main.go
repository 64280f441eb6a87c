// Command gen writes what the documents have of package claims: docs/evidence.md, of the files in docs/evidence, and the
// table of steps in docs/first-boot.md.
//
//	gen REPOSITORY
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/claims"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen REPOSITORY")
		os.Exit(2)
	}
	pages, err := pages(os.DirFS(filepath.Join(os.Args[1], "docs")))
	for name, content := range pages {
		path := filepath.Join(os.Args[1], "docs", name)
		if before, readErr := os.ReadFile(path); err == nil && (readErr != nil || !bytes.Equal(before, content)) {
			err = os.WriteFile(path, content, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// pages returns the pages by their names in the folder of documents.
func pages(docs fs.FS) (map[string][]byte, error) {
	files, err := evidence(docs)
	if err != nil {
		return nil, err
	}
	firstBoot, err := fs.ReadFile(docs, "first-boot.md")
	if err != nil {
		return nil, err
	}
	firstBoot, err = withSteps(firstBoot)
	return map[string][]byte{"evidence.md": []byte(claims.Page(files)), "first-boot.md": firstBoot}, err
}

func evidence(docs fs.FS) ([]claims.Evidence, error) {
	names, err := fs.Glob(docs, "evidence/*.json")
	if err != nil {
		return nil, err
	}
	var all []claims.Evidence
	for _, name := range names {
		raw, err := fs.ReadFile(docs, name)
		if err != nil {
			return nil, err
		}
		e, err := claims.Read(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("docs/%s: %w", name, err)
		}
		all = append(all, e)
	}
	return all, nil
}

const (
	begin = "<!-- steps, from internal/claims -->\n"
	end   = "<!-- /steps -->\n"
)

// withSteps returns the page with its table of steps as the claims have it.
func withSteps(page []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(begin))
	_, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		return nil, errors.New("docs/first-boot.md has no place for the table of steps")
	}
	return bytes.Join([][]byte{before, []byte(begin + claims.Steps() + end), after}, nil), nil
}
