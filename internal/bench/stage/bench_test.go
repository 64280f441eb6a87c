//go:build linux

package stage

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const (
	rounds   = 15
	childEnv = "OFFLINEJOIN_BENCH_CHILD" // what a measured process of our own does
)

// TestMain lets the test binary be the measured process, too.
func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		if err := child(what, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// inner is what a child of our own tells.
type inner struct {
	Nanoseconds int64 // of the operation, without the start of the process
	Written     int64 // as the engine counts it
}

func child(what, path, blob string) error {
	start := time.Now()
	var in inner
	switch what {
	case "stage":
		data, err := os.ReadFile(blob)
		if err != nil {
			return err
		}
		r, err := offlinejoin.Stage(context.Background(), offlinejoin.Request{WindowsPath: path, Blob: data, StagedBy: "bench"})
		if err != nil {
			return err
		}
		in.Written = r.BytesWritten
	case "registry":
		n, err := registry(path)
		if err != nil {
			return err
		}
		in.Written = n
	}
	in.Nanoseconds = time.Since(start).Nanoseconds()
	return json.NewEncoder(os.Stdout).Encode(in)
}

// diskFile is a file for the engine.
type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// registry makes the change in a hive with our engine: a key with a descriptor of its own, eight texts and 2 KiB of data.
func registry(path string) (written int64, err error) {
	var f [2]diskFile
	for i, name := range []string{path, path + ".LOG1"} {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		f[i] = diskFile{file}
	}
	h, err := regf.Open(regf.Files{Primary: f[0], Log1: f[1]})
	if err != nil {
		return 0, err
	}
	sd, err := regf.ParseSDDL("O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)")
	if err != nil {
		return 0, err
	}
	k, _, err := h.CreateKey(`Setup\Bench`, sd)
	if err != nil {
		return 0, err
	}
	for i := range 8 {
		if err := k.SetValue(fmt.Sprint("Value", i), regf.SZ, regf.TextData(fmt.Sprint("text ", i))); err != nil {
			return 0, err
		}
	}
	if err := k.SetValue("Blob", regf.Binary, bytes.Repeat([]byte{0xA5}, 2048)); err != nil {
		return 0, err
	}
	r, err := h.Commit(regf.CommitOptions{})
	return r.BytesWritten, err
}

// contender is one way to make a change in a copy of the image.
type contender struct {
	name, env string
	command   func(windows string) *exec.Cmd
	note      string
}

// figures are what one run has cost; -1 is not measured.
type figures struct {
	process, inside time.Duration
	read, written   int64
}

func TestBench(t *testing.T) {
	if os.Getenv("OFFLINEJOIN_BENCH") == "" {
		t.Skip("skipped: `make bench` runs this")
	}
	image := bigImage(t)
	_, blob := sampletest.Blob(t)
	system := func(windows string) string { return filepath.Join(windows, "System32", "config", "SYSTEM") }
	self := func(what string, path func(string) string) func(string) *exec.Cmd {
		return func(windows string) *exec.Cmd {
			c := exec.Command(os.Args[0], path(windows), blob)
			c.Env = append(os.Environ(), childEnv+"="+what)
			return c
		}
	}
	whole := func(windows string) string { return windows }
	python, shell := testenv.Python(t, "hivex"), testenv.Tool(t, "hivexsh")
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "what\tprocess min/median\tinside min/median\tread\twritten\tfsyncs\tpeak memory\t")
	for _, c := range []contender{
		{name: "a whole stage (with odjboot.exe)", command: self("stage", whole)},
		{name: "the registry transaction", command: self("registry", system)},
		{name: "python3-hivex, same values", command: func(windows string) *exec.Cmd {
			return exec.Command(python, "testdata/hivex_edit.py", system(windows))
		}},
		{name: "hivexsh, 256 bytes of data", command: func(windows string) *exec.Cmd {
			c := exec.Command(shell, "-w", system(windows))
			c.Stdin = strings.NewReader(hivexshScript())
			return c
		}},
	} {
		c.measure(t, image, w)
	}
	w.Flush()
	info, err := os.Stat(system(image))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("SYSTEM hive of %d bytes, clean; %d runs each on %s, %d CPUs, page cache warm\n%s\n"+
		"process: start to end of the process; inside: the operation alone; read and written: by system calls, all files,\n"+
		"the program and its libraries included (hivex maps the hive, which no counter sees); fsyncs: by strace, - without it;\n"+
		"peak memory: the last look at VmHWM before the end of a run of its own.\n"+
		"hivex gives the new key its parent's descriptor, refuses long lines in hivexsh, and does not fsync.",
		info.Size(), rounds, runtime.GOOS, runtime.NumCPU(), out.String())
}

// hivexshScript is the change for hivexsh, whose lines may not be long.
func hivexshScript() string {
	var b strings.Builder
	b.WriteString("cd Setup\nadd Bench\ncd Bench\nsetval 9\n")
	for i := range 8 {
		fmt.Fprintf(&b, "Value%d\nstring:text %d\n", i, i)
	}
	fmt.Fprintf(&b, "Blob\nhex:3:a5%s\ncommit\nquit\n", strings.Repeat(",a5", 255))
	return b.String()
}

