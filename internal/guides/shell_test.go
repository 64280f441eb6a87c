package guides_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// TestMain makes this test the command offlinejoin for the scripts that it runs.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"offlinejoin": func() {
			os.Exit(cli.Run(context.Background(), os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host is a folder that plays the root of a machine on which guides are followed.
type host struct{ dir string }

// newHost makes a golden image, disks of machines and blobs where the guides have them.
func newHost(t *testing.T) host {
	t.Helper()
	h := host{t.TempDir()}
	for _, folder := range []string{
		"srv/golden", "srv/machines", "mnt/web01", "var/lib/vz/images/100", "secrets", "bin", "pvc",
	} {
		must(t, os.MkdirAll(h.path(folder), 0o700))
	}
	must(t, os.Rename(sampletest.Golden(t, sample.Image{}), h.path("srv/golden/ws2022.qcow2")))
	for _, disk := range []string{"srv/machines/web03.qcow2", "var/lib/vz/images/100/vm-100-disk-0.qcow2"} {
		must(t, golden.WriteDisk(h.path(disk), sample.Image{}))
	}
	must(t, golden.WriteVolume(h.path("pvc/disk.img"), sample.Image{}))
	_, err := sample.WriteTree(h.path("tree"), sample.Image{})
	must(t, err)
	for i, name := range []string{"web01", "web02", "web03"} {
		blob, err := sample.BlobFor(strings.ToUpper(name), uint32(1107+i))
		must(t, err)
		must(t, os.WriteFile(h.path("secrets/"+name+".djoin"), blob.DjoinFile(), 0o600))
	}
	for name, script := range h.programs() {
		must(t, os.WriteFile(h.path("bin/"+name), []byte("#!/bin/sh\nset -eu\n"+script+"\n"), 0o700))
	}
	return h
}

func (h host) path(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }

// programs are those that are not here, by their names: each fails for what it would not take.
func (h host) programs() map[string]string {
	return map[string]string{
		// Opens its disk with all that it stands on, as the machine would.
		"qemu-system-x86_64": `for arg; do case $arg in file=*) disk=${arg#file=}; disk=${disk%%,*};; esac; done
qemu-img info --backing-chain "$disk" >/dev/null`,
		"guestmount": `[ "$1" = -a ]; qemu-img info --backing-chain "$2" >/dev/null
for last; do :; done; cp -r "` + h.path("tree") + `/Windows" "$last/"`,
		"guestunmount": `[ -e "$1/Windows/System32/odjboot.exe" ]`, // when the join is in it
		"qm":           `case "$*" in "shutdown 100" | "wait 100" | "start 100") ;; *) exit 2 ;; esac`,
		// Runs the Job's command when that is applied.
		"kubectl": `case "$*" in
"apply -f job.yaml") sed -n 's/^ *args: \[\(.*\)\]$/\1/p' job.yaml | tr -d , | sed 's,/disk/,pvc/,g; s,/blob/,secrets/,g' |
	xargs offlinejoin ;;
"apply -f "*) [ -e "$3" ] ;;
"-n windows create secret generic web01-blob --from-file="*) [ -e "${7#--from-file=}" ] ;;
"-n windows wait --for=condition="*" --timeout="*m" "*"/"*) ;;
"-n windows delete secret/web01-blob job/join-web01") ;;
"-n windows create secret generic web01-sysprep --from-file=unattend.xml=/dev/stdin") cat >answer; grep -q "<AccountData>" answer ;;
"-n windows patch virtualmachine web01 --type=json --patch-file="*) [ -e "${7#--patch-file=}" ] ;;
"-n windows delete secret/web01-sysprep") rm answer ;;
*) exit 2 ;; esac`,
		// The machine joins by its disk, or by its CD, or it has been there before.
		"virtctl": `case "$*" in
"-n windows start web01") [ -e answer ] || [ -e stopped ] ||
	offlinejoin status --image-path pvc/disk.img | grep -q "WEB01 .* is staged" ;;
"-n windows stop web01") : >stopped ;;
*) exit 2 ;; esac`,
	}
}

// here puts the paths of a guide below the folder.
func (h host) here(text string) string {
	return regexp.MustCompile(`(^|[\s="])/(srv|mnt|var/lib)/`).ReplaceAllString(text, "${1}"+h.dir+"/$2/")
}

// run runs a shell block as a script that stops at the first command that fails.
func (h host) run(t *testing.T, text string) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testenv.Tool(t, "bash"), "-eu", "-o", "pipefail", "-c", h.here(text))
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "PATH="+h.path("bin")+":"+os.Getenv("PATH"))
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err = cmd.Run()
	return both.String(), err
}

