package firstboot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/firstboot/qmp"
)

// Qemu is a machine of qemu's, without a network but where a boot wants one. What is zero is chosen.
type Qemu struct {
	Program  string        // qemu-system-x86_64
	Accel    string        // kvm; tcg is some thirty times slower, and Windows may need hours
	Firmware string        // a file for -bios, such as OVMF.fd for a disk that boots by UEFI; empty: qemu's own BIOS
	Bus      string        // of the disk: sata, for which every Windows has a driver, or virtio
	NIC      string        // of a boot with a network: e1000e, e1000 or another model of qemu's that this Windows has a driver for
	Memory   int           // MiB
	CPUs     int           // of the machine
	Rest     time.Duration // after how long without a restart Windows has come to rest
	Limit    time.Duration // of one boot

	early time.Duration // within which it is firmware that restarts, and no Windows yet
	more  []string      // arguments, for tests that start another system
}

func (q Qemu) withDefaults() Qemu {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&q.Program, "qemu-system-x86_64")
	def(&q.Accel, "kvm")
	def(&q.Bus, "sata")
	def(&q.NIC, "e1000e")
	if q.Memory == 0 {
		q.Memory = 4096
	}
	if q.CPUs == 0 {
		q.CPUs = 2
	}
	if q.Rest == 0 {
		q.Rest = 4 * time.Minute
	}
	if q.Limit == 0 {
		q.Limit = 15 * time.Minute
	}
	if q.early == 0 {
		q.early = 5 * time.Second
	}
	return q
}

// Kind implements [Machine].
func (q Qemu) Kind() claims.Kind { return claims.Windows }

// arguments returns qemu's, for a machine that waits to be started.
func (q Qemu) arguments(disk, socket string, b Boot) []string {
	device := "ide-hd,drive=disk,bus=ide.0,bootindex=1" // a SATA port of the chip set; 0 is of -kernel
	if q.Bus == "virtio" {
		device = "virtio-blk-pci,drive=disk,bootindex=1"
	}
	cpu := "max"
	if q.Accel == "kvm" {
		cpu = "host"
	}
	nic, clock := "none", "localtime"
	if b.Network {
		// qemu's own, which needs no rights: what the machine asks for, this process asks for. Its resolver has no IPv6 address to
		// answer at where the host's has none.
		nic, clock = "user,ipv6=off,model="+escaped(q.NIC), "utc"
	}
	args := []string{
		"-nodefaults", "-no-user-config", "-S", "-display", "none", "-vga", "std", "-nic", nic,
		"-machine", "q35", "-accel", q.Accel, "-cpu", cpu, "-smp", strconv.Itoa(q.CPUs), "-m", strconv.Itoa(q.Memory),
		"-rtc", "base=" + clock,
		"-drive", "if=none,id=disk,format=qcow2,file=" + escaped(disk), "-device", device,
		"-serial", "file:" + escaped(b.Records+".serial"),
		"-qmp", "unix:" + escaped(socket) + ",server=on,wait=off",
	}
	if q.Firmware != "" {
		args = append(args, "-bios", q.Firmware)
	}
	return append(args, q.more...)
}

// escaped makes a text one that stands in a list of options.
func escaped(text string) string { return strings.ReplaceAll(text, ",", ",,") }

// Boot implements [Machine]. The power is cut by the command quit, so that all that Windows has written to the disk is there and
// nothing that it has not: what a disk loses of its own cache is not simulated. BeforeProgram is half the usual time; InProgram
// is shortly before the usual restart, with which the program ends; BeforeRestart is that restart.
func (q Qemu) Boot(ctx context.Context, disk string, b Boot) (End, error) {
	q = q.withDefaults()
	folder, err := os.MkdirTemp("", "first-boot-") // for its owner alone, and short enough for a socket
	if err != nil {
		return End{}, err
	}
	defer os.RemoveAll(folder)
	m, err := q.start(ctx, disk, filepath.Join(folder, "qmp"), b)
	if err != nil {
		return End{}, err
	}
	end, err := m.run(ctx)
	return end, errors.Join(err, m.off())
}

// running is a machine that is on.
type running struct {
	q    Qemu
	b    Boot
	cmd  *exec.Cmd
	qmp  *qmp.Client
	done chan struct{} // closed when the process has ended
	told *os.File      // what it says on standard error

	began   time.Time
	end     End
	isOff   bool
	pressed bool // its power button
}

