package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
)

// TestAccountKills kills the command line (into a tree, and into an overlay) and the Terraform provider at every point of a join
// at which a run can be broken off, as often as OFFLINEJOIN_KILL_RUNS says (10), in a live domain: `make check-accounts`. The
// programs are built with the tag killpoints. After each kill
//
//   - a join of the same name into another image is tried, every second time;
//   - the same command again ends joined, or refuses because the other image has the account;
//   - one image holds the account's password, which MIT's kinit logs on with; there is one account of the name, and none in the
//     end that nobody finishes;
//   - the machine having logged on, the command is killed at the same point once more, and run again: the password stays.
func TestAccountKills(t *testing.T) {
	t.Parallel()
	if os.Getenv("OFFLINEJOIN_LONG") == "" {
		t.Skip("takes an hour: make check-accounts")
	}
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	runs, err := strconv.Atoi(cmp.Or(os.Getenv("OFFLINEJOIN_KILL_RUNS"), "10"))
	must(t, err)
	terraform := testenv.Tool(t, "terraform")
	w := &killedPrograms{Domain: samba.Start(t), bin: t.TempDir(), password: filepath.Join(t.TempDir(), "password"), runs: runs}
	must(t, os.WriteFile(w.password, []byte(samba.AdminPassword+"\n"), 0o600))
	w.build(t, w.bin, "-tags", "killpoints")
	ordinary := t.TempDir()
	w.build(t, ordinary)
	for _, name := range []string{"offlinejoin", "terraform-provider-offlinejoin"} {
		for bin, want := range map[string]bool{w.bin: true, ordinary: false} {
			text, err := os.ReadFile(filepath.Join(bin, name))
			must(t, err)
			if bytes.Contains(text, []byte("OFFLINEJOIN_TEST_KILL")) != want {
				t.Errorf("%s of the build with points %v knows of them: %v", name, want, !want)
			}
		}
	}
	w.env = append(os.Environ(), "OFFLINEJOIN_AD_DOMAIN=odj.test", "OFFLINEJOIN_AD_DC=dc1.odj.test", "OFFLINEJOIN_AD_USER=Administrator",
		"OFFLINEJOIN_AD_PASSWORD_FILE="+w.password)
	golden := sampletest.Disk(t, sample.Image{})
	join := []string{filepath.Join(w.bin, "offlinejoin"), "join", "--account-ou", "OU=Workstations,DC=odj,DC=test"}
	mark := runMark()
	for name, f := range map[string]killedFrontEnd{
		"tree": {
			prefix: "KT" + mark, image: func(t *testing.T) string { return sampletest.Image(t, sample.Image{}) }, blob: sampletest.BlobInTree,
			command: func(t *testing.T, machine, image string) *exec.Cmd {
				return w.Command(t, append(join, "--machine-name", machine, "--windows-path", image)...)
			},
		},
		"overlay": {
			prefix: "KO" + mark, image: func(t *testing.T) string { return filepath.Join(t.TempDir(), "disk.qcow2") }, blob: sampletest.BlobInDisk,
			command: func(t *testing.T, machine, image string) *exec.Cmd {
				return w.Command(t, append(join, "--machine-name", machine, "--image-path", golden, "--overlay-path", image)...)
			},
		},
		"terraform": w.terraform(t, terraform, golden, mark),
	} {
		if only := os.Getenv("OFFLINEJOIN_KILL_ONLY"); only != "" && only != name {
			continue
		}
		t.Run(name, func(t *testing.T) { w.everywhere(t, f) })
	}
}

// runMark tells the machines of one run of the tests from those of another in a domain that runs on.
func runMark() string { return fmt.Sprintf("%04X", time.Now().Unix()&0xFFFF) }

// killedFrontEnd is a front end that joins a machine into an image.
type killedFrontEnd struct {
	prefix  string // of the machines' names
	image   func(t *testing.T) string
	blob    func(t testing.TB, image string) *odj.Blob
	command func(t *testing.T, machine, image string) *exec.Cmd
	parent  bool // what is killed is a process of the command, not the command itself
}

