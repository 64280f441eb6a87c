package firstboot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/firstboot/qmp"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

func TestQemuHasNoNetworkAndTakesPathsAsTheyAre(t *testing.T) {
	t.Parallel()
	args := Qemu{Firmware: "/f/OVMF.fd"}.withDefaults().arguments("/d/a,b.qcow2", "/s/q", Boot{Records: "/r/one"})
	all := strings.Join(args, " ")
	for _, want := range []string{
		"-nic none", "base=localtime", "-nodefaults", "file=/d/a,,b.qcow2", "-accel kvm -cpu host", "bus=ide.0", "-bios /f/OVMF.fd", "-serial file:/r/one.serial",
		"unix:/s/q,server=on",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in %s", want, all)
		}
	}
	if args := strings.Join(Qemu{Bus: "virtio", Accel: "tcg"}.withDefaults().arguments("d", "s", Boot{}), " "); !strings.Contains(args, "virtio-blk-pci") ||
		!strings.Contains(args, "-cpu max") || strings.Contains(args, "-bios") {
		t.Error(args)
	}
	for nic, want := range map[string]string{"": "-nic user,ipv6=off,model=e1000e -", "e1000": "-nic user,ipv6=off,model=e1000 -"} {
		args := strings.Join(Qemu{NIC: nic}.withDefaults().arguments("d", "s", Boot{Network: true}), " ")
		if !strings.Contains(args, want) || strings.Count(args, "-nic") != 1 || !strings.Contains(args, "base=utc") {
			t.Error(args)
		}
	}
}

// guestOfQemu is a stand-in of qemu with its guest: it tells events at times after the start, and knows what it was asked.
type guestOfQemu struct {
	events  map[time.Duration]string
	obeys   bool // it shuts down when its button is pressed
	ends    bool // the connection ends with the last event
	mu      sync.Mutex
	asked   []string
	stopped sync.WaitGroup
}

func (g *guestOfQemu) serve(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qmp-")
	must(t, err)
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	must(t, err)
	g.stopped.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		g.talk(conn)
	})
	t.Cleanup(func() {
		_ = l.Close()
		g.stopped.Wait()
		os.RemoveAll(dir)
	})
	return path
}

func (g *guestOfQemu) talk(conn net.Conn) {
	say := func(format string, args ...any) {
		g.mu.Lock()
		defer g.mu.Unlock()
		fmt.Fprintf(conn, format+"\r\n", args...)
	}
	say(`{"QMP": {}}`)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var c struct {
			Execute string
			ID      int
		}
		if json.Unmarshal(lines.Bytes(), &c) != nil {
			return
		}
		g.mu.Lock()
		g.asked = append(g.asked, c.Execute)
		g.mu.Unlock()
		say(`{"return": {}, "id": %d}`, c.ID)
		switch {
		case c.Execute == "cont":
			for after, event := range g.events {
				time.AfterFunc(after, func() {
					say("%s", event)
					if g.ends {
						_ = conn.Close()
					}
				})
			}
		case c.Execute == "system_powerdown" && g.obeys:
			say(`{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}`)
		}
	}
}

const (
	restarts = `{"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}`
	others   = `{"event": "RESET", "data": {"guest": false, "reason": "host-qmp-system-reset"}}`
)

