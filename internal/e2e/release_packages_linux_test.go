package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestReleaseFiles holds .build/dist to the names that registries want, to the digests, and to the sizes that we promise.
func TestReleaseFiles(t *testing.T) {
	t.Parallel()
	folder := dist(t)
	var want []string
	for _, os := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			p := os + "_" + arch
			ending := ".tar.gz"
			if os == "windows" {
				ending = ".zip"
			}
			want = append(want, "offlinejoin/offlinejoin_0.1.0_"+p+ending,
				"packer-plugin-offlinejoin/packer-plugin-offlinejoin_v0.1.0_x5.0_"+p+".zip",
				"terraform-provider-offlinejoin/terraform-provider-offlinejoin_0.1.0_"+p+".zip",
				"offlinejoin/offlinejoin_0.1.0_"+p+".cdx.json", "offlinejoin/packer-plugin-offlinejoin_v0.1.0_x5.0_"+p+".cdx.json",
				"offlinejoin/terraform-provider-offlinejoin_0.1.0_"+p+".cdx.json")
		}
	}
	want = append(want, "offlinejoin/offlinejoin_0.1.0_amd64.deb", "offlinejoin/offlinejoin_0.1.0_arm64.deb",
		"offlinejoin/offlinejoin-0.1.0-1.x86_64.rpm", "offlinejoin/offlinejoin-0.1.0-1.aarch64.rpm",
		"offlinejoin/odjboot_0.1.0_authenticode.txt", "offlinejoin/odjboot_0.1.0_appcontrol.xml",
		"offlinejoin/offlinejoin_0.1.0_SHA256SUMS", "packer-plugin-offlinejoin/packer-plugin-offlinejoin_v0.1.0_SHA256SUMS",
		"terraform-provider-offlinejoin/terraform-provider-offlinejoin_0.1.0_SHA256SUMS",
		"terraform-provider-offlinejoin/terraform-provider-offlinejoin_0.1.0_manifest.json")
	slices.Sort(want)
	var got []string
	for _, product := range products {
		entries, err := os.ReadDir(filepath.Join(folder, product))
		must(t, err)
		for _, e := range entries {
			got = append(got, product+"/"+e.Name())
			info, err := e.Info()
			must(t, err)
			if info.Size() > 10<<20 {
				t.Errorf("%s has %.1f MiB, more than 10", e.Name(), float64(info.Size())/(1<<20))
			}
		}
		sums := exec.CommandContext(t.Context(), "sh", "-c", "sha256sum --strict --quiet -c *_SHA256SUMS && cat *_SHA256SUMS | wc -l")
		sums.Dir = filepath.Join(folder, product)
		out, err := sums.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(len(entries)-1) {
			t.Errorf("%s: %v, %s of %d files", product, err, out, len(entries))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("files:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// inArchive returns a file of a .tar.gz.
func inArchive(t *testing.T, archive, name string) []byte {
	t.Helper()
	f, err := os.Open(archive)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("%s in %s: %v", name, archive, err)
		}
		if h.Name == name {
			data, err := io.ReadAll(r)
			must(t, err)
			return data
		}
	}
}

// TestReleaseBills compares the bills of materials with what the programs say, and with what goes along.
func TestReleaseBills(t *testing.T) {
	t.Parallel()
	folder := dist(t)
	here := runtime.GOOS + "_" + runtime.GOARCH
	base := "offlinejoin_0.1.0_" + here
	packer := packerBase(t, folder)
	provider := filepath.Join(folder, "terraform-provider-offlinejoin", "terraform-provider-offlinejoin_0.1.0_"+here+".zip")
	plugin := filepath.Join(folder, "packer-plugin-offlinejoin", packer+".zip")
	archive := filepath.Join(folder, "offlinejoin", base+".tar.gz")
	for bill, parts := range map[string][2][]byte{
		base: {inArchive(t, archive, base+"/offlinejoin"), inArchive(t, archive, base+"/THIRD_PARTY.txt")},
		"terraform-provider-offlinejoin_0.1.0_" + here: {
			unzipped(t, provider, "terraform-provider-offlinejoin_v0.1.0"), unzipped(t, provider, "THIRD_PARTY.txt"),
		},
		packer: {unzipped(t, plugin, packer), unzipped(t, plugin, "THIRD_PARTY.txt")},
	} {
		exe, third := parts[0], parts[1]
		info, err := buildinfo.Read(bytes.NewReader(exe))
		must(t, err)
		text, err := os.ReadFile(filepath.Join(folder, "offlinejoin", bill+".cdx.json"))
		must(t, err)
		var listed struct {
			Spec     string `json:"specVersion"`
			Metadata struct {
				Component struct {
					Hashes []struct{ Content string }
				}
			}
			Components []struct{ Name, Version string }
		}
		must(t, json.Unmarshal(text, &listed))
		if sum := fmt.Sprintf("%x", sha256.Sum256(exe)); listed.Spec != "1.6" || listed.Metadata.Component.Hashes[0].Content != sum {
			t.Errorf("%s is the bill of another program", bill)
		}
		var got, want []string
		boots := 0
		for _, c := range listed.Components {
			if c.Name == "odjboot.exe" {
				boots++
			} else {
				got = append(got, c.Name+" "+c.Version)
			}
		}
		want = append(want, "std "+info.GoVersion)
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			want = append(want, m.Path+" "+m.Version)
			if !bytes.Contains(third, []byte("  "+m.Path+"@"+m.Version+" (")) {
				t.Errorf("%s: the licence of %s does not go along", bill, m.Path)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || boots != 3 {
			t.Errorf("%s lists %q and %d completion programs, want %q and 3", bill, got, boots, want)
		}
	}
}

// TestReleaseDebianPackage installs it into a root of its own, uses what is in it, and removes it without a trace.
func TestReleaseDebianPackage(t *testing.T) {
	t.Parallel()
	deb := filepath.Join(dist(t), "offlinejoin", "offlinejoin_0.1.0_"+runtime.GOARCH+".deb")
	testenv.Tool(t, "dpkg")
	h := &hosts{}
	u := h.installer(t)
	root := u.shims()
	before := filesBelow(t, root)
	u.well("", "bash", "-c", "dpkg -i "+deb)
	u.well(`^0\.1\.0$`, filepath.Join(root, "usr/bin/offlinejoin"), "version", "--short")
	man := testenv.Tool(t, "man")
	u.well(`(?i)offlinejoin stage.*--windows-path`, man, "--warnings", "-l", filepath.Join(root, "usr/share/man/man1/offlinejoin-stage.1.gz"))
	info, err := os.Stat(filepath.Join(root, "usr/share/man/man1"))
	must(t, err)
	if info.Mode().Perm() != 0o755 {
		t.Errorf("the folder of manual pages has mode %o", info.Mode().Perm())
	}
	// Completion in a shell: what Tab offers after "offlinejoin sta".
	u.well("stage.*status", "bash", "-c", `PATH=`+root+`/usr/bin:$PATH
		_get_comp_words_by_ref() { cur=sta; prev=offlinejoin; words=(offlinejoin sta); cword=1; }
		source `+root+`/usr/share/bash-completion/completions/offlinejoin
		COMP_WORDS=(offlinejoin sta) COMP_CWORD=1 COMP_LINE='offlinejoin sta' COMP_POINT=15 COMP_TYPE=63
		__start_offlinejoin; echo "${COMPREPLY[@]}"`)
	u.well("", "bash", "-c", "dpkg -P offlinejoin")
	if after := filesBelow(t, root); !slices.Equal(after, before) {
		t.Errorf("left: %q", after)
	}
	lintian := testenv.Tool(t, "lintian")
	for _, arch := range []string{"amd64", "arm64"} {
		one := filepath.Join(filepath.Dir(deb), "offlinejoin_0.1.0_"+arch+".deb")
		out, err := u.run(lintian, "--no-cfg", "--allow-root", "--fail-on", "error", one)
		if err != nil {
			t.Errorf("lintian: %v\n%s", err, out)
		}
		t.Logf("lintian: %s", out)
	}
}

// filesBelow lists the files below a folder but for the lists of dpkg itself.
func filesBelow(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(path, filepath.Join(root, "var/lib/dpkg")) {
			all = append(all, path)
		}
		return err
	}))
	return all
}

