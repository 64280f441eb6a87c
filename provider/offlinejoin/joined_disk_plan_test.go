package offlinejoin

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// with returns the configuration with some words changed.
func (n newDisk) with(more map[string]string) map[string]string {
	config := maps.Clone(n.config)
	maps.Copy(config, more)
	return config
}

// expect fails the test when diagnostics do not say something, or fail where they should not.
func expect(t *testing.T, diagnostics []*tfprotov6.Diagnostic, fails bool, says string) {
	t.Helper()
	if got := sayings(diagnostics); failed(diagnostics) != fails || !strings.Contains(got, says) {
		t.Errorf("failed: %v, want %v; said %q, want %q", failed(diagnostics), fails, got, says)
	}
}

// TestReplacingADisk replaces disks in all states at the same path, as Terraform does: it plans twice, destroys and makes.
func TestReplacingADisk(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	_, otherBlob := sampletest.Blob(t)
	for name, c := range map[string]struct {
		happens func(t *testing.T, d madeDisk) (done func())
		change  map[string]string
		refused string // what the plan says; "": the disk is replaced
	}{
		"new blob": {change: map[string]string{"blob_file": otherBlob}},
		"another golden image": {
			change: map[string]string{"image_path": goldenImage(t)},
		},
		"golden image broken": {
			happens: func(t *testing.T, d madeDisk) func() { write(t, d.golden, []byte("broken")); return nil },
			change:  map[string]string{"image_path": goldenImage(t)},
		},
		"relative": {change: map[string]string{"backing": "relative"}},
		"used": {
			happens: func(t *testing.T, d madeDisk) func() { bootDisk(t, d.path); return nil },
			change:  map[string]string{"blob_file": otherBlob}, refused: "stays where it is",
		},
		"used, but delete": {
			happens: func(t *testing.T, d madeDisk) func() { bootDisk(t, d.path); return nil },
			change:  map[string]string{"blob_file": otherBlob, "on_destroy": "delete"},
			refused: "stays where it is", // what the state says counts when it is destroyed
		},
		"held": {
			happens: func(t *testing.T, d madeDisk) func() { return holdDisk(t, d.path) },
			change:  map[string]string{"blob_file": otherBlob}, refused: "something has it open now",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t, nil).of(joinedDiskName)
			own := golden
			if name == "golden image broken" {
				own = goldenImage(t)
			}
			d := newDiskOver(t, own, "overlay_path").make(t, p)
			first := sha(t, d.path)
			if c.happens != nil {
				if done := c.happens(t, d); done != nil {
					defer done()
				}
			}
			p = newPlugin(t, map[string]string{"lock_timeout": "1s"}).of(joinedDiskName)
			config := d.with(c.change)
			planned, replaced := p.replace(config, d.state, d.private)
			if !replaced {
				t.Fatal("the plan is no replacement")
			}
			expect(t, planned.Diagnostics, c.refused != "", c.refused)
			if c.refused != "" {
				if !exists(d.path) {
					t.Error("the disk is gone")
				}
				return
			}
			if v := p.attributes(planned.PlannedState)["path"]; v.IsKnown() {
				t.Error("the path is known in the plan, so that nobody waits for the new disk")
			}
			p = newPlugin(t, nil).of(joinedDiskName) // Terraform starts another one to apply
			none := p.none()
			destroyed, err := p.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: p.kind, PriorState: d.state, PlannedState: none, Config: none, PlannedPrivate: planned.PlannedPrivate,
			})
			if err != nil || len(destroyed.Diagnostics) > 0 || exists(d.path) {
				t.Fatalf("destroyed: %v, %s; it exists: %v", err, sayings(destroyed.Diagnostics), exists(d.path))
			}
			applied := p.apply(config, planned)
			expect(t, applied.Diagnostics, false, "")
			if sha(t, d.path) == first {
				t.Error("it is the old disk")
			}
		})
	}
}

