package winetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Holds returns the files of this Windows, registry included, in which secret appears: as it is, as hex with or without
// commas, or as base64. It stops the Windows first, so that everything is on the disk. Files that are older than the
// prefix's first test are not read, because no test wrote them.
func (p *Prefix) Holds(t testing.TB, secret []byte) []string {
	t.Helper()
	p.Stop(t)
	since := p.ready.Add(-2 * time.Second) // file systems' clocks are coarse
	needles := encodings(secret)
	var found []string
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || (info.ModTime().Before(since) && filepath.Ext(path) != ".reg") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if contains(content, needles) {
			found = append(found, strings.TrimPrefix(path, p.dir+"/"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// encodings lists the forms of a part of secret that would betray it: 24 bytes from its middle, so that a remainder is
// found too.
func encodings(secret []byte) [][]byte {
	part := secret
	if len(part) > 48 {
		at := len(part) / 2 / 3 * 3 // base64 of a part equals part of the base64 at multiples of 3
		part = part[at : at+24]
	}
	return [][]byte{
		part,
		[]byte(hex.EncodeToString(part)),
		[]byte(commaHex(part)),
		[]byte(base64.StdEncoding.EncodeToString(part)),
	}
}

// contains looks for needles in content, in content without the line breaks of Wine's registry files, and in both as if
// they were UTF-16.
func contains(content []byte, needles [][]byte) bool {
	joined := bytes.ReplaceAll(content, []byte("\\\n  "), nil)
	narrow := bytes.ReplaceAll(content, []byte{0}, nil)
	lower := bytes.ToLower(joined)
	for _, needle := range needles {
		for _, hay := range [][]byte{content, joined, narrow, lower} {
			if bytes.Contains(hay, needle) {
				return true
			}
		}
	}
	return false
}
