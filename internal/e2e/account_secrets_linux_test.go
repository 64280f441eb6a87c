package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
)

// TestAccountSecrets joins machines by the command line, by a join file, by the real packer and by the real terraform, each with
// a password, a keytab and a credential cache, and looks for the machine's password, the user's, the keys of the keytab and the
// session keys of the cache in all that is left and shown: output, logs at their most detailed, plan, state, report, ledger,
// temporary folders, the account in the directory, and, while it runs, the arguments and the environment of every process that
// was started. Each search is shown to find what is planted where it looks.
func TestAccountSecrets(t *testing.T) {
	t.Parallel()
	p := build(t)
	w := newSecretRuns(t, p)
	for _, front := range []struct {
		name string
		run  func(t *testing.T, r *secretRun)
	}{
		{"command line", w.commandLine},
		{"join file", w.joinFile},
		{"packer", w.packerBuild},
		{"terraform", w.terraformApply},
	} {
		for _, kind := range slices.Sorted(maps.Keys(w.credentials)) {
			t.Run(front.name+", "+kind, func(t *testing.T) {
				r := w.newRun(t, kind)
				front.run(t, r)
				r.nothingFound(t)
			})
		}
	}
	t.Run("a program that dies", w.dies)
	t.Run("a reader that dies", w.readerDies)
}

// readerDies gives the command line an output that nobody reads. Both commands fail: `provision` takes the account back, for its
// blob is lost, and `join` has carried out the join all the same, and says so.
func (w *secretRuns) readerDies(t *testing.T) {
	with := func(args ...string) []string {
		return append(args, "--domain", "odj.test", "--dc", "dc1.odj.test", "--ad-user", secretUser, "--ad-password-file", w.credentials["password"].file)
	}
	for _, row := range []struct {
		machine string
		made    bool   // the account stays
		says    string // in standard error
		args    []string
	}{
		{"READER1", false, "the blob could not be written", with(w.command(), "provision", "--machine-name", "READER1", "--output", "-")},
		{"READER2", true, "what this command has done stays done", with(w.command(), "join", "--machine-name", "READER2", "--image-path", w.golden, "--overlay-path", filepath.Join(t.TempDir(), "x.qcow2"))},
	} {
		r, out, err := os.Pipe()
		must(t, err)
		must(t, r.Close())
		var said bytes.Buffer
		cmd := w.Command(t, row.args...)
		cmd.Stdout, cmd.Stderr = out, &said
		_ = cmd.Run() // its exit code tells
		_ = out.Close()
		found := w.Run(t, "ldapsearch", "-LLL", "-x", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w", samba.AdminPassword,
			"-b", "DC=odj,DC=test", "(cn="+row.machine+")", "dn")
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), row.says) || strings.Contains(found, "dn: ") != row.made {
			t.Errorf("%q: %v, %s\n%s", row.args, cmd.ProcessState, &said, found)
		}
	}
}

const (
	secretUser     = "svc-secret"
	secretPassword = "Bind.Passw0rd-canary-2f7c91e04ab6"
)

// secretRuns are the programs, a user of the domain of its own, and what it can log on with.
type secretRuns struct {
	*samba.Domain
	programs
	golden      string
	env         []string
	credentials map[string]secretCredential
	machines    int
}

// secretCredential is a credential as each front end is told of it, and what must be nowhere.
type secretCredential struct {
	word, file string
	secrets    map[string][]byte
}