// start starts a process that does nothing yet.
func (q Qemu) start(ctx context.Context, disk, socket string, b Boot) (*running, error) {
	disk, err := filepath.Abs(disk)
	if err != nil {
		return nil, err
	}
	told, err := os.OpenFile(b.Records+".qemu", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	m := &running{q: q, b: b, told: told, done: make(chan struct{})}
	m.cmd = exec.CommandContext(ctx, q.Program, q.arguments(disk, socket, b)...)
	m.cmd.Stdout, m.cmd.Stderr = told, told
	endsWithUs(m.cmd)
	if err := m.cmd.Start(); err != nil {
		told.Close()
		return nil, err
	}
	go func() {
		_ = m.cmd.Wait() // how it ended is seen by its events and in what it says
		close(m.done)
	}()
	if err := m.connect(ctx, socket); err != nil {
		return nil, errors.Join(err, m.off())
	}
	return m, nil
}

const answers = time.Minute // how long qemu may take for a command

// pressesInARest is how often the power button is pressed again in the time that Windows has to come to rest.
const pressesInARest = 12

// connect waits until qemu listens.
func (m *running) connect(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	for {
		client, err := qmp.Dial(ctx, socket)
		if err == nil {
			m.qmp = client
			return nil
		}
		select {
		case <-m.done:
			return fmt.Errorf("%s has ended at once: see %s", m.q.Program, m.told.Name())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// run lets the machine go until it is off, or its time is up.
func (m *running) run(ctx context.Context) (End, error) {
	if err := m.command(ctx, "cont", nil); err != nil {
		return m.end, err
	}
	m.began = time.Now()
	patience := time.Duration(max(m.b.Patience, 1))
	limit, rest := time.NewTimer(m.q.Limit*patience), time.NewTimer(m.q.Rest*patience)
	defer limit.Stop()
	defer rest.Stop()
	var cut <-chan time.Time
	if after := m.cutAfter(); after > 0 {
		timer := time.NewTimer(after)
		defer timer.Stop()
		cut = timer.C
	}
	for !m.isOff {
		select {
		case e, more := <-m.qmp.Events():
			if !more {
				return m.end, m.lost(ctx)
			}
			if m.see(e) && !m.pressed {
				rest.Reset(m.q.Rest * patience)
			}
		case <-rest.C:
			m.picture(ctx)
			if err := m.command(ctx, "system_powerdown", nil); err != nil {
				return m.end, err
			}
			m.pressed = true
			rest.Reset(m.q.Rest / pressesInARest)
		case <-limit.C:
			m.picture(ctx)
			m.end.How, m.isOff = AtLimit, true
		case <-cut:
			m.end.How, m.isOff = Cut, true
		}
	}
	return m.end, nil
}

// cutAfter returns the time from the start to the moment at which the power is to be cut; 0: that is not a matter of time.
func (m *running) cutAfter() time.Duration {
	switch m.b.Cut {
	case BeforeProgram:
		return m.b.Usual / 2
	case InProgram:
		return m.b.Usual - max(2*time.Second, m.b.Usual/20)
	}
	return 0
}

// see takes an event, and reports whether Windows has restarted.
func (m *running) see(e qmp.Event) bool {
	var data struct {
		Guest bool `json:"guest"`
	}
	_ = json.Unmarshal(e.Data, &data) // an event without data is not of the guest
	switch e.Name {
	case "RESET":
		if !data.Guest || time.Since(m.began) < m.q.early {
			return false
		}
		if m.end.Restarts++; m.end.Restarts == 1 {
			m.end.After = time.Since(m.began)
		}
		if m.b.Cut == BeforeRestart {
			m.end.How, m.isOff = Cut, true
		}
		return true
	case "SHUTDOWN":
		m.end.How, m.isOff = ByItself, true
	}
	return false
}

// lost says why nothing more comes.
func (m *running) lost(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%s has ended by itself: see %s", m.q.Program, m.told.Name())
}

func (m *running) command(ctx context.Context, name string, arguments any) error {
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	_, err := m.qmp.Execute(ctx, name, arguments)
	return err
}

// picture keeps the screen, for people. A machine whose screen cannot be kept is none the worse.
func (m *running) picture(ctx context.Context) {
	if path, err := filepath.Abs(m.b.Records + ".ppm"); err == nil && !m.pressed {
		_ = m.command(ctx, "screendump", map[string]string{"filename": path})
	}
}

// off turns the machine off, if it is not, and waits for the end of its process.
func (m *running) off() error {
	defer m.told.Close()
	patience := time.Duration(0)
	if m.qmp != nil {
		_ = m.command(context.Background(), "quit", nil) // what does not obey is killed below
		m.qmp.Close()
		patience = answers
	}
	select {
	case <-m.done:
	case <-time.After(patience):
		if err := m.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-m.done
	}
	return nil
}