// TestCreateBeforeDestroy makes the new disk first. Where that has the path of the old one, it is refused, and the old one
// stays whole.
func TestCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	_, otherBlob := sampletest.Blob(t)
	p := newPlugin(t, nil).of(joinedDiskName)
	d := newDiskOver(t, golden, "copy_path").make(t, p)
	before := sha(t, d.path)
	for _, config := range []map[string]string{d.config, d.with(map[string]string{"blob_file": otherBlob})} {
		p = newPlugin(t, nil).of(joinedDiskName)
		planned, _ := p.replace(config, d.state, d.private)
		expect(t, planned.Diagnostics, false, "")
		expect(t, p.apply(config, planned).Diagnostics, true, "give every new disk another path")
		if sha(t, d.path) != before {
			t.Error("the old disk was changed")
		}
	}
	config := d.with(map[string]string{"copy_path": d.path + ".2", "blob_file": otherBlob})
	p = newPlugin(t, nil).of(joinedDiskName)
	planned, replaced := p.replace(config, d.state, d.private)
	expect(t, planned.Diagnostics, false, "")
	expect(t, p.apply(config, planned).Diagnostics, false, "")
	none := p.none()
	destroyed, err := p.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: p.kind, PriorState: d.state, PlannedState: none, Config: none, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil || len(destroyed.Diagnostics) > 0 || !replaced || exists(d.path) || !exists(d.path+".2") {
		t.Errorf("%v, %s", err, sayings(destroyed.Diagnostics))
	}
}

// TestTakingOver makes a disk that is there already: by an apply that was killed, or by a resource that had another name.
func TestTakingOver(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	for _, kind := range []string{"overlay_path", "copy_path"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t, nil).of(joinedDiskName)
			first := newDiskOver(t, golden, kind).make(t, p)

			p = newPlugin(t, nil).of(joinedDiskName) // killed: nobody has a state
			expect(t, p.plan(first.config).Diagnostics, false, "holds this very join since ")
			p = newPlugin(t, nil).of(joinedDiskName)
			again := first.newDisk.make(t, p)
			expect(t, p.destroy(again.state, again.private), false, "")
			if exists(first.path) {
				t.Error("the disk that was taken over is not removed as unused")
			}

			p = newPlugin(t, nil).of(joinedDiskName)
			old := first.newDisk.make(t, p)
			p = newPlugin(t, nil).of(joinedDiskName) // renamed: created first, and destroyed then
			p.good(p.refresh(old.state, old.private).Diagnostics)
			if said := sayings(p.plan(old.config).Diagnostics); said != "" {
				t.Errorf("a new name of a resource of this run: %s", said)
			}
			p = newPlugin(t, nil).of(joinedDiskName)
			p.good(p.refresh(old.state, old.private).Diagnostics)
			renamed := old.newDisk.make(t, p)
			expect(t, p.destroy(old.state, old.private), false, "belongs to another resource by now")
			expect(t, p.destroy(renamed.state, renamed.private), false, "")
			if exists(first.path) {
				t.Error("the disk of the new name is not removed as unused")
			}
		})
	}
	t.Run("another golden image", func(t *testing.T) {
		t.Parallel()
		p := newPlugin(t, nil).of(joinedDiskName)
		d := newDiskOver(t, golden, "overlay_path").make(t, p)
		p = newPlugin(t, nil).of(joinedDiskName)
		expect(t, p.plan(d.with(map[string]string{"image_path": goldenImage(t)})).Diagnostics, true, "stands on "+golden)
		config := d.with(map[string]string{"copy_path": d.path})
		delete(config, "overlay_path")
		expect(t, p.plan(config).Diagnostics, true, "was not made as copy_path says")
	})
}

