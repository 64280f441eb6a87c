package activedirectory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// sealedSession is a session over a sealed connection whose server is a script: it gets the frames of the requests, opened.
func sealedSession(t *testing.T, script func(next func() (int64, error), a *acceptor, conn net.Conn) error) *Session {
	t.Helper()
	k, a := established(t)
	conn := server(t, func(conn net.Conn) error {
		next := func() (int64, error) {
			token, err := readFrame(conn)
			if err != nil {
				return 0, err
			}
			m, err := a.unwrap(token)
			if err != nil {
				return 0, err
			}
			id, _, _, err := parseMessage(m)
			return id, err
		}
		return script(next, a, conn)
	})
	l := ldap.NewConn(newMessageConn(&sealedConn{Conn: conn, context: k, maxSend: maxFrame}), false)
	l.SetTimeout(10 * time.Second)
	l.Start()
	s := &Session{dc: DC{Host: "dc1.corp.example.com"}, conn: l, timeout: 10 * time.Second, abort: func() { _ = conn.Close() }}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func entryAndDone(id int64) []byte {
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	entry.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "DC=corp", ""))
	entry.AppendChild(ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, ""))
	return append(ldapMessage(id, entry), ldapMessage(id, ldapResult(ldap.ApplicationSearchResultDone, 0, ""))...)
}

func lookUp(t *testing.T, s *Session) error {
	t.Helper()
	r, err := s.search(t.Context(), ldap.NewSearchRequest("DC=corp", ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)",
		nil, nil))
	if err == nil && (len(r.Entries) != 1 || r.Entries[0].DN != "DC=corp") {
		t.Errorf("%v", r.Entries)
	}
	return err
}

// The first answer is right; a lying server then sends something else in place of the second.
func TestSealedConnectionEndsWithTheFirstLie(t *testing.T) {
	t.Parallel()
	lies := map[string]func(a *acceptor, id int64, first []byte) []byte{
		"the first frame again": func(_ *acceptor, _ int64, first []byte) []byte { return first },
		"a frame of the past number": func(a *acceptor, id int64, _ []byte) []byte {
			a.sent--
			return frame(a.wrap(entryAndDone(id), true))
		},
		"a skipped frame": func(a *acceptor, id int64, _ []byte) []byte {
			a.wrap(nil, true)
			return frame(a.wrap(entryAndDone(id), true))
		},
		"a frame that is only signed": func(a *acceptor, id int64, _ []byte) []byte { return frame(a.wrap(entryAndDone(id), false)) },
		"an answer in the clear":      func(_ *acceptor, id int64, _ []byte) []byte { return entryAndDone(id) },
		"an answer in the clear in a frame": func(_ *acceptor, id int64, _ []byte) []byte {
			return frame(entryAndDone(id))
		},
		"a changed frame": func(a *acceptor, id int64, _ []byte) []byte {
			b := frame(a.wrap(entryAndDone(id), true))
			b[len(b)-1] ^= 1
			return b
		},
		"a frame of 4 GiB":  func(*acceptor, int64, []byte) []byte { return []byte{0xff, 0xff, 0xff, 0xff, 5} },
		"a frame of 16 MiB": func(*acceptor, int64, []byte) []byte { return []byte{1, 0, 0, 0, 5} },
		"an empty frame":    func(*acceptor, int64, []byte) []byte { return []byte{0, 0, 0, 0} },
		"half a frame": func(a *acceptor, id int64, _ []byte) []byte {
			b := frame(a.wrap(entryAndDone(id), true))
			return b[:len(b)/2]
		},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sealedSession(t, func(next func() (int64, error), a *acceptor, conn net.Conn) error {
				id, err := next()
				if err != nil {
					return err
				}
				first := frame(a.wrap(entryAndDone(id), true))
				if _, err := conn.Write(first); err != nil {
					return err
				}
				if id, err = next(); err != nil {
					return err
				}
				_, err = conn.Write(lie(a, id, first))
				return err
			})
			if err := lookUp(t, s); err != nil {
				t.Fatalf("the first: %v", err)
			}
			if err := lookUp(t, s); err == nil {
				t.Error("the lie was believed")
			}
			if err := lookUp(t, s); err == nil {
				t.Error("the connection is used on")
			}
		})
	}
}

