package guides_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// cluster is Slurm on this machine alone: a controller, a node that can take four jobs at once, and munge for both.
type cluster struct {
	dir string
	env []string
}

// newCluster starts Slurm in a folder. It is not asked for in CI: `make ledger` runs this where Slurm is installed.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	for _, program := range []string{"slurmctld", "slurmd", "sbatch", "munged"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("skipped: Slurm is not installed (Debian's packages slurmctld, slurmd, slurm-client and munge)")
		}
	}
	dir, err := os.MkdirTemp("", "odj-slurm-") // sockets need a short name
	must(t, err)
	c := &cluster{dir: dir, env: append(os.Environ(), "SLURM_CONF="+filepath.Join(dir, "slurm.conf"))}
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	for _, folder := range []string{"state", "spool"} {
		must(t, os.Mkdir(filepath.Join(dir, folder), 0o755))
	}
	key := filepath.Join(dir, "munge.key")
	must(t, os.WriteFile(key, []byte(strings.Repeat("a key of a test ", 64)), 0o600))
	socket := filepath.Join(dir, "munge.sock")
	name, err := os.Hostname()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "slurm.conf"), fmt.Appendf(nil, `ClusterName=test
SlurmctldHost=%[2]s(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=%[3]s
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldPort=%[4]d
SlurmdPort=%[5]d
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/spool
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd.pid
SlurmctldLogFile=%[1]s/slurmctld.log
SlurmdLogFile=%[1]s/slurmd.log
NodeName=%[2]s NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
`, dir, name, socket, testenv.FreePort(t), testenv.FreePort(t)), 0o644))
	c.start(t, "munged", "--foreground", "--force", "--socket="+socket, "--key-file="+key, "--pid-file="+filepath.Join(dir, "munged.pid"),
		"--log-file="+filepath.Join(dir, "munged.log"), "--seed-file="+filepath.Join(dir, "munged.seed"))
	c.wait(t, func() bool { _, err := os.Stat(socket); return err == nil })
	c.start(t, "slurmctld", "-D")
	c.start(t, "slurmd", "-D")
	c.wait(t, func() bool {
		out, _ := c.command(t, "sinfo", "--noheader", "--format=%t").Output()
		return strings.TrimSpace(string(out)) == "idle"
	})
	return c
}

func (c *cluster) command(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = c.env
	return cmd
}

// start starts a service that ends with the test.
func (c *cluster) start(t *testing.T, words ...string) {
	t.Helper()
	cmd := c.command(t, words...)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context ends it
}

func (c *cluster) wait(t *testing.T, ready func() bool) {
	t.Helper()
	for start := time.Now(); !ready(); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			var logs strings.Builder
			for _, name := range []string{"munged.log", "slurmctld.log", "slurmd.log"} {
				text, _ := os.ReadFile(filepath.Join(c.dir, name)) // what there is
				logs.Write(text)
			}
			t.Fatalf("it does not start:\n%s", logs.String())
		}
	}
}

// TestArrayBySlurm has Slurm run the array.
func TestArrayBySlurm(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	server := postgres.Start(t, postgres.Options{})
	for wrong, text := range map[bool]string{
		false: filesIn(t, "fleets")["slurm.sh"],
		true:  strings.Replace(filesIn(t, "fleets")["slurm.sh"], "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MAX", 1),
	} {
		f := newFleet(t, server, 1, 9)
		folder := f.hosts[0].Folder
		must(t, os.WriteFile(filepath.Join(folder, "slurm.sh"), []byte(text), 0o600))
		sbatch := c.command(t, "sbatch", "--wait", "slurm.sh")
		sbatch.Dir, sbatch.Env = folder, append(f.env(), c.env[len(c.env)-1])
		out, err := sbatch.CombinedOutput()
		if err == nil {
			err = f.staged(t, "nfs.example.com:/fleet/")
		}
		logs, globErr := filepath.Glob(filepath.Join(folder, "slurm-*.log"))
		must(t, globErr)
		if !wrong && (err != nil || len(logs) != 8) {
			t.Errorf("%v, %d logs\n%s", err, len(logs), out)
		}
		if wrong && err == nil {
			t.Error("the array goes through with a mistake")
		}
	}
}
