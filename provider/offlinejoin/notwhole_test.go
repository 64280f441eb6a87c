package offlinejoin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestAMissingProgramIsStagedAgain: an armed hook without its program does not join, so reading warns of it, the plan stages
// again, and the apply puts the program back.
func TestAMissingProgramIsStagedAgain(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(program string) error{
		"is missing":         os.Remove,
		"is not the program": func(program string) error { return os.WriteFile(program, []byte("MZ"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			image := sampletest.Image(t, sample.Image{})
			_, file := sampletest.Blob(t)
			program := filepath.Join(image, "System32", "odjboot.exe")
			config := map[string]string{"windows_path": image, "blob_file": file}
			p := newPlugin(t, nil)
			applied := p.apply(config, p.plan(config))
			p.good(applied.Diagnostics)
			whole, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}

			p = newPlugin(t, nil)
			read := p.refresh(applied.NewState, applied.Private)
			if planned := p.change(config, read.NewState, read.Private); p.changes(read.NewState, planned.PlannedState) {
				t.Fatal("a whole join is staged again")
			}
			if err := spoil(program); err != nil {
				t.Fatal(err)
			}
			read = p.refresh(applied.NewState, applied.Private)
			expect(t, read.Diagnostics, false, name)
			p = newPlugin(t, nil)
			planned := p.change(config, read.NewState, read.Private)
			p.good(planned.Diagnostics)
			if !p.changes(read.NewState, planned.PlannedState) {
				t.Fatal("the plan changes nothing")
			}
			again := p.update(config, read.NewState, planned)
			p.good(again.Diagnostics)
			if now, err := os.ReadFile(program); err != nil || string(now) != string(whole) {
				t.Errorf("the program has %d bytes, %v, want %d", len(now), err, len(whole))
			}
		})
	}
}

// TestAnUnrecoverableHiveIsWarnedAbout: reading a staged join in a hive that nothing completes any more says so.
func TestAnUnrecoverableHiveIsWarnedAbout(t *testing.T) {
	t.Parallel()
	image := sampletest.Image(t, sample.Image{})
	_, file := sampletest.Blob(t)
	config := map[string]string{"windows_path": image, "blob_file": file}
	p := newPlugin(t, nil)
	applied := p.apply(config, p.plan(config))
	p.good(applied.Diagnostics)
	sampletest.Unrecoverable(t, image)
	read := p.refresh(applied.NewState, applied.Private)
	p.good(read.Diagnostics)
	shown := strings.Join(strings.Fields(plainDiagnostics(t, read.Diagnostics)), " ")
	if !strings.Contains(shown, "Join needs attention") || !strings.Contains(shown, "was not closed cleanly and its logs do not complete it") {
		t.Errorf("reading shows %q", shown)
	}
}
