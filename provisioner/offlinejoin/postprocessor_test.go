package offlinejoin

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// postProcess configures as Packer does, twice, and post-processes an artifact of files.
func postProcess(t *testing.T, config map[string]any, files ...string) (shown string, err error) {
	t.Helper()
	p := new(PostProcessor)
	for range 2 {
		if err := p.Configure(config); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	ui := newTestUI(&out)
	artifact := &packersdk.MockArtifact{BuilderIdValue: "test.builder", FilesValue: files}
	artifact.StateValues = map[string]any{"generated_data": map[any]any{"ID": "web01", "PackerRunUUID": rand.Text()}}
	got, keep, forced, err := p.PostProcess(t.Context(), ui, artifact)
	if got != artifact || !keep || !forced {
		t.Errorf("the artifact is %v, kept %v, forced %v", got, keep, forced)
	}
	return out.String(), err
}

func TestPostProcessFindsTheImage(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	for name, files := range map[string]func(windows string) []string{
		"all files": func(windows string) []string {
			return []string{
				filepath.Join(windows, "System32", "config", "SOFTWARE"), filepath.Join(windows, "System32", "config", "SYSTEM"),
				filepath.Join(windows, "System32", "config", "SYSTEM.LOG1"),
			}
		},
		"the Windows directory":        func(windows string) []string { return []string{windows + "/"} },
		"the directory above":          func(windows string) []string { return []string{filepath.Dir(windows)} },
		"the file and the directories": func(w string) []string { return []string{w, filepath.Dir(w), w + "/System32/config/SYSTEM"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			windows := sampletest.Image(t, sample.Image{})
			report := filepath.Join(t.TempDir(), "report.json")
			shown, err := postProcess(t, map[string]any{
				"blob_file": file, "report_file": strings.Replace(report, "report", "{{ .ID }}", 1),
			}, files(windows)...)
			if err != nil {
				t.Fatal(err)
			}
			noSecret(t, shown, blob)
			if st := statusOf(t, windows); st.State != core.StateStaged || st.Fingerprint != blob.Fingerprint() {
				t.Errorf("status %+v", st)
			}
			text, err := os.ReadFile(strings.Replace(report, "report", "web01", 1))
			if err != nil || !strings.Contains(string(text), `"outcome": "staged"`) {
				t.Errorf("the report is %s, %v", text, err)
			}
			noSecret(t, string(text), blob)
		})
	}
}

func TestPostProcessSaysWhatItCannotTake(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	boot := make([]byte, 512)
	boot[510], boot[511] = 0x55, 0xAA
	one, two := sampletest.Image(t, sample.Image{}), sampletest.Image(t, sample.Image{})
	link := filepath.Join(t.TempDir(), "link")
	deep := filepath.Join(t.TempDir(), "Virtual Hard Disks", "web01.vhdx")
	for _, file := range []string{deep, filepath.Join(filepath.Dir(deep), "setup.iso")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Dir(one), link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"no files":                    {[]string{}, "the artifact (test.builder) is empty: check the paths"},
		"other files":                 {[]string{write("notes.txt", []byte("SYSTEM"))}, "holds no Windows directory"},
		"a file like one":             {[]string{write("SYSTEM", nil)}, "holds no Windows directory"},
		"not there":                   {[]string{"/nowhere/System32/config/SYSTEM"}, "holds no Windows directory"},
		"behind a link":               {[]string{filepath.Dir(link)}, "holds no Windows directory"},
		"a disk in a folder's folder": {[]string{filepath.Dir(filepath.Dir(deep))}, deep},
		"the folder and its disk":     {[]string{filepath.Dir(filepath.Dir(deep)), deep}, deep},
		"a disk by name":              {[]string{write("web01.vhdx", nil)}, "web01.vhdx"},
		"a disk by itself":            {[]string{write("packer-web01", append(boot, boot...))}, "packer-web01"},
		"a qcow2":                     {[]string{write("disk", append([]byte("QFI\xfb"), boot...))}, "disk"},
		"two disks":                   {[]string{write("a.vhdx", nil), write("b.vhdx", nil)}, "holds 2 disk images"},
		"two images":                  {[]string{one, two}, "holds 2 Windows directories"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := postProcess(t, map[string]any{"blob_file": file}, c.files...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
	if statusOf(t, one).State != core.StateAbsent {
		t.Error("a join was staged into one of two images")
	}
	if _, err := postProcess(t, map[string]any{"blob_file": file, "windows_path": one}, one, two); err != nil {
		t.Errorf("windows_path chooses: %v", err)
	}
}

func TestPostProcessJoinsTheDiskOfAnArtifact(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	status := func(disk string) *core.Status {
		t.Helper()
		st, err := core.ReadStatus(t.Context(), core.StatusRequest{Image: core.Image{Location: imagefs.Location{ImagePath: disk}}})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	for _, option := range []string{"", "overlay_path", "copy_path"} {
		t.Run("new disk "+option, func(t *testing.T) {
			t.Parallel()
			disk := sampletest.Volume(t, sample.Image{})
			golden, err := os.ReadFile(disk)
			if err != nil {
				t.Fatal(err)
			}
			config, made := map[string]any{"blob_file": file, "lock_timeout": "1m"}, disk
			if option != "" {
				made = filepath.Join(t.TempDir(), "made")
				config[option] = filepath.Join(filepath.Dir(made), "{{ .ID }}")
				made = filepath.Join(filepath.Dir(made), "web01")
			}
			p := new(PostProcessor)
			if err := p.Configure(config); err != nil {
				t.Fatal(err)
			}
			artifact := &packersdk.MockArtifact{BuilderIdValue: "test.builder", FilesValue: []string{disk}}
			artifact.StateValues = map[string]any{"generated_data": map[any]any{"ID": "web01", "PackerRunUUID": rand.Text()}}
			out, keep, forced, err := p.PostProcess(t.Context(), newTestUI(io.Discard), artifact)
			if err != nil {
				t.Fatal(err)
			}
			if files := out.Files(); !keep || forced != (option != "copy_path") || len(files) != 1 || files[0] != made {
				t.Errorf("the artifact has %q, kept %v, forced %v", files, keep, forced)
			}
			if st := status(made); st.State != core.StateStaged || st.Fingerprint != blob.Fingerprint() {
				t.Errorf("status %+v", st)
			}
			now, err := os.ReadFile(disk)
			if err != nil {
				t.Fatal(err)
			}
			if option != "" && !bytes.Equal(now, golden) {
				t.Error("the golden image was changed")
			}
			if option == "" {
				return
			}
			if err := out.Destroy(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("destroyed, it is still there: %v", err)
			}
		})
	}
}

func TestPostProcessObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, keep, forced, err := new(PostProcessor).PostProcess(ctx, &packersdk.MockUi{}, &packersdk.MockArtifact{})
	if err == nil || !keep || !forced {
		t.Errorf("error %v, kept %v, forced %v", err, keep, forced)
	}
}
