//go:build unix

package postgres

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// Server is a server that ends with its test.
type Server struct {
	Dir  string // of the socket and the data
	Port int    // by which the socket is named, and on Listen

	bin   string
	owner *syscall.Credential // nil: this user
	count atomic.Int64
}

// Options are what a test wants of its server.
type Options struct {
	Durable  bool     // it waits for the disk, as for measurements; else a crash of the machine, not of the server, loses data
	Listen   string   // an address, beside the socket
	Settings []string // more lines of postgresql.conf
}

// Start makes a cluster and starts its server.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := start(t, o)
	t.Cleanup(func() {
		_, _ = s.stop("immediate") // it may be down already
		os.RemoveAll(s.Dir)        // a folder of this test
	})
	return s
}

func start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{bin: binaries(t)}
	dir, err := os.MkdirTemp("", "odj-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s.Dir = dir
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		s.owner = builder(t)
		if err := os.Chown(dir, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	s.Port = testenv.FreePort(t)
	s.run(t, "initdb", "-D", s.data(), "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
	settings := append([]string{
		"unix_socket_directories = '" + dir + "'", "listen_addresses = '" + o.Listen + "'", "port = " + strconv.Itoa(s.Port),
		"max_connections = 200",
	}, o.Settings...)
	if !o.Durable {
		settings = append(settings, "fsync = off", "full_page_writes = off")
	}
	s.Append(t, "postgresql.conf", settings...)
	s.Up(t)
	return s
}

// Append adds lines to a file of the data folder, such as pg_hba.conf.
func (s *Server) Append(t testing.TB, name string, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(s.data(), name), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
}

// Prepend puts lines before those of a file of the data folder: of pg_hba.conf the first that fits counts.
func (s *Server) Prepend(t testing.TB, name string, lines ...string) {
	t.Helper()
	path := filepath.Join(s.data(), name)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"+string(text)), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Up starts the server, and waits until it answers.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.run(t, "pg_ctl", "-D", s.data(), "-w", "-t", "60", "-l", filepath.Join(s.Dir, "log"), "start")
}

// Down stops the server: "smart", "fast" or "immediate", which is as after a crash.
func (s *Server) Down(t testing.TB, mode string) {
	t.Helper()
	if out, err := s.stop(mode); err != nil {
		t.Fatalf("pg_ctl stop: %v\n%s", err, out)
	}
}

func (s *Server) stop(mode string) ([]byte, error) {
	return s.command("pg_ctl", "-D", s.data(), "-w", "-m", mode, "stop").CombinedOutput()
}

// Restart stops the server and starts it again.
func (s *Server) Restart(t testing.TB, mode string) {
	t.Helper()
	s.Down(t, mode)
	s.Up(t)
}

// Log returns what the server has said.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(text)
}

// SQL runs statements as the administrator, and returns what they print, without headings.
func (s *Server) SQL(t testing.TB, sql string) string {
	t.Helper()
	out, err := s.TrySQL("postgres", sql)
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return out
}

// TrySQL runs statements as a role.
func (s *Server) TrySQL(role, sql string) (string, error) {
	cmd := s.command("psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", s.Dir, "-p", strconv.Itoa(s.Port), "-U", role, "-d", "postgres")
	cmd.Stdin = strings.NewReader(sql)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

// Schema makes a schema and a role that finds it, runs the SQL of an administrator in it, and returns the role's name, which is
// the schema's too, and the URL by which it gets there.
func (s *Server) Schema(t testing.TB, sql func(role string) string) (role, url string) {
	t.Helper()
	role = fmt.Sprintf("builder%d", s.count.Add(1))
	s.SQL(t, fmt.Sprintf(`create role %[1]s login; create schema %[1]s; grant usage on schema %[1]s to %[1]s;
alter role %[1]s set search_path = %[1]s; set search_path = %[1]s; `, role)+sql(role))
	return role, s.URL(role)
}

// URL returns the URL of the server for a role, by its socket.
func (s *Server) URL(role string) string {
	return fmt.Sprintf("postgres://%s@/postgres?host=%s&port=%d", role, s.Dir, s.Port)
}

func (s *Server) data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := s.command(name, args...)
	f, err := os.CreateTemp(s.Dir, "out-") // a server that is started would keep a pipe open
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(f.Name())
		t.Fatalf("%s: %v\n%s%s", name, err, said, s.Log())
	}
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.Dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") }), "LC_ALL=C.UTF-8")
	if s.owner != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	}
	return cmd
}

// Lazy is a server that the tests of a package share: the first that wants it starts it.
type Lazy struct {
	once   sync.Once
	server *Server
}

// Get returns the server. What is absent skips the test, or fails it.
func (l *Lazy) Get(t testing.TB) *Server {
	t.Helper()
	binaries(t)
	l.once.Do(func() { l.server = start(t, Options{}) })
	if l.server == nil {
		t.Fatal("PostgreSQL did not start for another test")
	}
	return l.server
}

// Stop ends the server, for TestMain.
func (l *Lazy) Stop() {
	if l.server != nil {
		_, _ = l.server.stop("immediate")
		os.RemoveAll(l.server.Dir)
	}
}

// Installed reports whether there is a server to start. Where nothing may be absent, it fails the test.
func Installed(t testing.TB) bool {
	t.Helper()
	found, _ := filepath.Glob(programs) // the pattern is right
	if len(found) == 0 && testenv.Required() {
		binaries(t)
	}
	return len(found) > 0
}

const programs = "/usr/lib/postgresql/*/bin/initdb"

// binaries returns the folder of the newest server's programs.
func binaries(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob(programs) // the pattern is right
	if len(found) == 0 {
		testenv.Absent(t, "PostgreSQL is not installed (Debian's package postgresql)")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
}

func version(path string) int {
	number, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return number
}

// builder returns the user that servers run as under root: the one of Debian's package.
func builder(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		testenv.Absent(t, "the user postgres is not there: PostgreSQL does not run as root")
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers on Unix
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
