//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// mostMemory is what one apply of many overlays may take, in bytes.
const mostMemory = 64 << 20

const joinFile = `variable "overlays" { type = number }

join "w" {
  for_each     = { for i in range(var.overlays) : format("w%04d", i) => i }
  image_path   = "../golden.raw"
  overlay_path = "new/${each.key}.qcow2"
  blob_file    = "${each.key}.djoin"
  machine_name = upper(each.key)
}
`

// fleet is a folder with a join file and blobs, for overlays over one golden disk.
type fleet struct {
	joins
	n int
}

func (f fleet) folder() string       { return f.path("fleet") }
func (f fleet) name(i int) string    { return fmt.Sprintf("w%04d", i) }
func (f fleet) blob(i int) string    { return filepath.Join(f.folder(), f.name(i)+".djoin") }
func (f fleet) overlay(i int) string { return filepath.Join(f.folder(), "new", f.name(i)+".qcow2") }
func (f fleet) variable() []string   { return []string{"--var", "overlays=" + strconv.Itoa(f.n)} }
func (f fleet) apply(n int) []string {
	return append([]string{"apply", f.folder(), "--yes", "--parallel", strconv.Itoa(n)}, f.variable()...)
}

// write makes the folder.
func (f fleet) write() error {
	if err := os.MkdirAll(f.folder(), 0o700); err != nil {
		return err
	}
	for i := range f.n {
		blob, err := sample.BlobFor(strings.ToUpper(f.name(i)), uint32(3000+i))
		if err != nil {
			return err
		}
		err = os.WriteFile(f.blob(i), blob.DjoinFile(), 0o600)
		blob.Wipe()
		if err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(f.folder(), "fleet.join.hcl"), []byte(joinFile), 0o600)
}

// clear removes the overlays.
func (f fleet) clear() error {
	folder := filepath.Join(f.folder(), "new")
	return errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700))
}

// stageAll makes the overlays by the core alone, one after the other: what one process needs for the stages of an apply.
func (f fleet) stageAll() error {
	for i := range f.n {
		content, err := os.ReadFile(f.blob(i))
		if err != nil {
			return err
		}
		blob, err := offlinejoin.ReadBlob(content, f.blob(i))
		if err != nil {
			return err
		}
		at := offlinejoin.Image{Location: imagefs.Location{ImagePath: f.path("golden.raw"), OverlayPath: f.overlay(i)}}
		_, err = offlinejoin.Stage(context.Background(), offlinejoin.Request{Image: at, Blob: blob, StagedBy: "bench/1"})
		blob.Wipe()
		if err != nil {
			return err
		}
	}
	return nil
}

// made reports overlays that are missing.
func (f fleet) made() error {
	for i := range f.n {
		if _, err := os.Stat(f.overlay(i)); err != nil {
			return err
		}
	}
	return nil
}

// benchApply measures many overlays in one apply, next to the stages of as many overlays in one process, and to stages in
// processes of their own.
func (j joins) benchApply(n int) error {
	f := fleet{j, n}
	if err := f.write(); err != nil {
		return err
	}
	single := j.overlayOf(f)
	var apart, together, two, one figures
	for i := range min(n, 25) {
		if err := errors.Join(single.prepare(), apart.run(ours(single.args...))); err != nil {
			return fmt.Errorf("stage %d: %w", i, err)
		}
	}
	for _, m := range []struct {
		into *figures
		cmd  *exec.Cmd
	}{
		{&together, exec.Command("/proc/self/exe", "stages", j.dir, strconv.Itoa(n))},
		{&two, ours(f.apply(2)...)},
		{&one, ours(f.apply(1)...)},
	} {
		if err := errors.Join(f.clear(), m.into.run(m.cmd), f.made()); err != nil {
			return err
		}
	}
	fmt.Printf("\n%d overlays over one golden disk, each figure per overlay (apply also plans)\n", n)
	t := newTable(apart, "own")
	t.row("Stage, a process for each", apart)
	for _, c := range []struct {
		name string
		f    figures
	}{{"Stage of all, one process", together}, {"apply, 2 at a time", two}, {"apply, 1 at a time", one}} {
		t.row(c.name, c.f.each(n))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Printf("  apply to the Stage of all in one process: %.2f\n", float64(median(two.cpu))/float64(median(together.cpu)))
	if two.peak > mostMemory {
		return fmt.Errorf("apply took %d bytes of memory, more than %d", two.peak, int64(mostMemory))
	}
	return f.clear()
}

// overlayOf stages the first overlay of a fleet.
func (j joins) overlayOf(f fleet) subject {
	return subject{"overlay", f.clear, []string{
		"stage", "--blob-file", f.blob(0), "--image-path", j.path("golden.raw"), "--overlay-path", f.overlay(0),
	}}
}

// each divides the times of one run among n.
func (f figures) each(n int) figures {
	var e figures
	e.add(median(f.wall)/time.Duration(n), median(f.cpu)/time.Duration(n))
	e.peak = f.peak
	return e
}
