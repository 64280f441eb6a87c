package activedirectory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/sys/unix"
)

// capture collects the packets of TCP and UDP port 389 on the controller's loopback until stop is called.
func (d *labDomain) capture(t *testing.T) (stop func() []byte) {
	t.Helper()
	const everyProtocol = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // network byte order
	ready, end, result := make(chan error), make(chan struct{}), make(chan []byte, 1)
	go func() {
		runtime.LockOSThread() // and never unlock
		if err := d.enter(); err != nil {
			ready <- err
			return
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, everyProtocol)
		if err == nil {
			defer func() { _ = unix.Close(fd) }()
			err = errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
				unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000}))
		}
		ready <- err
		if err != nil {
			return
		}
		var all []byte
		b := make([]byte, 128<<10)
		for {
			n, _, err := unix.Recvfrom(fd, b, 0)
			if n > 34 && isLDAP(b[:n]) {
				all = append(all, b[:n]...)
			}
			select {
			case <-end:
				if err != nil { // and the socket is empty
					result <- all
					return
				}
			default:
			}
		}
	}()
	must(t, <-ready)
	return func() []byte { close(end); return <-result }
}

// isLDAP reports whether an Ethernet frame is of IPv4 and port 389.
func isLDAP(b []byte) bool {
	if binary.BigEndian.Uint16(b[12:]) != unix.ETH_P_IP || b[23] != unix.IPPROTO_TCP && b[23] != unix.IPPROTO_UDP {
		return false
	}
	at := 14 + int(b[14]&15)*4
	return len(b) >= at+4 && (binary.BigEndian.Uint16(b[at:]) == 389 || binary.BigEndian.Uint16(b[at+2:]) == 389)
}

// Nobody on the way reads a word of a sealed session. The control is the same request over a connection without a seal,
// in which the same search finds every word.
func TestSealedSessionShowsNothing(t *testing.T) { //nolint:paralleltest // no other test may speak on port 389 meanwhile
	d := theDomain(t)
	const machine, password = "CAPTURE01", "Capt.ure-Passw0rd-4711"
	quoted := utf16LE(`"` + password + `"`)
	request := func() *ldap.AddRequest {
		r := ldap.NewAddRequest("CN="+machine+",OU=Workstations,"+d.base(), nil)
		for name, value := range map[string]string{
			"objectClass": "computer", "sAMAccountName": machine + "$", "userAccountControl": "4096",
			"dNSHostName": "capture01." + d.domain(), "servicePrincipalName": "HOST/capture01." + d.domain(),
			"unicodePwd": quoted,
		} {
			r.Attribute(name, []string{value})
		}
		return r
	}
	words := []string{"unicodePwd", "dNSHostName", "servicePrincipalName", "capture01", utf16LE(password), "Workstations"}
	count := func(packets []byte) map[string]int {
		found := map[string]int{}
		for _, w := range words {
			found[w] = bytes.Count(bytes.ToLower(packets), bytes.ToLower([]byte(w)))
		}
		return found
	}

	stop := d.capture(t)
	conn, err := d.dial(t.Context(), "tcp", net.JoinHostPort(d.address(), ldapPort))
	must(t, err)
	clear := ldap.NewConn(conn, false)
	clear.SetTimeout(10 * time.Second)
	clear.Start()
	if err := clear.Add(request()); err == nil {
		t.Error("an anonymous client may add computers")
	}
	_ = clear.Close()
	control := stop()
	for word, n := range count(control) {
		if n == 0 {
			t.Errorf("the control capture of %d bytes does not show %q", len(control), word)
		}
	}

	stop = d.capture(t)
	s, err := Dial(t.Context(), d.dc(), d.admin(), d.settings(t, Sealed))
	must(t, err)
	must(t, s.add(t.Context(), request()))
	_, err = s.search(t.Context(), ldap.NewSearchRequest(d.base(), ldap.ScopeWholeSubtree, 0, 0, 0, false,
		"(sAMAccountName="+machine+"$)", []string{"dNSHostName", "servicePrincipalName"}, nil))
	must(t, err)
	must(t, s.delete(t.Context(), ldap.NewDelRequest(request().DN, nil)))
	must(t, s.Close())
	sealed := stop()
	for word, n := range count(sealed) {
		if n != 0 {
			t.Errorf("the capture of %d bytes shows %q %d times", len(sealed), word, n)
		}
	}
	if len(sealed) < len(control) || !bytes.Contains(sealed, []byte("GSSAPI")) {
		t.Errorf("the capture of %d bytes has not the session", len(sealed))
	}
	t.Logf("control %d bytes, %v; sealed %d bytes, %v", len(control), count(control), len(sealed), count(sealed))
}
