package program

import (
	"bytes"
	"crypto/sha256"
	"debug/pe"
	"encoding/hex"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/program/crossbuild"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func packed(t *testing.T, content io.Reader) []byte {
	t.Helper()
	exe, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := crossbuild.Compress(exe)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// zeros is an endless reader of a program that unpacks too large.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestLookupRefuses(t *testing.T) {
	t.Parallel()
	good := packed(t, strings.NewReader("MZ"))
	tests := map[string]struct {
		file []byte // for amd64
		arch string
		want string
	}{
		"a build without": {
			nil, "arm64", "this build of offlinejoin holds no completion program for arm64: build it with `make`",
		},
		"ia64":                     {good, "ia64", `no completion program for images of architecture "ia64"`},
		"no architecture":          {good, "", `no completion program for images of architecture ""`},
		"a path":                   {good, "../amd64", "no completion program for images of architecture"},
		"empty":                    {[]byte{}, "amd64", "is damaged"},
		"not compressed":           {[]byte("MZ"), "amd64", "is damaged"},
		"cut off":                  {good[:len(good)-3], "amd64", "is damaged"},
		"unpacks to more than max": {packed(t, io.LimitReader(zeros{}, maxSize+1)), "amd64", "is damaged"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"bin/README.md": {}}
			if tt.file != nil {
				files[FileFor("amd64")] = &fstest.MapFile{Data: tt.file}
			}
			p, err := lookup(files, tt.arch)
			if err == nil {
				t.Fatalf("no error, but %+v", p)
			}
			if code, _ := winerr.CodeOf(err); code != winerr.NotSupported || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want code 50 and %q", err, tt.want)
			}
		})
	}
}

func TestLookupUnpacks(t *testing.T) {
	t.Parallel()
	want := []byte("MZ and so on")
	p, err := lookup(fstest.MapFS{FileFor("arm64"): {Data: packed(t, bytes.NewReader(want))}}, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(want)
	if p.Arch != "arm64" || p.Size != int64(len(want)) || p.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", p)
	}
	if got := p.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("Bytes: %q", got)
	}
}

// TestEmbedded judges what this very build holds.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	machines := map[string]uint16{
		"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64, "x86": pe.IMAGE_FILE_MACHINE_I386,
	}
	for _, arch := range Architectures() {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			if _, err := fs.Stat(embedded, FileFor(arch)); err != nil {
				if testenv.Required() {
					t.Fatal("this build holds no completion program for " + arch + ": run make first")
				}
				t.Skip("skipped: this build holds no completion program for " + arch + " (make puts it there)")
			}
			p, err := Lookup(arch)
			if err != nil {
				t.Fatal(err)
			}
			exe := p.Bytes()
			f, err := pe.NewFile(bytes.NewReader(exe))
			if err != nil {
				t.Fatal(err)
			}
			if f.Machine != machines[arch] {
				t.Errorf("machine type %#x, want %#x", f.Machine, machines[arch])
			}
			if got := subsystem(f); got != pe.IMAGE_SUBSYSTEM_WINDOWS_GUI {
				t.Errorf("subsystem %d: a console program shows its window before anybody has logged on", got)
			}
			if p.Size > 1_900_000 {
				t.Errorf("%d bytes: the aim is 1.9 MB at most", p.Size)
			}
			if got, contract := marked(exe); got != version.Version || contract != completion.Version {
				t.Errorf("the program's marker says version %q, contract %d; these are %s and %d", got, contract, version.Version,
					completion.Version)
			}
			if bytes.Contains(exe, []byte("ODJBOOT_")) {
				t.Error("the program is the one for tests")
			}
			if bytes.Contains(exe, []byte(testenv.Root())) {
				t.Error("the program tells where it was built")
			}
		})
	}
}

// subsystem returns what the optional header says of how Windows starts the program.
func subsystem(f *pe.File) uint16 {
	switch h := f.OptionalHeader.(type) {
	case *pe.OptionalHeader32:
		return h.Subsystem
	case *pe.OptionalHeader64:
		return h.Subsystem
	}
	return pe.IMAGE_SUBSYSTEM_UNKNOWN
}