// TestReleaseRPM has rpm judge the packages.
func TestReleaseRPM(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(dist(t), "offlinejoin")
	rpm := testenv.Tool(t, "rpm")
	u := (&hosts{}).installer(t)
	for _, arch := range []string{"x86_64", "aarch64"} {
		file := filepath.Join(folder, "offlinejoin-0.1.0-1."+arch+".rpm")
		u.well("digests OK", rpm, "-K", file)
		u.well("/usr/bin/offlinejoin.*/usr/share/licenses/offlinejoin/LICENSE.*/usr/share/man/man1/offlinejoin-stage.1.gz", rpm, "-qpl", file)
		u.well("^offlinejoin 0.1.0 1 "+arch+" MPL-2.0 localhost$", rpm, "-qp", "--qf", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{BUILDHOST}", file)
	}
}

// ociThing is a descriptor of an image, or what it describes, as far as the test looks.
type ociThing struct {
	MediaType string
	Digest    string
	Size      int64
	Platform  struct{ Architecture, OS string }
	Manifests []ociThing
	Layers    []ociThing
	Config    json.RawMessage
	Created   string
	RootFS    struct {
		DiffIDs []string `json:"diff_ids"`
	}
}

// TestReleaseImage reads the image as container engines do, and runs its program with nothing else in its root, as a user that
// owns nothing.
func TestReleaseImage(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(dist(t), "image")
	read := func(d ociThing) (thing ociThing, data []byte) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(folder, "blobs", "sha256", strings.TrimPrefix(d.Digest, "sha256:")))
		must(t, err)
		if int64(len(data)) != d.Size || fmt.Sprintf("sha256:%x", sha256.Sum256(data)) != d.Digest {
			t.Errorf("%s is not what it is called", d.Digest)
		}
		if strings.HasSuffix(d.MediaType, "json") {
			must(t, json.Unmarshal(data, &thing))
		}
		return thing, data
	}
	top, err := os.ReadFile(filepath.Join(folder, "index.json"))
	must(t, err)
	var index ociThing
	must(t, json.Unmarshal(top, &index))
	inner, _ := read(index.Manifests[0])
	var archs []string
	for _, m := range inner.Manifests {
		archs = append(archs, m.Platform.OS+"/"+m.Platform.Architecture)
		manifest, _ := read(m)
		var of ociThing
		must(t, json.Unmarshal(manifest.Config, &of))
		config, _ := read(of)
		var how struct {
			Entrypoint []string
			User       string
			Labels     map[string]string
		}
		must(t, json.Unmarshal(config.Config, &how))
		if !slices.Equal(how.Entrypoint, []string{"/offlinejoin"}) || how.User != "65532:65532" || config.Created == "" ||
			how.Labels["org.opencontainers.image.version"] != "0.1.0" || how.Labels["org.opencontainers.image.created"] != config.Created {
			t.Errorf("%s: %+v", m.Platform.Architecture, how)
		}
		_, layer := read(manifest.Layers[0])
		z, err := gzip.NewReader(bytes.NewReader(layer))
		must(t, err)
		plain, err := io.ReadAll(z)
		must(t, err)
		if fmt.Sprintf("sha256:%x", sha256.Sum256(plain)) != config.RootFS.DiffIDs[0] {
			t.Error("the layer is not the one that the configuration names")
		}
		if len(layer) > 16<<20 {
			t.Errorf("the image has %.1f MB, more than 16", float64(len(layer))/(1<<20))
		}
		t.Logf("%s: %.1f MB packed, %.1f MB unpacked", m.Platform.Architecture, float64(len(layer))/(1<<20), float64(len(plain))/(1<<20))
		if m.Platform.Architecture == runtime.GOARCH {
			runInEmptyRoot(t, plain)
		}
	}
	if !slices.Equal(archs, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("architectures: %q", archs)
	}
}

