package firstboot

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot"
	"github.com/offlinejoin/offlinejoin/internal/completion/boot/boottest"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// simulated is a stand-in of a machine with a Windows. It reads the disk as Windows does as far as a first boot goes: the hook,
// the policies, the Workstation service, the files that go at the next start, a join that takes effect with it, Setup's answer
// file. The completion program is run for it, by its own logic in this process or as the real program under Wine. What that has
// changed is written into the overlay by our own engine, and so is what Windows would have done: it proves nothing about Windows,
// and shows that the scenarios see what is wrong.
type simulated struct {
	t              testing.TB
	program        program
	fault          fault
	dead           bool // no Windows starts from the disk
	boots          []string
	online         []string           // disks of boots with a network
	user, password string             // of the only user of its domain
	pending        map[string]pending // by disk
	blobs          []*odj.Blob        // that were in the disks
	secrets        []*canary.Search   // for what was in the disks
}

// fault is what is planted.
type fault struct {
	disk         func(g *guest, n int) error // changes the disk at the end of its n-th boot
	end          func(*End)
	noMember     bool // a join takes no effect
	keepsProgram bool // nothing is deleted at the next start
	keepsAnswer  bool // Setup erases nothing
	noLogon      bool // the user is not logged on
	localLogon   bool // another account is, of the machine itself
	noPath       bool // no profile is made of it
}

// pending is what waits for the next start of a Windows.
type pending struct {
	removed bool   // the program's file goes
	joined  []byte // a blob that Windows' function has taken
}

// program runs the completion program of a guest, or ends it while it works.
type program interface {
	run(t testing.TB, g *guest, interrupt bool) (ran, error)
}

// ran is what became of a run of the program.
type ran struct {
	pending
	restart bool
	log     []byte // of this run
}

func newSimulated(t testing.TB, p program) *simulated {
	return &simulated{t: t, program: p, pending: map[string]pending{}, user: userOfDomain, password: passwordOfUser}
}

func (m *simulated) Kind() claims.Kind { return claims.Simulated }

func (m *simulated) Boot(ctx context.Context, disk string, b Boot) (End, error) {
	m.boots = append(m.boots, disk)
	if b.Network {
		m.online = append(m.online, disk)
	}
	if err := os.WriteFile(b.Records+".serial", []byte("started\n"), 0o600); err != nil {
		return End{}, err
	}
	end := End{How: ByItself}
	if m.dead {
		return End{How: AtLimit}, nil
	}
	m.note(disk)
	err := change(ctx, disk, "", func(g *guest) error {
		if err := m.live(g, disk, b, &end); err != nil {
			return err
		}
		if m.fault.disk != nil {
			return m.fault.disk(g, m.bootsOf(disk))
		}
		return nil
	})
	if m.fault.end != nil {
		m.fault.end(&end)
	}
	return end, err
}

func (m *simulated) bootsOf(disk string) int {
	n := 0
	for _, d := range m.boots {
		if d == disk {
			n++
		}
	}
	return n
}

// live is one boot, up to the shutdown or the cut.
func (m *simulated) live(g *guest, disk string, b Boot, end *End) error {
	if err := m.start(g, disk); err != nil {
		return err
	}
	if content, err := imagefs.ReadFile(g, g.file("Panther/unattend.xml"), maxFile); err == nil {
		clear(content)
		end.Restarts, end.After = 2, time.Minute
		return errors.Join(m.setUp(g), m.shutDown(g))
	}
	if b.Cut == BeforeProgram {
		end.How = Cut
		return nil
	}
	runs, err := m.runsProgram(g)
	if err != nil {
		return err
	}
	if runs {
		r, err := m.program.run(m.t, g, b.Cut == InProgram)
		if err != nil {
			return err
		}
		if err := m.after(g, disk, r); err != nil {
			return err
		}
		if b.Cut != NoCut {
			end.How = Cut
			return nil
		}
		if r.restart {
			end.Restarts, end.After = 1, 20*time.Second
			if err := m.start(g, disk); err != nil {
				return err
			}
		}
	}
	return errors.Join(m.logsOn(g, disk, b), m.shutDown(g))
}

