package offlinejoin

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv/samba"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestLiveDomain runs the tests named TestInside…, which need a live domain.
func TestLiveDomain(t *testing.T) {
	t.Parallel()
	sampletest.Image(t, sample.Image{}) // absent without the completion program
	samba.RunInside(t, "^TestInside[^K]")
}

const labOU = "OU=Workstations,DC=odj,DC=test"

func labDirectory(t testing.TB) (*samba.Domain, *Directory) {
	t.Helper()
	lab := samba.Inside(t)
	d := NewDirectory(labRequest())
	t.Cleanup(func() { _ = d.Close() })
	return lab, d
}

func labRequest() DirectoryRequest {
	return DirectoryRequest{
		Domain: "odj.test", DC: "dc1.odj.test",
		Credential: Credential{User: "Administrator", Password: NewSecret([]byte(samba.AdminPassword))},
	}
}

// labJoin is a request for joining a machine into a sample tree.
func labJoin(t testing.TB, machine string) (AccountRequest, Request) {
	t.Helper()
	req := newImage(t, sample.Image{})
	req.Blob, req.Now = nil, nil
	return AccountRequest{MachineName: machine, OU: labOU}, req
}

// computers lists the names and descriptions of all computers, as ldapsearch sees them.
func computers(t testing.TB, lab *samba.Domain, filter string, attributes ...string) string {
	t.Helper()
	args := []string{
		"ldapsearch", "-LLL", "-x", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.odj.test", "-D", "Administrator@odj.test", "-w",
		samba.AdminPassword, "-b", "DC=odj,DC=test", filter,
	}
	return lab.Run(t, append(args, attributes...)...)
}

