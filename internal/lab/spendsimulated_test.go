package lab

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot/boottest"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// spendable is a stand-in of a Windows that may be spent: its registry is a hive of our engine, and in the place of the program its
// own logic, package boot, is run. Its faults are planted.
type spendable struct {
	simulated
	faults

	registry boottest.Registry
	file     *regf.MemFile
	saves    [][]byte
	program  []byte
	rights   []byte
	removal  bool // the program goes at the next start
	stopped  bool // the Workstation service
	ends     bool // the program has asked for a restart
	joined   *odj.Blob
	domain   string
	machine  string
	log      []byte
	events   []uint32
	started  time.Time
	idle     bool  // the program is not run
	lost     error // what is said of a run of the program
}

// faults are what is planted.
type faults struct {
	state     func(*spendable)              // changes what the program has left
	exit      uint32                        // is added to its exit code
	function  func(blob []byte) winerr.Code // nil: as documented
	saved     func(content [][]byte) []byte // what is saved of all that was to be saved
	unlocked  bool                          // the program's file stays as it was
	silent    bool                          // no log
	noEvent   bool                          //
	oneEvent  bool                          // only the first run writes one
	patient   bool                          // Windows' function does not need the Workstation service
	noRestart bool                          // Windows does not restart by itself
	keeps     bool                          // the program's file is there after the restart
	noMember  bool                          //
	online    winerr.Code                   // what the online method returns
	may       error
}

func newSpendable(t *testing.T, f faults) *spendable {
	t.Helper()
	tree, err := sample.WriteTree(t.TempDir(), sample.Image{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(tree, "System32", "config", "SYSTEM"))
	if err != nil {
		t.Fatal(err)
	}
	file := regf.NewMemFile(raw)
	h, err := regf.Open(regf.Files{Primary: file, Log1: regf.NewMemFile(nil), Log2: regf.NewMemFile(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return &spendable{
		simulated: simulated{code: codes}, registry: boottest.Registry{Hive: h}, faults: f, file: file, started: time.Now().Add(-time.Hour),
	}
}

func (s *spendable) MaySpend() error         { return s.may }
func (s *spendable) Registry() boot.Registry { return s.registry }

func (s *spendable) MakeKey(key string, security []byte) error {
	_, _, err := s.registry.Hive.CreateKey(key, security)
	return err
}

func (s *spendable) RemoveKey(key string) error {
	err := s.registry.Hive.DeleteKey(key)
	if errors.Is(err, regf.ErrNotFound) {
		return nil
	}
	return err
}

func (s *spendable) SaveSystem(path string) error {
	if s.lacks != nil {
		return s.lacks
	}
	if _, err := s.registry.Hive.Commit(regf.CommitOptions{}); err != nil {
		return err
	}
	content := bytes.Clone(s.file.Bytes())
	s.saves = append(s.saves, content)
	if s.faults.saved != nil {
		content = s.faults.saved(s.saves)
	}
	return os.WriteFile(path, content, 0o600)
}

func (s *spendable) PutProgram(exe []byte) error {
	s.program, s.rights = exe, nil
	return nil
}

func (s *spendable) RemoveProgram() error {
	s.program = nil
	return nil
}

func (s *spendable) HasProgram() (bool, error)        { return s.program != nil, nil }
func (s *spendable) ProgramSecurity() ([]byte, error) { return s.rights, s.lacks }

func (s *spendable) SetWorkstation(_ context.Context, on bool) error {
	s.stopped = !on
	return s.lacks
}

func (s *spendable) RunAsSystem(context.Context) (uint32, error) {
	if s.idle {
		return 0, s.lost
	}
	w := inService{s.registry, s}
	w.Log(completion.ProgramMarker + "a test")
	out := boot.Run(w, boot.Limits{
		Join: time.Minute, Workstation: 20 * time.Millisecond, Restart: time.Second, Event: time.Second, Poll: 5 * time.Millisecond,
	})
	if s.state != nil {
		s.state(s)
	}
	return uint32(out.ExitCode()) + s.exit, s.lost
}

func (s *spendable) AwaitRestart(context.Context) {}

// restart is what happens to a Windows that restarts.
func (s *spendable) restart() {
	s.started = time.Now().Add(2 * time.Second) // CompletedAt has seconds
	if s.removal && !s.keeps {
		s.program = nil
	}
	if s.joined != nil && !s.noMember {
		s.domain, s.machine = s.joined.NetBIOSDomain(), s.joined.MachineName()
	}
}

func (s *spendable) Started() (time.Time, error)                 { return s.started, s.lacks }
func (s *spendable) Domain() (domain, machine string, err error) { return s.domain, s.machine, s.lacks }
func (s *spendable) Log() ([]byte, error)                        { return s.log, nil }
func (s *spendable) Events(context.Context) ([]uint32, error)    { return s.events, s.lacks }
func (s *spendable) JoinOnline(context.Context, []byte) (uint32, error) {
	return uint32(s.online), s.lacks
}

// inService is the Windows that the program's logic finds.
type inService struct {
	boottest.Registry
	*spendable
}

func (w inService) ProtectProgram() error {
	if !w.unlocked {
		w.spendable.rights = completion.FileSecurity()
	}
	return nil
}

func (w inService) Join(time.Duration) (winerr.Code, error) {
	return boot.Call(w, boot.Limits{Workstation: 20 * time.Millisecond, Poll: 5 * time.Millisecond}), nil
}

func (w inService) Request(blob []byte) winerr.Code {
	if w.stopped && !w.patient {
		return winerr.WkstaNotStarted
	}
	if w.function != nil {
		return w.function(blob)
	}
	parsed, err := odj.Parse(bytes.Clone(blob))
	if err != nil {
		return winerr.BadOfflineJoinInfo
	}
	w.joined = parsed
	return winerr.Success
}

func (w inService) RemoveProgram() error {
	w.removal = true
	return nil
}

func (w inService) Restart() error {
	w.ends = true
	return nil
}

func (w inService) Log(line string) {
	if !w.silent {
		w.spendable.log = append(w.spendable.log, line+"\r\n"...)
	}
}

func (w inService) Event(id uint32, _ string) error {
	if !w.noEvent && (len(w.events) == 0 || !w.oneEvent) {
		w.events = append(w.events, id)
	}
	return nil
}
