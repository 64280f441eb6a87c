package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestHostileTexts stages into images, with a ledger and by names, whose every text tries to act on a terminal, and
// searches what Packer would show and what the data sources return.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
	plain := func(t *testing.T, what, shown string) {
		t.Helper()
		if found := hostiletext.Terminal(shown); found != nil {
			t.Errorf("%s shows\n%s", what, strings.Join(found, "\n"))
		}
	}
	recorded := func(t *testing.T, state string) string {
		windows := hostiletext.Image(t)
		hostiletext.Record(t, windows, map[string]string{completion.ValueState: state})
		return windows
	}
	member := hostiletext.Image(t)
	hostiletext.Member(t, member)
	folder := hostiletext.Folder(t)
	for name, windows := range map[string]string{
		"no join": hostiletext.Image(t), "strange": hostiletext.StrangeImage(t), "member": member,
		"unknown state": recorded(t, hostiletext.In("State")), "staged": recorded(t, completion.StateStaged),
		"failed": recorded(t, completion.StateFailed), "completed": recorded(t, completion.StateCompleted),
		"generalized": hostiletext.GeneralizedImage(t, ""),
		"pointer":     hostiletext.GeneralizedImage(t, hostiletext.In(`C:\Windows\pointer`)),
		"no image":    folder, "missing": filepath.Join(folder, hostiletext.Path("none")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := ""
			for _, more := range []map[string]any{
				{"dry_run": true},
				{"dry_run": true, "on_existing": "replace"},
				{"on_existing": "keep"},
				{"on_existing": "replace"},
				{"ledger_file": hostiletext.Ledger(t, blob.Fingerprint())},
				{"report_file": folder},
				{"backup": filepath.Join(folder, "b")},
				{"completion_program": filepath.Join(folder, "none")},
				{"ledger_file": folder},
			} {
				more["windows_path"], more["blob_file"] = windows, file
				p := new(Provisioner)
				err := p.Prepare(more)
				if err == nil {
					var shown string
					shown, err = run(t.Context(), p, nil)
					all += shown
					plain(t, "the screen", shown)
				}
				if err != nil {
					plain(t, "the error", err.Error())
				}
			}
			if name != "missing" && name != "no image" && !strings.Contains(all, "ComputerName\uFFFD") {
				t.Errorf("the image's texts are not shown:\n%s", all)
			}
			source := new(ImageSource)
			if err := source.Configure(map[string]any{"windows_path": windows}); err != nil {
				t.Fatal(err)
			}
			value, err := source.Execute()
			if err != nil {
				plain(t, "the data source's error", err.Error())
				return
			}
			for name, v := range value.AsValueMap() {
				if !plaintext.Safe(v.AsString()) {
					t.Errorf("the data source returns as %s %q", name, v.AsString())
				}
			}
		})
	}
}

// TestHostileNamesOfFiles gives names of blobs, identities and artifacts that try to act on a terminal.
func TestHostileNamesOfFiles(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	sealed := sampletest.SealedBlob(t)
	folder := hostiletext.Folder(t)
	none := filepath.Join(folder, "none")
	text := filepath.Join(folder, "text")
	if err := os.WriteFile(text, []byte("no blob"), 0o644); err != nil {
		t.Fatal(err)
	}
	evil := hostiletext.In("evil")
	for _, config := range []map[string]any{
		{"blob_file": none},
		{"blob_file": text},
		{"blob_file": folder},
		{"blob": evil},
		{"blob_file": sealed.File, "identity_file": none},
		{"blob_file": sealed.File, "identity_file": text},
		{"blob_file": sealed.File, "identity_file": sealed.IdentityFile, "expect": map[string]any{"machine_name": evil}},
		{"blob_file": sealed.File, "identity_file": sealed.IdentityFile, "expect": map[string]any{"domain": evil}},
		{"blob_file": text, "method": evil},
		{"blob_file": text, "on_existing": evil},
		{"blob_file": text, "reuse": evil},
		{"blob_file": text, "lock_timeout": evil},
		{"blob_file": text, "windows_path": "C:\\" + evil},
		{evil: evil},
	} {
		if config["windows_path"] == nil {
			config["windows_path"] = image
		}
		p := new(Provisioner)
		err := p.Prepare(config)
		if err == nil {
			_, err = run(t.Context(), p, nil)
		}
		if err == nil {
			t.Errorf("%q is taken", config)
			continue
		}
		if found := hostiletext.Terminal(err.Error()); found != nil {
			t.Errorf("%q: the error shows\n%s", config, strings.Join(found, "\n"))
		}
	}
	disk := filepath.Join(folder, "disk.raw")
	for _, files := range [][]string{{folder}, {disk}, {hostiletext.Image(t), hostiletext.Image(t)}} {
		_, err := postProcess(t, map[string]any{"blob_file": sealed.File, "identity_file": sealed.IdentityFile}, files...)
		if err == nil {
			t.Errorf("%q is taken", files)
		} else if found := hostiletext.Terminal(err.Error()); found != nil {
			t.Errorf("%q: the error shows\n%s", files, strings.Join(found, "\n"))
		}
	}
}