func runInEmptyRoot(t *testing.T, layer []byte) {
	t.Helper()
	if os.Getuid() != 0 {
		testenv.Absent(t, "only root can change a process's root")
	}
	root := t.TempDir()
	extract := exec.CommandContext(t.Context(), "tar", "-xf", "-", "-C", root)
	extract.Stdin = bytes.NewReader(layer)
	if out, err := extract.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	must(t, os.Chmod(root, 0o755))
	work := filepath.Join(root, "work")
	for _, uid := range []uint32{65532, 0, 1234} {
		must(t, os.Chown(work, int(uid), int(uid))) // where the image's user mounts a folder
		for args, want := range map[string]string{"version --short": "0.1.0\n", "demo --json": `"schema_version": 1`} {
			cmd := exec.CommandContext(t.Context(), "/offlinejoin", strings.Fields(args)...)
			cmd.Dir, cmd.Env = "/work", []string{"PATH=/"}
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("user %d: %s: %v\n%s", uid, args, err, out)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(root, "etc")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("there is more in the image than the program")
	}
	stageInPod(t, root)
}

// stageInPod runs the image as a Pod of the guides does: its root cannot be written to, there is no folder for temporary files and
// no network, and its user is 107 without any right. What is mounted at /work has the machine's disk.
func stageInPod(t *testing.T, root string) {
	t.Helper()
	disk := t.TempDir()
	must(t, golden.WriteVolume(filepath.Join(disk, "disk.img"), sample.Image{}))
	composeBlob(t, "WEB01", filepath.Join(disk, "web01.djoin"))
	const user = 107
	for _, path := range []string{disk, filepath.Join(disk, "disk.img"), filepath.Join(disk, "web01.djoin")} {
		must(t, os.Chown(path, user, user))
	}
	for _, want := range []string{"Staged WEB01", "already"} {
		cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--net", "sh", "-c", `set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/work"
root=$1
shift 2
cd /
exec chroot --userspec=107:107 --groups=107 "$root" /offlinejoin "$@"`, "sh", root, disk,
			"stage", "--image-path", "/work/disk.img", "--blob-file", "/work/web01.djoin", "--machine-name", "WEB01",
			"--image-name", "pvc:prod/windows/web01", "--ledger-file", "/work/joins.ledger")
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
}
