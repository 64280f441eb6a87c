package main

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	t.Parallel()
	r := release{version: "0.1.0"}
	windows := platform{"windows", "arm64"}
	for got, want := range map[string]string{
		r.archive(command, platform{"linux", "amd64"}): "offlinejoin_0.1.0_linux_amd64.tar.gz",
		r.archive(command, windows):                    "offlinejoin_0.1.0_windows_arm64.zip",
		r.program(command, windows):                    "offlinejoin.exe",
		r.archive(packer, windows):                     "packer-plugin-offlinejoin_v0.1.0_x5.0_windows_arm64.zip",
		r.program(packer, windows):                     "packer-plugin-offlinejoin_v0.1.0_x5.0_windows_arm64.exe",
		r.archive(provider, windows):                   "terraform-provider-offlinejoin_0.1.0_windows_arm64.zip",
		r.program(provider, windows):                   "terraform-provider-offlinejoin_v0.1.0.exe",
		r.sums(packer):                                 "packer-plugin-offlinejoin_v0.1.0_SHA256SUMS",
		r.sums(provider):                               "terraform-provider-offlinejoin_0.1.0_SHA256SUMS",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestArchivesDependOnNothing makes the same archives twice, and looks at what is in one.
func TestArchivesDependOnNothing(t *testing.T) {
	t.Parallel()
	when := time.Unix(1_800_000_000, 0).UTC()
	files := []file{{"a/program", 0o755, []byte("one")}, {"a/b/text", 0o644, []byte("two")}, {"tmp", fs.ModeDir | fs.ModeSticky | 0o777, nil}}
	first, err := zipped(when, files[:2])
	must(t, err)
	again, err := zipped(when, files[:2])
	must(t, err)
	if !bytes.Equal(first, again) {
		t.Error("two zip files differ")
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	must(t, err)
	if f := z.File[0]; f.Mode() != 0o755 || !f.Modified.Equal(when) {
		t.Errorf("%v %v", f.Mode(), f.Modified)
	}
	one, err := tarball(when, "p/", files)
	must(t, err)
	two, err := tarball(when, "p/", files)
	must(t, err)
	if !bytes.Equal(one, two) {
		t.Error("two tar files differ")
	}
}

// TestAppControlPolicy reads the policy as XML, and wants it to allow the programs that it is made for and to be the same twice.
func TestAppControlPolicy(t *testing.T) {
	t.Parallel()
	boots := []bootHash{{"amd64", strings.Repeat("AB", 32)}, {"arm64", strings.Repeat("CD", 32)}}
	text, err := appControlPolicy("0.1.0", boots)
	must(t, err)
	again, err := appControlPolicy("0.1.0", boots)
	must(t, err)
	if !bytes.Equal(text, again) {
		t.Error("two policies differ")
	}
	var p siPolicy
	must(t, xml.Unmarshal(text, &p))
	if p.Type != "Supplemental Policy" || p.Version != "0.1.0.0" || p.Base == p.ID || len(p.ID) != 38 || len(p.FileRules) != 2 {
		t.Errorf("%s", text)
	}
	for i, rule := range p.FileRules {
		if rule.Hash != boots[i].authenticode || p.Scenarios[0].Products.Refs[i].Rule != rule.ID {
			t.Errorf("%+v", rule)
		}
	}
	other, err := appControlPolicy("0.1.0", boots[:1])
	must(t, err)
	var q siPolicy
	must(t, xml.Unmarshal(other, &q))
	if q.ID == p.ID {
		t.Error("policies for other programs have the same id")
	}
}

// TestHotRoomsAreThere: the compiler says nothing of a pattern that no package matches, and would leave inlining out.
func TestHotRoomsAreThere(t *testing.T) {
	t.Parallel()
	for _, room := range hotRooms() {
		if _, err := os.Stat(filepath.Join("..", room, "doc.go")); err != nil {
			t.Error(err)
		}
	}
}
