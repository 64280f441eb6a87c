// Package crossbuild compiles the completion program for Windows with the Go toolchain at hand, on any system. The
// generator of package program uses it, and tests that want the program as it is now.
//
// The same source and toolchain give the same bytes everywhere: no paths, no build id, no version control stamp, no
// cgo.
package crossbuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// Marker is the text in the program's file that names this version of the source: no prerelease, so that the same source
// gives the same program for a release and before it.
func Marker() string {
	return completion.ProgramMarker + version.Version + completion.ContractMarker +
		strconv.FormatUint(uint64(completion.Version), 10) + ";"
}

// ForTests is the build tag of the program for tests under Wine (package odjboot).
const ForTests = "odjboot_wine"

// Program returns the completion program for Windows on arch (amd64, arm64, x86), an executable below 2 MiB. It runs `go build` in dir, any
// folder of this module. Tags are build tags; what images get has none.
func Program(ctx context.Context, dir, arch string, tags ...string) ([]byte, error) {
	goarch := arch
	if arch == "x86" {
		goarch = "386"
	}
	tmp, err := os.MkdirTemp("", "odjboot-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "odjboot.exe")

	// -l: without inlining the program is 4 % smaller, and speed is nothing to it. windowsgui: Windows gives a console program
	// that SYSTEM starts a window of its own before anybody has logged on (inferred); this one shows nothing.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-l",
		"-tags="+strings.Join(tags, ","), "-ldflags=-H=windowsgui -s -w -buildid= -X 'main.marker="+Marker()+"'", "-o", out,
		"github.com/offlinejoin/offlinejoin/internal/completion/odjboot")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH="+goarch, "CGO_ENABLED=0", "GOAMD64=v1", "GOARM64=v8.0", "GO386=sse2",
		"GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the completion program for windows/%s: %w\n%s", arch, err, text)
	}
	return os.ReadFile(out)
}

// Compress returns exe as a frame of Zstandard: the same exe gives the same frame.
func Compress(exe []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return w.EncodeAll(exe, nil), nil
}
