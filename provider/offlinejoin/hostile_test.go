package offlinejoin

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/hostiletext"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// plainDiagnostics fails the test when diagnostics act on a terminal, and returns their text.
func plainDiagnostics(t *testing.T, diagnostics []*tfprotov6.Diagnostic) string {
	t.Helper()
	all := ""
	for _, d := range diagnostics {
		all += d.Summary + ": " + d.Detail + "\n"
	}
	if found := hostiletext.Terminal(all); found != nil {
		t.Errorf("diagnostics show\n%s", strings.Join(found, "\n"))
	}
	return all
}

// plainValue fails the test when a value of a schema holds a text that is not plain, but for those of the configuration,
// which Terraform wants back as they were written. It returns all texts.
func plainValue(
	t *testing.T, schema *tfprotov6.Schema, value *tfprotov6.DynamicValue, config map[string]string,
) string {
	t.Helper()
	if value == nil {
		return ""
	}
	state, err := value.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	err = tftypes.Walk(state, func(at *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		if !v.Type().Is(tftypes.String) || !v.IsKnown() || v.IsNull() {
			return true, nil
		}
		s := text(t, v)
		all += s + "\n"
		name := strings.TrimSuffix(strings.TrimPrefix(at.String(), `AttributeName("`), `")`)
		if _, given := config[name]; !given && name != "id" && name != "path" && !plaintext.Safe(s) {
			t.Errorf("%s is %q", at, s)
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestHostileTexts plans, applies, refreshes and reads images and a ledger whose every text tries to act on a terminal, and
// searches diagnostics and state.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	blob, file := sampletest.Blob(t)
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
		"no image":    folder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource := func(p plugin) *tfprotov6.Schema { return p.schemas.ResourceSchemas[stagedJoinName] }
			for _, more := range []map[string]string{
				nil,
				{"on_existing": "keep"},
				{"on_existing": "replace"},
				{"machine_name": hostiletext.In("wanted")},
				{"method": hostiletext.In("method")},
				{"blob_file": folder},
				{"completion_program": folder},
				{"identity_file": folder},
			} {
				p := newPlugin(t, nil)
				config := map[string]string{"windows_path": windows, "blob_file": file}
				maps.Copy(config, more)
				planned := p.plan(config)
				plainDiagnostics(t, planned.Diagnostics)
				plainValue(t, resource(p), planned.PlannedState, config)
				applied := p.apply(config, planned)
				plainDiagnostics(t, applied.Diagnostics)
				shown := plainValue(t, resource(p), applied.NewState, config)
				if more["on_existing"] != "" && strings.Contains(shown, "staged") && !strings.Contains(shown, "ComputerName\uFFFD") {
					t.Errorf("the image's texts are not in the state:\n%s", shown)
				}
				if strings.Contains(shown, "staged") {
					read := p.refresh(applied.NewState, applied.Private)
					plainDiagnostics(t, read.Diagnostics)
					plainValue(t, resource(p), read.NewState, config)
				}
			}
			p := newPlugin(t, map[string]string{"ledger_file": hostiletext.Ledger(t, blob.Fingerprint())})
			planned := p.plan(map[string]string{"windows_path": windows, "blob_file": file, "on_existing": "replace"})
			plainDiagnostics(t, planned.Diagnostics)

			const image = "offlinejoin_image"
			config := map[string]string{"windows_path": windows}
			read := p.read(image, config)
			plainDiagnostics(t, read.Diagnostics)
			shown := plainValue(t, p.schemas.DataSourceSchemas[image], read.State, config)
			if name != "no image" && !strings.Contains(shown, "ComputerName\uFFFD") {
				t.Errorf("the image's texts are not in the data source:\n%s", shown)
			}
		})
	}
}

