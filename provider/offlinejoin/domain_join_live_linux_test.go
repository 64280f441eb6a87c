package offlinejoin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// TestAccLiveDomain runs the tests named TestInside…, which need a live domain, in its namespaces.
func TestAccLiveDomain(t *testing.T) {
	t.Parallel()
	testenv.Tool(t, "terraform")
	sampletest.Image(t, sample.Image{}) // absent without the completion program
	samba.RunInside(t, "^TestInside")
}

const labOU = "OU=Workstations,DC=odj,DC=test"

// labProvider reaches the live domain as its administrator.
func labProvider() string {
	return fmt.Sprintf(`
provider "offlinejoin" {
  active_directory = {
    domain   = "odj.test"
    dc       = "dc1.odj.test"
    user     = "Administrator"
    password = %q
  }
}
`, samba.AdminPassword)
}

// computers lists attributes of computers, as ldapsearch sees them.
func computers(t testing.TB, lab *samba.Domain, filter string, attributes ...string) string {
	t.Helper()
	args := []string{
		"ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w",
		samba.AdminPassword, "-b", "DC=odj,DC=test", filter,
	}
	return lab.Run(t, append(args, attributes...)...)
}

// blobIn returns the blob that an image holds, as its first boot reads it.
func blobIn(t testing.TB, at imagefs.Location) *odj.Blob {
	t.Helper()
	session, err := open.Image(t.Context(), at, imagefs.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close() // nothing was written
	im, err := winimage.Open(t.Context(), session, winimage.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	key, err := im.System().Key(completion.Key)
	if err != nil {
		t.Fatal(err)
	}
	value, err := key.Value(completion.ValueProvisioningBlob)
	if err != nil {
		t.Fatal(err)
	}
	data, err := value.Data()
	if err != nil {
		t.Fatal(err)
	}
	blob, err := odj.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// judge lets Samba boot a machine with the blob that an image holds, and log on to the domain.
func judge(t testing.TB, lab *samba.Domain, at imagefs.Location, machine string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(file, blobIn(t, at).DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	lab.Judge(t, file, machine)
}

// TestInsideGoldenToJoined is one resource from a golden image to a machine that Samba accepts. After its first boot ten
// applies change nothing, and the account's password stays; so it does when the disk is lost.
func TestInsideGoldenToJoined(t *testing.T) {
	lab := samba.Inside(t)
	golden, path := goldenQCOW2(t), filepath.Join(t.TempDir(), "tf01.qcow2")
	before := sha(t, golden)
	config := labProvider() + fmt.Sprintf(`
resource "offlinejoin_domain_join" "test" {
  machine_name = "tf01"
  image_path   = %q
  overlay_path = %q
  account      = { ou = %q, description = "made by terraform", root_ca_certs = true }
}
data "offlinejoin_computer_account" "test" {
  object_guid = offlinejoin_domain_join.test.object_guid
}
`, golden, path, labOU)
	empty := plans(plancheck.ExpectEmptyPlan())
	set := ""
	same := func(*terraform.State) error {
		if now := computers(t, lab, "(cn=TF01)", "pwdLastSet"); now != set || !strings.Contains(now, "pwdLastSet: ") {
			return fmt.Errorf("pwdLastSet was %q, and is %q", set, now)
		}
		return nil
	}
	steps := []resource.TestStep{
		{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				joinIs("status", "staged"), joinIs("account_status", "fresh"), joinIs("dn", "CN=TF01,"+labOU), joinIs("path", path),
				joinIs("format", "qcow2"), joinIs("on_destroy", "delete_unused"),
			},
			Check: checked(t, path, "backing file format: qcow2"),
		},
		{Config: config, ConfigPlanChecks: empty},
		{
			PreConfig: func() {
				judge(t, lab, diskOf(path).Location, "TF01")
				set = computers(t, lab, "(cn=TF01)", "pwdLastSet")
			},
			Config: config, ConfigPlanChecks: empty, Check: same,
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "in_use")},
		},
	}
	for range 9 {
		steps = append(steps, resource.TestStep{Config: config, ConfigPlanChecks: empty, Check: same})
	}
	steps = append(steps, resource.TestStep{
		PreConfig: func() {
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
		},
		Config: config, ConfigPlanChecks: empty, Check: same,
	})
	scenario(t, same, steps...)
	if sha(t, golden) != before {
		t.Error("the golden image has changed")
	}
}

// TestInsideEnds joins a machine for each pair of on_destroy and account_on_destroy, destroys all, and looks with ldapsearch.
func TestInsideEnds(t *testing.T) {
	lab := samba.Inside(t)
	golden, folder := goldenQCOW2(t), t.TempDir()
	var rows []string
	trees, wantAccount, wantImage := map[string]string{}, map[string]string{}, map[string]string{}
	n := 0
	for _, account := range []string{"keep", "disable", "delete"} {
		for _, word := range []string{"unstage", "abandon", "delete_unused", "delete", "keep"} {
			n++
			machine := fmt.Sprintf("END%02d", n)
			windows, overlay, image := "null", fmt.Sprintf("%q", filepath.Join(folder, machine+".qcow2")), fmt.Sprintf("%q", golden)
			if word == "unstage" || word == "abandon" {
				trees[machine] = sampletest.Image(t, sample.Image{})
				windows, overlay, image = fmt.Sprintf("%q", trees[machine]), "null", "null"
			}
			rows = append(rows, fmt.Sprintf("    { machine = %q, windows = %s, image = %s, overlay = %s, word = %q, account = %q },", machine, windows, image, overlay, word, account))
			wantAccount[machine] = map[string]string{"keep": "userAccountControl: 4096", "disable": "userAccountControl: 4098", "delete": ""}[account]
			wantImage[machine] = map[string]string{"unstage": "absent", "abandon": "staged", "delete_unused": "", "delete": "", "keep": "staged"}[word]
		}
	}
	config := labProvider() + fmt.Sprintf(`
locals {
  rows = [
%s
  ]
}
resource "offlinejoin_domain_join" "test" {
  count              = length(local.rows)
  machine_name       = local.rows[count.index].machine
  windows_path       = local.rows[count.index].windows
  image_path         = local.rows[count.index].image
  overlay_path       = local.rows[count.index].overlay
  on_destroy         = local.rows[count.index].word
  account_on_destroy = local.rows[count.index].account
  account            = { ou = %q }
}
`, strings.Join(rows, "\n"), labOU)
	scenario(t, nil, resource.TestStep{Config: config}, resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())})
	for machine, want := range wantAccount {
		found := computers(t, lab, "(cn="+machine+")", "userAccountControl")
		if strings.Contains(found, "dn: ") != (want != "") || !strings.Contains(found, want) {
			t.Errorf("%s: %q, want %q", machine, found, want)
		}
		got := ""
		if windows := trees[machine]; windows != "" {
			got = string(statusOf(t, windows).State)
		} else if disk := filepath.Join(folder, machine+".qcow2"); exists(disk) {
			got = string(diskStatus(t, disk))
		}
		if got != wantImage[machine] {
			t.Errorf("the image of %s is %q, want %q", machine, got, wantImage[machine])
		}
	}
}

