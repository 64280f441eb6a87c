package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Read returns the program in the file at path, for images of an architecture (amd64, arm64, x86): somebody's own copy
// of the program that this build holds, signed, for Windows with application control. But for the signature it must be
// that program byte for byte, so that no other version and nothing else gets to run as SYSTEM.
//
// The file has at most 16 MiB. The error has code 2 or 5 when the file cannot be read, 50 when it is for another
// architecture or of another version, or when this build holds no program to compare it with, and 87 when it is
// something else. Read does not check the signature: only the Windows that runs the program can tell whom it trusts.
func Read(path, arch string) (*Program, error) {
	ours, err := Lookup(arch)
	if err != nil {
		return nil, err
	}
	exe, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return compare(plaintext.Line(path, 0), exe, ours)
}

// compare makes exe, which messages call path, a Program when it is ours with another signature.
func compare(path string, exe []byte, ours *Program) (*Program, error) {
	own, err := parseImage(exe)
	if err != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is not the completion program: %w: "+
			"sign a copy of the program that this build holds", path, err)
	}
	if own.arch() != ours.Arch {
		return nil, winerr.Errorf(winerr.NotSupported, "%s is a program for %s, and the image is %s: "+
			"use a signed copy of the program for %[3]s", path, own.arch(), ours.Arch)
	}
	version, contract := marked(exe)
	ourVersion, ourContract := marked(ours.exe)
	switch {
	case version == "":
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is not offlinejoin's completion program: "+
			"sign a copy of the program that this build holds", path)
	case version != ourVersion:
		return nil, winerr.Errorf(winerr.NotSupported, "%s is the completion program of offlinejoin %s, and this is %s: "+
			"sign a copy of the program of this version", path, version, ourVersion)
	case contract != ourContract:
		return nil, winerr.Errorf(winerr.NotSupported, "%s understands version %d of the registry contract, and what this "+
			"build stages has version %d: sign a copy of the program that this build holds", path, contract, ourContract)
	}
	reference, err := parseImage(ours.exe)
	if err != nil {
		return nil, damaged(ours.Arch, err)
	}
	if !bytes.Equal(own.unsigned(), reference.unsigned()) {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is not the completion program of this very build: "+
			"it was changed, or built apart; sign a copy of the program that this build holds", path)
	}
	sum := sha256.Sum256(exe)
	return &Program{
		Arch: ours.Arch, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(exe)), Signed: own.signed(), exe: exe,
	}, nil
}

// readFile reads a regular file of at most maxSize bytes.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // before opening: a pipe would be waited for
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is not a file: name the signed completion program",
			plaintext.Line(path, 0))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	exe, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case len(exe) > maxSize:
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is larger than 16 MiB: it is not the completion program",
			plaintext.Line(path, 0))
	}
	return exe, nil
}

func unreadable(path string, err error) error {
	code := winerr.AccessDenied
	if errors.Is(err, os.ErrNotExist) {
		code = winerr.FileNotFound
	}
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return winerr.Errorf(code, "the completion program %s cannot be read: %w: name the signed copy",
		plaintext.Line(path, 0), err)
}

// The bounds of what stands in a marker, in bytes.
const (
	maxVersion = 40
	maxMarked  = maxVersion + 20
)

// marked finds in the program's marker (completion.ProgramMarker) its version, "" when there is no marker, and the newest
// version of the contract that it understands; the first programs do not say that, and understand 1.
func marked(exe []byte) (version string, contract uint32) {
	_, rest, found := bytes.Cut(exe, []byte(completion.ProgramMarker))
	if !found {
		return "", 0
	}
	text, _, ended := strings.Cut(string(rest[:min(len(rest), maxMarked)]), ";")
	version, number, told := strings.Cut(text, completion.ContractMarker)
	contract = 1
	if told {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return "", 0
		}
		contract = uint32(n)
	}
	if !ended || len(version) > maxVersion || strings.ContainsFunc(version, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", 0
	}
	return version, contract
}
