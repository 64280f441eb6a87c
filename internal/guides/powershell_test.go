package guides_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/cli"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/golden"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// cmdlets returns the parameters of Hyper-V's cmdlets that the guides may use: a stand-in for the module, from Microsoft's
// documentation.
func cmdlets() map[string][]string {
	return map[string][]string{
		"New-VM":         {"Name", "Generation", "MemoryStartupBytes", "VHDPath", "SwitchName"},
		"Start-VM":       {"Name"},
		"Stop-VM":        {"Name", "Force", "TurnOff"},
		"Get-VMSnapshot": {"VMName", "Name"},
	}
}

// follow does what a PowerShell block says: our commands are run, of others the names are compared with the table.
func (h host) follow(t *testing.T, text string) error {
	t.Helper()
	for line := range strings.Lines(text) {
		var words []string
		for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
			words = append(words, h.ofDrive(strings.Trim(word, "'")))
		}
		if len(words) == 0 {
			continue
		}
		if words[0] == "offlinejoin" {
			var out bytes.Buffer
			if code := cli.Run(t.Context(), words[1:], cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}); code != 0 {
				return fmt.Errorf("%q: exit code %d\n%s", words, code, &out)
			}
			continue
		}
		known, ok := cmdlets()[words[0]]
		if !ok {
			return fmt.Errorf("the cmdlet %s is not in the table", words[0])
		}
		for _, word := range words[1:] {
			if parameter, is := strings.CutPrefix(word, "-"); is && !slices.Contains(known, parameter) {
				return fmt.Errorf("%s has no parameter %s in the table", words[0], word)
			}
			if strings.HasPrefix(word, h.dir) {
				if _, err := os.Stat(word); err != nil {
					return err // a disk that a machine is to be made of
				}
			}
		}
	}
	return nil
}

// ofDrive returns where a path of a Windows host is here: D:\vm\web01.vhdx, or one relative to the guide's folder.
func (h host) ofDrive(word string) string {
	switch path, drive := strings.CutPrefix(word, `D:\`); {
	case drive:
		return filepath.Join(h.dir, "d", filepath.FromSlash(strings.ReplaceAll(path, `\`, "/")))
	case strings.Contains(word, `\`):
		return h.path(strings.ReplaceAll(word, `\`, "/"))
	}
	return word
}

// TestPowerShellBlocks follows every PowerShell block with VHDX files, as it is and with a mistake.
func TestPowerShellBlocks(t *testing.T) {
	t.Parallel()
	all := files(t)
	cases := map[string]struct{ right, wrong, disk, machine string }{
		"hyper-v/stage.ps1":   {"-VHDPath", "-VhdFile", "d/vm/web01.vhdx", "WEB01"},
		"hyper-v/inplace.ps1": {"--image-path", "--image", "d/vm/web02.vhdx", "WEB02"},
	}
	for name, text := range all {
		c, ok := cases[name]
		if strings.HasSuffix(name, ".ps1") != ok {
			t.Errorf("nothing follows examples/guides/%s", name)
		}
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(text, c.right) {
				t.Fatalf("there is no %q in it", c.right)
			}
			h := newHost(t)
			for _, disk := range []string{"d/golden/ws2022.vhdx", "d/vm/web02.vhdx"} {
				h.writeVHDX(t, disk)
			}
			must(t, h.follow(t, text))
			if got := h.status(t, c.disk); got != c.machine {
				t.Errorf("%s has the join of %q, not of %q", c.disk, got, c.machine)
			}
			if err := h.follow(t, strings.Replace(text, c.right, c.wrong, 1)); err == nil {
				t.Errorf("with %q it goes through", c.wrong)
			}
		})
	}
}

// writeVHDX makes a disk with the sample Windows as Hyper-V would have it.
func (h host) writeVHDX(t *testing.T, name string) {
	t.Helper()
	qcow2 := h.path("disk.qcow2")
	must(t, os.MkdirAll(filepath.Dir(h.path(name)), 0o700))
	must(t, golden.WriteDisk(qcow2, sample.Image{}))
	out, err := exec.Command(testenv.Tool(t, "qemu-img"), "convert", "-f", "qcow2", "-O", "vhdx", "-o", "subformat=dynamic",
		qcow2, h.path(name)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	must(t, os.Remove(qcow2))
}
