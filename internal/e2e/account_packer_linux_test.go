package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/completion/program"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
)

// TestPackerMakesAccounts lets the real packer make accounts in a live domain, and looks what a build leaves that goes well,
// that fails before, in and after our step, and that is interrupted.
func TestPackerMakesAccounts(t *testing.T) {
	t.Parallel()
	w := newAccountBuilds(t)
	t.Run("goes well", w.goesWell)
	t.Run("a wrong word", w.wrongWord)
	t.Run("a later provisioner fails", w.laterFailure)
	t.Run("a later provisioner fails, and the account is released", w.released)
	t.Run("interrupted", w.interrupted)
	t.Run("post-processor", w.postProcessor)
}

// accountBuilds are builds with a domain, a golden disk and packer.
type accountBuilds struct {
	*samba.Domain
	bin, disk, password string
	env                 []string
}

func newAccountBuilds(t *testing.T) *accountBuilds {
	t.Helper()
	if _, err := program.Lookup("amd64"); err != nil {
		testenv.Absent(t, err.Error())
	}
	packer := testenv.Tool(t, "packer")
	w := &accountBuilds{
		Domain: samba.Start(t), bin: t.TempDir(), disk: sampletest.Disk(t, sample.Image{}), password: filepath.Join(t.TempDir(), "password"),
	}
	must(t, os.WriteFile(w.password, []byte(samba.AdminPassword+"\n"), 0o600))
	build := exec.CommandContext(t.Context(), testenv.Tool(t, "go"), "build", "-o", w.bin+"/", ".", "./provisioner/packer-plugin-offlinejoin")
	build.Dir, build.Env = testenv.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	home := t.TempDir()
	w.env = append(os.Environ(), "PATH="+w.bin+":"+filepath.Dir(packer)+":"+os.Getenv("PATH"), "CHECKPOINT_DISABLE=1", "HOME="+home,
		"PACKER_PLUGIN_PATH="+filepath.Join(home, "plugins"), "PACKER_CONFIG_DIR="+home, "TMPDIR="+t.TempDir(),
		"OFFLINEJOIN_AD_DOMAIN=odj.test", "OFFLINEJOIN_AD_DC=dc1.odj.test", "OFFLINEJOIN_AD_USER=Administrator",
		"OFFLINEJOIN_AD_PASSWORD_FILE="+w.password)
	install := exec.CommandContext(t.Context(), packer, "plugins", "install", "--path", filepath.Join(w.bin, "packer-plugin-offlinejoin"),
		"github.com/offlinejoin/offlinejoin")
	install.Env = w.env
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	return w
}

// template writes a template whose offlinejoin block makes an account, with more of the build behind it.
func (w *accountBuilds) template(t *testing.T, machine, words, more string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text := fmt.Sprintf(`source "null" "disk" { communicator = "none" }

build {
  sources = ["source.null.disk"]

  provisioner "offlinejoin" {
    image_path   = %q
    overlay_path = "%s/disk.qcow2"
    account {
      machine_name = %q
      %s
    }
  }
%s
}
`, w.disk, dir, machine, words, more)
	must(t, os.WriteFile(filepath.Join(dir, "x.pkr.hcl"), []byte(text), 0o600))
	return dir
}

// packer runs packer build beside the controller, with its log, and returns what it prints.
func (w *accountBuilds) packer(t *testing.T, dir string, flags ...string) (out string, err error) {
	t.Helper()
	cmd := w.build(t, dir, flags...)
	var all bytes.Buffer
	cmd.Stdout, cmd.Stderr = &all, &all
	err = cmd.Run()
	return all.String(), err
}

func (w *accountBuilds) build(t *testing.T, dir string, flags ...string) *exec.Cmd {
	t.Helper()
	cmd := w.Command(t, append(append([]string{"packer", "build", "-color=false"}, flags...), ".")...)
	cmd.Dir, cmd.Env = dir, append(w.env, "PACKER_LOG=1", "PACKER_LOG_PATH="+filepath.Join(dir, "packer.log"))
	return cmd
}