// TestInsidePreparedAccount makes an account ahead of its machine, joins with it, and imports both without a reset.
func TestInsidePreparedAccount(t *testing.T) {
	lab := samba.Inside(t)
	windows := sampletest.Image(t, sample.Image{})
	account := labProvider() + fmt.Sprintf(`
resource "offlinejoin_computer_account" "test" {
  machine_name = "PRE01"
  ou           = %q
  description  = "early"
}
`, labOU)
	joined := account + fmt.Sprintf(`
resource "offlinejoin_domain_join" "test" {
  machine_name       = offlinejoin_computer_account.test.machine_name
  windows_path       = %q
  account            = { object_guid = offlinejoin_computer_account.test.object_guid }
  account_on_destroy = "disable"
}
`, windows)
	empty := plans(plancheck.ExpectEmptyPlan())
	set := ""
	disabled := func(*terraform.State) error {
		if found := computers(t, lab, "(cn=PRE01)", "userAccountControl", "pwdLastSet"); !strings.Contains(found, "userAccountControl: 4098") ||
			set == "" || !strings.Contains(found, "pwdLastSet: "+set) {
			return fmt.Errorf("%s, pwdLastSet was %s", found, set)
		}
		return nil
	}
	scenario(
		t, disabled,
		resource.TestStep{Config: account},
		resource.TestStep{Config: account, ConfigPlanChecks: empty},
		resource.TestStep{Config: joined, ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh"), joinIs("status", "staged")}},
		resource.TestStep{Config: joined, ConfigPlanChecks: empty},
		resource.TestStep{
			PreConfig: func() {
				judge(t, lab, core.ImageAt(windows).Location, "PRE01")
				_, after, _ := strings.Cut(computers(t, lab, "(cn=PRE01)", "pwdLastSet"), "pwdLastSet: ")
				set, _, _ = strings.Cut(after, "\n")
			},
			ResourceName: joinAddress, ImportState: true, ImportStateId: `ODJ\PRE01$|` + windows, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{
				"account", "account_on_destroy", "account_status", "domain_guid", "domain_sid", "forest", "netbios_domain", "site",
				"domain_controller",
			},
		},
		resource.TestStep{
			ResourceName: joinAddress, ImportState: true, ImportStateId: "CN=PRE01," + labOU + "|" + windows,
		},
		resource.TestStep{
			ResourceName: "offlinejoin_computer_account.test", ImportState: true, ImportStateId: `odj.test\PRE01$`, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"ou", "description", "account_status"},
		},
		resource.TestStep{Config: joined, ConfigPlanChecks: empty},
	)
}

