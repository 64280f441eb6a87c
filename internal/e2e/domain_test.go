package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// domain is a Samba domain of its own (odj.test), in its own namespaces, that ends with the test.
type domain struct {
	lab   string // folder with the scripts of the shared laboratory
	up    *exec.Cmd
	said  *bytes.Buffer
	dir   string // the controller's files
	turns sync.Mutex
}

// startDomain begins to provision and start a controller, which takes some 10 seconds. [domain.ready] waits for it.
func startDomain(t *testing.T) *domain {
	t.Helper()
	for _, tool := range []string{
		"samba", "samba-tool", "samba_spnupdate", "net", "rpcclient", "ndrdump", "ldapsearch", "kinit", "openssl", "ip",
		"unshare", "nsenter",
	} {
		testenv.Tool(t, tool)
	}
	if os.Getuid() != 0 {
		testenv.Absent(t, "a Samba domain in namespaces of its own needs root")
	}
	lab := filepath.Dir(testenv.Shared(t, "lab/dc-up.sh"))
	dir, err := os.MkdirTemp("/tmp", "odj-") // sockets below it need a short name
	must(t, err)
	d := &domain{lab: lab, dir: dir, up: exec.CommandContext(t.Context(), filepath.Join(lab, "dc-up.sh"), dir)}
	t.Cleanup(func() {
		if out, err := exec.Command(filepath.Join(lab, "dc-down.sh"), dir, "--purge").CombinedOutput(); err != nil {
			t.Errorf("dc-down.sh: %v\n%s", err, out)
		}
	})
	d.said = &bytes.Buffer{}
	d.up.Env = append(os.Environ(), "ODJ_WATCH_PID="+strconv.Itoa(os.Getpid()), "ODJ_ADMINPASS="+adminPassword)
	d.up.Stdout, d.up.Stderr = d.said, d.said
	must(t, d.up.Start())
	return d
}

func (d *domain) ready(t *testing.T) {
	t.Helper()
	if err := d.up.Wait(); err != nil {
		t.Fatalf("dc-up.sh: %v\n%s", err, d.said)
	}
	t.Logf("%s", d.said)
}

// adminPassword is of a domain that nobody outside its namespaces can reach, for a minute.
const adminPassword = "Passw0rd.odj"

// provision makes an account for a machine and writes its blob to a file, as Samba does: in the form of djoin.
func (d *domain) provision(t testing.TB, machine, file string) {
	t.Helper()
	d.turns.Lock() // `net` keeps files of its own
	defer d.turns.Unlock()
	cmd := exec.CommandContext(t.Context(), filepath.Join(d.dir, "exec"), "net", "-s",
		filepath.Join(d.dir, "client", "smb.conf"), "--netbiosname="+machine, "offlinejoin", "provision",
		"domain=odj.test", "machine_name="+machine, "savefile="+file, "-U", "Administrator%"+adminPassword)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("net offlinejoin provision %s: %v\n%s", machine, err, out)
	}
	must(t, os.Chmod(file, 0o600))
}

// env is what scripts need to call the judge of a first boot.
func (d *domain) env() []string {
	return []string{"DC=" + d.dir, "JUDGE=" + filepath.Join(d.lab, "firstboot-check.sh")}
}
