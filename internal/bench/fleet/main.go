// Command fleet measures `offlinejoin apply` on fleets of images, and fails when one of them goes wrong or takes more
// memory than it may: 1,000 images, 64 of them with the real SYSTEM hive of a Windows 10 (13 MB, not closed cleanly),
// must all be staged by one command within 128 MiB.
//
//	go run ./internal/bench/fleet [-images 1000]
//
// It tells the throughput with 1, 2 and 4 images at a time, and the time for a quarter and a half of the images, which
// shows that time grows with their number and not faster. Each measurement is a process of its own, on images that were
// taken back before; memory is the greatest resident size that the kernel tells. The images take about 4 GB for a
// while.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/cli"
)

// mostMemory is what one apply may take, in bytes.
const mostMemory = 128 << 20

func main() {
	if len(os.Args) > 1 && os.Args[1] == "offlinejoin" {
		streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
		os.Exit(cli.Run(context.Background(), os.Args[2:], streams))
	}
	if len(os.Args) == 5 && os.Args[1] == "make" {
		n, _ := strconv.Atoi(os.Args[4]) // given by bench below
		exit(makeFleet(os.Args[2], os.Args[3], n))
	}
	images := flag.Int("images", 1000, "how many images")
	shared := flag.String("shared", defaultShared(), "the project's shared folder")
	flag.Parse()
	exit(bench(*images, *shared))
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

func bench(images int, shared string) error {
	if _, err := os.Stat(shared); err != nil {
		fmt.Println("bench: skipped: the shared test data is not there (set OFFLINEJOIN_SHARED)")
		return nil
	}
	me, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "offlinejoin-fleet-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The fleet is made by a child: the kernel counts the size of this process into the peak of those that it starts.
	if out, err := exec.Command(me, "make", shared, dir, strconv.Itoa(images)).CombinedOutput(); err != nil {
		return fmt.Errorf("making the fleet: %w: %s", err, out)
	}
	fmt.Printf("\nofflinejoin apply, fleets with a real hive in one image of %d (%d cores)\n", max(images/realHives, 1),
		runtime.NumCPU())
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "images\tparallel\ttime\tper image\tCPU per image\timages/s\tpeak MiB\t")
	for _, c := range []struct{ images, parallel int }{
		{images / 4, 2}, {images / 2, 2}, {images, 2}, {images, 1}, {images, 4},
	} {
		f, err := apply(me, dir, c.images, c.parallel)
		if err != nil {
			return err
		}
		n := float64(c.images)
		fmt.Fprintf(t, "%d\t%d\t%.1f s\t%.1f ms\t%.1f ms\t%.1f\t%.1f\t\n", c.images, c.parallel, f.took.Seconds(),
			f.took.Seconds()*1000/n, f.cpu.Seconds()*1000/n, n/f.took.Seconds(), float64(f.memory)/(1<<20))
		if f.memory > mostMemory {
			t.Flush()
			return fmt.Errorf("apply took %d bytes of memory, more than %d", f.memory, int64(mostMemory))
		}
	}
	return t.Flush()
}

// figures are what one apply costs. The time of the processor is not that of a busy machine's other work.
type figures struct {
	took, cpu time.Duration
	memory    int64 // bytes
}

// apply stages the first images of the fleet, looks whether all are right, and takes them back.
func apply(me, dir string, images, parallel int) (f figures, err error) {
	args := func(command string, more ...string) []string {
		return append([]string{"offlinejoin", command, dir, "--var", fmt.Sprintf("images=%d", images)}, more...)
	}
	report := filepath.Join(dir, "report.json")
	cmd := exec.Command(me, args("apply", "--yes", "--parallel", strconv.Itoa(parallel), "--report", report)...)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return f, fmt.Errorf("apply: %w: %s", err, tail(out))
	}
	f.took = time.Since(start)
	f.cpu, f.memory = cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), peak(cmd.ProcessState)
	if err := allStaged(report, images); err != nil {
		return f, err
	}
	if out, err := exec.Command(me, args("unstage", "--yes")...).CombinedOutput(); err != nil {
		return f, fmt.Errorf("unstage: %w: %s", err, tail(out))
	}
	return f, nil
}

func allStaged(report string, want int) error {
	text, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	var r struct {
		Outcomes map[string]int `json:"outcomes"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	if r.Outcomes["staged"] != want {
		return fmt.Errorf("%v, want %d staged", r.Outcomes, want)
	}
	return nil
}

func tail(out []byte) []byte { return out[max(len(out)-1000, 0):] }