// TestHostileDisks makes, refreshes, replaces and removes disks whose paths and whose Windows try to act on a terminal.
func TestHostileDisks(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	_, other := sampletest.Blob(t)
	folder := hostiletext.Folder(t)
	golden := filepath.Join(folder, "golden.raw")
	content, err := os.ReadFile(sampletest.VolumeOf(t, hostiletext.Image(t)))
	if err != nil {
		t.Fatal(err)
	}
	write(t, golden, content)
	for _, kind := range []string{"overlay_path", "copy_path"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(folder, kind)
			schema := func(p plugin) *tfprotov6.Schema { return p.schemas.ResourceSchemas[p.kind] }
			config := map[string]string{"image_path": golden, kind: path, "blob_file": file}
			for _, more := range []map[string]string{
				{"machine_name": hostiletext.In("wanted")},
				{"partition": hostiletext.In("partition")},
				{"blob_file": folder},
				{"image_path": folder},
				{"completion_program": folder},
				{kind: folder},
				{kind: golden},
				{kind: filepath.Join(folder, "no", "folder")},
				{"image_path": filepath.Join(folder, "none")},
			} {
				p := newPlugin(t, nil).of(joinedDiskName)
				bad := maps.Clone(config)
				maps.Copy(bad, more)
				planned := p.plan(bad)
				if plainDiagnostics(t, planned.Diagnostics) == "" {
					t.Errorf("%q is planned", more)
				}
				plainDiagnostics(t, p.apply(bad, planned).Diagnostics)
			}
			p := newPlugin(t, nil).of(joinedDiskName)
			planned := p.plan(config)
			p.good(planned.Diagnostics)
			applied := p.apply(config, planned)
			plainDiagnostics(t, applied.Diagnostics)
			if shown := plainValue(t, schema(p), applied.NewState, config); !strings.Contains(shown, "ComputerName\uFFFD") {
				t.Errorf("the image's texts are not in the state:\n%s", shown)
			}
			release := holdDisk(t, path)
			p = newPlugin(t, map[string]string{"lock_timeout": "0s"}).of(joinedDiskName)
			plainDiagnostics(t, p.refresh(applied.NewState, applied.Private).Diagnostics)
			first := p.change(map[string]string{"image_path": golden, kind: path, "blob_file": other}, applied.NewState, applied.Private)
			plainDiagnostics(t, first.Diagnostics)
			if shown := plainDiagnostics(t, p.destroy(applied.NewState, applied.Private)); !strings.Contains(shown, "Disk kept") {
				t.Errorf("said %s", shown)
			}
			release()
			completeDisk(t, path)
			read := p.refresh(applied.NewState, applied.Private)
			plainDiagnostics(t, read.Diagnostics)
			plainValue(t, schema(p), read.NewState, config)
			if shown := plainDiagnostics(t, p.destroy(read.NewState, read.Private)); !strings.Contains(shown, "Disk only forgotten") {
				t.Errorf("said %s", shown)
			}
			write(t, path, []byte("something else"))
			plainDiagnostics(t, p.refresh(applied.NewState, applied.Private).Diagnostics)
		})
	}
}

func TestHostileLedger(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	const name = "offlinejoin_ledger"
	p := newPlugin(t, nil)
	read := p.read(name, map[string]string{"ledger_file": hostiletext.Ledger(t, blob.Fingerprint())})
	p.good(read.Diagnostics)
	shown := plainValue(t, p.schemas.DataSourceSchemas[name], read.State, nil)
	for _, place := range []string{"LedgerPath", "LedgerMachine", "LedgerDomain", "LedgerSID", "By", "Host", "Reason", "ID"} {
		if !strings.Contains(shown, place+"\uFFFD") {
			t.Errorf("%s is not shown:\n%s", place, shown)
		}
	}
	for what, config := range map[string]map[string]string{
		"offlinejoin_ledger": {"ledger_file": hostiletext.Folder(t)},
		"offlinejoin_blob":   {"blob_file": hostiletext.Folder(t)},
		"offlinejoin_image":  {"windows_path": hostiletext.Folder(t)},
	} {
		shown := plainDiagnostics(t, p.read(what, config).Diagnostics)
		if !strings.Contains(shown, "folder\uFFFD") && runtime.GOOS != "windows" { // which has no such names
			t.Errorf("%s does not name the folder: %s", what, shown)
		}
	}
}
