package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// providerName is the program that terraform starts. `make build` puts the shipped one into .build/bin.
const providerName = "terraform-provider-offlinejoin"

// benchApply measures one apply of many images, what the core needs for the same work, and what terraform needs for as
// many resources that do nothing: its own, and the floor, which is the provider's resource without its work. profiles is
// a folder for CPU profiles of the provider; with "" none are made.
func benchApply(dir, hive, profiles string) error {
	terraform, err := exec.LookPath("terraform")
	shipped := filepath.Join(".build", "bin", providerName)
	if _, missing := os.Stat(shipped); err != nil || missing != nil {
		fmt.Println("\na hundred images in one apply: left out: it needs terraform, and `make build`")
		return nil
	}
	measured := filepath.Join(dir, "bin", providerName)
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", measured, "./internal/bench/provider")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the floor: %w: %s", err, out)
	}
	ours, err := newTerraform(terraform, filepath.Join(dir, "ours.rc"), shipped)
	if err != nil {
		return err
	}
	floor, err := newTerraform(terraform, filepath.Join(dir, "floor.rc"), measured)
	if err != nil {
		return err
	}
	if profiles != "" {
		if profiles, err = filepath.Abs(profiles); err != nil {
			return err
		}
		ours.rc, ours.env = floor.rc, []string{"OFFLINEJOIN_BENCH_PROFILE=" + profiles}
	}
	floor.env = []string{"OFFLINEJOIN_BENCH_FLOOR=1"}
	return (&applies{ours: ours, floor: floor, dir: dir, hive: hive}).run()
}

// applies measures fleets of several sizes.
type applies struct {
	ours, floor terraformIn
	dir, hive   string
}

func (a *applies) run() error {
	fmt.Println("\nimages staged in one apply (real SYSTEM hive of Windows 10; plan included)")
	clock, cpu := table{newTabs()}, table{newTabs()}
	fmt.Fprintln(clock, "  images\tparallelism\tapply\tper image\tcore alone\tterraform alone\tprovider's peak MiB")
	fmt.Fprintln(cpu, "  images\tparallelism\tprovider\tfloor\tover the floor\tcore: a plan\ta stage\t"+
		"provider to core\tterraform\tits share")
	for _, size := range []struct{ n, parallel int }{{25, 10}, {50, 10}, {100, 10}, {100, 50}} {
		folder := filepath.Join(a.dir, fmt.Sprintf("fleet-%d-%d", size.n, size.parallel))
		f, err := makeFleet(filepath.Join(folder, "image"), size.n, a.hive)
		if err != nil {
			return err
		}
		r, err := a.measure(f, folder, size.parallel)
		if err != nil {
			return err
		}
		each := func(d time.Duration) string { return ms(d / time.Duration(size.n)) }
		fmt.Fprintf(clock, "  %d\t%d\t%s\t%s\t%s\t%s\t%.1f\n", size.n, size.parallel, ms(r.apply), each(r.apply), ms(r.core),
			ms(r.empty), float64(r.provider.peak)/(1<<20))
		fmt.Fprintf(cpu, "  %d\t%d\t%s\t%s\t%s\t%s\t%s\t%.1f\t%s\t%.0f %%\n", size.n, size.parallel, each(r.provider.cpu),
			each(r.floor.cpu), each(r.provider.cpu-r.floor.cpu), each(r.plan), each(r.stage),
			float64(r.provider.cpu)/float64(r.plan+r.stage), each(r.terraform),
			100*float64(r.terraform)/float64(r.terraform+r.provider.cpu))
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	if err := clock.Flush(); err != nil {
		return err
	}
	fmt.Println("\n  the same, user and system time per image (terraform plans twice in an apply; the core alone plans and stages)")
	return cpu.Flush()
}

// applyFigures are what one fleet costs.
type applyFigures struct {
	apply time.Duration // of terraform with the provider
	core  time.Duration // of the same stages in one process, without terraform
	empty time.Duration // of terraform with as many of its own resources, which do nothing

	// User and system time:
	provider, floor watched       // of the provider in its apply, and of the floor
	terraform       time.Duration // of terraform itself in the provider's apply
	plan, stage     time.Duration // of the core, for all images
}

func (a *applies) measure(f fleet, dir string, parallel int) (r applyFigures, err error) {
	ours, floor, empty := filepath.Join(dir, "ours"), filepath.Join(dir, "floor"), filepath.Join(dir, "empty")
	if err := errors.Join(f.write(ours, true), f.write(floor, true), f.write(empty, false)); err != nil {
		return r, err
	}
	before := cpuTime()
	if err := f.plan(); err != nil {
		return r, err
	}
	start, planned := time.Now(), cpuTime()
	if err := f.stage(parallel); err != nil {
		return r, err
	}
	r.core, r.plan, r.stage = time.Since(start), planned-before, cpuTime()-planned
	if err := f.unstage(); err != nil {
		return r, err
	}
	var all time.Duration
	if r.apply, all, r.provider, err = a.ours.apply(ours, parallel); err != nil {
		return r, err
	}
	r.terraform = all - r.provider.cpu
	if _, _, r.floor, err = a.floor.apply(floor, parallel); err != nil {
		return r, err
	}
	r.empty, _, _, err = a.ours.apply(empty, parallel)
	return r, err
}

// terraformIn runs terraform with a provider that was built here.
type terraformIn struct {
	program, rc string
	env         []string
}

// newTerraform writes rc, by which terraform starts the provider of that file.
func newTerraform(program, rc, provider string) (terraformIn, error) {
	bin, err := filepath.Abs(filepath.Dir(provider))
	if err != nil {
		return terraformIn{}, err
	}
	return terraformIn{program: program, rc: rc}, os.WriteFile(rc, fmt.Appendf(nil,
		"provider_installation {\n  dev_overrides {\n    \"offlinejoin/offlinejoin\" = %q\n  }\n  direct {}\n}\n", bin), 0o600)
}

// apply returns how long one apply takes, the user and system time of terraform and of what it started, and what of it
// the provider used.
func (tf terraformIn) apply(dir string, parallel int) (took, cpu time.Duration, provider watched, err error) {
	cmd := exec.Command(tf.program, "apply", "-no-color", "-auto-approve", fmt.Sprintf("-parallelism=%d", parallel))
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), tf.env...), "TF_CLI_CONFIG_FILE="+tf.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, provider, err
	}
	stop := watchChildren(cmd.Process.Pid, providerName)
	err = cmd.Wait()
	took, provider = time.Since(start), stop()
	if err != nil {
		err = fmt.Errorf("terraform apply: %w: %s", err, out.String())
	}
	return took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), provider, err
}