func newSecretRuns(t *testing.T, p programs) *secretRuns {
	t.Helper()
	w := &secretRuns{Domain: samba.Start(t), programs: p, golden: sampletest.Disk(t, sample.Image{}), env: plugged(t, p)}
	local := []string{"-s", w.Dir + "/etc/smb.conf", "-H", w.Dir + "/private/sam.ldb"}
	tool := func(args ...string) { w.Run(t, append(append([]string{"samba-tool"}, args...), local...)...) }
	tool("user", "create", secretUser, secretPassword)
	t.Cleanup(func() {
		remove := exec.Command(filepath.Join(w.Dir, "exec"), append([]string{"samba-tool", "user", "delete", secretUser}, local...)...)
		if out, err := remove.CombinedOutput(); err != nil {
			t.Logf("%v %s", err, out)
		}
	})
	tool("group", "addmembers", "Domain Admins", secretUser)
	dir := t.TempDir()
	password, table, cache := filepath.Join(dir, "password"), filepath.Join(dir, "keytab"), filepath.Join(dir, "ccache")
	must(t, os.WriteFile(password, []byte(secretPassword+"\n"), 0o600))
	w.Run(t, "samba-tool", "domain", "exportkeytab", table, "--principal="+secretUser, "-s", w.Dir+"/etc/smb.conf")
	kinit := w.Command(t, "kinit", "-c", "FILE:"+cache, secretUser+"@ODJ.TEST")
	kinit.Stdin = strings.NewReader(secretPassword + "\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	must(t, os.Chmod(table, 0o600))
	w.credentials = map[string]secretCredential{
		"password": {"password_file", password, map[string][]byte{"the password": []byte(secretPassword)}},
		"keytab":   {"keytab", table, keysOfKeytab(t, table)},
		"ccache":   {"ccache", cache, keysOfCache(t, cache)},
	}
	return w
}

// keysOfKeytab returns the AES keys in a keytab, and the password that they are made of.
func keysOfKeytab(t *testing.T, file string) map[string][]byte {
	t.Helper()
	table, err := keytab.Load(file)
	must(t, err)
	secrets := map[string][]byte{"the password": []byte(secretPassword)}
	for i, e := range table.Entries {
		secrets[fmt.Sprintf("key %d of the keytab", i)] = e.Key.KeyValue
	}
	if len(secrets) < 2 {
		t.Fatal("the keytab has no key")
	}
	return secrets
}

// keysOfCache returns the session keys in a credential cache.
func keysOfCache(t *testing.T, file string) map[string][]byte {
	t.Helper()
	cache, err := credentials.LoadCCache(file)
	must(t, err)
	secrets := map[string][]byte{"the password": []byte(secretPassword)}
	for i, e := range cache.GetEntries() {
		secrets[fmt.Sprintf("session key %d", i)] = e.Key.KeyValue
	}
	if len(secrets) < 2 {
		t.Fatal("the cache has no key")
	}
	return secrets
}

// secretRun is one run of a front end, in folders of its own.
type secretRun struct {
	*secretRuns
	machine    string
	credential secretCredential
	dir        string // all that is left, but the disk: home, temporary folder, work
	disk       string
	search     *canary.Search // for all but the machine's password, which is not known before the run
	out        bytes.Buffer
	seen       processes

	dying  []string      // words in the arguments of a process that is to be killed; nil: none is
	while  time.Duration // how long that has run by then
	killed chan string   // the arguments of the one that was
}

func (w *secretRuns) newRun(t *testing.T, kind string) *secretRun {
	t.Helper()
	w.machines++
	r := &secretRun{
		secretRuns: w, machine: fmt.Sprintf("SEC%s-%d", runMark(), w.machines), credential: w.credentials[kind], dir: t.TempDir(),
		disk: filepath.Join(t.TempDir(), "disk.qcow2"),
	}
	r.search = canary.For(r.credential.secrets)
	for _, folder := range []string{"home", "tmp", "work"} {
		must(t, os.Mkdir(filepath.Join(r.dir, folder), 0o700))
	}
	return r
}

func (r *secretRun) in(name string) string { return filepath.Join(r.dir, "work", name) }

// run runs a program in the run's folders, and keeps what it prints and what is seen of its processes.
func (r *secretRun) run(t *testing.T, env []string, args ...string) {
	t.Helper()
	if r.dying != nil {
		if len(r.killed) > 0 {
			return // what comes after has nothing to stand on
		}
		args = append([]string{"/bin/sh", "-c", `ulimit -c unlimited; exec "$@"`, "-"}, args...)
		env = append(env, "GOTRACEBACK=crash")
	}
	cmd := r.Command(t, args...)
	cmd.Dir = filepath.Join(r.dir, "work")
	cmd.Env = append(append(slices.Clone(r.env), "HOME="+filepath.Join(r.dir, "home"), "TMPDIR="+filepath.Join(r.dir, "tmp"),
		"PACKER_CONFIG_DIR="+filepath.Join(r.dir, "home")), env...)
	cmd.Stdout, cmd.Stderr = &r.out, &r.out
	must(t, cmd.Start())
	stop := r.seen.watch(cmd.Process.Pid)
	if done := make(chan struct{}); r.dying != nil {
		go r.kill(done)
		defer close(done)
	}
	err := cmd.Wait()
	stop()
	if err != nil && len(r.killed) == 0 {
		t.Fatalf("%q: %v\n%s", args, err, &r.out)
	}
}

func (w *secretRuns) commandLine(t *testing.T, r *secretRun) {
	r.run(t, nil, w.command(), "join", "--machine-name", r.machine, "--image-path", w.golden, "--overlay-path", r.disk, "--domain", "odj.test",
		"--dc", "dc1.odj.test", "--ad-user", secretUser, "--ad-"+strings.ReplaceAll(r.credential.word, "_", "-"), r.credential.file,
		"--ledger-file", r.in("ledger"), "--report-file", r.in("report.json"))
}

func (w *secretRuns) joinFile(t *testing.T, r *secretRun) {
	must(t, os.WriteFile(r.in("x.join.hcl"), fmt.Appendf(nil, `join "x" {
  image_path   = %q
  overlay_path = %q
  ledger_file  = %q
  account { machine_name = %q }
  active_directory {
    domain = "odj.test"
    dc     = "dc1.odj.test"
    user   = %q
    %s     = %q
  }
}
`, w.golden, r.disk, r.in("ledger"), r.machine, secretUser, r.credential.word, r.credential.file), 0o600))
	r.run(t, nil, w.command(), "apply", "--yes", "--report", r.in("report.html"), r.in("x.join.hcl"))
	r.run(t, nil, w.command(), "plan", "--json", r.in("x.join.hcl"))
}

func (w *secretRuns) packerBuild(t *testing.T, r *secretRun) {
	must(t, os.WriteFile(r.in("x.pkr.hcl"), fmt.Appendf(nil, `source "null" "disk" { communicator = "none" }
build {
  sources = ["source.null.disk"]
  provisioner "offlinejoin" {
    image_path   = %q
    overlay_path = %q
    ledger_file  = %q
    report_file  = %q
    account { machine_name = %q }
    active_directory {
      domain = "odj.test"
      dc     = "dc1.odj.test"
      user   = %q
      %s     = %q
    }
  }
}
`, w.golden, r.disk, r.in("ledger"), r.in("report.json"), r.machine, secretUser, r.credential.word, r.credential.file), 0o600))
	r.run(t, []string{"PACKER_LOG=1", "PACKER_LOG_PATH=" + r.in("packer.log")}, testenv.Tool(t, "packer"), "build", "-color=false", ".")
}

func (w *secretRuns) terraformApply(t *testing.T, r *secretRun) {
	must(t, os.WriteFile(r.in("main.tf"), fmt.Appendf(nil, `terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}
provider "offlinejoin" {
  ledger_file = %q
  active_directory = {
    domain = "odj.test"
    dc     = "dc1.odj.test"
    user   = %q
    %s     = %q
  }
}
resource "offlinejoin_domain_join" "x" {
  machine_name = %q
  image_path   = %q
  overlay_path = %q
}
`, r.in("ledger"), secretUser, r.credential.word, r.credential.file, r.machine, w.golden, r.disk), 0o600))
	trace := []string{"TF_LOG=TRACE", "TF_LOG_PATH=" + r.in("trace.log")}
	terraform := testenv.Tool(t, "terraform")
	for _, args := range [][]string{
		{"init", "-no-color"},
		{"plan", "-no-color", "-out", "tfplan"},
		{"show", "-json", "tfplan"},
		{"apply", "-no-color", "tfplan"},
		{"plan", "-no-color", "-out", "tfplan2"},
		{"show", "-json"},
	} {
		dying := r.dying
		if args[0] != "apply" {
			r.dying = nil // it is the apply that makes a password
		}
		r.run(t, trace, append([]string{terraform}, args...)...)
		if r.dying = dying; len(r.killed) > 0 {
			return
		}
	}
	for _, plan := range []string{"tfplan", "tfplan2"} { // zip files
		unzip := exec.CommandContext(t.Context(), testenv.Python(t, "zipfile"), "-m", "zipfile", "-e", plan, plan+".d")
		unzip.Dir = filepath.Join(r.dir, "work")
		if out, err := unzip.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// nothingFound looks everywhere, and then plants each secret in each place, where it must be found.
func (r *secretRun) nothingFound(t *testing.T) {
	t.Helper()
	blob := sampletest.BlobInDisk(t, r.disk)
	machine := canary.ForBlob(blob.Bytes(), blob.MachinePassword())
	search := r.search.And(machine)
	account := r.Run(t, "ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w",
		samba.AdminPassword, "-b", "DC=odj,DC=test", "(sAMAccountName="+r.machine+"$)", "*", "+")
	if !strings.Contains(account, "offlinejoin/1 staged ") {
		t.Fatalf("%s", account)
	}
	programs := func(path string) bool { return strings.Contains(path, "/.terraform/providers/") }
	texts := map[string][]byte{"output": r.out.Bytes(), "account": []byte(account)}
	for what, processes := range r.seen.texts() {
		texts[what] = processes
	}
	for place, text := range texts {
		if len(text) == 0 {
			t.Errorf("nothing was seen of %s", place)
		}
		if found := search.In(text); found != nil {
			t.Errorf("%s shows %q", place, found)
		}
	}
	found, files, err := search.InTree(r.dir, programs)
	if err != nil || len(found) > 0 || files < 2 {
		t.Errorf("%d files, %q, %v", files, found, err)
	}
	t.Logf("%d files, %d bytes of output, %d processes", files, r.out.Len(), r.seen.count())
	r.planted(t, search, texts, map[string][]byte{"the blob": blob.Bytes()})
}

// planted shows that each search can find.
func (r *secretRun) planted(t *testing.T, search *canary.Search, texts map[string][]byte, more map[string][]byte) {
	t.Helper()
	secrets := maps.Clone(r.credential.secrets)
	maps.Copy(secrets, more)
	for name, secret := range secrets {
		for place, text := range texts {
			if search.In(slices.Concat(text, []byte(" "), secret)) == nil {
				t.Errorf("%s planted in %s is not found", name, place)
			}
		}
		for _, folder := range []string{"home", "tmp", "work"} {
			file := filepath.Join(r.dir, folder, "planted")
			must(t, os.WriteFile(file, secret, 0o600))
			found, _, err := search.InTree(r.dir, nil)
			if err != nil || found[file] == nil {
				t.Errorf("%s planted in a file in %s is not found: %v", name, folder, err)
			}
			must(t, os.Remove(file))
		}
	}
	// A process that is given the password in an argument and in a variable, as ours must not be.
	var seen processes
	bad := exec.CommandContext(t.Context(), "/bin/sh", "-c", "sleep 2; : "+secretPassword)
	bad.Env = []string{"LEAK=" + secretPassword}
	must(t, bad.Start())
	stop := seen.watch(bad.Process.Pid)
	must(t, bad.Wait())
	stop()
	for what, text := range seen.texts() {
		if r.search.In(text) == nil {
			t.Errorf("a password in %s is not found", what)
		}
	}
}

// processes is what was seen of a process and those that it has started, while they ran.
type processes struct {
	mu        sync.Mutex
	arguments map[string]bool
	variables map[string]bool
	pids      map[int]bool
}

// watch looks at a process and its descendants, again and again, until stop is called.
func (p *processes) watch(root int) (stop func()) {
	p.mu.Lock()
	if p.pids == nil {
		p.arguments, p.variables, p.pids = map[string]bool{}, map[string]bool{}, map[int]bool{}
	}
	p.mu.Unlock()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ours := map[int]bool{root: true}
		for {
			p.look(ours)
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

// look reads what every process of ours shows now; a child of one of ours is one from then on.
func (p *processes) look(ours map[int]bool) {
	entries, _ := os.ReadDir("/proc") // what cannot be read is not seen
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if !ours[pid] {
			stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
			_, after, _ := strings.Cut(string(stat), ") ")
			fields := strings.Fields(after)
			if len(fields) < 2 {
				continue
			}
			parent, _ := strconv.Atoi(fields[1])
			if !ours[parent] {
				continue
			}
			ours[pid] = true
		}
		arguments, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		variables, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		p.mu.Lock()
		p.pids[pid], p.arguments[string(arguments)], p.variables[string(variables)] = true, true, true
		p.mu.Unlock()
	}
}

func (p *processes) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pids)
}

// texts returns all that was seen.
func (p *processes) texts() map[string][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string][]byte{
		"arguments of processes": []byte(strings.Join(slices.Collect(maps.Keys(p.arguments)), "\n")),
		"variables of processes": []byte(strings.Join(slices.Collect(maps.Keys(p.variables)), "\n")),
	}
}

// dies ends our three programs by SIGABRT while they join, with cores asked for, and looks that there is none, and no secret in
// what is printed. A program that does nothing against it is the control.
func (w *secretRuns) dies(t *testing.T) {
	core := func(dir string) []string {
		found, err := filepath.Glob(filepath.Join(dir, "*core*"))
		must(t, err)
		return found
	}
	control := t.TempDir()
	sleep := exec.CommandContext(t.Context(), "/bin/sh", "-c", "ulimit -c unlimited; exec sleep 60")
	sleep.Dir = control
	must(t, sleep.Start())
	time.Sleep(100 * time.Millisecond)
	must(t, sleep.Process.Signal(syscall.SIGABRT))
	_ = sleep.Wait()
	if len(core(control)) == 0 {
		t.Skip("skipped: this system keeps no cores in the folder of a process")
	}
	for name, c := range map[string]struct {
		words []string // in the arguments of the process that is killed
		run   func(t *testing.T, r *secretRun)
	}{
		"command line": {[]string{"offlinejoin", "join"}, w.commandLine},
		"packer":       {[]string{"packer-plugin-offlinejoin", "start", "provisioner"}, w.packerBuild},
		"terraform":    {[]string{"terraform-provider-offlinejoin"}, w.terraformApply},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.killedRun(t, c.words, c.run)
			must(t, filepath.WalkDir(r.dir, func(path string, _ os.DirEntry, err error) error {
				if !strings.HasPrefix(filepath.Base(path), "core") {
					return err
				}
				content, readErr := os.ReadFile(path)
				must(t, readErr)
				// The notes at its beginning name the program: packer and terraform may die, too, when their plugin does.
				if bytes.Contains(content[:min(len(content), 16<<10)], []byte(c.words[0])) {
					t.Errorf("a core of %s: %s", c.words[0], path)
				}
				must(t, os.Remove(path)) // what another program keeps is not ours
				return err
			}))
			if !bytes.Contains(r.out.Bytes(), []byte("SIGABRT")) {
				t.Logf("nothing tells of the death: %s", &r.out)
			}
			if leaks := r.search.In(r.out.Bytes()); leaks != nil {
				t.Errorf("the output shows %q", leaks)
			}
			leaks, _, err := r.search.InTree(r.dir, func(path string) bool { return strings.Contains(path, "/.terraform/providers/") })
			if err != nil || len(leaks) > 0 {
				t.Errorf("%q, %v", leaks, err)
			}
		})
	}
}