// start is a start of Windows, which shows in its hive.
func (m *simulated) start(g *guest, disk string) error {
	p := m.pending[disk]
	delete(m.pending, disk)
	if p.removed && !m.fault.keepsProgram {
		if err := g.Remove(g.file(programFile)); err != nil {
			return err
		}
	}
	if p.joined != nil && !m.fault.noMember {
		if err := becomeMember(g, p.joined); err != nil {
			return err
		}
	}
	n := regf.DWORDData(uint32(len(m.boots)))
	return g.set(g.controlSet+`\`+completion.ControlWindowsKey, "SimulatedStart", regf.DWORD, n)
}

func (m *simulated) shutDown(g *guest) error {
	now := binary.LittleEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
	return g.set(g.controlSet+`\`+completion.ControlWindowsKey, completion.ControlShutdownTime, regf.Binary, now)
}

// runsProgram reports whether Windows runs the program: the hook is armed, the file is a program, and no policy forbids it.
func (m *simulated) runsProgram(g *guest) (bool, error) {
	s := &sight{}
	if err := s.readRegistry(g.system); err != nil || !s.hook.Armed() {
		return false, err
	}
	content, err := imagefs.ReadFile(g, g.file(programFile), maxFile)
	if err != nil || !bytes.HasPrefix(content, []byte("MZ")) {
		return false, ignoreAbsent(err)
	}
	forbidden, err := imagefs.ReadFile(g, g.file(policyFolder+"/forbids.cip"), maxFile)
	return len(forbidden) == 0, ignoreAbsent(err)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// after keeps what a run of the program has left.
func (m *simulated) after(g *guest, disk string, r ran) error {
	m.pending[disk] = r.pending
	const name = "debug/offlinejoin.log"
	before, err := imagefs.ReadFile(g, g.file(name), maxFile)
	if ignoreAbsent(err) != nil {
		return err
	}
	return g.write(name, append(before, r.log...))
}

// note remembers the blob in a disk, and that it is in its file.
func (m *simulated) note(disk string) {
	m.t.Helper()
	raw := blobIn(m.t, disk)
	if raw == nil {
		return
	}
	blob, err := odj.Parse(raw)
	if err != nil {
		return // it was tampered with
	}
	m.blobs = append(m.blobs, blob)
	m.noteSecret(disk, canary.ForBlob(blob.Bytes(), blob.MachinePassword()))
}

// noteSecret remembers a search for what a disk holds, and that it finds that there.
func (m *simulated) noteSecret(disk string, search *canary.Search) {
	m.t.Helper()
	m.secrets = append(m.secrets, search)
	content, err := os.ReadFile(disk)
	if err != nil || search.In(content) == nil {
		m.t.Errorf("the search does not find the secret in the disk that has it: %v", err)
	}
}

// blobIn returns the blob of a staged join, nil for none.
func blobIn(t testing.TB, disk string) (raw []byte) {
	t.Helper()
	err := change(t.Context(), disk, "", func(g *guest) error {
		if key, err := g.system.Key(completion.Key); err == nil {
			if v, err := key.Value(completion.ValueProvisioningBlob); err == nil {
				raw, err = v.Data()
				return err
			}
		}
		if content, err := imagefs.ReadFile(g, g.file("Panther/unattend.xml"), maxFile); err == nil {
			raw = accountData(content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var accountDataText = regexp.MustCompile(`(<AccountData>)([A-Za-z0-9+/=]+)(</AccountData>)`)

func accountData(answerFile []byte) []byte {
	found := accountDataText.FindSubmatch(answerFile)
	if found == nil {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(string(found[2]))
	if err != nil {
		return nil
	}
	return raw
}

// setUp is Windows Setup: the join of the answer file, which it erases there, and a state that says that it is done.
func (m *simulated) setUp(g *guest) error {
	const name = "Panther/unattend.xml"
	content, err := imagefs.ReadFile(g, g.file(name), maxFile)
	if err != nil {
		return err
	}
	if raw := accountData(content); raw != nil && !m.fault.noMember {
		if err := becomeMember(g, raw); err != nil {
			return err
		}
	}
	if !m.fault.keepsAnswer {
		if err := g.write(name, accountDataText.ReplaceAll(content, []byte("$1*SENSITIVE*DATA*DELETED*$3"))); err != nil {
			return err
		}
	}
	return g.edit("SOFTWARE", func(h *regf.Hive) error {
		k, _, err := h.CreateKey(`Microsoft\Windows\CurrentVersion\Setup\State`, nil)
		if err != nil {
			return err
		}
		return k.SetValue("ImageState", regf.SZ, regf.TextData("IMAGE_STATE_COMPLETE"))
	})
}

// becomeMember makes the Windows what the join of a blob makes it.
func becomeMember(g *guest, raw []byte) error {
	blob, err := odj.Parse(bytes.Clone(raw))
	if err != nil {
		return err
	}
	defer blob.Wipe()
	const names = `\Control\ComputerName\ComputerName`
	if err := g.set(g.controlSet+names, "ComputerName", regf.SZ, regf.TextData(blob.MachineName())); err != nil {
		return err
	}
	return g.edit("SECURITY", func(h *regf.Hive) error {
		for key, data := range map[string][]byte{
			`Policy\PolPrDmS`: sidBytes(blob.DomainSID()), `Policy\PolPrDmN`: lsaString(blob.NetBIOSDomain()),
			`Policy\PolDnDDN`: lsaString(blob.DNSDomain()),
		} {
			k, _, err := h.CreateKey(key, nil)
			if err != nil {
				return err
			}
			if err := k.SetValue("", regf.None, data); err != nil {
				return err
			}
		}
		return nil
	})
}

// sidBytes is the mirror of [MS-DTYP] 2.4.2.1 for S-1-5-….
func sidBytes(text string) []byte {
	parts := strings.Split(text, "-")[3:]
	sid := []byte{1, byte(len(parts)), 0, 0, 0, 0, 0, 5}
	for _, p := range parts {
		n, _ := strconv.ParseUint(p, 10, 32)
		sid = binary.LittleEndian.AppendUint32(sid, uint32(n))
	}
	return sid
}

// lsaString is a text as the policy values have it: length, capacity, offset, UTF-16 (docs/internals/windows.md §5).
func lsaString(s string) []byte {
	text := regf.TextData(s)
	text = text[:len(text)-2] // no NUL
	head := binary.LittleEndian.AppendUint16(nil, uint16(len(text)))
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	return append(binary.LittleEndian.AppendUint32(head, 8), text...)
}

// The simulated domain's only user.
const (
	userOfDomain   = "anna.k"
	passwordOfUser = "Us3r-canary.7f1c94ab-20d6 ö"
)

// forPassword returns a search for a user's password, as files and as hives have it.
func forPassword(password string) *canary.Search {
	wide := regf.TextData(password)
	return canary.For(map[string][]byte{"the user's password": []byte(password), "the user's password, UTF-16": wide[:len(wide)-2]})
}

// logsOn is what Winlogon does at a start when it is told to log an account on: it does so where the machine is a member of the
// account's domain and reaches it, and where no count says that it has done so often enough.
func (m *simulated) logsOn(g *guest, disk string, b Boot) error {
	told := map[string]string{}
	h, end, err := openHive(g.Open, g.file("System32/config/SOFTWARE"))
	if err != nil {
		return err
	}
	defer end()
	if key, err := h.Key(winlogonKey); err == nil {
		for v, err := range key.Values() {
			if err != nil {
				return err
			}
			told[v.Name()], _ = v.Text() // "" for a number
		}
	}
	if _, counted := told["AutoLogonCount"]; counted || told["AutoAdminLogon"] != "1" || !b.Network {
		return nil
	}
	im, err := winimage.Open(m.t.Context(), g, winimage.Read)
	if err != nil {
		return err
	}
	defer im.Close()
	of := im.Facts().Membership
	if told["DefaultPassword"] == m.password {
		m.noteSecret(disk, forPassword(m.password))
	}
	if !of.Joined || !strings.EqualFold(told["DefaultDomainName"], of.DomainName) || told["DefaultUserName"] != m.user ||
		told["DefaultPassword"] != m.password || m.fault.noLogon {
		return nil
	}
	sid := of.DomainSID + "-1604"
	if m.fault.localLogon {
		sid = "S-1-5-21-7-8-9-1001"
	}
	return putProfile(g, sid, !m.fault.noPath)
}

// putProfile lists the profile of an account that logs on for the first time.
func putProfile(g *guest, sid string, path bool) error {
	return g.edit("SOFTWARE", func(h *regf.Hive) error {
		k, _, err := h.CreateKey(profileListKey+`\`+sid, nil)
		if err != nil {
			return err
		}
		if path {
			err = k.SetValue("ProfileImagePath", regf.ExpandSZ, regf.TextData(`C:\Users\`+userOfDomain))
		}
		return errors.Join(err, k.SetValue("Sid", regf.Binary, sidBytes(sid)), k.SetValue("State", regf.DWORD, regf.DWORDData(0)))
	})
}

// inProcess runs the program's own logic, package boot, over the hive of the guest.
type inProcess struct{}

func (inProcess) run(_ testing.TB, g *guest, interrupt bool) (ran, error) {
	w := &pretended{Registry: boottest.Registry{Hive: g.system}, g: g, interrupt: interrupt}
	w.Log("simulated " + completion.ProgramFile)
	done := make(chan struct{})
	go func() { // of its own, so that it can end in the middle
		defer close(done)
		boot.Run(w, pretendedLimits())
	}()
	<-done
	return w.ran, nil
}

func pretendedLimits() boot.Limits {
	return boot.Limits{
		Join: time.Minute, Workstation: 20 * time.Millisecond, Restart: time.Second, Event: time.Second, Poll: 5 * time.Millisecond,
	}
}

// pretended is the Windows that the program's logic finds.
type pretended struct {
	boottest.Registry
	ran
	g         *guest
	interrupt bool
}

func (w *pretended) ProtectProgram() error      { return nil }
func (w *pretended) Event(uint32, string) error { return nil }

func (w *pretended) RemoveProgram() error {
	w.removed = true
	return nil
}

func (w *pretended) Restart() error {
	w.restart = true
	return nil
}

func (w *pretended) Log(line string) { w.log = append(w.log, line+"\r\n"...) }

func (w *pretended) Join(time.Duration) (winerr.Code, error) {
	if w.interrupt {
		runtime.Goexit()
	}
	return boot.Call(w, pretendedLimits()), nil
}

func (w *pretended) Request(blob []byte) winerr.Code {
	if !workstationStarts(w.g) {
		return winerr.WkstaNotStarted
	}
	w.joined = bytes.Clone(blob)
	return winerr.Success
}

// workstationStarts reports whether the Workstation service of a guest is not disabled.
func workstationStarts(g *guest) bool {
	key, err := g.system.Key(g.controlSet + `\Services\LanmanWorkstation`)
	if err != nil {
		return true
	}
	v, err := key.Value("Start")
	if err != nil {
		return true
	}
	start, err := v.Uint32()
	return err != nil || start != disabled
}