func (c contender) measure(t *testing.T, image string, w io.Writer) {
	t.Helper()
	var runs []figures
	for range rounds {
		windows := filepath.Join(t.TempDir(), "Windows")
		copyTree(t, image, windows)
		runs = append(runs, run(t, c.command(windows)))
	}
	fresh := func() *exec.Cmd {
		windows := filepath.Join(t.TempDir(), "Windows")
		copyTree(t, image, windows)
		return c.command(windows)
	}
	syncs, peak := countSyncs(t, fresh()), peakMemory(t, fresh())
	low, mid := spread(runs, func(f figures) time.Duration { return f.process })
	inside := "-"
	if runs[0].inside > 0 {
		a, b := spread(runs, func(f figures) time.Duration { return f.inside })
		inside = fmt.Sprintf("%.1f / %.1f ms", ms(a), ms(b))
	}
	f := runs[len(runs)/2]
	fmt.Fprintf(w, "%s\t%.1f / %.1f ms\t%s\t%d\t%d\t%s\t%.1f MiB\t\n",
		c.name, ms(low), ms(mid), inside, f.read, f.written, syncs, float64(peak)/1024)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func spread(runs []figures, of func(figures) time.Duration) (low, median time.Duration) {
	all := make([]time.Duration, len(runs))
	for i, f := range runs {
		all[i] = of(f)
	}
	slices.Sort(all)
	return all[0], all[len(all)/2]
}

// run runs a process and reads its counters after its end, before it is reaped.
func run(t *testing.T, c *exec.Cmd) figures {
	t.Helper()
	var out, errors bytes.Buffer
	c.Stdout, c.Stderr = &out, &errors
	start := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	f := figures{read: -1, written: -1}
	// Left to be reaped, so that its counters can be read.
	if err := unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	f.process = time.Since(start)
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", c.Process.Pid)); err == nil {
		fmt.Sscanf(string(text), "rchar: %d\nwchar: %d", &f.read, &f.written)
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errors.String())
	}
	var in inner
	if json.Unmarshal(out.Bytes(), &in) == nil {
		f.inside = time.Duration(in.Nanoseconds)
	}
	return f
}

// peakMemory runs a process and watches the high-water mark of its memory, in KiB. (What the kernel tells of an ended
// child includes the memory of the parent that it was forked from.)
func peakMemory(t *testing.T, c *exec.Cmd) (peak int64) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	mark := regexp.MustCompile(`VmHWM:\s*(\d+) kB`)
	program := filepath.Base(c.Path)
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return peak
		default:
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
		if m := mark.FindSubmatch(text); err == nil && m != nil && bytes.Contains(text, []byte(program[:min(15, len(program))])) {
			kib, _ := strconv.ParseInt(string(m[1]), 10, 64)
			peak = max(peak, kib)
		}
	}
}

// countSyncs runs a process under strace once.
func countSyncs(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		return "-"
	}
	log := filepath.Join(t.TempDir(), "strace")
	traced := exec.Command(strace, append([]string{"-f", "-o", log, "-e", "trace=fsync,fdatasync,msync", c.Path}, c.Args[1:]...)...)
	traced.Env, traced.Stdin = c.Env, c.Stdin
	if out, err := traced.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(len(regexp.MustCompile(`(?m) (fsync|fdatasync|msync)\(`).FindAll(text, -1)))
}

// bigImage is the sample image with a real SYSTEM hive of more than 10 MB, its pending logs applied, and real SECURITY and
// SAM hives.
func bigImage(t *testing.T) string {
	t.Helper()
	windows := sampletest.Image(t, sample.Image{ProductType: "WinNT"})
	hives := testenv.Shared(t, "testdata/hives")
	config := filepath.Join(windows, "System32", "config")
	put := func(from, to string) {
		if err := os.WriteFile(filepath.Join(config, to), gunzip(t, filepath.Join(hives, from+".gz")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"SAM", "SAM.LOG1", "SECURITY", "SECURITY.LOG1"} {
		put("win10-rathbunvm/"+name, name)
	}
	f := regf.Files{
		Primary: regf.NewMemFile(gunzip(t, filepath.Join(hives, "win10-1709-x64-dirty/SYSTEM.gz"))),
		Log1:    regf.NewMemFile(gunzip(t, filepath.Join(hives, "win10-1709-x64-dirty/SYSTEM.LOG1.gz"))),
		Log2:    regf.NewMemFile(gunzip(t, filepath.Join(hives, "win10-1709-x64-dirty/SYSTEM.LOG2.gz"))),
	}
	h, err := regf.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := h.CreateKey("Setup", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetValue("Reconciled", regf.DWORD, regf.DWORDData(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Commit(regf.CommitOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]regf.File{"SYSTEM": f.Primary, "SYSTEM.LOG1": f.Log1, "SYSTEM.LOG2": f.Log2} {
		if err := os.WriteFile(filepath.Join(config, name), file.(*regf.MemFile).Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return windows
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// copyTree copies the image, on the disk and not only in the page cache.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	syscall.Sync()
}