// killedRun runs a front end until a process of it was killed, each time earlier: a machine may be faster than is thought.
func (w *secretRuns) killedRun(t *testing.T, words []string, run func(t *testing.T, r *secretRun)) *secretRun {
	t.Helper()
	const aLogon, shortest = 200 * time.Millisecond, 10 * time.Millisecond
	for while := aLogon; while > shortest; while /= 2 {
		r := w.newRun(t, "password")
		r.dying, r.killed, r.while = words, make(chan string, 1), while
		run(t, r)
		select {
		case victim := <-r.killed:
			t.Logf("killed after %s: %s", while, victim)
			return r
		default:
		}
	}
	t.Fatal("no process was killed: this test proves nothing")
	return nil
}

// kill ends the first process of a run whose arguments have the words by SIGABRT, when it has run for a while.
func (r *secretRun) kill(done <-chan struct{}) {
	since := map[int]time.Time{}
	for {
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
		}
		for _, pid := range r.seen.alive() {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			// Not one that is about to become the program, or has not come to main, which turns cores off: it knows nothing yet.
			// A program that never does so is not killed, and the test fails for that.
			exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
			limits, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
			_, core, _ := strings.Cut(string(limits), "Max core file size")
			if fields := strings.Fields(core); !strings.HasPrefix(filepath.Base(exe), r.dying[0]) || len(fields) == 0 || fields[0] != "0" {
				continue
			}
			if slices.ContainsFunc(r.dying, func(word string) bool { return !bytes.Contains(text, []byte(word)) }) {
				continue
			}
			if since[pid].IsZero() {
				since[pid] = time.Now()
			}
			if time.Since(since[pid]) < r.while || syscall.Kill(pid, syscall.SIGABRT) != nil {
				continue
			}
			r.killed <- strings.ReplaceAll(string(text), "\x00", " ")
			return
		}
	}
}

// alive returns the processes that were seen and are still there.
func (p *processes) alive() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(p.pids)), func(pid int) bool {
		_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		return err != nil
	})
}
