package guides_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
	"github.com/offlinejoin/offlinejoin/internal/testenv/postgres"
)

// play runs the playbook with the inventory as it stands. In place of ssh is a program that enters the namespaces of a host; the
// ledger is the test's, and nobody waits between two tries. It returns what it has said of each host at its end.
func (f *fleet) play(t *testing.T, text string, more ...string) (recap []string, err error) {
	t.Helper()
	dir := t.TempDir()
	ssh := filepath.Join(f.bin, "ssh")
	// The host and the command are the last two words; without them ansible asks what ssh can do.
	f.program(t, "ssh", `while [ $# -gt 2 ]; do shift; done
case $1 in hv*.example.com) exec "`+ssh+`.${1%%.*}" "$2" ;; esac`)
	for _, h := range f.hosts {
		h.Program(t, ssh+"."+h.Name, "sh", "-c")
	}
	must(t, os.WriteFile(filepath.Join(dir, "join.yml"), []byte(text), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "inventory.ini"), []byte(filesIn(t, "fleets")["ansible/inventory.ini"]), 0o600))
	cmd := exec.CommandContext(t.Context(), "ansible-playbook", append([]string{
		"-i", "inventory.ini", "join.yml", "-e", "ledger=" + f.ledger, "-e", "pause=0", "-e", "ansible_ssh_executable=" + ssh,
		"-e", "ansible_pipelining=true", "-e", "ansible_python_interpreter=/usr/bin/python3",
	}, more...)...)
	cmd.Dir = dir
	cmd.Env = append(f.env(), "HOME="+dir, "ANSIBLE_NOCOLOR=1", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	for _, m := range regexp.MustCompile(`(?m)^(hv\d)\.example\.com +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+) `).
		FindAllStringSubmatch(string(out), -1) {
		recap = append(recap, fmt.Sprintf("%s changed %s, unreachable %s, failed %s", m[1], m[2], m[3], m[4]))
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return recap, err
}

// TestPlaybook runs the playbook over four hosts by ansible: what is staged is changed, what is there already is not, what may
// pass by itself is tried again, and what is refused fails its host alone.
func TestPlaybook(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		testenv.Absent(t, "ansible is not installed (Debian's package ansible-core)")
	}
	server := postgres.Start(t, postgres.Options{})
	all := filesIn(t, "fleets")["ansible/join.yml"]
	f := newFleet(t, server, 4, 2)
	// Whatever runs first on a host finds something busy.
	f.program(t, "offlinejoin", `real=$(PATH=${PATH#*:} command -v offlinejoin)
if [ ! -e tried ]; then
	: >tried
	echo '{"type":"summary","outcomes":{"failed":2}}'
	exit 75
fi
exec "$real" "$@"`)
	wanted := func(recap []string, err error, want ...string) error {
		if err == nil && strings.Join(recap, "\n") != strings.Join(want, "\n") {
			err = fmt.Errorf("%q", recap)
		}
		return err
	}
	changed := []string{
		"hv1 changed 1, unreachable 0, failed 0", "hv2 changed 1, unreachable 0, failed 0",
		"hv3 changed 1, unreachable 0, failed 0", "hv4 changed 1, unreachable 0, failed 0",
	}
	same := strings.Split(strings.ReplaceAll(strings.Join(changed, "\n"), "changed 1", "changed 0"), "\n")
	recap, err := f.play(t, all)
	must(t, errors.Join(wanted(recap, err, changed...), f.staged(t, "")))
	for _, h := range f.hosts {
		if _, err := os.Stat(filepath.Join(h.Folder, "tried")); err != nil {
			t.Errorf("%s: %v", h.Name, err)
		}
	}
	// All is there already, but for a blob of another host.
	copyFile(t, filepath.Join(f.hosts[0].Folder, "secrets", "web01.djoin"), filepath.Join(f.hosts[1].Folder, "secrets", "web01.djoin"))
	must(t, os.WriteFile(filepath.Join(f.hosts[1].Folder, "images", "web01.qcow2"), f.disk, 0o600))
	recap, err = f.play(t, all)
	same[1] = "hv2 changed 0, unreachable 0, failed 1"
	if err == nil || !strings.Contains(err.Error(), "2732") || strings.Join(recap, "\n") != strings.Join(same, "\n") {
		t.Errorf("%q, %v", recap, err)
	}

	for right, wrong := range map[string]string{
		"outcomes.staged": "outcomes.done", "run.rc != 75": "run.rc != 76",
	} {
		f := newFleet(t, server, 1, 1)
		f.program(t, "offlinejoin", `real=$(PATH=${PATH#*:} command -v offlinejoin); [ -e tried ] || { : >tried; exit 75; }; exec "$real" "$@"`)
		if !strings.Contains(all, right) {
			t.Fatalf("there is no %q in it", right)
		}
		recap, err := f.play(t, strings.Replace(all, right, wrong, 1), "--limit", "hv1.example.com")
		if wanted(recap, err, changed[0]) == nil {
			t.Errorf("with %q it goes through", wrong)
		}
	}
}
