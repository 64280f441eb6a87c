package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// dist is one run over all platforms.
type dist struct {
	release
	out, bin  string
	platforms []platform
	asTheyAre bool // the programs in bin are not compiled

	thirdParty map[string]thirdParty // of products
	documents  []file                // that go along with the command line
	mu         sync.Mutex
	digests    map[string]map[string]string // of products' files, by their names
}

// make writes everything below d.out.
func (d *dist) make(ctx context.Context) error {
	if err := os.RemoveAll(d.out); err != nil {
		return err
	}
	d.digests = map[string]map[string]string{}
	var err error
	if d.thirdParty, err = allThirdParty(ctx); err != nil {
		return err
	}
	if d.documents, err = d.commandDocuments(); err != nil {
		return err
	}
	for _, p := range d.platforms { // one after the other: go itself works on all CPUs
		if d.asTheyAre {
			break
		}
		start := time.Now()
		if err := d.compile(ctx, p); err != nil {
			return err
		}
		fmt.Printf("%s compiled in %.1f s\n", p, time.Since(start).Seconds())
	}
	if err := each(d.platforms, d.pack); err != nil {
		return err
	}
	if err := d.packAppControl(); err != nil {
		return err
	}
	manifest, err := os.ReadFile("terraform-registry-manifest.json")
	if err != nil {
		return err
	}
	if err := d.put(provider, fmt.Sprintf("%s_%s_manifest.json", provider, d.version), manifest); err != nil {
		return err
	}
	for product := range sources() {
		if err := d.write(product+"/"+d.sums(product), d.list(product)); err != nil {
			return err
		}
	}
	if err := d.writeImage(); err != nil {
		return err
	}
	if err := d.writeManifests(); err != nil {
		return err
	}
	return writePages(d.release, d.out, filepath.Join(d.out, "pages"), nil)
}

// each calls do for all platforms, as many at a time as there are CPUs.
func each(all []platform, do func(platform) error) error {
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	errs := make([]error, len(all))
	for i, p := range all {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = do(p)
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// buildTags leave out of grpc and net/http what no program here uses: pages that trace requests, and HTTP/2 by net/http (grpc has
// its own).
const buildTags = "grpcnotrace,nethttpomithttp2"

// compilerFlags turn inlining off but where it counts: a program is some 12 % smaller then, compressed. A join in a disk image takes
// no more CPU that could be measured; without any inlining it takes 15 to 20 % more (make bench). The last flag that matches a
// package is its flag.
func compilerFlags() []string {
	flags := []string{"-gcflags=all=-l"}
	for _, pattern := range []string{
		"runtime/...", "internal/...", "bytes", "unicode/utf8", "unicode/utf16", "sync/...", "io", "bufio", "encoding/binary", "encoding/hex",
		"hash/...", "crypto/...", "math/bits", "sort", "slices", "maps", "cmp", "iter", "golang.org/x/crypto/...",
		"github.com/klauspost/...",
	} {
		flags = append(flags, "-gcflags="+pattern+"=")
	}
	for _, room := range hotRooms() {
		flags = append(flags, "-gcflags="+module+"/internal/"+room+"/...=")
	}
	for _, pattern := range []string{"crypto/tls/...", "crypto/x509/...", "crypto/ecdsa", "crypto/rsa", "crypto/elliptic"} {
		flags = append(flags, "-gcflags="+pattern+"=-l")
	}
	return flags
}

// hotRooms are the rooms, below internal, in which a join spends its time.
func hotRooms() []string {
	return []string{"regf", "ntfs", "disk", "imagefs", "odj", "ndr", "winimage", "undojournal"}
}

// compile builds the three programs for a platform, into a folder of their own that the next run finds again.
func (d *dist) compile(ctx context.Context, p platform) error {
	folder := filepath.Join(d.bin, p.String())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	args := []string{
		"build", "-trimpath", "-buildvcs=false", "-tags", buildTags, "-ldflags",
		"-s -w -X " + module + "/internal/version.Prerelease= -X " + module + "/internal/version.Commit=" + d.commit,
		"-o", folder + string(filepath.Separator),
	}
	args = slices.Concat(args, compilerFlags(), slices.Sorted(maps.Values(sources())))
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOOS="+p.os, "GOARCH="+p.arch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFIPS140=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling for %s: %w\n%s", p, err, text)
	}
	return nil
}

// built reads a product's program for a platform.
func (d *dist) built(product string, p platform) ([]byte, error) {
	return os.ReadFile(filepath.Join(d.bin, p.String(), product+p.exe()))
}

// pack writes all files of a platform.
func (d *dist) pack(p platform) error {
	for product := range sources() {
		program, err := d.built(product, p)
		if err != nil {
			return err
		}
		if err := d.packBill(product, p, program); err != nil {
			return err
		}
		files := []file{{d.program(product, p), 0o755, program}}
		if product == command {
			files = append(files, d.documents...)
		} else {
			license, err := document("LICENSE")
			if err != nil {
				return err
			}
			files = append(files, license)
		}
		files = append(files, d.thirdParty[product].file())
		var data []byte
		if name := d.archive(product, p); strings.HasSuffix(name, ".zip") {
			data, err = zipped(d.when, files)
		} else {
			data, err = tarball(d.when, strings.TrimSuffix(name, ".tar.gz")+"/", files)
		}
		if err != nil {
			return err
		}
		if err := d.put(product, d.archive(product, p), data); err != nil {
			return err
		}
		if product == command && p.os == "linux" {
			if err := d.packPackages(p, program); err != nil {
				return err
			}
		}
	}
	return nil
}

// packBill writes the bill of materials of a program. All are among the files of the command line, since registries know
// what they want to find beside a plugin.
func (d *dist) packBill(product string, p platform, program []byte) error {
	bill, err := d.bill(product, p, program)
	if err != nil {
		return fmt.Errorf("bill of materials of %s for %s: %w", product, p, err)
	}
	return d.put(command, d.release.base(product, p)+".cdx.json", bill)
}

// put writes a file of a product, and notes its digest.
func (d *dist) put(product, name string, data []byte) error {
	sum := sha256.Sum256(data)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.digests[product] == nil {
		d.digests[product] = map[string]string{}
	}
	d.digests[product][name] = hex.EncodeToString(sum[:])
	return d.write(product+"/"+name, data)
}

// write writes a file below d.out.
func (d *dist) write(name string, data []byte) error {
	return writeFile(filepath.Join(d.out, filepath.FromSlash(name)), data)
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// list is the text of a product's SHA256SUMS.
func (d *dist) list(product string) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(d.digests[product])) {
		fmt.Fprintf(&b, "%s  %s\n", d.digests[product][name], name)
	}
	return b.Bytes()
}