// killedPrograms are the programs, and the domain.
type killedPrograms struct {
	*samba.Domain
	bin, password string
	env           []string
	runs          int
}

func (w *killedPrograms) build(t *testing.T, bin string, flags ...string) {
	t.Helper()
	args := append(append([]string{"build"}, flags...), "-o", bin+"/", ".", "./provider/terraform-provider-offlinejoin")
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), args...)
	build.Dir, build.Env = testenv.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
}

// terraform joins by `terraform apply`, with a state of its own for each image.
func (w *killedPrograms) terraform(t *testing.T, terraform, golden, mark string) killedFrontEnd {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "main.tf"), fmt.Appendf(nil, `
terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
variable "machine" { type = string }
variable "overlay" { type = string }
resource "offlinejoin_domain_join" "test" {
  machine_name = var.machine
  image_path   = %q
  overlay_path = var.overlay
  account      = { ou = "OU=Workstations,DC=odj,DC=test" }
}
`, golden), 0o600))
	env := append(w.env, mirrored(t, programs{w.bin})...)
	command := func(t *testing.T, args ...string) *exec.Cmd {
		cmd := w.Command(t, append([]string{terraform}, args...)...)
		cmd.Dir, cmd.Env = dir, env
		return cmd
	}
	if out, err := command(t, "init", "-no-color").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return killedFrontEnd{
		prefix: "KF" + mark, parent: true, image: func(t *testing.T) string { return filepath.Join(t.TempDir(), "disk.qcow2") },
		blob: sampletest.BlobInDisk,
		command: func(t *testing.T, machine, image string) *exec.Cmd {
			return command(t, "apply", "-no-color", "-auto-approve", "-lock=false", "-state="+image+".tfstate", "-var", "machine="+machine,
				"-var", "overlay="+image)
		},
	}
}

// run runs a front end, to be killed at a point; 0: at none. It returns how many points it reached.
func (w *killedPrograms) run(t *testing.T, f killedFrontEnd, machine, image string, point int) (reached int, out string, err error) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "points")
	cmd := f.command(t, machine, image)
	if cmd.Env == nil {
		cmd.Env = w.env
	}
	cmd.Env = append(cmd.Env, "OFFLINEJOIN_TEST_KILL_AT="+strconv.Itoa(point), "OFFLINEJOIN_TEST_KILL_LOG="+log)
	all, err := cmd.CombinedOutput()
	if signaled := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled(); signaled && (f.parent || point == 0) {
		t.Fatalf("%s was killed at point %d\n%s", cmd, point, all)
	}
	text, readErr := os.ReadFile(log)
	if readErr != nil && !os.IsNotExist(readErr) {
		t.Fatal(readErr)
	}
	return bytes.Count(text, []byte("\n")), string(all), err
}

// attributes returns what ldapsearch prints of the account of a machine.
func (w *killedPrograms) attributes(t *testing.T, machine string, names ...string) string {
	t.Helper()
	args := []string{
		"ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w",
		samba.AdminPassword, "-b", "DC=odj,DC=test", "(sAMAccountName=" + machine + "$)",
	}
	return w.Run(t, append(args, names...)...)
}

// logsOn lets kinit log on as a machine, and reports whether that goes well.
func (w *killedPrograms) logsOn(t *testing.T, blob *odj.Blob) bool {
	t.Helper()
	cmd := w.Command(t, "kinit", "-c", "FILE:"+filepath.Join(t.TempDir(), "cache"), blob.MachineName()+"$@ODJ.TEST")
	cmd.Stdin = strings.NewReader(string(utf16.Decode(blob.MachinePassword())) + "\n")
	return cmd.Run() == nil
}

