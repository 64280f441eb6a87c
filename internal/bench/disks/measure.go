//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

// subject is one way to make a join, measured as a new process.
type subject struct {
	name    string
	prepare func() error // undoes what the run before did; nil for nothing
	args    []string     // of our command line
}

// figures are what a subject costs.
type figures struct {
	cpu, wall []time.Duration // of each run, ascending; cpu is user and system time
	peak      int64           // greatest resident size, in bytes
}

// measure runs all subjects in turn, again and again, so that whatever else the machine does meets all of them.
func measure(runs int, subjects []subject) ([]figures, error) {
	all := make([]figures, len(subjects))
	for range runs {
		for i, s := range subjects {
			if s.prepare != nil {
				if err := s.prepare(); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
			if err := all[i].run(ours(s.args...)); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return all, nil
}

// run measures one run of a command.
func (f *figures) run(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%q: %w: %s", cmd.Args, err, out.Bytes()[max(out.Len()-1000, 0):])
	}
	f.add(time.Since(start), used(cmd.ProcessState))
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = max(f.peak, usage.Maxrss<<10) // Linux counts KiB
	}
	return nil
}

func (f *figures) add(wall, cpu time.Duration) {
	f.wall, f.cpu = append(f.wall, wall), append(f.cpu, cpu)
	slices.Sort(f.wall)
	slices.Sort(f.cpu)
}

func used(p *os.ProcessState) time.Duration { return p.UserTime() + p.SystemTime() }

// ours is the command line of offlinejoin, which this program is, too.
func ours(args ...string) *exec.Cmd {
	return exec.Command("/proc/self/exe", append([]string{"offlinejoin"}, args...)...)
}

func median(d []time.Duration) time.Duration { return d[len(d)/2] }

// table shows figures, with the CPU time as a multiple of that of one of them.
type table struct {
	*tabwriter.Writer
	one time.Duration
}

func newTable(one figures, oneIs string) table {
	t := table{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0), median(one.cpu)}
	fmt.Fprintf(t, "  \tCPU median\tleast\t× %s\ttime median\tleast\tpeak MiB\n", oneIs)
	return t
}

func (t table) row(name string, f figures) {
	peak := "-"
	if f.peak > 0 {
		peak = fmt.Sprintf("%.1f", float64(f.peak)/(1<<20))
	}
	fmt.Fprintf(t, "  %s\t%s\t%s\t%.2f\t%s\t%s\t%s\n", name, ms(median(f.cpu)), ms(f.cpu[0]),
		float64(median(f.cpu))/float64(t.one), ms(median(f.wall)), ms(f.wall[0]), peak)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
