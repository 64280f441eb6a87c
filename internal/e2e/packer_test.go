package e2e

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// packerSide drives the real packer through what its users do: every component, every example, every refusal, and the
// ways in which a build can be stopped.
func packerSide(t *testing.T, p programs) {
	w := world{
		env:   append(plugged(t, p), "EXAMPLES="+filepath.Join(testenv.Root(), "examples", "packer")),
		image: sampleImage, blob: corpBlob,
	}
	t.Run("plugin-check", func(t *testing.T) { pluginCheck(t, p) })
	w.run(t, "packer")
}

// pluginCheck asks the SDK's own tool whether the plugin looks valid for a release.
func pluginCheck(t *testing.T, p programs) {
	goTool := testenv.Tool(t, "go")
	where := exec.CommandContext(t.Context(), goTool, "tool", "-n", "packer-sdc")
	where.Dir = testenv.Root()
	sdc, err := where.Output()
	must(t, err)
	check := exec.CommandContext(t.Context(), strings.TrimSpace(string(sdc)), "plugin-check", "packer-plugin-offlinejoin")
	check.Dir = p.bin
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("packer-sdc plugin-check: %v\n%s", err, out)
	}
}

// packerCommands are for the scripts of packer.
func packerCommands() map[string]scriptCommand {
	return map[string]scriptCommand{
		"sample":    command(2, (*state).makeSample),
		"whole":     command(-1, (*state).whole),
		"interrupt": command(-1, (*state).interrupt),
		"sshd":      command(1, (*state).startSSHD),
	}
}

// corpBlob makes a blob for a machine in corp.example.com, as the examples expect it.
func corpBlob(t testing.TB, machine, file string) {
	t.Helper()
	password, err := odj.RandomPassword(nil)
	must(t, err)
	b, err := odj.Compose(odj.Join{
		MachineName: machine, Password: password, DNSDomain: "corp.example.com", NetBIOSDomain: "CORP",
		DomainGUID: "3f2a6c1e-94d7-4b58-8a0d-51c7e2b9f604",
		DomainSID:  "S-1-5-21-1004336348-1177238915-682003330", Rid: ridOf(machine),
		DC: odj.DomainController{Name: "dc1.corp.example.com", Address: "192.0.2.10", Flags: 0xE00011BD},
	})
	must(t, err)
	must(t, os.WriteFile(file, b.DjoinFile(), 0o600))
}

// makeSample: `sample KIND DIR` makes DIR/Windows of a kind that no join can be staged into.
func (s *state) makeSample(abs func(string) string, args []string) {
	kinds := map[string]sample.Image{
		"controller": {ProductType: "LanmanNT"},
		"home":       {EditionID: "Core", ProductType: "WinNT"},
		"old":        {Build: "9600"},
	}
	im, ok := kinds[args[0]]
	if !ok {
		s.tb.Fatalf("there is no sample %s", args[0])
	}
	_, err := sample.WriteTree(abs(args[1]), im)
	must(s.tb, err)
}

// whole: `whole WINDOWS STATE…` wants a sound image in one of some states.
func (s *state) whole(abs func(string) string, args []string) {
	isWhole(s.tb, abs(args[0]))
	st, err := offlinejoin.ReadStatus(context.Background(), offlinejoin.StatusRequest{Image: offlinejoin.ImageAt(abs(args[0]))})
	must(s.tb, err)
	s.tb.Logf("%s is %s", args[0], st.State)
	if !slices.Contains(args[1:], string(st.State)) {
		s.tb.Errorf("%s is %s, want %q", args[0], st.State, args[1:])
	}
}

// interrupt: `interrupt WHEN FILE COMMAND…` runs a command in a process group of its own and sends it what Ctrl-C sends,
// when it prints what the expression WHEN matches, or when the file appears that WHEN names as file:PATH; then that file
// gets a companion PATH.go, for whoever waits for it. What the command prints goes to FILE.
func (s *state) interrupt(abs func(string) string, args []string) {
	cmd := exec.CommandContext(s.tb.Context(), testenv.Tool(s.tb, args[2]), args[3:]...)
	cmd.Dir, cmd.Env = abs("."), s.vars()
	ownGroup(cmd)
	seen := &watched{matched: make(chan struct{}, 1)}
	file, isFile := strings.CutPrefix(args[0], "file:")
	if !isFile {
		seen.want = regexp.MustCompile(args[0])
	}
	cmd.Stdout, cmd.Stderr = seen, seen
	must(s.tb, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if isFile {
		go func() {
			for _, err := os.Stat(abs(file)); err != nil; _, err = os.Stat(abs(file)) {
				time.Sleep(10 * time.Millisecond)
			}
			seen.matched <- struct{}{}
		}()
	}
	select {
	case <-seen.matched:
		must(s.tb, interruptGroup(cmd))
	case err := <-ended:
		s.tb.Fatalf("%q ended before it was interrupted: %v\n%s", args[2:], err, seen.String())
	}
	if isFile {
		must(s.tb, os.WriteFile(abs(file)+".go", nil, 0o600))
	}
	err := <-ended
	s.tb.Logf("interrupted: %v", err)
	must(s.tb, os.WriteFile(abs(args[1]), []byte(seen.String()), 0o600))
}

// watched is an output that tells when something was printed.
type watched struct {
	mu      sync.Mutex
	text    bytes.Buffer
	want    *regexp.Regexp
	matched chan struct{}
}

var _ io.Writer = (*watched)(nil)

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.text.Write(p)
	if w.want != nil && w.want.Match(w.text.Bytes()) {
		w.want = nil
		w.matched <- struct{}{}
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
