package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// fleets runs what examples/fleets has for our plugins on hosts made of namespaces, with one ledger, and searches for secrets in
// all that a ledger in a database and its users leave and show.
func fleets(t *testing.T, p programs) {
	t.Run("terraform", func(t *testing.T) { terraformPerHost(t, p) })
	t.Run("secrets", func(t *testing.T) { fleetSecrets(t, p) })
}

// newFleetHosts makes hosts with two disks and blobs each, at /srv/fleet: web01 and so on.
func newFleetHosts(t *testing.T, n int) []testenv.Host {
	t.Helper()
	var hosts []testenv.Host
	for h := range n {
		dir := t.TempDir()
		hosts = append(hosts, testenv.NewHost(t, fmt.Sprintf("hv%d", h+1), h+1, dir, "/srv/fleet"))
		for _, folder := range []string{"images", "secrets"} {
			must(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		}
		for m := range 2 {
			name := fmt.Sprintf("web%02d", 2*h+m+1)
			must(t, golden.WriteDisk(filepath.Join(dir, "images", name+".qcow2"), sample.Image{}))
			composeBlob(t, strings.ToUpper(name), filepath.Join(dir, "secrets", name+".djoin"))
		}
	}
	return hosts
}

// perHost is terraform on some hosts, with its states in the test's server.
type perHost struct {
	server *postgres.Server
	hosts  []testenv.Host
	env    []string
	ledger string
}

// run runs examples/fleets/terraform on each host, and returns what is not as it should be: each host has a workspace with its own
// images, and each image its join.
func (w *perHost) run(t *testing.T, script string) error {
	t.Helper()
	example := filepath.Join(testenv.Root(), "examples", "fleets", "terraform")
	var all []error
	for _, h := range w.hosts {
		main, err := os.ReadFile(filepath.Join(example, "main.tf"))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(h.Folder, "main.tf"), main, 0o600))
		words := h.Command("sh", "-e", "-c", script)
		cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
		cmd.Env = w.env
		if out, err := cmd.CombinedOutput(); err != nil {
			all = append(all, fmt.Errorf("%s: %w\n%s", h.Name, err, out))
		}
	}
	names := w.server.SQL(t, "select name from terraform_remote_state.states where data like '%offlinejoin_staged_join%' order by name")
	if want := "hv1\nhv2"; names != want {
		all = append(all, fmt.Errorf("the states are those of %q", names))
	}
	uses, err := offlinejoin.LedgerEntries(t.Context(), offlinejoin.SingleUse{Ledger: w.ledger})
	must(t, err)
	var machines []string
	for _, u := range uses {
		machines = append(machines, u.Host+" "+u.MachineName)
	}
	slices.Sort(machines)
	if want := []string{"hv1 WEB01", "hv1 WEB02", "hv2 WEB03", "hv2 WEB04"}; !slices.Equal(machines, want) {
		all = append(all, fmt.Errorf("the ledger has %q", machines))
	}
	return errors.Join(all...)
}

// terraformPerHost applies the configuration on two hosts, with a state and a lock of each in PostgreSQL. A blob of the other host
// is refused, and so that a plan is empty the second time.
func terraformPerHost(t *testing.T, p programs) {
	t.Parallel()
	terraform := testenv.Tool(t, "terraform")
	script, err := os.ReadFile(filepath.Join(testenv.Root(), "examples", "fleets", "terraform", "apply.sh"))
	must(t, err)
	text := string(script)
	fresh := func() *perHost {
		w := &perHost{server: postgres.Start(t, postgres.Options{}), hosts: newFleetHosts(t, 2)}
		_, w.ledger = w.server.Schema(t, offlinejoin.LedgerSchema)
		w.env = append(append(os.Environ(), mirrored(t, p)...), "PATH="+filepath.Dir(terraform)+":"+os.Getenv("PATH"),
			"PG_CONN_STR="+w.server.URL("postgres")+"&sslmode=disable", "TF_VAR_ledger="+w.ledger)
		return w
	}
	w := fresh()
	must(t, w.run(t, text))
	must(t, w.run(t, "terraform plan -input=false -detailed-exitcode")) // nothing to do

	blob, err := os.ReadFile(filepath.Join(w.hosts[0].Folder, "secrets", "web01.djoin"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(w.hosts[1].Folder, "secrets", "web01.djoin"), blob, 0o600))
	must(t, golden.WriteDisk(filepath.Join(w.hosts[1].Folder, "images", "web01.qcow2"), sample.Image{}))
	if err := w.run(t, text); err == nil || !strings.Contains(err.Error(), "2732") || strings.Contains(err.Error(), "the ledger has") {
		t.Errorf("one account on two hosts: %v", err)
	}
	w.passwordInLedger(t)
	if err := fresh().run(t, strings.Replace(text, "$(hostname -s)", "fleet", 1)); err == nil {
		t.Error("with one workspace for all it goes through")
	}
}

// passwordInLedger gives the ledger a password, which is refused and shown nowhere: in no output, no log of any level, no plan and no
// state.
func (w *perHost) passwordInLedger(t *testing.T) {
	t.Helper()
	const password = "Vhj4-correct-horse-battery-ledger-9s"
	search := canary.For(map[string][]byte{"the ledger's password": []byte(password)})
	h := w.hosts[0]
	words := h.Command("terraform", "plan", "-input=false", "-no-color", "-out=plan")
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(slices.Clone(w.env), "TF_VAR_ledger=postgres://builder:"+password+"@db.example.com/joins", "TF_LOG=TRACE",
		"TF_LOG_PATH=/srv/fleet/trace.log")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "password") || search.In(out) != nil {
		t.Errorf("%v\n%s", err, out)
	}
	images := func(path string) bool { return strings.HasSuffix(path, ".qcow2") }
	if found, files, err := search.InTree(h.Folder, images); err != nil || len(found) > 0 || files < 4 {
		t.Errorf("%d files, %q, %v", files, found, err)
	}
	states := w.server.SQL(t, "select * from terraform_remote_state.states")
	if found := search.In([]byte(states)); found != nil || search.In([]byte(states+password)) == nil {
		t.Errorf("the states have %q", found)
	}
}

