package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// products are the folders of .build/dist with files of releases.
var products = []string{"offlinejoin", "packer-plugin-offlinejoin", "terraform-provider-offlinejoin"}

// dist returns what `make dist` has made of the commit that is tested.
func dist(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(testenv.Root(), ".build", "dist")
	text, err := os.ReadFile(filepath.Join(folder, "image", "index.json"))
	if err != nil {
		testenv.Absent(t, "no release is in .build/dist: run make dist")
	}
	head := exec.CommandContext(t.Context(), testenv.Tool(t, "git"), "rev-parse", "HEAD")
	head.Dir = testenv.Root()
	commit, err := head.Output()
	must(t, err)
	var index struct{ Manifests []struct{ Digest string } }
	must(t, json.Unmarshal(text, &index))
	inner, err := os.ReadFile(filepath.Join(folder, "image", "blobs", "sha256", strings.TrimPrefix(index.Manifests[0].Digest, "sha256:")))
	must(t, err)
	if !bytes.Contains(inner, bytes.TrimSpace(commit)) {
		testenv.Absent(t, "the release in .build/dist is of another commit: run make dist")
	}
	return folder
}

// signedRelease is a release with signatures and a static registry, by a key that is made for the test.
type signedRelease struct {
	dir     string
	version string
}

// trialKey is a key pair that is made once and forgotten at the end of the test process.
type trialKey struct{ private, public string }

const trialPassphrase = "only for a test"

var newTrialKey = sync.OnceValues(func() (trialKey, error) {
	home, err := os.MkdirTemp("", "gnupg-")
	if err != nil {
		return trialKey{}, err
	}
	defer os.RemoveAll(home)
	gpg := func(args ...string) (string, error) {
		cmd := exec.Command("gpg", append([]string{"--batch", "--pinentry-mode", "loopback", "--passphrase", trialPassphrase}, args...)...)
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("%s: %w", cmd, err)
		}
		return string(out), err
	}
	defer func() {
		kill := exec.Command("gpgconf", "--kill", "all")
		kill.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = kill.Run() // its folder goes anyway
	}()
	if _, err := gpg("--quick-generate-key", "a test of offlinejoin", "rsa3072", "sign", "never"); err != nil {
		return trialKey{}, err
	}
	var k trialKey
	if k.private, err = gpg("--armor", "--export-secret-keys"); err != nil {
		return trialKey{}, err
	}
	k.public, err = gpg("--armor", "--export")
	return k, err
})

// newSignedRelease signs a release as the workflow does, and makes its pages.
func newSignedRelease(t *testing.T) *signedRelease {
	t.Helper()
	from := dist(t)
	testenv.Tool(t, "gpg")
	key, err := newTrialKey()
	must(t, err)
	r := &signedRelease{dir: t.TempDir(), version: "0.1.0"}
	for _, product := range products {
		must(t, os.Mkdir(filepath.Join(r.dir, product), 0o700))
		entries, err := os.ReadDir(filepath.Join(from, product))
		must(t, err)
		for _, e := range entries {
			must(t, os.Symlink(filepath.Join(from, product, e.Name()), filepath.Join(r.dir, product, e.Name())))
		}
	}
	public := filepath.Join(r.dir, "release-key.asc")
	must(t, os.WriteFile(public, []byte(key.public), 0o600))
	for _, cmd := range []*exec.Cmd{
		exec.CommandContext(t.Context(), "sh", "internal/release/sign.sh", r.dir, public),
		exec.CommandContext(t.Context(), releaseProgram(t), "pages", "-dist", r.dir, "-key", public, "-into", filepath.Join(r.dir, "pages")),
	} {
		cmd.Dir = testenv.Root()
		cmd.Env = append(os.Environ(), "GPG_PRIVATE_KEY="+key.private, "GPG_PASSPHRASE="+trialPassphrase)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	return r
}

// releaseProgram compiles internal/release once.
func releaseProgram(t *testing.T) string {
	t.Helper()
	path, err := compiledRelease()
	must(t, err)
	return path
}

var compiledRelease = sync.OnceValues(func() (string, error) {
	path := filepath.Join(testenv.Root(), ".build", "tools", "release")
	cmd := exec.Command("go", "build", "-o", path, "./internal/release")
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return path, nil
})

// replace makes a file of a release one of its own, with other content.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, content, 0o600))
}

// sumAgain lists a product's files anew, as if the release had been made with them.
func sumAgain(t *testing.T, dir, product, sums string) {
	t.Helper()
	old, err := os.ReadFile(filepath.Join(dir, product, sums))
	must(t, err)
	var b bytes.Buffer
	for line := range strings.Lines(string(old)) {
		name := strings.TrimSpace(line[66:])
		data, err := os.ReadFile(filepath.Join(dir, product, name))
		must(t, err)
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), name)
	}
	replace(t, filepath.Join(dir, product, sums), b.Bytes())
}