// TestTaintedDisk plans a tainted disk, of which Terraform hands on nothing but what was planned.
func TestTaintedDisk(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	_, otherBlob := sampletest.Blob(t)
	for name, change := range map[string]map[string]string{"same blob": nil, "new blob": {"blob_file": otherBlob}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t, nil).of(joinedDiskName)
			d := newDiskOver(t, golden, "overlay_path").make(t, p)
			p = newPlugin(t, nil).of(joinedDiskName)
			p.good(p.refresh(d.state, d.private).Diagnostics)
			config := d.with(change)
			planned := p.plan(config)
			expect(t, planned.Diagnostics, false, "")
			none := p.none()
			destroyed, err := p.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: p.kind, PriorState: d.state, PlannedState: none, Config: none, PlannedPrivate: planned.PlannedPrivate,
			})
			if err != nil || len(destroyed.Diagnostics) > 0 || exists(d.path) {
				t.Fatalf("destroyed: %v, %s; it exists: %v", err, sayings(destroyed.Diagnostics), exists(d.path))
			}
			expect(t, p.apply(config, planned).Diagnostics, false, "")
		})
	}
}

// TestReadingADisk refreshes a disk that something has happened to: that is drift only when the file is gone.
func TestReadingADisk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(t *testing.T, d madeDisk) (done func())
		says    string
		status  string // "": the resource leaves the state
	}{
		"nothing": {func(*testing.T, madeDisk) func() { return nil }, "", "staged"},
		"held": {func(t *testing.T, d madeDisk) func() {
			release := holdDisk(t, d.path)
			changeByte(t, d.path)
			return release
		}, "", "staged"},
		"completed": {func(t *testing.T, d madeDisk) func() { completeDisk(t, d.path); return nil }, "", "completed"},
		"booted":    {func(t *testing.T, d madeDisk) func() { bootDisk(t, d.path); return nil }, "never ran", "staged"},
		"taken back": {func(t *testing.T, d madeDisk) func() {
			if _, err := core.Unstage(t.Context(), core.UnstageRequest{Image: diskOf(d.path)}); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "does not hold the join", "absent"},
		"no disk any more": {func(t *testing.T, d madeDisk) func() {
			write(t, d.path, []byte("QFI\xfb\x00\x00\x00\x03 and no more"))
			return nil
		}, "is kept", "staged"},
		"golden changed": {func(t *testing.T, d madeDisk) func() {
			changeByte(t, d.golden)
			return nil
		}, "the golden image changed under this overlay", "staged"},
		"golden touched": {func(t *testing.T, d madeDisk) func() {
			now := time.Now().Add(time.Hour)
			if err := os.Chtimes(d.golden, now, now); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "was written to", "staged"},
		"golden gone": {func(t *testing.T, d madeDisk) func() {
			if err := os.Rename(d.golden, d.golden+".away"); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "is kept", "staged"},
		"golden held": {func(t *testing.T, d madeDisk) func() { return holdDisk(t, d.golden) }, "", "staged"},
		"gone": {func(t *testing.T, d madeDisk) func() {
			write(t, d.path+".other", nil)
			if err := os.Remove(d.path); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "Disk gone", ""},
		"not mounted": {func(t *testing.T, d madeDisk) func() {
			if err := os.RemoveAll(filepath.Dir(d.path)); err != nil {
				t.Fatal(err)
			}
			return nil
		}, "seems not to be mounted", "staged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t, nil).of(joinedDiskName)
			d := newDiskOver(t, goldenImage(t), "overlay_path").make(t, p)
			if done := c.happens(t, d); done != nil {
				defer done()
			}
			p = newPlugin(t, nil).of(joinedDiskName)
			read := p.refresh(d.state, d.private)
			expect(t, read.Diagnostics, false, c.says)
			if c.says == "" && len(read.Diagnostics) > 0 {
				t.Errorf("said %q", sayings(read.Diagnostics))
			}
			if c.status == "" {
				if v, err := read.NewState.Unmarshal(p.schemas.ResourceSchemas[p.kind].ValueType()); err != nil || !v.IsNull() {
					t.Errorf("the resource is still in the state: %v", err)
				}
				return
			}
			if got := text(t, p.attributes(read.NewState)["status"]); got != c.status {
				t.Errorf("the status is %q, want %q", got, c.status)
			}
			planned := p.change(d.config, read.NewState, read.Private)
			p.good(planned.Diagnostics)
			was, is := p.attributes(read.NewState), p.attributes(planned.PlannedState)
			for attribute, value := range is {
				if !value.Equal(was[attribute]) {
					t.Errorf("%s changes from %s to %s", attribute, was[attribute], value)
				}
			}
			if len(planned.RequiresReplace) > 0 {
				t.Errorf("the disk is replaced: %v", planned.RequiresReplace)
			}
		})
	}
}

// TestNewBlobAfterBoot leaves a disk alone whose machine has joined.
func TestNewBlobAfterBoot(t *testing.T) {
	t.Parallel()
	p := newPlugin(t, nil).of(joinedDiskName)
	d := newDiskOver(t, goldenImage(t), "copy_path").make(t, p)
	completeDisk(t, d.path)
	p = newPlugin(t, nil).of(joinedDiskName)
	read := p.refresh(d.state, d.private)
	_, other := sampletest.Blob(t)
	planned := p.change(d.with(map[string]string{"blob_file": other}), read.NewState, read.Private)
	expect(t, planned.Diagnostics, false, "Blob not used")
	if len(planned.RequiresReplace) > 0 {
		t.Error("the disk of a machine is replaced")
	}
	expect(t, p.destroy(read.NewState, read.Private), false, "was not removed, because its")
	if !exists(d.path) {
		t.Error("the disk of a machine is removed")
	}
}

// TestNameOfAnotherFormat is warned of in the plan.
func TestNameOfAnotherFormat(t *testing.T) {
	t.Parallel()
	_, file := sampletest.Blob(t)
	config := map[string]string{"image_path": goldenImage(t), "overlay_path": filepath.Join(t.TempDir(), "web01.vhdx"), "blob_file": file}
	p := newPlugin(t, nil).of(joinedDiskName)
	expect(t, p.plan(config).Diagnostics, false, "the new disk is a qcow2 image, and its name, web01.vhdx, says vhdx")
}

// TestPlansThatCannotWork are refused before anything is written.
func TestPlansThatCannotWork(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	before := sha(t, golden)
	_, file := sampletest.Blob(t)
	folder := t.TempDir()
	taken := filepath.Join(folder, "taken")
	write(t, taken, []byte("a file of somebody's"))
	base := map[string]string{"image_path": golden, "overlay_path": filepath.Join(folder, "new"), "blob_file": file}
	for name, c := range map[string]struct {
		change map[string]string
		says   string
	}{
		"taken":               {map[string]string{"overlay_path": taken}, "Disk cannot be made"},
		"golden itself":       {map[string]string{"overlay_path": golden}, "same path"},
		"golden by another":   {map[string]string{"overlay_path": folder + "/../" + filepath.Base(filepath.Dir(golden)) + "/golden.raw"}, ""},
		"no folder":           {map[string]string{"overlay_path": filepath.Join(folder, "x", "y")}, "Disk cannot be made"},
		"partition":           {map[string]string{"partition": "7"}, "partition"},
		"no partition at all": {map[string]string{"partition": "C:"}, "is no number of a partition"},
		"machine":             {map[string]string{"machine_name": "WEB02"}, "WEB02"},
		"no image":            {map[string]string{"image_path": file}, "Disk cannot be made"},
		"reuse":               {map[string]string{"reuse": "allow"}, "reuse_reason"},
		"the blob's path":     {map[string]string{"overlay_path": file}, "are the same path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlugin(t, nil).of(joinedDiskName)
			config := newDisk{config: base}.with(c.change)
			expect(t, p.plan(config).Diagnostics, true, c.says)
		})
	}
	t.Run("golden not there yet", func(t *testing.T) {
		t.Parallel()
		p := newPlugin(t, nil).of(joinedDiskName)
		config := newDisk{config: base}.with(map[string]string{"image_path": filepath.Join(folder, "later.qcow2")})
		expect(t, p.plan(config).Diagnostics, false, "Golden image not checked yet")
	})
	t.Run("path not known yet", func(t *testing.T) {
		t.Parallel()
		p := newPlugin(t, nil).of(joinedDiskName)
		values := p.attributes(p.resource(base))
		values["overlay_path"] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
		kind := p.schemas.ResourceSchemas[p.kind].ValueType()
		config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, values))
		if err != nil {
			t.Fatal(err)
		}
		planned, err := p.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: p.kind, PriorState: p.none(), ProposedNewState: &config, Config: &config,
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, planned.Diagnostics, false, "")
		if p.attributes(planned.PlannedState)["id"].IsKnown() {
			t.Error("the id is known")
		}
	})
	t.Cleanup(func() {
		if sha(t, golden) != before || exists(filepath.Join(folder, "new")) {
			t.Error("something was written")
		}
	})
}

