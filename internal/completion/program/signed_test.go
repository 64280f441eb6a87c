package program

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// smallImage is the smallest file that passes for a program of ours: headers, and the marker.
func smallImage(machine, magic uint16, version string) []byte {
	const header = 0x40
	exe := make([]byte, 512)
	copy(exe, "MZ")
	exe[offsetNewHeader] = header
	copy(exe[header:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(exe[header+4:], machine)
	optional := exe[header+4+coffHeaderSize:]
	binary.LittleEndian.PutUint16(optional, magic)
	directories := directoriesPE64
	if magic == magicPE32 {
		directories = directoriesPE32
	}
	binary.LittleEndian.PutUint32(optional[directories-4:], 16)
	copy(exe[400:], completion.ProgramMarker+version+";")
	return exe
}

// signedBy appends a certificate table, as signing does.
func signedBy(exe []byte, signature string) []byte {
	im, err := parseImage(exe)
	if err != nil {
		panic(err)
	}
	out := bytes.Clone(exe)
	for len(out)%certificateAlign != 0 {
		out = append(out, 0)
	}
	binary.LittleEndian.PutUint32(out[im.directory:], uint32(len(out)))
	binary.LittleEndian.PutUint32(out[im.directory+4:], uint32(len(signature)))
	copy(out[im.checksum:], "sum!")
	return append(out, signature...)
}

func changedAt(exe []byte, at int) []byte {
	out := bytes.Clone(exe)
	out[at] ^= 1
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()
	ours := smallImage(machineAMD64, magicPE64, "1.2.3")
	signed := signedBy(ours, "a signature of somebody's")
	tests := map[string]struct {
		exe  []byte
		code winerr.Code
		text string
	}{
		"unsigned":             {ours, 0, ""},
		"signed":               {signed, 0, ""},
		"signed otherwise":     {signedBy(ours, "s"), 0, ""},
		"another architecture": {smallImage(machineARM64, magicPE64, "1.2.3"), 50, "is a program for arm64, and the image is amd64"},
		"x86":                  {smallImage(machineX86, magicPE32, "1.2.3"), 50, "is a program for x86"},
		"unknown architecture": {smallImage(0x200, magicPE64, "1.2.3"), 50, "another architecture"},
		"another version":      {smallImage(machineAMD64, magicPE64, "1.2.4"), 50, "of offlinejoin 1.2.4, and this is 1.2.3"},
		"endless version":      {smallImage(machineAMD64, magicPE64, strings.Repeat("9", 50)), 87, "not offlinejoin's"},
		"version for a screen": {smallImage(machineAMD64, magicPE64, "1\x1b[2J"), 87, "not offlinejoin's"},
		"no marker":            {changedAt(ours, 401), 87, "not offlinejoin's"},
		"changed":              {changedAt(ours, 300), 87, "not the completion program of this very build"},
		"signed and changed":   {changedAt(signed, 300), 87, "not the completion program of this very build"},
		"more behind":          {append(bytes.Clone(ours), "more"...), 87, "not the completion program of this very build"},
		"more behind the signature": {
			append(bytes.Clone(signed), 'x'), 87, "its certificate table does not end the file",
		},
		"more before the signature": {
			signedBy(append(bytes.Clone(ours), "more"...), "s"), 87, "not the completion program of this very build",
		},
		"cut off":    {signed[:len(signed)-1], 87, "its certificate table does not end the file"},
		"nothing":    {nil, 87, "it is not a Windows program"},
		"a script":   {[]byte("#!/bin/sh\n"), 87, "it is not a Windows program"},
		"16-bit":     {smallImage(machineAMD64, 0x107, "1.2.3"), 87, "it is not a Windows program"},
		"only MZ":    {append([]byte("MZ"), make([]byte, 100)...), 87, "it is not a Windows program"},
		"far header": {append(bytes.Clone(ours[:offsetNewHeader]), 0xff, 0xff, 0xff, 0xff), 87, "it is not a Windows program"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := compare("own.exe", tt.exe, &Program{Arch: "amd64", exe: ours})
			if tt.text == "" {
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(p.Bytes(), tt.exe) || p.Size != int64(len(tt.exe)) || p.Arch != "amd64" ||
					p.Signed != (name != "unsigned") || len(p.SHA256) != 64 {
					t.Errorf("%+v", p)
				}
				return
			}
			if code, _ := winerr.CodeOf(err); code != tt.code || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want code %d and %q", err, tt.code, tt.text)
			}
		})
	}
}