// installer is somebody with a machine: a home, a working directory, and the hosts that it reaches.
type installer struct {
	t   *testing.T
	dir string
	env []string
}

func (h *hosts) installer(t *testing.T) *installer {
	t.Helper()
	u := &installer{t: t, dir: t.TempDir()}
	home := t.TempDir()
	rc := filepath.Join(home, "terraform.rc")
	must(t, os.WriteFile(rc, nil, 0o600))
	u.env = append(os.Environ(), h.env...)
	u.env = append(u.env, "HOME="+home, "TF_CLI_CONFIG_FILE="+rc, "TF_IN_AUTOMATION=1", "PACKER_PLUGIN_PATH="+filepath.Join(home, "packer"),
		"PACKER_CONFIG_DIR="+home)
	return u
}

// write puts a file into the working directory.
func (u *installer) write(name, text string) {
	u.t.Helper()
	must(u.t, os.WriteFile(filepath.Join(u.dir, name), []byte(text), 0o600))
}

// rc is the configuration file of terraform.
func (u *installer) rc(text string) {
	u.t.Helper()
	u.write("terraform.rc", text)
	u.env = append(u.env, "TF_CLI_CONFIG_FILE="+filepath.Join(u.dir, "terraform.rc"))
}

// run runs a program, and returns what it says without colours and with single spaces, since terraform breaks lines anywhere.
func (u *installer) run(program string, args ...string) (string, error) {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), program, args...)
	cmd.Dir, cmd.Env = u.dir, u.env
	out, err := cmd.CombinedOutput()
	plain := colours.ReplaceAllString(string(out), "")
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(plain)), " "), err
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// well runs a program that must go well and say something.
func (u *installer) well(want, program string, args ...string) string {
	u.t.Helper()
	out, err := u.run(program, args...)
	if err != nil || !regexp.MustCompile(want).MatchString(out) {
		u.t.Fatalf("%s %s: %v, want %q in\n%s", filepath.Base(program), strings.Join(args, " "), err, want, out)
	}
	return out
}

// refused runs a program that must fail and say why.
func (u *installer) refused(want, program string, args ...string) {
	u.t.Helper()
	out, err := u.run(program, args...)
	if err == nil || !regexp.MustCompile(want).MatchString(out) {
		u.t.Errorf("%s %s: %v, want a failure and %q in\n%s", filepath.Base(program), strings.Join(args, " "), err, want, out)
	}
}

const officialSource, staticSource = "offlinejoin/offlinejoin", pagesHost + "/offlinejoin/offlinejoin"

func requiring(source string) string {
	return fmt.Sprintf("terraform {\n  required_providers {\n    offlinejoin = { source = %q, version = \"~> 0.1\" }\n  }\n}\n\n"+
		"output \"print\" { value = provider::offlinejoin::fingerprint(\"none\") }\n", source)
}

// TestReleaseForTerraform installs the provider in every way that docs/install.md tells, with the real terraform and tofu.
func TestReleaseForTerraform(t *testing.T) {
	t.Parallel()
	r := newSignedRelease(t)
	for name, program := range map[string]string{"terraform": testenv.Tool(t, "terraform"), "tofu": tofu()} {
		t.Run(name, func(t *testing.T) {
			if program == "" {
				t.Skip("skipped: tofu is not installed (make tofu-cli builds it)")
			}
			t.Parallel()
			terraformInstalls(t, r, program, map[string]string{"terraform": registry, "tofu": tofuRegistry}[name])
		})
	}
}