// account returns what the directory has of a machine, as our command line shows it.
func (w *accountBuilds) account(t *testing.T, args ...string) string {
	t.Helper()
	cmd := w.Command(t, append([]string{"offlinejoin", "account"}, args...)...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("account %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// entry returns what the directory itself has of a machine, at one moment; "" is nothing.
func (w *accountBuilds) entry(t *testing.T, machine string) string {
	t.Helper()
	return w.Run(t, "ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test",
		"-w", samba.AdminPassword, "-b", "DC=odj,DC=test", "(&(objectClass=computer)(cn="+machine+"))", "dn", "description")
}

func (w *accountBuilds) exists(t *testing.T, machine string) bool {
	t.Helper()
	return strings.Contains(w.entry(t, machine), "dn:")
}

func (w *accountBuilds) goesWell(t *testing.T) {
	dir := w.template(t, "PACK1", `on_error = "delete"`, "")
	out, err := w.packer(t, dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	overlay := filepath.Join(dir, "disk.qcow2")
	blob := sampletest.BlobInDisk(t, overlay)
	file := filepath.Join(t.TempDir(), "blob")
	must(t, os.WriteFile(file, blob.DjoinFile(), 0o600))
	w.Judge(t, file, "PACK1")
	search := canary.ForBlob(blob.Bytes(), blob.MachinePassword()).And(canary.For(map[string][]byte{"bind": []byte(samba.AdminPassword)}))
	if found := search.In([]byte(out)); found != nil {
		t.Errorf("packer prints %q", found)
	}
	found, files, err := search.InTree(dir, func(path string) bool { return path == overlay })
	if err != nil || len(found) > 0 || files < 2 { // the template and the log
		t.Errorf("%d files, %q, %v", files, found, err)
	}
	if again, err := w.packer(t, dir); err != nil || !strings.Contains(again, "already") {
		t.Errorf("again: %v\n%s", err, again)
	}
}

func (w *accountBuilds) wrongWord(t *testing.T) {
	for want, words := range map[string]string{
		"2 ERROR_FILE_NOT_FOUND": `ou = "OU=Nope,DC=odj,DC=test"`,
		"is not known":           `reuse = "always"`,
	} {
		out, err := w.packer(t, w.template(t, "PACK2", words, ""))
		if err == nil || !strings.Contains(out, want) || w.exists(t, "PACK2") {
			t.Errorf("%v, exists %v\n%s", err, w.exists(t, "PACK2"), out)
		}
	}
}

const failsLater = `
  provisioner "shell-local" {
    inline = ["exit 1"]
  }
`

// What fails after our step leaves the overlay with its join, and an account that no machine has logged on with.
func (w *accountBuilds) laterFailure(t *testing.T) {
	for machine, flag := range map[string]string{"PACK3": "-on-error=cleanup", "PACK4": "-on-error=abort"} {
		dir := w.template(t, machine, "", failsLater)
		if out, err := w.packer(t, dir, flag); err == nil {
			t.Errorf("%s", out)
		}
		if shown := w.account(t, "show", machine); !strings.Contains(shown, "fresh") || !strings.Contains(shown, "offlinejoin/1 staged ") {
			t.Errorf("%s", shown)
		}
		sampletest.BlobInDisk(t, filepath.Join(dir, "disk.qcow2"))
		w.account(t, "delete", machine, "--yes")
		if w.exists(t, machine) {
			t.Errorf("%s is still there", machine)
		}
	}
}

func (w *accountBuilds) released(t *testing.T) {
	dir := w.template(t, "PACK5", "", failsLater+`
  error-cleanup-provisioner "shell-local" {
    inline = ["offlinejoin account delete PACK5 --yes"]
  }
`)
	out, err := w.packer(t, dir)
	if err == nil || !strings.Contains(out, "Made the account CN=PACK5") || w.exists(t, "PACK5") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Ctrl-C once the account is made. Packer does not wait for its plugins then, so that the account may be there without the
// disk: marked as pending or as about to be removed, and taken up by the same build again. The disk is never there without the account.
func (w *accountBuilds) interrupted(t *testing.T) {
	dir := w.template(t, "PACK6", "", "")
	cmd := w.build(t, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var all bytes.Buffer
	cmd.Stdout, cmd.Stderr = &all, &all
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !w.exists(t, "PACK6") {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it made the account: %v\n%s", err, &all)
		case <-time.After(10 * time.Millisecond):
		}
	}
	must(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGINT))
	err := <-ended
	// A plugin may still be at work, so each question is asked before the one whose answer it must not outrun.
	shown := w.entry(t, "PACK6")
	_, noDisk := os.Stat(filepath.Join(dir, "disk.qcow2"))
	exists := w.exists(t, "PACK6")
	t.Logf("packer ended with %v; account %v, disk %v", err, exists, noDisk == nil)
	if noDisk == nil && !exists {
		t.Errorf("the disk is there without its account\n%s", &all)
	}
	// The mark says staged only after the disk is there, so that a disk may be there with a mark that still says pending.
	// One that says removing is about to go: the plugin was interrupted before it had made the disk.
	marked := func(state string) bool { return strings.Contains(shown, "offlinejoin/1 "+state+" ") }
	if strings.Contains(shown, "dn:") && !marked("pending") && !(marked("removing") && noDisk != nil) && !(marked("staged") && noDisk == nil) {
		t.Errorf("disk %v, and the account:\n%s", noDisk == nil, shown)
	}
	if out, err := w.packer(t, dir); err != nil || !w.exists(t, "PACK6") {
		t.Errorf("the same build again: %v\n%s", err, out)
	}
	if shown := w.account(t, "show", "PACK6"); !strings.Contains(shown, "offlinejoin/1 staged ") {
		t.Errorf("%s", shown)
	}
	sampletest.BlobInDisk(t, filepath.Join(dir, "disk.qcow2"))
}

func (w *accountBuilds) postProcessor(t *testing.T) {
	dir := w.template(t, "PACK7", "", "")
	file := filepath.Join(dir, "x.pkr.hcl")
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, bytes.Replace(text, []byte(`provisioner "offlinejoin"`), []byte(`post-processor "offlinejoin"`), 1), 0o600))
	if out, err := w.packer(t, dir); err != nil || !w.exists(t, "PACK7") {
		t.Errorf("%v\n%s", err, out)
	}
	sampletest.BlobInDisk(t, filepath.Join(dir, "disk.qcow2"))
}
