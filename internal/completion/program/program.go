// Package program holds the compiled completion program (package odjboot) for every architecture that images may have,
// so that staging can place it in an image. The Makefile compiles the programs into bin/ before anything else is built, and
// what is there gets embedded. A build made without them works for everything else, and [Lookup] says what it lacks.
package program

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// maxSize bounds a program when it is unpacked, in bytes: a damaged bin/ must not fill the memory.
const maxSize = 16 << 20

//go:embed bin
var embedded embed.FS

// Program is the completion program for one architecture. It is a Windows executable.
type Program struct {
	Arch   string // as in answer files: amd64, arm64, x86
	SHA256 string // of the executable, lower-case hex
	Size   int64  // of the executable, in bytes
	Signed bool   // it has a signature of somebody's; nobody has checked it ([Read])

	exe []byte
}

// Architectures lists the architectures for which there can be a program.
func Architectures() []string { return []string{"amd64", "arm64", "x86"} }

// FileFor names the compressed program for arch, below this package's folder. Zstandard is unpacked several times faster than gzip.
func FileFor(arch string) string { return "bin/odjboot_" + arch + ".exe.zst" }

// Lookup returns the program for images of an architecture (amd64, arm64, x86). The error has code 50: the architecture is
// not supported, or this build holds no program for it.
func Lookup(arch string) (*Program, error) {
	unpackOnce, known := unpacked[arch]
	if !known {
		return lookup(embedded, arch)
	}
	p, err := unpackOnce()
	if err != nil {
		return nil, err
	}
	own := *p
	return &own, nil
}

// unpacked unpacks each program once, for all images of a process: it is a good part of the work of a stage, and the bytes stay
// the same.
var unpacked = func() map[string]func() (*Program, error) {
	once := map[string]func() (*Program, error){}
	for _, arch := range Architectures() {
		once[arch] = sync.OnceValues(func() (*Program, error) { return lookup(embedded, arch) })
	}
	return once
}()

func lookup(files fs.FS, arch string) (*Program, error) {
	if !slices.Contains(Architectures(), arch) {
		return nil, winerr.Errorf(winerr.NotSupported, "there is no completion program for images of architecture %q: "+
			"method registry is for %s", arch, strings.Join(Architectures(), " and "))
	}
	packed, err := fs.ReadFile(files, FileFor(arch))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, winerr.Errorf(winerr.NotSupported, "this build of offlinejoin holds no completion program for %s: "+
			"build it with `make`, or use a released one", arch)
	}
	if err != nil {
		return nil, damaged(arch, err)
	}
	exe, err := unpack(packed)
	if err != nil {
		return nil, damaged(arch, err)
	}
	sum := sha256.Sum256(exe)
	return &Program{Arch: arch, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(exe)), exe: exe}, nil
}

func unpack(packed []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxSize))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	exe, err := d.DecodeAll(packed, nil)
	if err == nil && len(exe) == 0 {
		err = errors.New("it is empty")
	}
	return exe, err
}

// Bytes returns the executable. The slice is the Program's own; do not change it.
func (p *Program) Bytes() []byte { return p.exe }

func damaged(arch string, err error) error {
	return winerr.Errorf(winerr.NotSupported, "the completion program for %s in this build of offlinejoin is damaged: "+
		"build it again with `make`: %w", arch, err)
}
