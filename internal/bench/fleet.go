package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// providerName is the program that terraform starts. `make build` puts it into .build/bin.
const providerName = "terraform-provider-offlinejoin"

// fleet is a number of images with a blob for each, in a folder.
type fleet struct {
	dir string
	n   int
}

// makeFleet makes images whose SYSTEM hive is a real one, and their blobs.
func makeFleet(dir string, n int, hive string) (fleet, error) {
	f := fleet{dir, n}
	for i := range n {
		windows, err := sample.WriteTree(filepath.Join(dir, f.name(i)), sample.Image{})
		if err != nil {
			return f, err
		}
		system := filepath.Join(windows, "System32", "config", "SYSTEM")
		if err := errors.Join(copyFile(system, hive), copyFile(system+".LOG1", hive+".LOG1")); err != nil {
			return f, err
		}
		blob, err := sample.BlobFor(strings.ToUpper(f.name(i)), uint32(2000+i))
		if err != nil {
			return f, err
		}
		if err := os.WriteFile(f.blob(i), blob.DjoinFile(), 0o600); err != nil {
			return f, err
		}
		blob.Wipe()
	}
	return f, nil
}

func (f fleet) name(i int) string    { return fmt.Sprintf("w%03d", i+1) }
func (f fleet) windows(i int) string { return filepath.Join(f.dir, f.name(i), "Windows") }
func (f fleet) blob(i int) string    { return filepath.Join(f.dir, f.name(i)+".djoin") }

// stage stages all images in this process, so many at once, and does nothing else.
func (f fleet) stage(parallel int) error {
	turns := make(chan struct{}, parallel)
	errs := make([]error, f.n)
	var all sync.WaitGroup
	for i := range f.n {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			_, errs[i] = stage(f.windows(i), f.blob(i))
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// unstage brings the images back to what they were.
func (f fleet) unstage() error {
	var errs []error
	for i := range f.n {
		_, err := offlinejoin.Unstage(context.Background(), offlinejoin.UnstageRequest{Image: offlinejoin.ImageAt(f.windows(i))})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// write makes the configuration that stages the images, or one that makes as many resources of terraform itself.
func (f fleet) write(dir string, ours bool) error {
	body := "resource \"terraform_data\" \"web\" {\n  for_each = local.names\n  input    = each.key\n}\n"
	if ours {
		body = fmt.Sprintf("terraform {\n  required_providers {\n"+
			"    offlinejoin = { source = \"offlinejoin/offlinejoin\" }\n  }\n}\n"+
			"resource \"offlinejoin_staged_join\" \"web\" {\n  for_each     = local.names\n"+
			"  windows_path = \"%s/${each.key}/Windows\"\n  blob_file    = \"%[1]s/${each.key}.djoin\"\n}\n", f.dir)
	}
	names := fmt.Sprintf("locals {\n  names = toset([for i in range(1, %d) : format(\"w%%03d\", i)])\n}\n", f.n+1)
	return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "main.tf"), []byte(names+body), 0o600))
}

// benchFleet measures one apply of many images, what the core needs for the same work, and what terraform needs for as
// many resources that do nothing.
func benchFleet(dir, hive string) error {
	terraform, err := exec.LookPath("terraform")
	provider := filepath.Join(".build", "bin", providerName)
	if _, missing := os.Stat(provider); err != nil || missing != nil {
		fmt.Println("\na hundred images in one apply: left out: it needs terraform, and `make build`")
		return nil
	}
	tf := terraformIn{program: terraform, rc: filepath.Join(dir, "terraform.rc")}
	if err := tf.override(filepath.Dir(provider)); err != nil {
		return err
	}
	fmt.Println("\nimages staged in one apply (real SYSTEM hive of Windows 10; plan included)")
	t := table{newTabs()}
	fmt.Fprintln(t, "  images\tparallelism\tapply\tper image\tcore alone\tterraform alone\t"+
		"CPU of provider\tof terraform\tits share\tprovider's peak MiB")
	for _, size := range []struct{ n, parallel int }{{25, 10}, {50, 10}, {100, 10}, {100, 50}} {
		folder := filepath.Join(dir, fmt.Sprintf("fleet-%d-%d", size.n, size.parallel))
		f, err := makeFleet(filepath.Join(folder, "image"), size.n, hive)
		if err != nil {
			return err
		}
		r, err := f.measure(tf, folder, size.parallel)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "  %d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f %%\t%.1f\n", size.n, size.parallel, ms(r.apply),
			ms(r.apply/time.Duration(size.n)), ms(r.core), ms(r.empty), ms(r.provider), ms(r.terraform),
			100*float64(r.terraform)/float64(r.terraform+r.provider), float64(r.peak)/(1<<20))
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return t.Flush()
}

// fleetFigures are what one fleet costs.
type fleetFigures struct {
	apply time.Duration // of terraform with the provider
	core  time.Duration // of the same stages in one process, without terraform
	empty time.Duration // of terraform with as many resources that do nothing

	provider, terraform time.Duration // user and system time of each, of that apply
	peak                int64         // greatest resident size of the provider, bytes
}

func (f fleet) measure(tf terraformIn, dir string, parallel int) (r fleetFigures, err error) {
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	if err := errors.Join(f.write(ours, true), f.write(theirs, false)); err != nil {
		return r, err
	}
	start := time.Now()
	if err := f.stage(parallel); err != nil {
		return r, err
	}
	r.core = time.Since(start)
	if err := f.unstage(); err != nil {
		return r, err
	}
	took, all, provider, err := tf.apply(ours, parallel)
	if err != nil {
		return r, err
	}
	r.apply, r.peak, r.provider, r.terraform = took, provider.peak, provider.cpu, all-provider.cpu
	r.empty, _, _, err = tf.apply(theirs, parallel)
	return r, err
}

// terraformIn runs terraform with the provider that was built here.
type terraformIn struct{ program, rc string }

func (tf terraformIn) override(bin string) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	return os.WriteFile(tf.rc, fmt.Appendf(nil,
		"provider_installation {\n  dev_overrides {\n    \"offlinejoin/offlinejoin\" = %q\n  }\n  direct {}\n}\n", bin), 0o600)
}

// apply returns how long one apply takes, the user and system time of terraform and of what it started, and what of it
// the provider used.
func (tf terraformIn) apply(dir string, parallel int) (took, cpu time.Duration, provider watched, err error) {
	cmd := exec.Command(tf.program, "apply", "-no-color", "-auto-approve", fmt.Sprintf("-parallelism=%d", parallel))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+tf.rc, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
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