// everywhere kills a front end at each of its points.
func (w *killedPrograms) everywhere(t *testing.T, f killedFrontEnd) {
	points, out, err := w.run(t, f, f.prefix, f.image(t), 0)
	if err != nil || points < 10 {
		t.Fatalf("%d points, %v\n%s", points, err, out)
	}
	killed, others, again := 0, 0, 0
	for run := range w.runs {
		for point := 1; point <= points; point++ {
			t.Run(fmt.Sprintf("run %d, point %d", run, point), func(t *testing.T) {
				machine, image := fmt.Sprintf("%s-%d-%d", f.prefix, run, point), f.image(t)
				reached, out, err := w.run(t, f, machine, image, point)
				if err == nil || reached != point {
					t.Fatalf("it reached %d points, %v\n%s", reached, err, out)
				}
				killed++
				before := w.attributes(t, machine, "objectGUID")
				images, wins := []string{image}, image
				if run%2 == 1 {
					other := f.image(t)
					images = append(images, other)
					if _, out, err := w.run(t, f, machine, other, 0); err == nil {
						others++
						wins = other
					} else if !strings.Contains(out, "2224") {
						t.Errorf("another image: %v\n%s", err, out)
					}
				}
				_, out, err = w.run(t, f, machine, image, 0)
				if (err == nil) != (wins == image) || err != nil && !strings.Contains(out, "2224") {
					t.Fatalf("the same again: %v\n%s", err, out)
				}
				after := w.attributes(t, machine, "objectGUID")
				if strings.Count(after, "dn: ") != 1 || before != after && strings.Contains(before, "dn: ") {
					t.Errorf("before %s, after %s", before, after)
				}
				w.oneHoldsThePassword(t, f, images, wins)
				again += w.staysWhenBooted(t, f, machine, wins, point)
			})
		}
	}
	lost := exec.CommandContext(t.Context(), filepath.Join(w.Dir, "exec"), filepath.Join(w.bin, "offlinejoin"), "account", "show", "--lost",
		"--older-than", "0s")
	lost.Env = w.env
	if left, err := lost.CombinedOutput(); err != nil || strings.Contains(string(left), f.prefix+"-") {
		t.Errorf("left: %v\n%s", err, left)
	}
	t.Logf("killed %d times at %d points, %d times once more on a machine that had booted; another image had the account %d times", killed,
		points, again, others)
}

// oneHoldsThePassword checks that of the images the winner alone holds a join, with a password that is the account's.
func (w *killedPrograms) oneHoldsThePassword(t *testing.T, f killedFrontEnd, images []string, wins string) {
	t.Helper()
	for _, image := range images {
		if image != wins {
			if st := f.state(t, image); st != offlinejoin.StateAbsent {
				t.Errorf("the image that did not get the account is %s", st)
			}
			continue
		}
		if blob := f.blob(t, image); !w.logsOn(t, blob) {
			t.Errorf("nobody logs on with the password in %s", image)
		}
	}
}

// state is what an image says; one that is not there holds nothing.
func (f killedFrontEnd) state(t *testing.T, image string) offlinejoin.State {
	t.Helper()
	if _, err := os.Lstat(image); err != nil {
		return offlinejoin.StateAbsent
	}
	at := offlinejoin.ImageAt(image)
	if strings.HasSuffix(image, ".qcow2") {
		at = offlinejoin.Image{}
		at.ImagePath = image
	}
	st, err := offlinejoin.ReadStatus(t.Context(), offlinejoin.StatusRequest{Image: at})
	must(t, err)
	return st.State
}

// staysWhenBooted runs the front end for a machine that has logged on, killed at the point if it gets there, and to its end: the
// password is as before. It returns 1 when it was killed.
func (w *killedPrograms) staysWhenBooted(t *testing.T, f killedFrontEnd, machine, image string, point int) (killed int) {
	t.Helper()
	before := w.attributes(t, machine, "pwdLastSet", "lastLogonTimestamp")
	if !strings.Contains(before, "lastLogonTimestamp: ") {
		t.Fatalf("the machine has not logged on: %s", before)
	}
	if reached, _, err := w.run(t, f, machine, image, point); err != nil && reached == point {
		killed = 1
	}
	if _, out, err := w.run(t, f, machine, image, 0); err != nil {
		t.Errorf("of a machine that has booted: %v\n%s", err, out)
	}
	if after := w.attributes(t, machine, "pwdLastSet", "lastLogonTimestamp"); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	return killed
}
