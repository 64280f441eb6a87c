package guides_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// fleet is a number of hosts, each with images and blobs of its own at /srv/fleet and what examples/fleets has for it, and one
// ledger in a database.
type fleet struct {
	hosts    []testenv.Host
	machines [][]string // of each host
	bin      string     // programs of others, before those that are installed
	ledger   string
	disk     []byte // an image without a join
}

// newFleet makes hosts with so many machines each: web01 and so on.
func newFleet(t *testing.T, server *postgres.Server, hosts, each int) *fleet {
	t.Helper()
	f := &fleet{bin: t.TempDir()}
	_, f.ledger = server.Schema(t, offlinejoin.LedgerSchema)
	var err error
	f.disk, err = os.ReadFile(sampletest.Golden(t, sample.Image{}))
	must(t, err)
	for h := range hosts {
		dir := t.TempDir()
		f.hosts = append(f.hosts, testenv.NewHost(t, fmt.Sprintf("hv%d", h+1), h+1, dir, "/srv/fleet"))
		f.machines = append(f.machines, nil)
		for name, text := range filesIn(t, "fleets") {
			if !strings.Contains(name, "/") {
				must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
		}
		for _, folder := range []string{"images", "secrets"} {
			must(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		}
		for n := h * each; n < (h+1)*each; n++ {
			name := fmt.Sprintf("web%02d", n+1)
			f.machines[h] = append(f.machines[h], name)
			blob, err := sample.BlobFor(strings.ToUpper(name), uint32(1107+n))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, "images", name+".qcow2"), f.disk, 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "secrets", name+".djoin"), blob.DjoinFile(), 0o600))
		}
	}
	return f
}

// on runs a script on a host, in /srv/fleet, by sh as engines do.
func (f *fleet) on(t *testing.T, host int, script string, env ...string) error {
	t.Helper()
	words := f.hosts[host].Command("sh", "-e", "-c", script)
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(f.env(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %q: %w\n%s", f.hosts[host].Name, script, err, out)
	}
	return nil
}

func (f *fleet) env() []string {
	return append(os.Environ(), "PATH="+f.bin+":"+os.Getenv("PATH"), "OFFLINEJOIN_LEDGER="+f.ledger, "PAUSE=0")
}

// program puts a program of others before those that are installed.
func (f *fleet) program(t *testing.T, name, script string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(f.bin, name), []byte("#!/bin/sh\nset -eu\n"+script+"\n"), 0o700))
}

// staged returns what is missing: each image has its join, and the ledger has each account once, in an image whose name begins
// with share, or which is told by its host where share is "".
func (f *fleet) staged(t *testing.T, share string) error {
	t.Helper()
	var wrong []error
	names := map[string]bool{}
	for h, machines := range f.machines {
		for _, name := range machines {
			if got := (host{f.hosts[h].Folder}).status(t, "images/"+name+".qcow2"); got != strings.ToUpper(name) {
				wrong = append(wrong, fmt.Errorf("%s has the join of %q", name, got))
			}
			names[strings.ToUpper(name)] = true
		}
	}
	uses, err := offlinejoin.LedgerEntries(t.Context(), offlinejoin.SingleUse{Ledger: f.ledger})
	must(t, err)
	for _, u := range uses {
		if !names[u.MachineName] || u.Event != "staged" {
			wrong = append(wrong, fmt.Errorf("the ledger has %s of %s once more", u.Event, u.MachineName))
		}
		delete(names, u.MachineName)
		if want := share + strings.ToLower(u.MachineName); share != "" && u.ImageName != want || share == "" && u.ImageName != "" {
			wrong = append(wrong, fmt.Errorf("the ledger calls the image %q", u.ImageName))
		}
	}
	if len(names) > 0 {
		wrong = append(wrong, fmt.Errorf("the ledger has nothing of %q", slices.Sorted(maps.Keys(names))))
	}
	return errors.Join(wrong...)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, content, 0o600))
}