func terraformInstalls(t *testing.T, r *signedRelease, program, registryHost string) {
	const signed = `Installed \S+ v0\.1\.0 \((self-signed|signed), key ID [0-9A-F]{16}\)`
	mirror := filepath.Join(t.TempDir(), "mirror")
	h := r.host(t, mirror)
	here := runtime.GOOS + "_" + runtime.GOARCH

	u := h.installer(t)
	u.write("main.tf", requiring(officialSource))
	u.well(signed, program, "init", "-input=false")
	if !h.wasAsked(github, "_SHA256SUMS.sig") || !h.wasAsked(registryHost, "/download/"+strings.ReplaceAll(here, "_", "/")) {
		t.Errorf("the registry was not asked as it should be: %q", h.asked)
	}
	// The program is there and runs: it does not take "none" for a blob.
	u.refused("13 ERROR_INVALID_DATA|is no|not a", program, "plan", "-input=false")

	var all []string
	for _, p := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"} {
		all = append(all, "-platform="+p)
	}
	u.well("Success", program, append([]string{"providers", "lock"}, all...)...)
	lock, err := os.ReadFile(filepath.Join(u.dir, ".terraform.lock.hcl"))
	must(t, err)
	if n := strings.Count(string(lock), `"h1:`); n != 6 {
		t.Errorf("the lock file has %d digests of platforms, want 6\n%s", n, lock)
	}
	u.well(`Reusing|Using|Installed`, program, "init", "-input=false", "-lockfile=readonly")
	u.well("", program, append([]string{"providers", "mirror"}, append(all, mirror)...)...)

	static := h.installer(t)
	static.write("main.tf", requiring(staticSource))
	static.well(signed, program, "init", "-input=false")
	if !h.wasAsked(pagesHost, "/.well-known/terraform.json") {
		t.Error("the static registry was not asked")
	}

	network := h.installer(t)
	network.write("main.tf", requiring(officialSource))
	network.write(".terraform.lock.hcl", string(lock))
	network.rc("provider_installation {\n  network_mirror { url = \"https://" + networkMirror + "/\" }\n}\n")
	network.well(`Installed \S+ v0\.1\.0`, program, "init", "-input=false", "-lockfile=readonly")
	if !h.wasAsked(networkMirror, "/"+registryHost+"/offlinejoin/offlinejoin/index.json") {
		t.Error("the network mirror was not asked")
	}

	packed := h.installer(t)
	packed.write("main.tf", requiring(officialSource))
	packed.write(".terraform.lock.hcl", string(lock))
	folder := filepath.Join(packed.dir, "mirror", registryHost, "offlinejoin", "offlinejoin")
	must(t, os.MkdirAll(folder, 0o700))
	zips, err := filepath.Glob(filepath.Join(r.dir, "terraform-provider-offlinejoin", "*.zip"))
	must(t, err)
	for _, file := range zips {
		must(t, os.Symlink(file, filepath.Join(folder, filepath.Base(file))))
	}
	packed.rc(fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", filepath.Join(packed.dir, "mirror")))
	packed.well(`Installed \S+ v0\.1\.0`, program, "init", "-input=false", "-lockfile=readonly")

	// What `make install` puts there is another program than the lock file knows: one or the other.
	own := h.installer(t)
	own.write("main.tf", requiring(officialSource))
	own.write(".terraform.lock.hcl", string(lock))
	place := filepath.Join(own.dir, "mirror", registryHost, "offlinejoin", "offlinejoin", "0.1.0", here)
	must(t, os.MkdirAll(place, 0o700))
	must(t, os.WriteFile(filepath.Join(place, "terraform-provider-offlinejoin_v0.1.0"), []byte("#!/bin/sh\n"), 0o700))
	own.rc(fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", filepath.Join(own.dir, "mirror")))
	own.refused("match any of the checksums", program, "init", "-input=false")
}

// TestReleaseIsRefusedByTerraform changes a byte, and signs as nobody should.
func TestReleaseIsRefusedByTerraform(t *testing.T) {
	t.Parallel()
	program := testenv.Tool(t, "terraform")
	zipped := filepath.Join("terraform-provider-offlinejoin", "terraform-provider-offlinejoin_0.1.0_"+runtime.GOOS+"_"+runtime.GOARCH+".zip")
	sums := filepath.Join("terraform-provider-offlinejoin", "terraform-provider-offlinejoin_0.1.0_SHA256SUMS")
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"a changed byte": {change: changeByte(zipped), want: "checksum"},
		"a changed byte that is listed": { // the signature is of another list
			change: func(t *testing.T, dir string) {
				changeByte(zipped)(t, dir)
				sumAgain(t, dir, "terraform-provider-offlinejoin", filepath.Base(sums))
			},
			want: "checksum|signature",
		},
		"an armored signature": {
			change: func(t *testing.T, dir string) {
				binary, err := os.ReadFile(filepath.Join(dir, sums+".sig"))
				must(t, err)
				cmd := exec.CommandContext(t.Context(), "gpg", "--enarmor")
				cmd.Stdin = bytes.NewReader(binary)
				cmd.Env = append(os.Environ(), "GNUPGHOME="+t.TempDir())
				armored, err := cmd.Output()
				must(t, err)
				replace(t, filepath.Join(dir, sums+".sig"), armored)
			},
			want: "openpgp",
		},
		"no signature": {
			change: func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, sums+".sig"))) }, want: "404 Not Found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSignedRelease(t)
			tt.change(t, r.dir)
			for _, source := range []string{officialSource, staticSource} {
				u := r.host(t, "").installer(t)
				u.write("main.tf", requiring(source))
				u.refused(tt.want, program, "init", "-input=false")
			}
		})
	}
}

