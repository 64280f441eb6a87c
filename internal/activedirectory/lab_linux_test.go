package activedirectory

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/sys/unix"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// labDomain is a live Samba domain in namespaces of its own. The tests stay outside of them; only their connections are
// made inside.
type labDomain struct {
	dir, root string            // the controller's files; the root that its programs see, "" for ours
	lab       string            // folder with the scripts of the shared laboratory
	env       map[string]string // what dc-up.sh has written
	started   bool
}

// sharedLab is the one domain of a test run.
type sharedLab struct {
	once   sync.Once
	domain *labDomain
	reason string
}

var shared sharedLab

func TestMain(m *testing.M) {
	code := m.Run()
	if d := shared.domain; d != nil && d.started {
		if out, err := exec.Command(filepath.Join(d.lab, "dc-down.sh"), d.dir, "--purge").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "dc-down.sh: %v\n%s", err, out)
			code = 1
		}
	}
	os.Exit(code)
}

// theDomain returns the live domain of this run, which the first caller starts (some 10 seconds, more on a busy machine).
// OFFLINEJOIN_DC names the folder of one that dc-up.sh has started already.
func theDomain(t testing.TB) *labDomain {
	t.Helper()
	lab := filepath.Dir(testenv.Shared(t, "lab/dc-up.sh"))
	for _, tool := range []string{
		"samba", "samba-tool", "samba_spnupdate", "rpcclient", "ldapsearch", "kinit", "openssl", "ip", "unshare", "nsenter",
	} {
		testenv.Tool(t, tool)
	}
	if os.Getuid() != 0 {
		testenv.Absent(t, "a Samba domain in namespaces of its own needs root")
	}
	shared.once.Do(func() { shared.domain, shared.reason = startDomain(lab, os.Getenv("OFFLINEJOIN_DC")) })
	if shared.reason != "" {
		t.Fatal(shared.reason)
	}
	return shared.domain
}

func startDomain(lab, dir string) (*labDomain, string) {
	d := &labDomain{lab: lab, dir: dir}
	if dir == "" {
		var err error
		if d.dir, err = os.MkdirTemp("/tmp", "oad-"); err != nil { // sockets below it need a short name
			return nil, err.Error()
		}
		up := exec.Command(filepath.Join(lab, "dc-up.sh"), d.dir)
		up.Env = append(os.Environ(), "ODJ_WATCH_PID="+strconv.Itoa(os.Getpid()))
		if out, err := up.CombinedOutput(); err != nil {
			_ = os.RemoveAll(d.dir)
			return nil, fmt.Sprintf("dc-up.sh: %v\n%s", err, out)
		}
		d.started = true
	}
	if err := d.readEnv(); err != nil {
		return nil, err.Error()
	}
	return d, ""
}

func (d *labDomain) readEnv() error {
	data, err := os.ReadFile(filepath.Join(d.root, d.dir, "env"))
	if err != nil {
		return err
	}
	d.env = map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		d.env[name] = strings.Trim(value, "'")
	}
	return nil
}

func (d *labDomain) domain() string   { return d.env["ODJ_DNSDOM"] }
func (d *labDomain) base() string     { return d.env["ODJ_BASEDN"] }
func (d *labDomain) host() string     { return d.env["ODJ_FQDN"] }
func (d *labDomain) address() string  { return d.env["ODJ_IP"] }
func (d *labDomain) password() string { return d.env["ODJ_ADMINPASS"] }
func (d *labDomain) ca() string       { return filepath.Join(d.root, d.dir, "ca.pem") }

// admin is the domain's administrator.
func (d *labDomain) admin() Credential {
	return Credential{User: "Administrator", Password: NewSecret([]byte(d.password()))}
}

// dial opens a connection inside the controller's network.
func (d *labDomain) dial(ctx context.Context, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		conn, err := d.dialHere(ctx, network, address)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

func (d *labDomain) dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// enter moves the thread into the controller's network.
func (d *labDomain) enter() error {
	pid, err := os.ReadFile(filepath.Join(d.root, d.dir, "init.pid"))
	if err != nil {
		return err
	}
	ns, err := os.Open("/proc/" + strings.TrimSpace(string(pid)) + "/ns/net")
	if err != nil {
		return err
	}
	defer func() { _ = ns.Close() }()
	return unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
}

// resolver asks the controller's DNS server.
func (d *labDomain) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.dial(ctx, network, net.JoinHostPort(d.address(), "53"))
	}}
}

func (d *labDomain) query() Query {
	return Query{Domain: d.domain(), Resolver: d.resolver(), Dial: d.dial, Timeout: 10 * time.Second}
}

func (d *labDomain) dc() DC { return DC{Host: d.host(), Address: d.address(), Domain: d.domain()} }

// settings trust the lab's certificate authority.
func (d *labDomain) settings(t testing.TB, security Security) Settings {
	t.Helper()
	roots, err := LoadRoots(d.ca())
	must(t, err)
	return Settings{Security: security, Roots: roots, Dial: d.dial}
}

// session is one of the administrator's, sealed.
func (d *labDomain) session(t testing.TB) *Session {
	t.Helper()
	s, err := Dial(t.Context(), d.dc(), d.admin(), d.settings(t, Sealed))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// run carries out a program beside the controller.
func (d *labDomain) run(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(d.dir, "exec"), args...)
	if d.root != "" {
		cmd = exec.CommandContext(t.Context(), "sh",
			append([]string{filepath.Join(d.lab, "accounts", "dc-newer-exec.sh"), d.root}, args...)...)
	}
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// user makes an account for the test, with one password for all and the attributes over the usual ones.
func (d *labDomain) user(t testing.TB, name string, attributes ...string) Credential {
	t.Helper()
	admin := d.session(t)
	r := ldap.NewAddRequest("CN="+name+",CN=Users,"+d.base(), nil)
	values := map[string]string{
		"objectClass": "user", "sAMAccountName": name, "userAccountControl": "512", "unicodePwd": utf16LE(`"` + userPassword + `"`),
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		values[attributes[i]] = attributes[i+1]
	}
	for attribute, value := range values {
		r.Attribute(attribute, []string{value})
	}
	must(t, admin.add(t.Context(), r))
	t.Cleanup(func() {
		if err := admin.delete(context.Background(), ldap.NewDelRequest(r.DN, nil)); err != nil {
			t.Errorf("%s: %v", r.DN, err)
		}
	})
	return Credential{User: name, Password: NewSecret([]byte(userPassword))}
}

// utf16LE is what Windows keeps a text in.
func utf16LE(s string) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(c))
		b.WriteByte(byte(c >> 8))
	}
	return b.String()
}

const userPassword = "Us3r.Passw0rd-odj"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