func FuzzParseImage(f *testing.F) {
	amd64 := smallImage(machineAMD64, magicPE64, "1.2.3")
	f.Add(amd64)
	f.Add(smallImage(machineX86, magicPE32, "1.2.3"))
	f.Add(signedBy(amd64, "signature"))
	f.Add([]byte("MZ"))
	ours := &Program{Arch: "amd64", exe: amd64}
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := compare("f", file, ours)
		if err != nil {
			if _, coded := winerr.CodeOf(err); !coded {
				t.Errorf("an error without a code: %v", err)
			}
			return
		}
		// What is taken has ours at its beginning, but for what signing changes.
		im, err := parseImage(p.Bytes())
		if err != nil || im.certificate > len(amd64)+certificateAlign {
			t.Errorf("taken with %d bytes before the signature: %v", im.certificate, err)
		}
	})
}

func TestReadRefusesFiles(t *testing.T) {
	t.Parallel()
	needProgram(t, "amd64")
	dir := t.TempDir()
	large := filepath.Join(dir, "large.exe")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxSize+1); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		code winerr.Code
		text string
	}{
		filepath.Join(dir, "none.exe"): {winerr.FileNotFound, "cannot be read"},
		dir:                            {winerr.InvalidParameter, "is not a file"},
		large:                          {winerr.InvalidParameter, "larger than 16 MiB"},
	} {
		_, err := Read(path, "amd64")
		if code, _ := winerr.CodeOf(err); code != want.code || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Read(large, "ia64"); err == nil {
		t.Error("ia64: no error")
	}
}

// needProgram skips a test in a build that holds no program.
func needProgram(t *testing.T, arch string) *Program {
	t.Helper()
	p, err := Lookup(arch)
	if err != nil {
		if testenv.Required() {
			t.Fatal(err)
		}
		t.Skip("skipped: " + err.Error())
	}
	return p
}

// TestSignedCopy signs copies of the programs of this build with a certificate made for it, as a user does.
func TestSignedCopy(t *testing.T) {
	t.Parallel()
	sign := testenv.Tool(t, "osslsigncode")
	openssl := testenv.Tool(t, "openssl")
	dir := t.TempDir()
	run(t, dir, openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
		"-days", "2", "-subj", "/CN=offlinejoin test", "-addext", "extendedKeyUsage=codeSigning")
	for _, arch := range Architectures() {
		exe := needProgram(t, arch).Bytes()
		if err := os.WriteFile(filepath.Join(dir, arch+".exe"), exe, 0o600); err != nil {
			t.Fatal(err)
		}
		signed := filepath.Join(dir, arch+"-signed.exe")
		run(t, dir, sign, "sign", "-certs", "cert.pem", "-key", "key.pem", "-h", "sha256", "-in", arch+".exe", "-out", signed)
		checkSigned(t, signed, arch)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// checkSigned lets a signed copy pass for its architecture only, and not after a change.
func checkSigned(t *testing.T, path, arch string) {
	t.Helper()
	p, err := Read(path, arch)
	if err != nil {
		t.Fatal(err)
	}
	if ours, _ := Lookup(arch); !p.Signed || p.Size <= ours.Size || p.SHA256 == ours.SHA256 || p.Arch != arch {
		t.Errorf("%+v", p)
	}
	// The digest that whoever signed has computed is in the signature, and ours is that one, of the signed copy and without.
	im, err := parseImage(p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := Lookup(arch)
	for name, exe := range map[string][]byte{"signed": p.Bytes(), "not signed": ours.Bytes()} {
		sum, err := AuthenticodeSHA256(exe)
		if err != nil || !bytes.Contains(im.file[im.certificate:], sum[:]) {
			t.Errorf("%s, %s: the Authenticode digest %x is not in the signature: %v", arch, name, sum, err)
		}
	}
	for _, other := range Architectures() {
		if other == arch {
			continue
		}
		_, err := Read(path, other)
		if code, _ := winerr.CodeOf(err); code != winerr.NotSupported || !strings.Contains(err.Error(), "and the image is "+other) {
			t.Errorf("%s for %s: %v", arch, other, err)
		}
	}
	marker := completion.ProgramMarker + version.Version
	at := bytes.Index(p.Bytes(), []byte(marker))
	for name, change := range map[string]struct {
		at   int
		code winerr.Code
	}{
		"version": {at + len(marker) - 1, winerr.NotSupported},
		"marker":  {at, winerr.InvalidParameter},
		"code":    {len(p.Bytes()) / 4, winerr.InvalidParameter},
	} {
		other := path + "." + name
		if err := os.WriteFile(other, changedAt(p.Bytes(), change.at), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(other, arch)
		if code, _ := winerr.CodeOf(err); code != change.code {
			t.Errorf("%s with another %s: %v", arch, name, err)
		}
	}
}