// How a boot goes, by what qemu tells and by the clock. The times are far apart, because machines are slow.
func TestHowABootEnds(t *testing.T) {
	t.Parallel()
	const unit = 300 * time.Millisecond
	q := Qemu{Rest: 10 * unit, Limit: 200 * unit, early: 1}
	tests := map[string]struct {
		q     Qemu
		b     Boot
		guest *guestOfQemu
		want  How
		n     int // restarts
		asked []string
		fails string
	}{
		"joins, and is turned off": {
			q: q, guest: &guestOfQemu{events: map[time.Duration]string{unit: restarts}, obeys: true}, n: 1, want: ByItself,
			asked: []string{"cont", "screendump", "system_powerdown"},
		},
		"only others reset it": {
			q: q, guest: &guestOfQemu{events: map[time.Duration]string{unit: others}, obeys: true}, want: ByItself,
			asked: []string{"cont", "screendump", "system_powerdown"},
		},
		"firmware restarts first": {
			q:     Qemu{Rest: 10 * unit, Limit: 200 * unit, early: time.Hour},
			guest: &guestOfQemu{events: map[time.Duration]string{unit: restarts}, obeys: true}, want: ByItself,
			asked: []string{"cont", "screendump", "system_powerdown"},
		},
		"never shuts down": {
			q: Qemu{Rest: 3 * unit, Limit: 20 * unit, early: 1}, want: AtLimit, asked: []string{"cont", "screendump", "system_powerdown", "system_powerdown"},
		},
		"cut at the restart": {
			q: q, b: Boot{Cut: BeforeRestart, Usual: unit}, guest: &guestOfQemu{events: map[time.Duration]string{unit: restarts}}, want: Cut, n: 1,
			asked: []string{"cont"},
		},
		"cut early": {
			q: Qemu{Rest: 200 * unit, Limit: 300 * unit, early: 1}, b: Boot{Cut: BeforeProgram, Usual: 2 * unit}, want: Cut, asked: []string{"cont"},
		},
		"cut in the program": {
			q: Qemu{Rest: 200 * unit, Limit: 300 * unit, early: 1}, b: Boot{Cut: InProgram, Usual: 2*time.Second + unit}, want: Cut,
			asked: []string{"cont"},
		},
		"shuts down before the cut": {
			q: q, b: Boot{Cut: BeforeRestart}, guest: &guestOfQemu{obeys: true}, want: ByItself,
			asked: []string{"cont", "screendump", "system_powerdown"},
		},
		"qemu ends": {
			q: q, guest: &guestOfQemu{events: map[time.Duration]string{unit: others}, ends: true}, asked: []string{"cont"}, fails: "has ended by itself",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.guest == nil {
				tt.guest = &guestOfQemu{}
			}
			client, err := qmp.Dial(t.Context(), tt.guest.serve(t))
			must(t, err)
			defer client.Close()
			tt.b.Records = filepath.Join(t.TempDir(), "boot")
			told, err := os.Create(tt.b.Records + ".qemu")
			must(t, err)
			defer told.Close()
			m := &running{q: tt.q.withDefaults(), b: tt.b, qmp: client, told: told}
			end, err := m.run(t.Context())
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || end.How != tt.want || end.Restarts != tt.n || (end.After > 0) != (tt.n > 0) {
				t.Errorf("%+v, %v", end, err)
			}
			tt.guest.mu.Lock()
			defer tt.guest.mu.Unlock()
			if asked := tt.guest.asked[1:]; len(asked) < len(tt.asked) || !slices.Equal(asked[:len(tt.asked)], tt.asked) {
				t.Errorf("it was asked %q", asked)
			}
		})
	}
}

// A real qemu boots the sample disk, in which there is nothing to boot: that is told apart from a join that failed.
func TestRealQemuOfADiskThatNeverBoots(t *testing.T) {
	t.Parallel()
	q := Qemu{
		Program: testenv.Tool(t, "qemu-system-x86_64"), Accel: "tcg", Memory: 64, CPUs: 1, Rest: 3 * time.Second, Limit: 6 * time.Second,
	}
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: filepath.Join(t.TempDir(), "run"), Only: []string{"good"}}
	e, err := Run(t.Context(), q, s)
	if err != nil {
		text, _ := os.ReadFile(filepath.Join(s.Dir, "records", "good-1.qemu"))
		t.Fatalf("%v\n%s", err, text)
	}
	for _, step := range e.Steps {
		if step.Result != claims.Skipped || step.Reason != NotStarted {
			t.Errorf("%+v", step)
		}
	}
	if e.System.Kind != claims.Windows {
		t.Errorf("%+v", e.System)
	}
	for _, name := range []string{"good-1.ppm", "good-1.serial"} {
		if _, err := os.Stat(filepath.Join(s.Dir, "records", name)); err != nil {
			t.Error(err)
		}
	}
}

// What qemu cannot start is an error of the run, and no verdict.
func TestAQemuThatDoesNotStart(t *testing.T) {
	t.Parallel()
	s := Setup{Disk: sampletest.Golden(t, sample.Image{}), Dir: filepath.Join(t.TempDir(), "run"), Only: []string{"good"}}
	if _, err := Run(t.Context(), Qemu{Program: "false"}, s); err == nil || !strings.Contains(err.Error(), "has ended at once") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), Qemu{Program: "/no/such/qemu"}, s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Qemu{Program: "sleep"}, s); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if kept, err := os.ReadDir(filepath.Join(s.Dir, "results")); err != nil || len(kept) > 0 {
		t.Errorf("%v, %v", kept, err)
	}
}
