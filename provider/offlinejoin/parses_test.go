package offlinejoin

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// parsesOnce counts how often the provider parses a blob in one call. The counter is the process's, so that the tests
// which call it run beside no other.
func parsesOnce(t *testing.T, call string, do func()) {
	t.Helper()
	if got := sampletest.Parses(do); got != 1 {
		t.Errorf("%s parses a blob %d times, want once", call, got)
	}
}

func TestABlobIsParsedOncePerPlanAndApply(t *testing.T) {
	blob, file := sampletest.Blob(t)
	for given, content := range map[string]string{"blob_file": file, "blob_wo": blob.AccountData()} {
		t.Run(given, func(t *testing.T) {
			config := map[string]string{"windows_path": sampletest.Image(t, sample.Image{}), given: content}
			p := newPlugin(t, nil)
			var planned *tfprotov6.PlanResourceChangeResponse
			parsesOnce(t, "plan", func() { planned = p.plan(config) })
			p.good(planned.Diagnostics)
			p = newPlugin(t, nil) // Terraform starts another one to apply
			var applied *tfprotov6.ApplyResourceChangeResponse
			parsesOnce(t, "apply", func() { applied = p.apply(config, planned) })
			p.good(applied.Diagnostics)
			if got := text(t, attributesOf(t, applied.NewState)["status"]); got != "staged" {
				t.Errorf("the status is %q", got)
			}
			if n := sampletest.Parses(func() { p.refresh(applied.NewState, applied.Private) }); n != 0 {
				t.Errorf("refreshing parses a blob %d times", n)
			}
		})
	}
}

func TestABlobIsParsedOncePerCall(t *testing.T) {
	blob, file := sampletest.Blob(t)
	p := newPlugin(t, nil)
	parsesOnce(t, "the data source", func() {
		p.good(p.read("offlinejoin_blob", map[string]string{"blob_file": file}).Diagnostics)
	})
	parsesOnce(t, "the ephemeral resource", func() {
		p.good(p.openBlob(map[string]string{"blob_file": file}).Diagnostics)
	})
	for name, args := range map[string][]string{
		"fingerprint": nil, "inspect_blob": nil, "account_data": nil, "answer_file": {"amd64"},
	} {
		parsesOnce(t, name, func() {
			if _, failure := call(t, name, append([]string{blob.AccountData()}, args...)...); failure != nil {
				t.Error(failure.Text)
			}
		})
	}
}

func TestABlobIsParsedOncePerDisk(t *testing.T) {
	p := newPlugin(t, nil).of(joinedDiskName)
	d := newDiskOver(t, goldenImage(t), "overlay_path")
	var planned *tfprotov6.PlanResourceChangeResponse
	parsesOnce(t, "plan", func() { planned = p.plan(d.config) })
	p = newPlugin(t, nil).of(joinedDiskName)
	var applied *tfprotov6.ApplyResourceChangeResponse
	parsesOnce(t, "apply", func() { applied = p.apply(d.config, planned) })
	p.good(applied.Diagnostics)
	if n := sampletest.Parses(func() { p.refresh(applied.NewState, applied.Private) }); n != 0 {
		t.Errorf("refreshing parses a blob %d times", n)
	}
	if n := sampletest.Parses(func() { p.good(p.destroy(applied.NewState, applied.Private)) }); n != 0 {
		t.Errorf("destroying parses a blob %d times", n)
	}
}
