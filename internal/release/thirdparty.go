package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// linked is a module that is linked into a program, with the texts that have to go along.
type linked struct {
	path, version string // of what is compiled: of the replacement where there is one
	replaces      string // the path of the module that it stands for, or ""
	dir           string
	texts         []licenseText
}

// name is how a module is called in lists: path@version.
func (m linked) name() string { return m.path + "@" + m.version }

// licenses lists what the texts of the module are, each once.
func (m linked) licenses() []string {
	var ids []string
	for _, t := range m.texts {
		ids = append(ids, t.licenses...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// licenseText is a file of a module with a licence, or with notices that a licence wants to be passed on.
type licenseText struct {
	name     string   // below the module's folder
	licenses []string // SPDX identifiers; none for notices
	text     string
}

// thirdParty is what goes along with a product because of what is linked into it.
type thirdParty struct {
	product string
	modules []linked // Go itself first
}

func (t thirdParty) file() file { return file{"THIRD_PARTY.txt", 0o644, t.text()} }

// text lists the modules with their licences, then the texts, each once.
func (t thirdParty) text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s is under the Mozilla Public License 2.0; its source is at %s.\n\n", t.product, repository)
	b.WriteString("It contains the following, each under its own licence. The source of a module is at its path, in the version named.\n\n")
	users := map[string][]string{}
	var order []string
	for _, m := range t.modules {
		fmt.Fprintf(&b, "  %s (%s)", m.name(), strings.Join(m.licenses(), ", "))
		if m.replaces != "" {
			fmt.Fprintf(&b, ", in place of %s", m.replaces)
		}
		b.WriteByte('\n')
		for _, one := range m.texts {
			if users[one.text] == nil {
				order = append(order, one.text)
			}
			users[one.text] = append(users[one.text], m.name()+"/"+one.name)
		}
	}
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n", strings.Repeat("=", 100))
		for _, user := range users[text] {
			fmt.Fprintf(&b, "%s\n", user)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", strings.Repeat("-", 100), strings.TrimRight(text, "\n"))
	}
	return b.Bytes()
}

// find returns the module of a path.
func (t thirdParty) find(path string) (linked, bool) {
	i := slices.IndexFunc(t.modules, func(m linked) bool { return m.path == path || m.replaces == path })
	if i < 0 {
		return linked{}, false
	}
	return t.modules[i], true
}

// allThirdParty asks go for the modules of every product on every system, and reads their licences.
func allThirdParty(ctx context.Context) (map[string]thirdParty, error) {
	all := map[string]thirdParty{}
	goItself, err := goLicense(ctx)
	if err != nil {
		return nil, err
	}
	for product, pkg := range sources() {
		modules := map[string]*linkedFolders{}
		for _, goos := range []string{"linux", "darwin", "windows"} {
			if err := addLinked(ctx, modules, pkg, goos); err != nil {
				return nil, err
			}
		}
		t := thirdParty{product, []linked{goItself}}
		for _, path := range slices.Sorted(maps.Keys(modules)) {
			m := modules[path].linked
			if m.texts, err = readLicenses(m.dir, slices.Collect(maps.Keys(modules[path].folders))); err != nil {
				return nil, fmt.Errorf("%s: %w", m.name(), err)
			}
			t.modules = append(t.modules, m)
		}
		all[product] = t
	}
	return all, nil
}

// linkedFolders is a module with the folders of its packages that are linked.
type linkedFolders struct {
	linked
	folders map[string]bool
}

// addLinked adds the modules of pkg's program on a system.
func addLinked(ctx context.Context, to map[string]*linkedFolders, pkg, goos string) error {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", pkg)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	type source struct{ Path, Version, Dir string }
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct {
				source
				Main    bool
				Replace *source
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		from, replaces := p.Module.source, ""
		if p.Module.Replace != nil {
			from, replaces = *p.Module.Replace, p.Module.Path
		}
		if to[from.Path] == nil {
			to[from.Path] = &linkedFolders{
				linked:  linked{path: from.Path, version: from.Version, replaces: replaces, dir: from.Dir},
				folders: map[string]bool{},
			}
		}
		to[from.Path].folders[p.Dir] = true
	}
}

// goLicense is Go itself: its run time and its library are in every program.
func goLicense(ctx context.Context) (linked, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return linked{}, err
	}
	m := linked{path: "std", version: runtime.Version(), dir: strings.TrimSpace(string(root))}
	m.texts, err = readLicenses(m.dir, []string{m.dir})
	return m, err
}

// licenseFile is how files with licences and notices are called.
var licenseFile = regexp.MustCompile(`(?i)^(li[cs]en[cs]e|copying|unlicense|notice|patents)([-._].*)?$`)

// readLicenses reads the licences and notices in a module's folder and in those folders of it whose packages are linked, with
// the ones between. A licence that is not allowed is an error, and so is a module without any.
func readLicenses(root string, folders []string) ([]licenseText, error) {
	look := map[string]bool{root: true}
	for _, folder := range folders {
		for ; folder != root && strings.HasPrefix(folder, root); folder = filepath.Dir(folder) {
			look[folder] = true
		}
	}
	var texts []licenseText
	for _, folder := range slices.Sorted(maps.Keys(look)) {
		found, err := licensesIn(root, folder)
		if err != nil {
			return nil, err
		}
		texts = append(texts, found...)
	}
	if !slices.ContainsFunc(texts, func(t licenseText) bool { return len(t.licenses) > 0 }) {
		return nil, errors.New("it has no licence")
	}
	slices.SortFunc(texts, func(a, b licenseText) int { return cmp.Compare(a.name, b.name) })
	return texts, nil
}

func licensesIn(root, folder string) ([]licenseText, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var texts []licenseText
	for _, e := range entries {
		if !licenseFile.MatchString(e.Name()) || e.Type()&fs.ModeType != 0 || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		path := filepath.Join(folder, e.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		t := licenseText{name: filepath.ToSlash(name), text: string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))}
		upper := strings.ToUpper(e.Name())
		if !strings.HasPrefix(upper, "NOTICE") && !strings.HasPrefix(upper, "PATENTS") {
			if t.licenses, err = recognize(t.text); err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
		}
		texts = append(texts, t)
	}
	return texts, nil
}

