package main

import (
	"bytes"
	"compress/gzip"
	"crypto/md5" // dpkg lists files by it; it guards nothing
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/rpmpack"
)

const longDescription = `It writes the provisioning blob that djoin, Samba or Windows' own function
has made into the registry of a Windows that is not running: in a disk image
file, or in a mounted tree. The machine comes up joined at its first boot,
with no network and no domain credential there.`

// packPackages writes the .deb and the .rpm of the command line.
func (d *dist) packPackages(p platform, exe []byte) error {
	installed, err := d.installed(exe)
	if err != nil {
		return err
	}
	deb, err := d.deb(p, installed)
	if err != nil {
		return err
	}
	if err := d.put(command, fmt.Sprintf("%s_%s_%s.deb", command, d.version, p.arch), deb); err != nil {
		return err
	}
	rpm, err := d.rpm(p, installed)
	if err != nil {
		return err
	}
	return d.put(command, fmt.Sprintf("%s-%s-1.%s.rpm", command, d.version, rpmArch(p)), rpm)
}

// installed are the files that both packages install, by their paths without the first slash.
func (d *dist) installed(exe []byte) ([]file, error) {
	files := []file{{"usr/bin/" + command, 0o755, exe}}
	places := map[string]string{
		"completions/offlinejoin.bash": "usr/share/bash-completion/completions/offlinejoin",
		"completions/_offlinejoin":     "usr/share/zsh/vendor-completions/_offlinejoin",
		"completions/offlinejoin.fish": "usr/share/fish/vendor_completions.d/offlinejoin.fish",
	}
	for _, f := range d.documents {
		if to := places[f.name]; to != "" {
			files = append(files, file{to, 0o644, f.data})
		}
		if page, ok := strings.CutPrefix(f.name, "man/"); ok {
			packed, err := gzipped(f.data, gzip.BestCompression)
			if err != nil {
				return nil, err
			}
			files = append(files, file{"usr/share/man/man1/" + page + ".gz", 0o644, packed})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// deb is a Debian package (deb(5)): an ar archive of the format's version, the control files, and what is installed.
func (d *dist) deb(p platform, installed []file) ([]byte, error) {
	changes, err := gzipped(fmt.Appendf(nil, "%s (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md in\n    %s\n\n"+
		" -- %s  %s\n", command, d.version, repository, d.maintainer, d.when.Format(time.RFC1123Z)), gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	files := append(slices.Clone(installed),
		file{"usr/share/doc/offlinejoin/changelog.gz", 0o644, changes},
		file{"usr/share/doc/offlinejoin/copyright", 0o644, fmt.Appendf(nil, debianCopyright, repository, d.when.Year())},
		file{"usr/share/doc/offlinejoin/THIRD_PARTY.txt", 0o644, d.thirdParty[command].text()},
		// The program is one file on purpose: it has to run wherever images are worked on.
		file{"usr/share/lintian/overrides/offlinejoin", 0o644, []byte("offlinejoin: statically-linked-binary [usr/bin/offlinejoin]\n")},
	)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	size := 0
	var sums bytes.Buffer
	for _, f := range files {
		size += (len(f.data) + 1023) / 1024
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.data), f.name)
	}
	description := strings.ToLower(summary[:1]) + summary[1:]
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %d\nSuggests: age\n"+
		"Section: admin\nPriority: optional\nHomepage: %s\nDescription: %s\n %s\n", command, d.version, p.arch, d.maintainer, size,
		repository, description, strings.ReplaceAll(longDescription, "\n", "\n "))
	controls, err := tarball(d.when, "./", []file{{"control", 0o644, []byte(control)}, {"md5sums", 0o644, sums.Bytes()}})
	if err != nil {
		return nil, err
	}
	data, err := tarball(d.when, "./", files)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("!<arch>\n")
	for _, part := range []file{
		{name: "debian-binary", data: []byte("2.0\n")}, {name: "control.tar.gz", data: controls}, {name: "data.tar.gz", data: data},
	} {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", part.name, d.when.Unix(), 0, 0, "100644", len(part.data))
		b.Write(part.data)
		if len(part.data)%2 != 0 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes(), nil
}

// debianCopyright is Debian's file about licences, which names those that every Debian system has. All texts in full are
// beside it.
const debianCopyright = `offlinejoin
Source: %s
Copyright (C) %d the authors of offlinejoin

This Source Code Form is subject to the terms of the Mozilla Public License,
v. 2.0. On Debian systems its text is in /usr/share/common-licenses/MPL-2.0.

The program contains modules of others, each under its own licence. Their
names, versions and licences are in THIRD_PARTY.txt in this folder.
`

func rpmArch(p platform) string {
	if p.arch == "arm64" {
		return "aarch64"
	}
	return "x86_64"
}

func (d *dist) rpm(p platform, installed []file) ([]byte, error) {
	pkg, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: command, Version: d.version, Release: "1", Arch: rpmArch(p), Summary: summary, Description: longDescription,
		URL: repository, Licence: "MPL-2.0", BuildHost: "localhost", BuildTime: d.when, Compressor: "gzip:6",
	})
	if err != nil {
		return nil, err
	}
	license, err := document("LICENSE")
	if err != nil {
		return nil, err
	}
	for _, f := range installed {
		name := f.name
		if shell, ok := strings.CutPrefix(name, "usr/share/zsh/vendor-completions/"); ok {
			name = "usr/share/zsh/site-functions/" + shell // where the systems with rpm look
		}
		pkg.AddFile(d.rpmFile(name, f, rpmpack.GenericFile))
	}
	pkg.AddFile(d.rpmFile("usr/share/licenses/offlinejoin/LICENSE", license, rpmpack.LicenceFile))
	third := d.thirdParty[command].file()
	pkg.AddFile(d.rpmFile("usr/share/licenses/offlinejoin/"+third.name, third, rpmpack.LicenceFile))
	var b bytes.Buffer
	if err := pkg.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (d *dist) rpmFile(name string, f file, kind rpmpack.FileType) rpmpack.RPMFile {
	const regular = 0o100000
	return rpmpack.RPMFile{
		Name: "/" + name, Body: f.data, Mode: regular | uint(f.mode.Perm()), Owner: "root", Group: "root",
		MTime: uint32(d.when.Unix()), Type: kind, // until 2106
	}
}
