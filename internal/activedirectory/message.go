package activedirectory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// LDAP messages are BER with definite lengths ([RFC 4511] 5.1). A library that reads them from the network would believe
// any length up to 2 GiB, also one that reaches beyond the message; so each message is read here as a whole, with bounds,
// and checked before a parser sees it.

const (
	maxMessage  = 16 << 20 // bytes of one LDAP message
	maxNesting  = 32       // of elements within a message
	maxResponse = 64 << 20 // bytes that the controller may send after each request
)

// readMessage reads one LDAP message of at most limit bytes. Its error is io.EOF only when not a byte came.
func readMessage(r io.Reader, limit int) ([]byte, error) {
	header := make([]byte, 2, 8)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	if n := header[1]; n > 0x80 && n <= 0x84 {
		header = header[:2+n-0x80]
		if _, err := io.ReadFull(r, header[2:]); err != nil {
			return nil, unexpected(err)
		}
	}
	start, length, ok := element(header)
	switch {
	case header[0] != 0x30 || !ok:
		return nil, errors.New("what came is not an LDAP message")
	case length > limit-start:
		return nil, fmt.Errorf("an LDAP message of %d bytes, more than %d", length, limit)
	}
	message := bytes.NewBuffer(header)
	if _, err := io.CopyN(message, r, int64(length)); err != nil {
		return nil, unexpected(err)
	}
	return message.Bytes(), wellFormed(message.Bytes())
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// element parses the header of a BER element with a tag of one byte and a definite length of up to four bytes. It does
// not look whether the content is there.
func element(b []byte) (start, length int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), true
	}
	n := int(b[1] - 0x80)
	if n == 0 || n > 4 || len(b) < 2+n {
		return 0, 0, false
	}
	for _, d := range b[2 : 2+n] {
		if length > maxMessage {
			return 0, 0, false
		}
		length = length<<8 | int(d)
	}
	return 2 + n, length, true
}

// wellFormed reports an error unless b is whole BER elements whose children lie within them, nested at most maxNesting
// deep.
func wellFormed(b []byte) error { return nested(b, 0) }

func nested(b []byte, depth int) error {
	if depth > maxNesting {
		return errors.New("malformed LDAP message: nested too deeply")
	}
	for len(b) > 0 {
		start, length, ok := element(b)
		if !ok || length > len(b)-start {
			return errors.New("malformed LDAP message")
		}
		if b[0]&0x20 != 0 { // constructed
			if err := nested(b[start:start+length], depth+1); err != nil {
				return err
			}
		}
		b = b[start+length:]
	}
	return nil
}

// messageConn hands out only whole, well-formed LDAP messages, and not more of them than a request can need.
type messageConn struct {
	net.Conn
	rest []byte // of the message that is being handed out

	mu     sync.Mutex
	budget int // bytes that may still come before the next request
}

func newMessageConn(c net.Conn) *messageConn { return &messageConn{Conn: c, budget: maxMessage} }

func (c *messageConn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		m, err := readMessage(c.Conn, maxMessage)
		if err != nil {
			return 0, err
		}
		if !c.spend(len(m)) {
			return 0, fmt.Errorf("the controller sent more than %d bytes for one request", maxResponse)
		}
		c.rest = m
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *messageConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.budget = maxResponse
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *messageConn) spend(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget -= n
	return c.budget >= 0
}
