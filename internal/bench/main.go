package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/bench/hives"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		exit(runChild(os.Args[2:]))
	}
	runs := flag.Int("runs", 7, "how often each measurement is made")
	small := flag.Bool("small", false, "leave the large hive out")
	fleetOnly := flag.Bool("fleet", false, "measure only many images in one apply of terraform")
	profiles := flag.String("profile", "", "with -fleet: a folder for CPU profiles of the provider, one of each of its processes")
	shared := flag.String("shared", defaultShared(), "the project's shared folder")
	flag.Parse()
	exit(bench(*runs, *small, *fleetOnly, *profiles, *shared))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func defaultShared() string {
	if dir := os.Getenv("OFFLINEJOIN_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared")
}

func bench(runs int, small, fleetOnly bool, profiles, shared string) error {
	if _, err := os.Stat(shared); err != nil {
		fmt.Println("bench: skipped: the shared test data is not there (set OFFLINEJOIN_SHARED)")
		return nil
	}
	me, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "offlinejoin-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%d runs each, %s/%s, %d cores\n", runs, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())

	// The hives are made by a child: the kernel counts the size of this process into the peak of those that it starts.
	if out, err := exec.Command(me, "child", "hives", shared, dir, strconv.FormatBool(!small && !fleetOnly)).CombinedOutput(); err != nil {
		return fmt.Errorf("making the hives: %w: %s", err, out)
	}
	clean := filepath.Join(dir, hives.CleanName)
	if fleetOnly {
		return benchApply(dir, clean, profiles)
	}
	if err := benchStage(runs, me, dir, clean); err != nil {
		return err
	}
	hiveedit := filepath.Join(dir, "hiveedit")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", hiveedit, "./internal/bench/hiveedit")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building hiveedit: %w: %s", err, out)
	}
	if err := benchHive(runs, hiveedit, dir, "clean SYSTEM hive of Windows 10", clean); err != nil {
		return err
	}
	if !small {
		if err := benchHive(runs, hiveedit, dir, "large hive", filepath.Join(dir, hives.LargeName)); err != nil {
			return err
		}
	}
	return benchApply(dir, clean, "") // the last, for it makes this process large, and with it the peaks of its children
}

// benchHive measures every task with every tool on copies of one hive.
func benchHive(runs int, hiveedit, dir, what, hive string) error {
	path := filepath.Join(dir, "SYSTEM")
	prepare := func() error {
		if err := os.WriteFile(path+".LOG1", nil, 0o600); err != nil {
			return err
		}
		return copyFile(path, hive)
	}
	info, err := os.Stat(hive)
	if err != nil {
		return err
	}
	for _, task := range tasks(hiveedit) {
		fmt.Printf("\n%s (%s, %.1f MB)\n", task.name, what, float64(info.Size())/1e6)
		t := newTable()
		for _, s := range task.subjects {
			cmd, err := s.command(path, dir)
			if err != nil {
				return err
			}
			if cmd == nil {
				t.absent(s.name)
				continue
			}
			f, err := measure(runs, prepare, func() *exec.Cmd {
				cmd, _ := s.command(path, dir) // it was made a moment ago
				return cmd
			})
			if err != nil {
				t.failed(s.name, err)
				continue
			}
			t.row(s.name, f)
		}
		t.Flush()
	}
	return nil
}

// benchStage measures whole stages: checks, program file, registry transaction, reading back.
func benchStage(runs int, me, dir, hive string) error {
	var windows, blobFile string
	prepare := func() error {
		tree, err := os.MkdirTemp(dir, "tree-")
		if err != nil {
			return err
		}
		if windows, err = sample.WriteTree(tree, sample.Image{}); err != nil {
			return err
		}
		blob, err := sample.Blob()
		if err != nil {
			return err
		}
		defer blob.Wipe()
		blobFile = filepath.Join(tree, "web01.djoin")
		if err := os.WriteFile(blobFile, blob.DjoinFile(), 0o600); err != nil {
			return err
		}
		system := filepath.Join(windows, "System32", "config", "SYSTEM")
		return errors.Join(copyFile(system, hive), copyFile(system+".LOG1", hive+".LOG1"))
	}
	f, err := measure(runs, prepare, func() *exec.Cmd { return exec.Command(me, "child", "stage", windows, blobFile) })
	if err != nil {
		return err
	}
	info, err := os.Stat(hive)
	if err != nil {
		return err
	}
	fmt.Printf("\none whole stage (clean SYSTEM hive of Windows 10, %.1f MB; with checks, the 2 MB program file and reading back)\n",
		float64(info.Size())/1e6)
	t := newTable()
	t.row("offlinejoin (durable)", f)
	return t.Flush()
}

type table struct{ *tabwriter.Writer }

func newTabs() *tabwriter.Writer { return tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0) }

func newTable() table {
	t := table{newTabs()}
	fmt.Fprintln(t, "  \tmedian\tfastest\tinside\tread KiB\twritten KiB\tfsyncs\tpeak MiB")
	return t
}

func (t table) row(name string, f figures) {
	fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%d\t%d\t%s\t%.1f\n", name, ms(f.wall), ms(f.fastest), ms(f.inside),
		f.read>>10, f.written>>10, f.syncs, float64(f.memory)/(1<<20))
}

func (t table) absent(name string) { fmt.Fprintf(t, "  %s\tnot installed\n", name) }

func (t table) failed(name string, err error) { fmt.Fprintf(t, "  %s\tfailed: %.100s\n", name, err) }

func ms(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f ms", float64(d)/1e6)
}

// copyFile copies a file and waits until it is on the disk, so that no measurement pays for it.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