// status returns the machine that a disk has a staged join of, or "".
func (h host) status(t *testing.T, disk string) string {
	t.Helper()
	at := offlinejoin.ImageAt("")
	at.ImagePath = h.path(disk)
	st, err := offlinejoin.ReadStatus(t.Context(), offlinejoin.StatusRequest{Image: at})
	must(t, err)
	if st.State != offlinejoin.StateStaged {
		return ""
	}
	return st.MachineName
}

// script is a shell block.
type script struct {
	before       string            // another one that it wants to have been run
	staged       map[string]string // which disks it leaves, with whose join
	right, wrong string            // a mistake that must not go through
}

// scripts returns the shell blocks by their files.
func scripts() map[string]script {
	return map[string]script{
		"fleet/fleet.sh": {
			staged: map[string]string{
				"srv/machines/web01.qcow2": "WEB01", "srv/machines/web02.qcow2": "WEB02", "srv/golden/ws2022.qcow2": "",
			},
			right: "apply  fleet.join.hcl --yes", wrong: "apply  fleet.hcl --yes",
		},
		"mounted/mounted.sh": {right: "--windows-path", wrong: "--windows"},
		"qemu/overlay.sh": {
			staged: map[string]string{"srv/machines/web01.qcow2": "WEB01", "srv/golden/ws2022.qcow2": ""},
			right:  "drive file=/srv/machines/web01", wrong: "drive file=/srv/machines/web02",
		},
		"qemu/copy.sh": {
			staged: map[string]string{"srv/machines/web02.qcow2": "WEB02", "srv/golden/ws2022.qcow2": ""},
			right:  "--machine-name WEB02", wrong: "--machine-name WEB01",
		},
		"qemu/inplace.sh": {
			staged: map[string]string{"srv/machines/web03.qcow2": ""}, // taken back at the end
			right:  "offlinejoin status  --image-path", wrong: "offlinejoin status  --image",
		},
		"qemu/rebase.sh": {
			before: "qemu/overlay.sh", staged: map[string]string{"srv/machines/web01.qcow2": "WEB01"},
			right: "-F qcow2", wrong: "-F qcow9",
		},
		"proxmox-node/node.sh": {
			staged: map[string]string{"var/lib/vz/images/100/vm-100-disk-0.qcow2": "WEB01"},
			right:  "qm wait 100", wrong: "qm await 100",
		},
		"kubevirt/join.sh": {
			staged: map[string]string{"pvc/disk.img": "WEB01"},
			right:  "from-file=secrets/web01.djoin", wrong: "from-file=secrets/web01",
		},
		"kubevirt/sysprep.sh": {
			staged: map[string]string{"pvc/disk.img": ""}, // nobody opens it
			right:  "--output -", wrong: "--output answer.xml",
		},
		"kubevirt/sysprep-gone.sh": {
			before: "kubevirt/sysprep.sh", right: "patch-file=sysprep-gone", wrong: "patch-file=sysprep-out",
		},
	}
}

// TestShellBlocks runs every shell block on a host of its own, as it is and with a mistake.
func TestShellBlocks(t *testing.T) {
	t.Parallel()
	all := files(t)
	for name := range all {
		if _, ok := scripts()[name]; strings.HasSuffix(name, ".sh") && !ok {
			t.Errorf("nothing runs examples/guides/%s", name)
		}
	}
	for name, c := range scripts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := all[name]
			if !ok || !strings.Contains(text, c.right) {
				t.Fatalf("there is no %s with %q", name, c.right)
			}
			h := prepared(t, all, name, c.before)
			if out, err := h.run(t, text); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for disk, machine := range c.staged {
				if got := h.status(t, disk); got != machine {
					t.Errorf("%s has the join of %q, not of %q", disk, got, machine)
				}
			}
			wrong := prepared(t, all, name, c.before)
			if out, err := wrong.run(t, strings.Replace(text, c.right, c.wrong, 1)); err == nil {
				t.Errorf("with %q it goes through:\n%s", c.wrong, out)
			}
		})
	}
}

// prepared makes a host with the other files of a script's guide beside it, on which another script has been run before.
func prepared(t *testing.T, all map[string]string, script, before string) host {
	t.Helper()
	h := newHost(t)
	for name, text := range all {
		if filepath.Dir(name) == filepath.Dir(script) {
			must(t, os.WriteFile(h.path(filepath.Base(name)), []byte(h.here(text)), 0o600))
		}
	}
	if before != "" {
		if out, err := h.run(t, all[before]); err != nil {
			t.Fatalf("%s: %v\n%s", before, err, out)
		}
	}
	return h
}