func TestSealedConnectionSplitsWhatTheControllerDoesNotTakeAtOnce(t *testing.T) {
	t.Parallel()
	k, a := established(t)
	message := bytes.Repeat([]byte("0123456789"), 1000)
	var got []byte
	done := make(chan error, 1)
	client, conn := net.Pipe()
	go func() {
		for len(got) < len(message) {
			token, err := readFrame(conn)
			if err == nil && len(token) > 1000 {
				err = errors.New("a frame larger than the controller accepts")
			}
			var m []byte
			if err == nil {
				m, err = a.unwrap(token)
			}
			if err != nil {
				done <- err
				return
			}
			got = append(got, m...)
		}
		done <- nil
	}()
	c := &sealedConn{Conn: client, context: k, maxSend: 1000}
	if n, err := c.Write(message); err != nil || n != len(message) {
		t.Errorf("%d %v", n, err)
	}
	if err := <-done; err != nil || !bytes.Equal(got, message) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// loopConn reads from what a test gives and drops what is written.
type loopConn struct {
	net.Conn
	io.Reader
}

func (c loopConn) Read(p []byte) (int, error)  { return c.Reader.Read(p) }
func (c loopConn) Write(p []byte) (int, error) { return len(p), nil }
func (loopConn) Close() error                  { return nil }

func FuzzFrames(f *testing.F) {
	a := newAcceptor()
	f.Add(append(frame(a.wrap(entryAndDone(1), true)), frame(a.wrap(entryAndDone(2), true))...))
	a = newAcceptor()
	whole := frame(a.wrap(entryAndDone(1), true))
	f.Add(append(whole, whole...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, _ := established(t)
		c := newMessageConn(&sealedConn{Conn: loopConn{Reader: bytes.NewReader(b)}, context: k})
		out, err := io.ReadAll(io.LimitReader(c, 1<<20))
		if len(out) > len(b) {
			t.Errorf("%d bytes of %d, %v", len(out), len(b), err)
		}
		if err == nil && len(out) < 1<<20 && len(b) > 0 && k.received == 100 {
			t.Errorf("no error, and not a frame was read")
		}
	})
}

func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	deep := []byte{0x30, 0}
	for range maxNesting + 2 {
		deep = append([]byte{0x30, byte(len(deep))}, deep...)
	}
	for name, b := range map[string]string{
		"another tag": "\x31\x00", "an indefinite length": "\x30\x80\x00\x00", "five bytes of length": "\x30\x85\x00\x00\x00\x00\x01x",
		"a length of 4 GiB": "\x30\x84\xff\xff\xff\xff", "a length of 17 MiB": "\x30\x84\x01\x10\x00\x00",
		"a child that is too long":         "\x30\x04\x02\x05ab",
		"a grandchild that is too long":    "\x30\x06\x30\x04\x02\x7fab",
		"a child of indefinite length":     "\x30\x04\x30\x80\x00\x00",
		"a child with a tag of many bytes": "\x30\x03\x1f\x81\x00",
		"too many levels":                  string(deep), "an end in the middle": "\x30\x05\x02\x01", "an end in the length": "\x30\x82\x01",
	} {
		if m, err := readMessage(strings.NewReader(b), maxMessage); err == nil {
			t.Errorf("%s: % x", name, m)
		}
	}
	if _, err := readMessage(strings.NewReader(""), maxMessage); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	good := string(entryAndDone(1))
	r := strings.NewReader(good)
	one, err := readMessage(r, maxMessage)
	must(t, err)
	two, err := readMessage(r, maxMessage)
	must(t, err)
	if string(one)+string(two) != good {
		t.Error("not what was sent")
	}
}

// A controller that never stops sending is stopped.
func TestAnswersToOneRequestAreBounded(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	message := append(binary.BigEndian.AppendUint32([]byte{0x30, 0x84}, size), 0x04, 0x84)
	message = append(binary.BigEndian.AppendUint32(message, size-6), make([]byte, size-6)...)
	c := newMessageConn(loopConn{Reader: endless{message}.reader()})
	if _, err := c.Write([]byte("request")); err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, c)
	if err == nil || n > maxResponse {
		t.Errorf("%d bytes, %v", n, err)
	}
}

type endless struct{ b []byte }

func (e endless) reader() io.Reader {
	var many []io.Reader
	for range 2 * maxResponse / len(e.b) {
		many = append(many, bytes.NewReader(e.b))
	}
	return io.MultiReader(many...)
}

func FuzzMessage(f *testing.F) {
	f.Add(entryAndDone(1))
	f.Add(bindResponse(1, 14, []byte("token")))
	f.Add(ldapMessage(2, ldapResult(ldap.ApplicationExtendedResponse, 2, "no")))
	f.Add([]byte("\x30\x84\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readMessage(bytes.NewReader(b), maxMessage)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(b, m) {
			t.Errorf("% x is not the beginning of % x", m, b)
		}
		if _, whole, operation, err := parseMessage(m); err == nil {
			_ = ldap.GetLDAPError(whole)
			_ = serverCredentials(operation)
		}
		_, _ = readPong(1, messagesOf(b))
	})
}
