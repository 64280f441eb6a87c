package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// startSSHD: `sshd DIR` makes this machine the rescue system of a build: Debian's sshd serves connections to a port of
// 127.0.0.1 that was free. DIR/key is the user's private key, DIR/port.pkrvars.hcl the variables that reach it. What is in
// DIR/bin comes before the system's own programs, and DIR is the home, so that nobody's .bashrc runs. It ends with the
// script.
func (s *state) startSSHD(abs func(string) string, args []string) {
	dir := abs(args[0])
	sshd := sshdProgram(s.tb)
	must(s.tb, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	for _, key := range []string{"hostkey", "key"} {
		out, err := exec.CommandContext(s.tb.Context(), testenv.Tool(s.tb, "ssh-keygen"), "-q", "-t", "ed25519", "-N", "",
			"-f", filepath.Join(dir, key)).CombinedOutput()
		if err != nil {
			s.tb.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	config := filepath.Join(dir, "sshd_config")
	must(s.tb, os.WriteFile(config, fmt.Appendf(nil, "HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\n"+
		"PermitRootLogin prohibit-password\nPasswordAuthentication no\nPidFile none\nSetEnv PATH=%s:/usr/bin:/bin HOME=%s\n",
		filepath.Join(dir, "hostkey"), filepath.Join(dir, "key.pub"), filepath.Join(dir, "bin"), dir), 0o600))
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(s.tb, err)
	me, err := user.Current()
	must(s.tb, err)
	must(s.tb, os.WriteFile(filepath.Join(dir, "port.pkrvars.hcl"), fmt.Appendf(nil,
		"host = \"127.0.0.1\"\nport = %d\nuser = %q\nkey_file = %q\n",
		l.Addr().(*net.TCPAddr).Port, me.Username, filepath.Join(dir, "key")), 0o600))
	server := &sshServer{tb: s.tb, sshd: sshd, config: config}
	server.all.Go(func() { server.serve(l) })
	s.onEnd(func() { must(s.tb, l.Close()); server.end() })
}

// sshdProgram returns Debian's sshd, with the empty folder that it wants to be in while it is not yet trusted.
func sshdProgram(tb testing.TB) string {
	tb.Helper()
	const path = "/usr/sbin/sshd"
	if _, err := os.Stat(path); err != nil {
		testenv.Absent(tb, "the program sshd (openssh-server) is not installed")
	}
	if os.Geteuid() == 0 {
		must(tb, os.MkdirAll("/run/sshd", 0o755))
	}
	return path
}

// sshServer gives each connection an sshd of its own, as inetd does, and ends them all by their ids.
type sshServer struct {
	tb           testing.TB
	sshd, config string
	all          sync.WaitGroup
	mu           sync.Mutex
	running      []*exec.Cmd
}

func (s *sshServer) serve(l *net.TCPListener) {
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return // closed
		}
		f, err := conn.File()
		_ = conn.Close() // the copy stays
		if err != nil {
			s.tb.Error(err)
			return
		}
		cmd := exec.Command(s.sshd, "-i", "-e", "-f", s.config)
		cmd.Stdin, cmd.Stdout = f, f
		s.mu.Lock()
		err = cmd.Start()
		s.running = append(s.running, cmd)
		s.mu.Unlock()
		f.Close() // the child has it
		if err != nil {
			s.tb.Error(err)
			return
		}
		s.all.Go(func() { _ = cmd.Wait() }) // a connection that is cut off is no failure
	}
}

func (s *sshServer) end() {
	s.mu.Lock()
	for _, cmd := range s.running {
		if cmd.Process != nil {
			_ = cmd.Process.Kill() // most have ended
		}
	}
	s.mu.Unlock()
	s.all.Wait()
}