// TestTwoDisksOnePath are refused in the plan.
func TestTwoDisksOnePath(t *testing.T) {
	t.Parallel()
	p := newPlugin(t, nil).of(joinedDiskName)
	d := newDiskOver(t, goldenImage(t), "overlay_path")
	p.good(p.plan(d.config).Diagnostics)
	_, other := sampletest.BlobFor(t, "WEB02", 1108)
	expect(t, p.plan(d.with(map[string]string{"blob_file": other, "partition": "1"})).Diagnostics, true, "")
	expect(t, p.plan(d.with(map[string]string{"blob_file": other})).Diagnostics, true, "Claimed twice")
}

// TestDiskTimeout ends while the disk is made, and leaves no half file.
func TestDiskTimeout(t *testing.T) {
	t.Parallel()
	p := newPlugin(t, nil).of(joinedDiskName)
	d := newDiskOver(t, goldenImage(t), "copy_path")
	planned := p.plan(d.config)
	p.good(planned.Diagnostics)
	kind := p.schemas.ResourceSchemas[p.kind].ValueType()
	values := p.attributes(planned.PlannedState)
	limits := values["timeouts"].Type().(tftypes.Object)
	values["timeouts"] = tftypes.NewValue(limits, map[string]tftypes.Value{
		"create": tftypes.NewValue(tftypes.String, "1ns"), "read": tftypes.NewValue(tftypes.String, nil),
		"update": tftypes.NewValue(tftypes.String, nil), "delete": tftypes.NewValue(tftypes.String, nil),
	})
	state, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, values))
	if err != nil {
		t.Fatal(err)
	}
	planned.PlannedState = &state
	expect(t, p.apply(d.config, planned).Diagnostics, true, "The time limit of this operation has run out")
	if entries, err := os.ReadDir(filepath.Dir(d.path)); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestADiskThatIsGoneTellsHowItsAccountIsFree: by the whole command where a ledger has its use, and not at all where there is none.
func TestADiskThatIsGoneTellsHowItsAccountIsFree(t *testing.T) {
	t.Parallel()
	for _, ledger := range []string{"", filepath.Join(t.TempDir(), "ledger")} {
		options := map[string]string{}
		if ledger != "" {
			options["ledger_file"] = ledger
		}
		d := newDiskOver(t, goldenImage(t), "overlay_path").make(t, newPlugin(t, options).of(joinedDiskName))
		write(t, d.path+".other", nil)
		if err := os.Remove(d.path); err != nil {
			t.Fatal(err)
		}
		read := newPlugin(t, options).of(joinedDiskName).refresh(d.state, d.private)
		shown := strings.Join(strings.Fields(plainDiagnostics(t, read.Diagnostics)), " ")
		want := "`offlinejoin ledger release ID --ledger-file " + ledger + " --reason \"the disk is gone\"`, where ID is what `offlinejoin " +
			"ledger list --ledger-file " + ledger + "` shows"
		if !strings.Contains(shown, "Disk gone") || strings.Contains(shown, want) != (ledger != "") ||
			strings.Contains(shown, "release") != (ledger != "") {
			t.Errorf("with the ledger %q, reading shows %s", ledger, shown)
		}
	}
}