// recipe is a file of examples/fleets that is run as it stands, and a mistake in it that has to be seen.
type recipe struct {
	hosts, each  int
	share        string // how the ledger's names of the images begin
	run          func(t *testing.T, f *fleet, text string) error
	right, wrong string
}

func recipes() map[string]recipe {
	return map[string]recipe{
		"fleet.join.hcl": {
			hosts: 2, each: 3, right: "i % var.of == var.index", wrong: "i % var.of != var.index",
			run: func(t *testing.T, f *fleet, text string) error {
				t.Helper()
				var all []error
				for h := range f.hosts {
					must(t, os.WriteFile(filepath.Join(f.hosts[h].Folder, "fleet.join.hcl"), []byte(text), 0o600))
					for index := range 2 {
						all = append(all, f.on(t, h, fmt.Sprintf("offlinejoin apply fleet.join.hcl --yes --var index=%d --var of=2", index)))
						if uses, err := offlinejoin.LedgerEntries(t.Context(), offlinejoin.SingleUse{Ledger: f.ledger}); err != nil ||
							len(uses) != h*3+2+index {
							all = append(all, fmt.Errorf("%d uses after part %d, %w", len(uses), index, err))
						}
					}
				}
				return errors.Join(all...)
			},
		},
		"parallel.sh": {
			hosts: 1, each: 9, run: runParallel, right: "seq 0 7", wrong: "seq 1 8",
		},
		"slurm.sh": {
			hosts: 1, each: 9, share: "nfs.example.com:/fleet/", run: runArray, right: "--array=0-7", wrong: "--array=1-8",
		},
		"github-actions.yml": {
			hosts: 4, each: 2, run: runWorkflow, right: "working-directory: /srv/fleet", wrong: "working-directory: /srv",
		},
		"gitlab-ci.yml": {
			hosts: 1, each: 5, share: "nfs.example.com:/fleet/", run: runPipeline,
			right: `INDEX: ["0", "1", "2", "3"]`, wrong: `INDEX: ["0", "1", "2"]`,
		},
		"kubernetes/indexed-job.yaml": {
			hosts: 1, each: 5, share: "pvc:prod/windows/fleet/", run: runIndexedJob, right: "OFFLINEJOIN_VAR_share", wrong: "OFFLINEJOIN_SHARE",
		},
	}
}

// TestRecipes runs each recipe for a fleet, and with its mistake for another fleet.
func TestRecipes(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t, postgres.Options{})
	all := filesIn(t, "fleets")
	for name, r := range recipes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := all[name]
			if !strings.Contains(text, r.right) {
				t.Fatalf("there is no %q in it", r.right)
			}
			f := newFleet(t, server, r.hosts, r.each)
			if err := r.run(t, f, text); err != nil {
				t.Fatal(err)
			}
			if err := f.staged(t, r.share); err != nil {
				t.Error(err)
			}
			f = newFleet(t, server, r.hosts, r.each)
			err := r.run(t, f, strings.Replace(text, r.right, r.wrong, 1))
			if err == nil {
				err = f.staged(t, r.share)
			}
			if err == nil {
				t.Errorf("with %q it goes through", r.wrong)
			}
		})
	}
	t.Run("two hosts with one account", func(t *testing.T) { twoHostsWithOneAccount(t, server) })
}

// runParallel runs what GNU parallel does, or where that is not installed, a script that starts as many at once.
func runParallel(t *testing.T, f *fleet, text string) error {
	t.Helper()
	version, err := exec.CommandContext(t.Context(), "parallel", "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "GNU parallel") {
		t.Log("GNU parallel is not installed: xargs stands in for it")
		f.program(t, "parallel", `[ "$1 $3" = "--jobs --joblog" ]; jobs=$2; : >"$4"; shift 4; exec xargs -P "$jobs" -I{} "$@"`)
	}
	return f.on(t, 0, text)
}

