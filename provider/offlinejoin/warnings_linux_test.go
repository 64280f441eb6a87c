package offlinejoin

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// warned plans and applies a join into an image, and returns what both have shown, flat.
func warned(t *testing.T, image string) (shown []string, state map[string]string) {
	t.Helper()
	_, file := sampletest.Blob(t)
	config := map[string]string{"windows_path": image, "blob_file": file}
	p := newPlugin(t, nil)
	planned := p.plan(config)
	applied := p.apply(config, planned)
	p.good(applied.Diagnostics)
	for _, d := range append(planned.Diagnostics, applied.Diagnostics...) {
		shown = append(shown, strings.Join(strings.Fields(d.Summary+": "+d.Detail), " "))
		if d.Severity != tfprotov6.DiagnosticSeverityWarning || !strings.Contains(d.Detail, image) {
			t.Errorf("%+v is no warning that names the image", d)
		}
	}
	state = map[string]string{}
	for name, value := range p.attributes(applied.NewState) {
		var s string
		if value.IsKnown() && !value.IsNull() && value.As(&s) == nil {
			state[name] = s
		}
	}
	return shown, state
}

// TestRightsOfTheProgramAreAnAttribute: that a file system cannot hold the access rights of Windows is no warning, since there is
// nothing to do about it.
func TestRightsOfTheProgramAreAnAttribute(t *testing.T) {
	t.Parallel()
	shown, state := warned(t, sampletest.Image(t, sample.Image{}))
	if len(shown) > 0 {
		t.Errorf("a join into an ordinary image shows %q", shown)
	}
	if state["program_rights"] != core.RightsAtFirstBoot {
		t.Errorf("program_rights is %q", state["program_rights"])
	}
}

// TestOneWarningPerCause: each cause is told once in plan and apply together, and each tells another thing.
func TestOneWarningPerCause(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	sampletest.UnfitImages()["exposed"].Spoil(t, image)
	sampletest.Edit(t, image, "SYSTEM", func(h *regf.Hive) error {
		key, err := h.Key(completion.SetupKey)
		if err != nil {
			return err
		}
		if err := key.SetValue(completion.ValueSetupType, regf.DWORD, regf.DWORDData(2)); err != nil {
			return err
		}
		return key.SetValue(completion.ValueCmdLine, regf.SZ, regf.TextData("later.exe"))
	})
	shown, _ := warned(t, image)
	for _, cause := range []string{sampletest.UnfitImages()["exposed"].Want, "runs another command at its next boot"} {
		if n := strings.Count(strings.Join(shown, "\n"), cause); n != 1 {
			t.Errorf("%q is told %d times: %q", cause, n, shown)
		}
	}
	if len(shown) != 2 {
		t.Errorf("%d warnings of two causes: %q", len(shown), shown)
	}
}

// TestAReadOnlyMountIsSeenInThePlan warns of what the apply would refuse.
func TestAReadOnlyMountIsSeenInThePlan(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	if err := unix.Mount(image, image, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("skipped: cannot mount here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(image, unix.MNT_DETACH) }) // the folder is removed with the test
	config := map[string]string{"windows_path": image, "blob_file": file}
	sees := func() int {
		shown := plainDiagnostics(t, newPlugin(t, nil).plan(config).Diagnostics)
		return strings.Count(strings.Join(strings.Fields(shown), " "), "the image is mounted read-only: mount it")
	}
	if n := sees(); n != 0 {
		t.Errorf("an image that can be written is said %d times to be read-only", n)
	}
	if err := unix.Mount("", image, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if n := sees(); n != 1 {
		t.Errorf("the plan says %d times that the mount is read-only", n)
	}
}
