package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/cli/manual"
)

// commandDocuments are the files that go along with the command line: what the source has, manual pages, completions.
func (r release) commandDocuments() ([]file, error) {
	var files []file
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		f, err := document(name)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	pages, err := r.manualPages()
	if err != nil {
		return nil, err
	}
	completions, err := completions()
	if err != nil {
		return nil, err
	}
	return slices.Concat(files, completions, pages), nil
}

// manualPages are the pages man/*.1, dated with the release.
func (r release) manualPages() ([]file, error) {
	pages, err := manual.Pages(r.version, &r.when)
	var files []file
	for _, p := range pages {
		files = append(files, file{"man/" + p.Name, 0o644, p.Text})
	}
	return files, err
}

// completions are the files that complete the command line in four shells, by the names that packages give them.
func completions() ([]file, error) {
	root := cli.Commands()
	var files []file
	for name, write := range map[string]func(*bytes.Buffer) error{
		"completions/offlinejoin.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"completions/_offlinejoin":     func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"completions/offlinejoin.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"completions/offlinejoin.ps1":  func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, file{name, 0o644, b.Bytes()})
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return files, nil
}