// changeByte changes one byte in the middle of a file.
func changeByte(name string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		data[len(data)/2] ^= 1
		replace(t, filepath.Join(dir, name), data)
	}
}

const packerTemplate = `packer {
  required_plugins {
    offlinejoin = { source = "github.com/offlinejoin/offlinejoin", version = ">= 0.1.0" }
  }
}

source "null" "x" { communicator = "none" }

build {
  sources = ["null.x"]
  provisioner "offlinejoin" {
    windows_path = "/nowhere/Windows"
    blob_file    = "none.djoin"
  }
}
`

const packerSums = "packer-plugin-offlinejoin_v0.1.0_SHA256SUMS"

// packerBase is the name of the plugin for this machine: its API is the one that the program itself tells.
func packerBase(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "packer-plugin-offlinejoin", "*_"+runtime.GOOS+"_"+runtime.GOARCH+".zip"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	return strings.TrimSuffix(filepath.Base(found[0]), ".zip")
}

// TestReleaseForPacker runs `packer init`, and has the plugin describe itself.
func TestReleaseForPacker(t *testing.T) {
	t.Parallel()
	r := newSignedRelease(t)
	program := testenv.Tool(t, "packer")
	h := r.host(t, "")
	u := h.installer(t)
	u.write("x.pkr.hcl", packerTemplate)
	u.well(`Installed plugin github\.com/offlinejoin/offlinejoin v0\.1\.0`, program, "init", "x.pkr.hcl")
	u.well(`packer-plugin-offlinejoin_v0\.1\.0_x5\.0`, program, "plugins", "installed")

	base := packerBase(t, r.dir)
	exe := filepath.Join(u.dir, base)
	must(t, os.WriteFile(exe, unzipped(t, filepath.Join(r.dir, "packer-plugin-offlinejoin", base+".zip"), base), 0o700))
	out, err := exec.CommandContext(t.Context(), exe, "describe").Output()
	must(t, err)
	var about struct {
		Version string `json:"version"`
		API     string `json:"api_version"`
	}
	must(t, json.Unmarshal(out, &about))
	if about.Version != "0.1.0" || base != fmt.Sprintf("packer-plugin-offlinejoin_v%s_%s_%s_%s", about.Version, about.API, runtime.GOOS, runtime.GOARCH) {
		t.Errorf("%s describes itself as %+v", base, about)
	}
}

// TestReleaseIsRefusedByPacker changes a byte, and packs what no release should have.
func TestReleaseIsRefusedByPacker(t *testing.T) {
	t.Parallel()
	program := testenv.Tool(t, "packer")
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir, base string)
		want   string
	}{
		"a changed byte": {
			func(t *testing.T, dir, base string) { changeByte("packer-plugin-offlinejoin/"+base+".zip")(t, dir) },
			"checksum|Checksum",
		},
		"a build between releases": {
			func(t *testing.T, dir, base string) {
				out := filepath.Join(t.TempDir(), "plugin")
				cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", out, "./provisioner/packer-plugin-offlinejoin")
				cmd.Dir = testenv.Root()
				cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
				if text, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", cmd, err, text)
				}
				data, err := os.ReadFile(out)
				must(t, err)
				rezip(t, dir, base, base, data)
			},
			"pre-release version",
		},
		"a plain name": {
			func(t *testing.T, dir, base string) {
				data := unzipped(t, filepath.Join(dir, "packer-plugin-offlinejoin", base+".zip"), base)
				rezip(t, dir, base, "packer-plugin-offlinejoin", data)
			},
			"could not find a .* file in zipfile",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSignedRelease(t)
			tt.change(t, r.dir, packerBase(t, r.dir))
			u := r.host(t, "").installer(t)
			u.write("x.pkr.hcl", packerTemplate)
			u.refused(tt.want, program, "init", "x.pkr.hcl")
			if out, _ := u.run(program, "plugins", "installed"); strings.Contains(out, "offlinejoin_v") {
				t.Errorf("it is installed all the same: %s", out)
			}
		})
	}
}

// unzipped returns a file of a zip file.
func unzipped(t *testing.T, archive, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(archive)
	must(t, err)
	defer func() { must(t, z.Close()) }()
	f, err := z.Open(name)
	must(t, err)
	data, err := io.ReadAll(f)
	must(t, err)
	return data
}

// rezip makes a zip of the plugin with a program under a name, and lists it as a release would.
func rezip(t *testing.T, dir, base, name string, program []byte) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	must(t, err)
	_, err = f.Write(program)
	must(t, err)
	must(t, w.Close())
	replace(t, filepath.Join(dir, "packer-plugin-offlinejoin", base+".zip"), b.Bytes())
	sumAgain(t, dir, "packer-plugin-offlinejoin", packerSums)
}