// fleetSecrets stages on two hosts with a ledger whose database wants a password and logs every statement, also what is refused, and
// searches for the blobs, their passwords and the database's in the database, in its log, in what is printed, reported and left, and
// in the arguments and variables of all processes. Each search is shown to find what is planted where it looks.
func fleetSecrets(t *testing.T, p programs) {
	t.Parallel()
	const password = "Vhj4-correct-horse-battery-canary-9s"
	server := postgres.Start(t, postgres.Options{})
	role, url := server.Schema(t, offlinejoin.LedgerSchema)
	server.SQL(t, "alter role "+role+" password '"+password+"'") // before anything is logged
	hba := filepath.Join(server.Dir, "data", "pg_hba.conf")
	must(t, os.WriteFile(hba, []byte("local all postgres trust\nlocal all all scram-sha-256\n"), 0o600))
	server.Append(t, "postgresql.conf", "log_statement = all", "log_min_messages = debug1", "log_connections = on",
		"log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1")
	server.Restart(t, "fast")

	hosts := newFleetHosts(t, 2)
	search := canary.For(map[string][]byte{"the database's password": []byte(password)})
	blobs := map[string][]byte{}
	for _, h := range hosts {
		files, err := filepath.Glob(filepath.Join(h.Folder, "secrets", "*"))
		must(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			must(t, err)
			blob, err := odj.Parse(data)
			must(t, err)
			search = search.And(canary.ForBlob(blob.Bytes(), blob.MachinePassword()))
			blobs[filepath.Base(file)] = blob.Bytes()
		}
	}
	copyInto(t, filepath.Join(hosts[0].Folder, "secrets", "web01.djoin"), filepath.Join(hosts[1].Folder, "secrets", "web01.djoin"))
	must(t, golden.WriteDisk(filepath.Join(hosts[1].Folder, "images", "web01.qcow2"), sample.Image{}))

	var seen processes
	var out strings.Builder
	for _, h := range hosts {
		for _, name := range []string{"fleet.join.hcl", "part.sh"} {
			copyInto(t, filepath.Join(testenv.Root(), "examples", "fleets", name), filepath.Join(h.Folder, name))
		}
		pass := filepath.Join(t.TempDir(), "pgpass")
		must(t, os.WriteFile(pass, []byte("*:*:*:*:"+password+"\n"), 0o600))
		for _, script := range []string{"sh part.sh", "offlinejoin ledger list --json", "offlinejoin plan fleet.join.hcl"} {
			words := h.Command("sh", "-c", script)
			cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
			cmd.Env = []string{"PATH=" + p.bin + ":" + os.Getenv("PATH"), "OFFLINEJOIN_LEDGER=" + url, "PGPASSFILE=" + pass, "PAUSE=0"}
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			must(t, cmd.Start())
			stop := seen.watch(cmd.Process.Pid)
			err := cmd.Wait() // the second host is refused one
			stop()
			fmt.Fprintf(&out, "%s: %s: %v\n%s", h.Name, script, err, said.String())
		}
	}
	if !strings.Contains(out.String(), "2732") || !strings.Contains(out.String(), `"outcome":"staged"`) {
		t.Fatalf("%s", out.String())
	}
	texts := map[string][]byte{
		"output": []byte(out.String()), "log": []byte(server.Log()),
		"table": []byte(server.SQL(t, "select * from "+role+".offlinejoin_ledger")),
	}
	maps.Copy(texts, seen.texts())
	if !strings.Contains(string(texts["log"]), "insert into offlinejoin_ledger") || !strings.Contains(string(texts["table"]), "WEB03") {
		t.Fatalf("%s\n%s", texts["log"], texts["table"])
	}
	for place, text := range texts {
		if found := search.In(text); found != nil || len(text) == 0 {
			t.Errorf("%s shows %q", place, found)
		}
		for name, blob := range blobs {
			if search.In(slices.Concat(text, []byte(" "), blob)) == nil {
				t.Errorf("%s planted in %s is not found", name, place)
			}
		}
		if search.In(slices.Concat(text, []byte(password))) == nil {
			t.Errorf("the password planted in %s is not found", place)
		}
	}
	// Files: what the server has beside its tables, what is beside images and blobs, and the manifests and recipes of the guides.
	tables := filepath.Join(server.Dir, "data", "base")
	holders := func(path string) bool {
		return path == tables || strings.HasSuffix(path, ".qcow2") || strings.HasSuffix(path, ".djoin")
	}
	for _, dir := range []string{server.Dir, hosts[0].Folder, hosts[1].Folder, filepath.Join(testenv.Root(), "examples")} {
		found, files, err := search.InTree(dir, holders)
		if err != nil || len(found) > 0 || files < 3 {
			t.Errorf("%s: %d files, %q, %v", dir, files, found, err)
		}
	}
	planted := filepath.Join(server.Dir, "planted")
	must(t, os.WriteFile(planted, blobs["web03.djoin"], 0o600))
	if found, _, err := search.InTree(server.Dir, holders); err != nil || len(found) != 1 {
		t.Errorf("a blob planted beside the database is found as %q, %v", found, err)
	}
	t.Logf("%d bytes of log, %d of output, %d processes", len(texts["log"]), len(texts["output"]), seen.count())
}

func copyInto(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}