// judge lets Samba boot a machine with the blob that an image holds.
func judge(t testing.TB, lab *samba.Domain, at Image, machine string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(file, blobIn(t, at).parsed.DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	lab.Judge(t, file, machine)
}

// logsOn lets MIT's kinit log on as the machine, with the password that an image holds.
func logsOn(t testing.TB, lab *samba.Domain, at Image) {
	t.Helper()
	b := blobIn(t, at).parsed
	cmd := lab.Command(t, "kinit", "-c", "FILE:"+filepath.Join(t.TempDir(), "cache"), b.MachineName()+"$@ODJ.TEST")
	cmd.Stdin = strings.NewReader(string(secretText(b.MachinePassword())) + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("kinit %s$: %v\n%s", b.MachineName(), err, out)
	}
}

func find(t testing.TB, d *Directory, machine string) *AccountFacts {
	t.Helper()
	facts, err := ReadAccount(t.Context(), d, AccountQuery{MachineName: machine})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// From a name to a machine that Samba accepts, and what becomes of its account then.
func TestInsideJoinBoots(t *testing.T) {
	lab, d := labDirectory(t)
	acc, req := labJoin(t, "live01")
	acc.Description, acc.RootCACerts = "the first", true
	r, err := Join(t.Context(), d, acc, req)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != OutcomeStaged || !r.Account.Made || find(t, d, "live01").Status != AccountFresh {
		t.Errorf("%+v", r.Account)
	}
	judge(t, lab, req.Image, "LIVE01")
	set := computers(t, lab, "(cn=LIVE01)", "pwdLastSet")
	for range 10 {
		r, err := Join(t.Context(), d, acc, req)
		if err != nil || r.Outcome != OutcomeUnchanged || r.Account.Status != AccountInUse {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	_, other := labJoin(t, "live01")
	_, err = Join(t.Context(), d, acc, other)
	wantLiveCode(t, err, winerr.UserExists)
	acc.Reuse = AccountReuseOwn
	_, err = Join(t.Context(), d, acc, other)
	wantLiveCode(t, err, winerr.SetupAlreadyJoined)
	if now := computers(t, lab, "(cn=LIVE01)", "pwdLastSet"); now != set {
		t.Errorf("the password of a live machine was changed: %s, %s", set, now)
	}

	release := AccountRelease{AccountQuery: AccountQuery{ObjectGUID: r.Account.ObjectGUID, MachineName: "live01"}, End: AccountDelete}
	_, err = ReleaseAccount(t.Context(), d, release)
	wantLiveCode(t, err, winerr.SetupAlreadyJoined)
	release.End = AccountDisable
	if f, err := ReleaseAccount(t.Context(), d, release); err != nil || f.Status != AccountDisabled {
		t.Errorf("%+v, %v", f, err)
	}
	if text := computers(t, lab, "(cn=LIVE01)", "userAccountControl", "description"); !strings.Contains(text, ": 4098\n") ||
		!strings.Contains(text, "description: the first\n") {
		t.Errorf("%s", text)
	}
	if f, err := EnableAccount(t.Context(), d, release.AccountQuery); err != nil || f.Status != AccountInUse {
		t.Errorf("%+v, %v", f, err)
	}
	release.End, release.DeleteLive = AccountDelete, true
	if f, err := ReleaseAccount(t.Context(), d, release); err != nil || f.Status != AccountGone {
		t.Errorf("%+v, %v", f, err)
	}
	if text := computers(t, lab, "(cn=LIVE01)", "dn"); strings.Contains(text, "dn:") {
		t.Errorf("%s", text)
	}
}

func wantLiveCode(t testing.TB, err error, code winerr.Code) {
	t.Helper()
	if got, _ := winerr.CodeOf(err); got != code {
		t.Errorf("error %v, want code %v", err, code)
	}
}

// Whatever is wrong: the directory has the same computers afterwards.
func TestInsideRefusalsLeaveNothing(t *testing.T) {
	lab, d := labDirectory(t)
	before := computers(t, lab, "(objectClass=computer)", "cn", "description", "pwdLastSet", "whenChanged")
	ca := filepath.Join(t.TempDir(), "other-ca.pem")
	lab.Run(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", ca+".key", "-out", ca, "-days", "2")
	roots, err := activedirectory.LoadRoots(ca)
	if err != nil {
		t.Fatal(err)
	}
	lab.Run(t, "samba-tool", "user", "create", "nobody1", "Us3r.Passw0rd-odj", "-s", lab.Dir+"/etc/smb.conf", "-H", lab.Dir+"/private/sam.ldb")
	for name, change := range map[string]func(acc *AccountRequest, req *Request, dir *DirectoryRequest){
		"name of digits": func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.MachineName = "12345" },
		"long name":      func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.MachineName = "A234567890123456" },
		"name with dot":  func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.MachineName = "a.b" },
		"foreign name":   func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.MachineName = "wéb01" },
		"OU syntax":      func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.OU = "Workstations" },
		"no such OU":     func(acc *AccountRequest, _ *Request, _ *DirectoryRequest) { acc.OU = "OU=No," + labOU },
		"no image":       func(_ *AccountRequest, req *Request, _ *DirectoryRequest) { req.Image = ImageAt("/nowhere/Windows") },
		"bad image":      func(_ *AccountRequest, req *Request, _ *DirectoryRequest) { req.Method = MethodAnswerFile },
		"late failure":   func(_ *AccountRequest, req *Request, _ *DirectoryRequest) { brokenImage(t, req) },
		"no right": func(_ *AccountRequest, _ *Request, dir *DirectoryRequest) {
			dir.Credential = Credential{User: "nobody1", Password: NewSecret([]byte("Us3r.Passw0rd-odj"))}
		},
		"wrong password": func(_ *AccountRequest, _ *Request, dir *DirectoryRequest) {
			dir.Credential.Password = NewSecret([]byte("wrong"))
		},
		"wrong CA": func(_ *AccountRequest, _ *Request, dir *DirectoryRequest) {
			dir.Settings = Settings{Security: activedirectory.LDAPS, Roots: roots}
		},
		"no controller": func(_ *AccountRequest, _ *Request, dir *DirectoryRequest) { dir.DC = "dc9.odj.test" },
	} {
		acc, req := labJoin(t, "REFUSED1")
		dir := labRequest()
		change(&acc, &req, &dir)
		other := NewDirectory(dir)
		_, err := Join(t.Context(), other, acc, req)
		_ = other.Close()
		if _, ok := winerr.CodeOf(err); !ok {
			t.Errorf("%s: error %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
	if after := computers(t, lab, "(objectClass=computer)", "cn", "description", "pwdLastSet", "whenChanged"); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if lost, err := LostAccounts(t.Context(), d, LostQuery{MachineName: "REFUSED1"}); err != nil || len(lost) != 0 {
		t.Errorf("%+v, %v", lost, err)
	}
}

// 16 join one name into 16 images, and later 16 take up what a dead run has left for one image: one each gets it.
func TestInsideJoinContenders(t *testing.T) {
	lab, d := labDirectory(t)
	const contenders = 16
	race := func(requests func(i int) (AccountRequest, Request), losers ...winerr.Code) (winner Image) {
		t.Helper()
		type result struct {
			at  Image
			r   *Receipt
			err error
		}
		results := make([]result, contenders)
		var wait sync.WaitGroup
		for i := range contenders {
			acc, req := requests(i)
			wait.Go(func() {
				r, err := Join(t.Context(), d, acc, req)
				results[i] = result{req.Image, r, err}
			})
		}
		wait.Wait()
		won := 0
		for _, r := range results {
			if r.err == nil && r.r.Outcome == OutcomeStaged {
				won++
				winner = r.at
				continue
			}
			if r.err != nil {
				if code, _ := winerr.CodeOf(r.err); !slices.Contains(losers, code) {
					t.Errorf("error %v", r.err)
				}
			}
		}
		if won != 1 {
			t.Fatalf("%d of %d won", won, contenders)
		}
		return winner
	}
	winner := race(func(int) (AccountRequest, Request) { return labJoin(t, "RACE02") }, winerr.UserExists)
	judge(t, lab, winner, "RACE02")

	_, req := labJoin(t, "RACE03")
	acc := AccountRequest{MachineName: "RACE03", OU: labOU}
	p, err := planAccount(t.Context(), d, acc, &req.Image, nil)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := Provision(t.Context(), d, p) // and no more is heard of it
	if err != nil {
		t.Fatal(err)
	}
	dead.Wipe()
	winner = race(func(int) (AccountRequest, Request) { return acc, req }, winerr.Busy)
	f := find(t, d, "RACE03")
	if st, err := ReadStatus(t.Context(), StatusRequest{Image: req.Image}); err != nil || st.Account == nil || st.Account.PasswordLastSet != f.PasswordLastSet {
		t.Errorf("%+v, %v", st, err)
	}
	logsOn(t, lab, winner)
}

// With one ACE on one OU a user joins, and takes the account back; elsewhere nothing is made.
func TestInsideDelegatedUserJoins(t *testing.T) {
	lab, admin := labDirectory(t)
	const password, ou = "Us3r.Passw0rd-odj", "OU=Delegated2,DC=odj,DC=test"
	sam := []string{"-s", lab.Dir + "/etc/smb.conf", "-H", lab.Dir + "/private/sam.ldb"}
	samba := func(args ...string) string {
		return lab.Run(t, append(append([]string{"samba-tool"}, args...), sam...)...)
	}
	samba("user", "create", "joiner", password)
	samba("ou", "create", ou)
	sid := strings.TrimSpace(strings.TrimPrefix(samba("user", "show", "joiner", "--attributes=objectSid"), "dn: CN=joiner,CN=Users,DC=odj,DC=test\nobjectSid: "))
	samba("dsacl", "set", "--action=allow", "--objectdn="+ou, "--sddl=(OA;CI;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;"+sid+")")
	request := labRequest()
	request.Credential = Credential{User: "joiner", Password: NewSecret([]byte(password))}
	d := NewDirectory(request)
	defer func() { _ = d.Close() }()
	acc, req := labJoin(t, "DELEG01")
	acc.OU = ""
	_, err := Join(t.Context(), d, acc, req)
	wantLiveCode(t, err, winerr.AccessDenied)
	acc.OU = ou
	r, err := Join(t.Context(), d, acc, req)
	if err != nil {
		t.Fatal(err)
	}
	if r.Account.OwnerSID != sid {
		t.Errorf("owner %s, want %s", r.Account.OwnerSID, sid)
	}
	// A lost image: the owner may take the account for another one, and nobody else but an administrator.
	acc.Reuse = AccountReuseOwn
	_, other := labJoin(t, "DELEG01")
	if r, err = Join(t.Context(), d, acc, other); err != nil || r.Account.Made {
		t.Fatalf("%+v, %v", r, err)
	}
	_, err = Join(t.Context(), admin, acc, other)
	if err != nil { // the image holds it already
		t.Error(err)
	}
	_, third := labJoin(t, "DELEG01")
	_, err = Join(t.Context(), admin, acc, third)
	wantLiveCode(t, err, winerr.AccountReuseBlocked)
	acc.Reuse, acc.TrustedOwners = AccountReuseTrusted, []string{"joiner"}
	if r, err = Join(t.Context(), admin, acc, third); err != nil || r.Account.Made {
		t.Fatalf("%+v, %v", r, err)
	}
	logsOn(t, lab, third.Image)
	query := AccountQuery{ObjectGUID: r.Account.ObjectGUID}
	if f, err := ReleaseAccount(t.Context(), d, AccountRelease{AccountQuery: query, End: AccountDelete, DeleteLive: true}); err != nil || f.Status != AccountGone {
		t.Errorf("%+v, %v", f, err)
	}
}

// Provision alone, for a blob in a file: until it is marked staged, what it made is found by its marker.
func TestInsideProvision(t *testing.T) {
	lab, d := labDirectory(t)
	acc := AccountRequest{MachineName: "prov01", Place: "/tmp/prov01.djoin", PersistentSite: "Default-First-Site-Name", PrimaryDNSDomain: "odj.test"}
	p, err := PlanAccount(t.Context(), d, acc)
	if err != nil || p.Action != AccountCreate || p.DN != "CN=PROV01,CN=Computers,DC=odj,DC=test" {
		t.Fatalf("%+v, %v", p, err)
	}
	made, err := Provision(t.Context(), d, p)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Wipe()
	lost, err := LostAccounts(t.Context(), d, LostQuery{MachineName: "prov01"})
	if err != nil || len(lost) != 1 || lost[0].ObjectGUID != made.Account.ObjectGUID {
		t.Errorf("%+v, %v", lost, err)
	}
	if warning, err := made.Staged(t.Context()); warning != "" || err != nil {
		t.Errorf("%q, %v", warning, err)
	}
	if lost, err := LostAccounts(t.Context(), d, LostQuery{MachineName: "prov01"}); err != nil || len(lost) != 0 {
		t.Errorf("%+v, %v", lost, err)
	}
	file := filepath.Join(t.TempDir(), "prov01.djoin")
	if err := os.WriteFile(file, made.Blob.parsed.DjoinFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	lab.Judge(t, file, "PROV01")
	if err := made.Undo(t.Context()); err == nil || !strings.Contains(err.Error(), "is left as it is") { // it has booted: nothing is taken back
		t.Error(err)
	}
	if f := find(t, d, "prov01"); f.Status != AccountInUse {
		t.Errorf("%+v", f)
	}
}

// killPoints counts what a join does, and ends the process at one point.
type killPoints struct {
	n   atomic.Int64
	end int64 // 0: never
}

func (k *killPoints) reached(string) {
	if k.n.Add(1) == k.end {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (k *killPoints) open(ctx context.Context, at imagefs.Location, mode imagefs.Mode) (imagefs.Session, error) {
	s, err := open.Image(ctx, at, mode)
	if err != nil || mode != imagefs.Write {
		return s, err
	}
	return killSession{s, k}, nil
}

type killSession struct {
	imagefs.Session
	k *killPoints
}

func (s killSession) OpenWrite(name string) (imagefs.File, error) {
	f, err := s.Session.OpenWrite(name)
	return killFile{f, s.k}, err
}

func (s killSession) Create(name string) (imagefs.File, error) {
	s.k.reached("create")
	f, err := s.Session.Create(name)
	return killFile{f, s.k}, err
}

func (s killSession) Rename(name, as string) error {
	s.k.reached("rename")
	return s.Session.Rename(name, as)
}

func (s killSession) Commit(ctx context.Context) (imagefs.Cost, error) {
	s.k.reached("commit")
	return s.Session.Commit(ctx)
}

type killFile struct {
	imagefs.File
	k *killPoints
}

func (f killFile) Sync() error {
	f.k.reached("sync")
	err := f.File.Sync()
	f.k.reached("synced")
	return err
}

const (
	killAt    = "OFFLINEJOIN_TEST_KILL_AT"
	killImage = "OFFLINEJOIN_TEST_KILL_IMAGE"
	killName  = "OFFLINEJOIN_TEST_KILL_NAME"

	killEverywhere = "OFFLINEJOIN_TEST_KILL_EVERYWHERE"
)

// TestInsideKilledChild is the process that is killed.
func TestInsideKilledChild(t *testing.T) {
	at, _ := strconv.ParseInt(os.Getenv(killAt), 10, 64)
	if os.Getenv(killImage) == "" {
		t.Skip("is for TestInsideZKilledAnywhere alone")
	}
	_, d := labDirectory(t)
	k := &killPoints{end: at}
	req := Request{Image: ImageAt(os.Getenv(killImage)), StagedBy: "test/1"}
	req.Image.Open = k.open
	acc := AccountRequest{MachineName: os.Getenv(killName), OU: labOU, at: k.reached}
	_, err := Join(t.Context(), d, acc, req)
	fmt.Printf("\npoints=%d error=%v\n", k.n.Load(), err)
}

// killed runs a join that is killed at a point, and returns how many points there were when it was not.
func killed(t testing.TB, windows, machine string, point int64) (points int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestInsideKilledChild$")
	cmd.Env = append(os.Environ(), killAt+"="+strconv.FormatInt(point, 10), killImage+"="+windows, killName+"="+machine)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		return 0
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, after, _ := strings.Cut(string(out), "points=")
	if n, e, ok := strings.Cut(after, " error="); ok {
		if !strings.HasPrefix(e, "<nil>") {
			t.Fatalf("%s", out)
		}
		points, _ = strconv.ParseInt(n, 10, 64)
	}
	if points == 0 {
		t.Fatalf("no points in %s", out)
	}
	return points
}

// Killed at any point, the next run ends joined: one account, whose password the image holds.
func TestInsideZKilledAnywhere(t *testing.T) {
	lab, d := labDirectory(t)
	_, req := labJoin(t, "x")
	points := killed(t, req.Image.WindowsPath, "KILL-0", 0)
	if points < 20 {
		t.Fatalf("only %d points", points)
	}
	step, runs := (points+2)/3, 1
	if os.Getenv(killEverywhere) != "" {
		step = 1
		runs, _ = strconv.Atoi(os.Getenv(killEverywhere))
	}
	n := 0
	for run := range runs {
		for point := int64(1); point <= points; point += step {
			n++
			machine := fmt.Sprintf("KILL-%d-%d", run, point)
			acc, req := labJoin(t, machine)
			windows := req.Image.WindowsPath
			if killed(t, windows, machine, point) != 0 {
				t.Fatalf("point %d of %d was not reached", point, points)
			}
			before := find(t, d, machine)
			r, err := Join(t.Context(), d, acc, req)
			if err != nil {
				t.Errorf("point %d: %v", point, err)
				continue
			}
			f := find(t, d, machine)
			if r.Status.Account == nil || r.Status.Account.PasswordLastSet != f.PasswordLastSet || r.Status.Account.ObjectGUID != f.ObjectGUID ||
				r.Status.State != StateStaged || r.Status.Detail != "" || !strings.Contains(f.Marker, " staged ") || f.Status != AccountFresh {
				t.Errorf("point %d: before %+v, then %+v, %+v", point, before, r.Status, f)
			}
			if before.Status != AccountGone && before.ObjectGUID != f.ObjectGUID {
				t.Errorf("point %d: another account", point)
			}
			if list := computers(t, lab, "(cn="+machine+"*)", "dn"); strings.Count(list, "dn:") != 1 {
				t.Errorf("point %d: %s", point, list)
			}
			logsOn(t, lab, req.Image)
		}
	}
	if lost, err := LostAccounts(t.Context(), d, LostQuery{}); err != nil || slices.ContainsFunc(lost, func(f AccountFacts) bool { return strings.HasPrefix(f.MachineName, "KILL-") }) {
		t.Errorf("left: %+v, %v", lost, err)
	}
	t.Logf("killed %d times, at %d points", n, points)
}

// The password of the machine and that of the user are in nothing that is told or kept.
func TestInsideJoinTellsNoSecret(t *testing.T) {
	_, d := labDirectory(t)
	acc, req := labJoin(t, "quiet01")
	req.SingleUse.LedgerFile = filepath.Join(t.TempDir(), "ledger")
	var said strings.Builder
	req.Progress = func(e Event) { said.WriteString(e.Text + "\n") }
	r, err := Join(t.Context(), d, acc, req)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := os.ReadFile(req.SingleUse.LedgerFile)
	if err != nil {
		t.Fatal(err)
	}
	b := blobIn(t, req.Image)
	told := fmt.Sprintf("%+v %+v %+v %s %s", r, r.Account, d, said.String(), ledger)
	for _, secret := range append(b.SecretForms(), samba.AdminPassword, string(secretText(b.parsed.MachinePassword())),
		hex.EncodeToString(secretText(b.parsed.MachinePassword()))) {
		if strings.Contains(told, secret) {
			t.Error("a secret is told")
		}
	}
}

// TestLiveKilledEverywhere kills at every point, ten times.
func TestLiveKilledEverywhere(t *testing.T) {
	t.Parallel()
	if os.Getenv("OFFLINEJOIN_LONG") == "" {
		t.Skip("takes half an hour: make check-accounts")
	}
	sampletest.Image(t, sample.Image{})
	samba.RunInside(t, "^TestInsideZKilledAnywhere$", killEverywhere+"="+cmp.Or(os.Getenv(killEverywhere), "10"))
}

// TestLiveSecondController is about two controllers that have not replicated.
func TestLiveSecondController(t *testing.T) {
	t.Parallel()
	if os.Getenv("OFFLINEJOIN_LONG") == "" {
		t.Skip("takes two minutes: make check-accounts")
	}
	sampletest.Image(t, sample.Image{})
	samba.RunInside(t, "^TestInsideKSecond", "OFFLINEJOIN_TEST_SECOND=1")
}

func TestInsideKSecondController(t *testing.T) {
	if os.Getenv("OFFLINEJOIN_TEST_SECOND") == "" {
		t.Skip("is for TestLiveSecondController alone")
	}
	lab, first := labDirectory(t)
	lab.Second(t, "dc2", "10.53.0.2", "DC")
	request := labRequest()
	request.DC = "dc2.odj.test"
	second := NewDirectory(request)
	defer func() { _ = second.Close() }()
	acc, req := labJoin(t, "TWICE01")
	var r *Receipt
	deadline := time.Now().Add(time.Minute)
	for {
		var err error
		if r, err = Join(t.Context(), second, acc, req); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // Kerberos learns of it late
	}
	if r.Account.DC != "dc2.odj.test" {
		t.Errorf("%+v", r.Account)
	}
	_, other := labJoin(t, "TWICE01")
	_, err := Join(t.Context(), first, acc, other)
	wantLiveCode(t, err, winerr.UserExists)
	if err == nil || !strings.Contains(err.Error(), "dc2.odj.test") {
		t.Errorf("error %v", err)
	}
	if list := computers(t, lab, "(cn=TWICE01)", "dn"); strings.Contains(list, "dn:") {
		t.Errorf("the first controller has it, too: %s", list)
	}
	firstDies(t, lab, second)
	lab.StopSecond(t, "dc2")
	for range 300 {
		conn, err := net.Dial("tcp", "dc2.odj.test:389")
		if err != nil {
			break
		}
		_ = conn.Close()
		time.Sleep(100 * time.Millisecond)
	}
	again := NewDirectory(labRequest())
	defer func() { _ = again.Close() }()
	acc, req = labJoin(t, "TWICE02")
	r, err = Join(t.Context(), again, acc, req)
	if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "dc2.odj.test could not be asked") {
		t.Errorf("%+v, %v", r, err)
	}
}

// cutWire breaks the way to a controller at one instant, and keeps it broken until it is mended.
type cutWire struct {
	address     string
	armed, dead atomic.Bool
	sent        atomic.Int64
}

func (w *cutWire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == w.address && w.dead.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	return wire{conn, w}, err
}

type wire struct {
	net.Conn
	w *cutWire
}

// Write lets one request through once the wire is armed, and cuts it at the next one.
func (c wire) Write(b []byte) (int, error) {
	if c.w.armed.Load() && c.w.sent.Add(1) > 1 {
		c.w.dead.Store(true)
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// firstDies lets the first controller die between the add and the look at what it came to: no second account is made, neither
// there nor on the other one, and when it is back the next run finishes.
func firstDies(t *testing.T, lab *samba.Domain, second *Directory) {
	t.Helper()
	w := &cutWire{address: "10.53.0.1"}
	request := labRequest()
	request.Settings.Dial = w.dial
	d := NewDirectory(request)
	defer func() { _ = d.Close() }()
	acc, req := labJoin(t, "DYING01")
	acc.at = func(point string) { w.armed.Store(w.armed.Load() || point == "before the account") }
	_, err := Join(t.Context(), d, acc, req)
	t.Log(err)
	if err == nil || !strings.Contains(err.Error(), "is not known") || !strings.Contains(err.Error(), "dc1.odj.test") || !w.dead.Load() {
		t.Fatalf("error %v, dead %v", err, w.dead.Load())
	}
	made := find(t, lab1(t), "DYING01")
	if made.Status != AccountFresh || !strings.Contains(made.Marker, " pending ") || find(t, second, "DYING01").Status != AccountGone {
		t.Errorf("%+v", made)
	}
	w.armed.Store(false)
	acc.at = nil
	meanwhile := NewDirectory(request)
	defer func() { _ = meanwhile.Close() }()
	_, err = Join(t.Context(), meanwhile, acc, req)
	wantLiveCode(t, err, winerr.DCNotFound)
	if !MayPass(err) {
		t.Errorf("nothing tells that the controller may be back: %v", err)
	}
	if find(t, second, "DYING01").Status != AccountGone {
		t.Error("the other controller has an account now")
	}
	w.dead.Store(false)
	again := NewDirectory(request)
	defer func() { _ = again.Close() }()
	r, err := Join(t.Context(), again, acc, req)
	if err != nil || r.Account.ObjectGUID != made.ObjectGUID {
		t.Fatalf("%+v, %v", r, err)
	}
	logsOn(t, lab, req.Image)
}

// lab1 is the first controller, by a wire that is whole.
func lab1(t *testing.T) *Directory {
	t.Helper()
	d := NewDirectory(labRequest())
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// DNS names a controller that is down, before one that is not: it is passed over.
func TestInsideDeadControllerInDNS(t *testing.T) {
	lab, _ := labDirectory(t)
	dns := func(verb string, more ...string) {
		t.Helper()
		lab.Run(t, append(append([]string{"samba-tool", "dns", verb, "10.53.0.1"}, more...), "-UAdministrator%"+samba.AdminPassword)...)
	}
	host := []string{"odj.test", "dead1", "A", "10.53.0.77"}
	service := []string{"_msdcs.odj.test", "_ldap._tcp.dc", "SRV", "dead1.odj.test 389 0 65535"} // before the others, but for chance
	dns("add", host...)
	dns("add", service...)
	defer func() {
		dns("delete", service...)
		dns("delete", host...)
	}()
	request := labRequest()
	request.DC = ""
	passed := false
	for i := range 5 {
		d := NewDirectory(request)
		acc, req := labJoin(t, fmt.Sprintf("DEADDNS%d", i))
		r, err := Join(t.Context(), d, acc, req)
		_ = d.Close()
		if err != nil {
			t.Fatal(err)
		}
		passed = passed || strings.Contains(strings.Join(r.Warnings, "\n"), "dead1.odj.test was passed over: it does not answer")
		if r.Account.DC != "dc1.odj.test" {
			t.Errorf("%+v", r.Account)
		}
	}
	if !passed {
		t.Error("nothing tells that a controller was passed over")
	}
}

// TestLiveFigures prints what an account and its blob cost in one session, beside one after the other by net (make accounts).
func TestLiveFigures(t *testing.T) {
	t.Parallel()
	if os.Getenv("OFFLINEJOIN_ACCOUNTS") == "" {
		t.Skip("set OFFLINEJOIN_ACCOUNTS to a number of machines, or run make accounts")
	}
	samba.RunInside(t, "^TestInsideKFigures$", "OFFLINEJOIN_TEST_FIGURES="+os.Getenv("OFFLINEJOIN_ACCOUNTS"))
}

func TestInsideKFigures(t *testing.T) {
	machines, err := strconv.Atoi(os.Getenv("OFFLINEJOIN_TEST_FIGURES"))
	if err != nil {
		t.Skip("is for TestLiveFigures alone")
	}
	lab, d := labDirectory(t)
	start := time.Now()
	for i := range machines {
		plan, err := PlanAccount(t.Context(), d, AccountRequest{MachineName: fmt.Sprintf("SESSION%d", i), OU: labOU})
		if err != nil {
			t.Fatal(err)
		}
		made, err := Provision(t.Context(), d, plan)
		if err != nil {
			t.Fatal(err)
		}
		_, err = made.Staged(t.Context())
		made.Wipe()
		if err != nil {
			t.Fatal(err)
		}
	}
	ours := time.Since(start) / time.Duration(machines)
	const few = 20
	start = time.Now()
	for i := range few {
		name := fmt.Sprintf("NET%d", i)
		lab.Run(t, "net", "-s", filepath.Join(lab.Dir, "client", "smb.conf"), "--netbiosname="+name, "offlinejoin", "provision", "domain=odj.test",
			"machine_name="+name, "savefile="+filepath.Join(t.TempDir(), name), "-U", "Administrator%"+samba.AdminPassword)
	}
	theirs := time.Since(start) / few
	t.Logf("account and blob in one session, with all checks: %d, %d ms each; net offlinejoin provision: %d, %d ms each; %.1f times", machines,
		ours.Milliseconds(), few, theirs.Milliseconds(), float64(theirs)/float64(ours))
}