// cli is the real terraform with the provider as a program of its own, in a folder.
type cli struct {
	t   *testing.T
	dir string
	env []string
}

func newCLI(t *testing.T, config string, env ...string) cli {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	place := filepath.Join(bin, "registry.terraform.io", "offlinejoin", "offlinejoin", "0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-ldflags", "-s -w", "-o",
		filepath.Join(place, "terraform-provider-offlinejoin_v0.1.0"), "./provider/terraform-provider-offlinejoin")
	build.Dir, build.Env = testenv.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	write(t, filepath.Join(bin, "rc"), fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror { path = %q }\n}\n", bin))
	write(t, filepath.Join(dir, "main.tf"), []byte(`
terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
`+config))
	c := cli{t, dir, append(os.Environ(), append([]string{
		"TF_CLI_CONFIG_FILE=" + filepath.Join(bin, "rc"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
	}, env...)...)}
	c.must("init", "-no-color")
	return c
}

func (c cli) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), testenv.Tool(c.t, "terraform"), args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (c cli) must(args ...string) string {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("terraform %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// killed runs a command and kills it with its provider after a time. It reports whether that was before its end.
func (c cli) killed(after time.Duration, args ...string) bool {
	c.t.Helper()
	cmd := c.command(args...)
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	var exit *exec.ExitError
	return errors.As(cmd.Wait(), &exit) && exit.ExitCode() == -1
}

// TestInsideKilled kills an apply of one machine at random instants, and applies again until it is done: the machine is joined
// once, with one account, whose password is the one in the disk.
func TestInsideKilled(t *testing.T) {
	lab := samba.Inside(t)
	golden, folder := goldenQCOW2(t), t.TempDir()
	c := newCLI(t, labProvider()+fmt.Sprintf(`
variable "machine" { type = string }
resource "offlinejoin_domain_join" "test" {
  machine_name = var.machine
  image_path   = %q
  overlay_path = "%s/${var.machine}.qcow2"
  account      = { ou = %q }
}
`, golden, folder, labOU))
	const rounds = 8
	killed := 0
	began := time.Now()
	c.must("apply", "-no-color", "-auto-approve", "-var", "machine=KILL00")
	took := time.Since(began)
	for i := 1; i <= rounds; i++ {
		machine := fmt.Sprintf("KILL%02d", i)
		c.must("state", "rm", "offlinejoin_domain_join.test")
		apply := []string{"apply", "-no-color", "-auto-approve", "-var", "machine=" + machine}
		// A third of an apply is before anything is written.
		if c.killed(took/3+time.Duration(rand.Int64N(int64(took)*2/3)), apply...) {
			killed++
		}
		out := c.must(apply...)
		found := computers(t, lab, "(sAMAccountName="+machine+"$)", "pwdLastSet", "description")
		if strings.Count(found, "pwdLastSet: ") != 1 || !strings.Contains(found, " staged ") {
			t.Errorf("%s: %s\n%s", machine, found, out)
		}
		if strings.Contains(c.must("plan", "-no-color", "-var", "machine="+machine), "will be") {
			t.Errorf("%s: the second plan is not empty", machine)
		}
		if i%4 == 0 { // 10 s each
			judge(t, lab, diskOf(filepath.Join(folder, machine+".qcow2")).Location, machine)
		}
	}
	t.Logf("%d of %d applies were killed; one takes %v", killed, rounds, took.Round(time.Millisecond))
	if killed == 0 {
		t.Error("no apply was killed: this test proves nothing")
	}
}

// TestInsideSecrets looks for the passwords in all that terraform and the provider write: state, saved plan, TRACE log. A plan
// with the password in an ordinary variable is the control: it is there, as the documentation says.
func TestInsideSecrets(t *testing.T) {
	samba.Inside(t)
	golden, path := goldenQCOW2(t), filepath.Join(t.TempDir(), "canary.qcow2")
	config := func(kind string) string {
		return fmt.Sprintf(`
variable "ad_password" {
  type      = string
  sensitive = true
  %s
}
provider "offlinejoin" {
  active_directory = { domain = "odj.test", dc = "dc1.odj.test", user = "Administrator", password = var.ad_password }
}
resource "offlinejoin_domain_join" "test" {
  machine_name = "CANARY1"
  image_path   = %q
  overlay_path = %q
  account      = { ou = %q }
}
`, kind, golden, path, labOU)
	}
	bind := canary.For(map[string][]byte{"the bind password": []byte(samba.AdminPassword)})
	c := newCLI(t, config("ephemeral = true"), "TF_VAR_ad_password="+samba.AdminPassword, "TF_LOG=TRACE")
	c.env = append(c.env, "TF_LOG_PATH="+filepath.Join(c.dir, "trace.log"))
	c.must("plan", "-no-color", "-out", "tfplan")
	write(t, filepath.Join(c.dir, "plan.json"), []byte(c.must("show", "-json", "tfplan")))
	write(t, filepath.Join(c.dir, "apply.out"), []byte(c.must("apply", "-no-color", "tfplan")))
	write(t, filepath.Join(c.dir, "second.out"), []byte(c.must("plan", "-no-color", "-out", "tfplan2")))
	unpack(t, c.dir, "tfplan")
	unpack(t, c.dir, "tfplan2")
	blob := blobIn(t, diskOf(path).Location)
	secrets := bind.And(canary.ForBlob(blob.Bytes(), blob.MachinePassword()))
	found, files, err := secrets.InTree(c.dir, func(path string) bool { return strings.Contains(path, "/.terraform/providers/") })
	if err != nil || len(found) > 0 || files < 8 {
		t.Errorf("%v, %d files searched, found %v", err, files, found)
	}
	log, err := os.ReadFile(filepath.Join(c.dir, "trace.log"))
	if err != nil || !strings.Contains(string(log), "Made the account") {
		t.Errorf("%v: the log does not tell of the join", err)
	}

	ordinary := newCLI(t, config(""), "TF_VAR_ad_password="+samba.AdminPassword)
	ordinary.must("plan", "-no-color", "-out", "tfplan", "-target=offlinejoin_domain_join.none")
	unpack(t, ordinary.dir, "tfplan")
	found, _, err = bind.InTree(ordinary.dir, func(path string) bool { return strings.Contains(path, "/.terraform/providers/") })
	if err != nil || len(found) == 0 {
		t.Errorf("%v: an ordinary variable leaves no password in the plan, which the documentation says it does", err)
	}
}

// unpack unpacks a saved plan, which is a zip file, beside it.
func unpack(t *testing.T, dir, plan string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	unzip := exec.CommandContext(ctx, testenv.Python(t, "zipfile"), "-m", "zipfile", "-e", plan, plan+".d")
	unzip.Dir = dir
	if out, err := unzip.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