// runArray runs a Slurm script once for each index of its array, as many at once as it says. Slurm itself is in
// slurm_linux_test.go.
func runArray(t *testing.T, f *fleet, text string) error {
	t.Helper()
	m := regexp.MustCompile(`(?m)^#SBATCH --array=(\d+)-(\d+)%(\d+)$`).FindStringSubmatch(text)
	if m == nil {
		return errors.New("there is no array")
	}
	first, last, most := number(t, m[1]), number(t, m[2]), number(t, m[3])
	must(t, os.WriteFile(filepath.Join(f.hosts[0].Folder, "slurm.sh"), []byte(text), 0o700))
	return atOnce(most, last-first+1, func(i int) error {
		return f.on(t, 0, "sh slurm.sh", fmt.Sprint("SLURM_ARRAY_TASK_ID=", first+i), fmt.Sprint("SLURM_ARRAY_TASK_COUNT=", last-first+1))
	})
}

func number(t *testing.T, digits string) int {
	t.Helper()
	n, err := strconv.Atoi(digits)
	must(t, err)
	return n
}

// atOnce calls do for the numbers below n, at most so many at a time.
func atOnce(most, n int, do func(int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	places := make(chan struct{}, most)
	for i := range n {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			errs[i] = do(i)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// runWorkflow runs the steps of a workflow for GitHub Actions on each host of its matrix. What is in ${{ }} is put in; actions
// are left out.
func runWorkflow(t *testing.T, f *fleet, text string) error {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Strategy struct {
				MaxParallel int `yaml:"max-parallel"`
				Matrix      struct{ Host []string }
			}
			RunsOn []string `yaml:"runs-on"`
			Env    map[string]string
			Steps  []struct {
				Run              string
				WorkingDirectory string `yaml:"working-directory"`
			}
		}
	}
	must(t, yaml.Unmarshal([]byte(text), &workflow))
	job := workflow.Jobs["join"]
	if len(job.Strategy.Matrix.Host) != len(f.hosts) {
		return fmt.Errorf("the matrix has the hosts %q", job.Strategy.Matrix.Host)
	}
	return atOnce(job.Strategy.MaxParallel, len(f.hosts), func(h int) error {
		name := job.Strategy.Matrix.Host[h]
		put := strings.NewReplacer("${{ matrix.host }}", name, "${{ vars.LEDGER }}", f.ledger).Replace
		if put(job.RunsOn[1]) != "images-"+name || name != f.hosts[h].Name {
			return fmt.Errorf("a job runs on %q", job.RunsOn)
		}
		var env []string
		for key, value := range job.Env {
			env = append(env, key+"="+put(value))
		}
		for _, step := range job.Steps {
			if step.Run == "" {
				continue
			}
			if err := f.on(t, h, "cd "+step.WorkingDirectory+"\n"+put(step.Run), env...); err != nil {
				return err
			}
		}
		return nil
	})
}

// runPipeline runs the script of a pipeline of GitLab for each job of its matrix. The ledger is the test's.
func runPipeline(t *testing.T, f *fleet, text string) error {
	t.Helper()
	var pipeline struct {
		Join struct {
			Parallel struct {
				Matrix []struct {
					Index []string `yaml:"INDEX"`
					Of    string   `yaml:"OF"`
				}
			}
			Variables map[string]string
			Script    []string
		}
	}
	must(t, yaml.Unmarshal([]byte(text), &pipeline))
	job := pipeline.Join
	var env []string
	for key, value := range job.Variables {
		if key != "OFFLINEJOIN_LEDGER" {
			env = append(env, key+"="+value)
		}
	}
	matrix := job.Parallel.Matrix[0]
	return atOnce(2, len(matrix.Index), func(i int) error {
		return f.on(t, 0, "mkdir -p builds; cd builds\n"+strings.Join(job.Script, "\n"), append(env, "INDEX="+matrix.Index[i], "OF="+matrix.Of)...)
	})
}

// runIndexedJob runs what an Indexed Job's container does, for each of its Pods. The claim is the host's folder, and what names a
// container is set.
func runIndexedJob(t *testing.T, f *fleet, text string) error {
	t.Helper()
	var job struct {
		Spec struct {
			Completions, Parallelism int
			Template                 struct {
				Spec struct {
					Containers []struct {
						Args []string
						Env  []struct{ Name, Value string }
					}
				}
			}
		}
	}
	must(t, yaml.Unmarshal([]byte(text), &job))
	container := job.Spec.Template.Spec.Containers[0]
	env := []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}
	for _, v := range container.Env {
		if v.Name != "OFFLINEJOIN_LEDGER" {
			env = append(env, v.Name+"="+v.Value)
		}
	}
	return atOnce(job.Spec.Parallelism, job.Spec.Completions, func(i int) error {
		put := strings.NewReplacer("$(JOB_COMPLETION_INDEX)", strconv.Itoa(i), "/fleet/", "/srv/fleet/").Replace
		return f.on(t, 0, "offlinejoin "+put(strings.Join(container.Args, " ")), env...)
	})
}