// licenses are the allowed ones, each with words of its text, in small letters and with single spaces, that all have to be
// there. None of them wants more than that its text and notices go along; the Mozilla licence also that the source can be
// had, which the list of modules names.
var licenses = []struct {
	id    string
	words []string
}{
	{"MPL-2.0", []string{"mozilla public license", "2.0", "covered software"}},
	{"Apache-2.0", []string{"apache license", "version 2.0"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
}

// refused are words of licences that ask for more, or that forbid uses.
var refused = []string{
	"gnu affero general public license", "gnu lesser general public license", "gnu general public license",
	"business source license", "server side public license", "commons clause", "elastic license", "sustainable use license",
	"noncommercial", "non-commercial purposes",
}

var spaces = regexp.MustCompile(`\s+`)

// recognize returns the identifiers of the licences that a text holds. The error says what is wrong with it.
func recognize(text string) ([]string, error) {
	plain := spaces.ReplaceAllString(strings.ToLower(text), " ")
	var ids []string
	for _, l := range licenses {
		if slices.ContainsFunc(l.words, func(w string) bool { return !strings.Contains(plain, w) }) {
			continue
		}
		if l.id == "BSD-2-Clause" && slices.Contains(ids, "BSD-3-Clause") {
			continue
		}
		ids = append(ids, l.id)
	}
	for _, word := range refused {
		// The Mozilla licence names those of GNU as ones that it gets along with.
		if strings.Contains(plain, word) && !(slices.Contains(ids, "MPL-2.0") && strings.HasPrefix(word, "gnu ")) {
			return nil, fmt.Errorf("the licence is not allowed: it speaks of %q", word)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the licence is not known: read it, and add it to the allowed ones or drop the module")
	}
	return ids, nil
}
