package offlinejoin

import (
	"maps"
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
		if _, given := config[name]; !given && name != "id" && !plaintext.Safe(s) {
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