// TestOnlyWhatMayPassIsTriedAgain: part.sh runs the command again after 75, and after nothing else.
func TestOnlyWhatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	text := filesIn(t, "fleets")["part.sh"]
	tries := func(text string, codes ...int) (calls, code int) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "part.sh"), []byte(text), 0o600))
		var script strings.Builder
		script.WriteString("#!/bin/sh\necho call >>calls\ncase $(wc -l <calls) in\n")
		for i, c := range codes {
			fmt.Fprintf(&script, "%d) exit %d ;;\n", i+1, c)
		}
		script.WriteString("*) exit 99 ;;\nesac\n")
		must(t, os.WriteFile(filepath.Join(dir, "offlinejoin"), []byte(script.String()), 0o700))
		cmd := exec.CommandContext(t.Context(), "sh", "part.sh")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PAUSE=0", "PATH="+dir+":"+os.Getenv("PATH"))
		_ = cmd.Run() // its code is returned
		said, err := os.ReadFile(filepath.Join(dir, "calls"))
		must(t, err)
		return strings.Count(string(said), "call"), cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		codes       []int
		calls, code int
	}{
		{[]int{0}, 1, 0}, {[]int{1}, 1, 1}, {[]int{2}, 1, 2}, {[]int{75, 0}, 2, 0}, {[]int{75, 1}, 2, 1}, {[]int{75, 75, 75}, 3, 75},
	} {
		if calls, code := tries(text, c.codes...); calls != c.calls || code != c.code {
			t.Errorf("%v: %d calls, exit code %d", c.codes, calls, code)
		}
	}
	if calls, _ := tries(strings.Replace(text, "-eq 75", "-ne 0", 1), 1); calls == 1 {
		t.Error("a script that tries refusals again is not told from ours")
	}
}

// twoHostsWithOneAccount: what the recipes rest on. A blob that lies on two hosts goes into one image.
func twoHostsWithOneAccount(t *testing.T, server *postgres.Server) {
	t.Parallel()
	f := newFleet(t, server, 2, 1)
	copyFile(t, filepath.Join(f.hosts[0].Folder, "secrets", "web01.djoin"), filepath.Join(f.hosts[1].Folder, "secrets", "web01.djoin"))
	must(t, os.WriteFile(filepath.Join(f.hosts[1].Folder, "images", "web01.qcow2"), f.disk, 0o600))
	for range 2 { // the second time all is there already
		must(t, f.on(t, 0, "sh part.sh"))
	}
	if err := f.on(t, 1, "sh part.sh"); err == nil || !strings.Contains(err.Error(), "2732") || !strings.Contains(err.Error(), "on hv1") {
		t.Errorf("the second host: %v", err)
	}
	if err := f.staged(t, ""); err != nil { // the rest of the second host is done
		t.Error(err)
	}
}
