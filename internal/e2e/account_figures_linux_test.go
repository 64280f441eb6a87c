package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
)

// TestAccountFigures makes as many machines as OFFLINEJOIN_ACCOUNTS says by one apply, each an account in a live domain and an
// overlay of a golden disk, and prints what each costs beside what others do one account at a time. `make accounts` runs it.
// The bound of the memory is a promise; times are only printed.
func TestAccountFigures(t *testing.T) {
	machines, err := strconv.Atoi(os.Getenv("OFFLINEJOIN_ACCOUNTS"))
	if err != nil || machines < 1 {
		t.Skip("set OFFLINEJOIN_ACCOUNTS to a number of machines, or run make accounts")
	}
	d, disk, bin := samba.Start(t), sampletest.Disk(t, sample.Image{}), t.TempDir()
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-ldflags", "-s -w", "-o", bin+"/", ".",
		"./provider/terraform-provider-offlinejoin")
	build.Dir, build.Env = testenv.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte(samba.AdminPassword), 0o600))
	prefix := fmt.Sprintf("F%X", time.Now().Unix()&0xFFFFF) // a domain that runs on may have others
	file := filepath.Join(dir, "fleet.join.hcl")
	must(t, os.WriteFile(file, fmt.Appendf(nil, `join "f" {
  count        = %d
  image_path   = %q
  overlay_path = "f${count.index}.qcow2"
  account { machine_name = "%s-${count.index}" }
  active_directory {
    domain        = "odj.test"
    dc            = "dc1.odj.test"
    user          = "Administrator"
    password_file = %q
  }
}
`, machines, disk, prefix, password), 0o600))
	start := time.Now()
	cmd := d.Command(t, filepath.Join(bin, "offlinejoin"), "apply", "--yes", file)
	var all bytes.Buffer
	cmd.Stdout, cmd.Stderr = &all, &all
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, all.Bytes()[max(0, all.Len()-4000):])
	}
	took := time.Since(start)
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss // KiB, of the largest of the process and those it waited for
	t.Logf("apply, account and overlay: %d in %s, %d ms each; peak of memory %.1f MiB", machines, took.Round(time.Second),
		took.Milliseconds()/int64(machines), float64(peak)/1024)
	if peak > 96<<10 {
		t.Errorf("%d KiB of memory, and 96 MiB are promised", peak)
	}
	t.Run("terraform", func(t *testing.T) { providerFigures(t, d, programs{bin}, disk, password, min(machines, 100), prefix) })
	const few = 10
	each := func(what string, command func(i int) *exec.Cmd) {
		start := time.Now()
		for i := range few {
			if out, err := command(i).CombinedOutput(); err != nil {
				t.Logf("%s: %v\n%s", what, err, out)
				return
			}
		}
		t.Logf("%s: %d, %d ms each", what, few, time.Since(start).Milliseconds()/few)
	}
	name := func(kind string, i int) string { return prefix + kind + strconv.Itoa(i) }
	each("offlinejoin provision, a process for each", func(i int) *exec.Cmd {
		return d.Command(t, filepath.Join(bin, "offlinejoin"), "provision", "--domain", "odj.test", "--dc", "dc1.odj.test", "--ad-user", "Administrator",
			"--ad-password-file", password, "--machine-name", name("O", i), "--output", filepath.Join(dir, name("O", i)))
	})
	each("net offlinejoin provision", func(i int) *exec.Cmd {
		return d.Command(t, "net", "-s", filepath.Join(d.Dir, "client", "smb.conf"), "--netbiosname="+name("N", i), "offlinejoin", "provision",
			"domain=odj.test", "machine_name="+name("N", i), "savefile="+filepath.Join(dir, name("N", i)), "-U", "Administrator%"+samba.AdminPassword)
	})
	each("samba-tool computer create", func(i int) *exec.Cmd {
		return d.Command(t, "samba-tool", "computer", "create", name("S", i), "-H", "ldap://dc1.odj.test", "-U", "Administrator%"+samba.AdminPassword)
	})
	if _, err := exec.LookPath("adcli"); err == nil {
		each("adcli preset-computer", func(i int) *exec.Cmd {
			cmd := d.Command(t, "adcli", "preset-computer", "--domain=odj.test", "--domain-controller=dc1.odj.test", "-U", "Administrator",
				"--stdin-password", "--one-time-password=Aa1."+strconv.Itoa(i)+".xyz", name("A", i))
			cmd.Stdin = strings.NewReader(samba.AdminPassword + "\n")
			return cmd
		})
	}
}

// providerFigures makes as many machines by one terraform apply, and prints the peak of memory of the provider's process.
func providerFigures(t *testing.T, d *samba.Domain, p programs, disk, password string, machines int, prefix string) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "main.tf"), fmt.Appendf(nil, `terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
provider "offlinejoin" {
  active_directory = { domain = "odj.test", dc = "dc1.odj.test", user = "Administrator", password_file = %q }
}
resource "offlinejoin_domain_join" "f" {
  count        = %d
  machine_name = "%sT${count.index}"
  image_path   = %q
  overlay_path = "%s/t${count.index}.qcow2"
}
`, password, machines, prefix, disk, dir), 0o600))
	terraform, env := testenv.Tool(t, "terraform"), append(os.Environ(), mirrored(t, p)...)
	run := func(args ...string) (took time.Duration, peak int) {
		cmd := d.Command(t, append([]string{terraform}, args...)...)
		cmd.Dir, cmd.Env = dir, env
		var all bytes.Buffer
		cmd.Stdout, cmd.Stderr = &all, &all
		start := time.Now()
		must(t, cmd.Start())
		done, result := make(chan struct{}), make(chan int)
		go func() { result <- peakOf("terraform-provider-offlinejoin", done) }()
		err := cmd.Wait()
		close(done)
		peak = <-result
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, all.Bytes()[max(0, all.Len()-4000):])
		}
		return time.Since(start), peak
	}
	run("init", "-no-color")
	for _, args := range [][]string{{"apply", "-no-color", "-auto-approve"}, {"plan", "-no-color"}} {
		took, peak := run(args...)
		t.Logf("terraform %s of %d: %s; the provider's peak of memory is %.1f MiB", args[0], machines, took.Round(time.Second), float64(peak)/1024)
		if peak == 0 || peak > providerBound {
			t.Errorf("%d KiB of memory, and %d are promised", peak, providerBound)
		}
	}
}

// providerBound is what docs/accounts.md promises of the provider for 100 machines, in KiB.
const providerBound = 128 << 10

// peakOf returns the greatest peak of memory, in KiB, of the processes of a program that are seen until done is closed.
func peakOf(program string, done <-chan struct{}) (peak int) {
	for {
		links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is right
		for _, link := range links {
			exe, err := os.Readlink(link)
			if err != nil || !strings.HasPrefix(filepath.Base(exe), program) {
				continue
			}
			status, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "status")) // it may be gone
			_, after, _ := strings.Cut(string(status), "VmHWM:")
			if fields := strings.Fields(after); len(fields) > 0 {
				n, _ := strconv.Atoi(fields[0])
				peak = max(peak, n)
			}
		}
		select {
		case <-done:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}
