package activedirectory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// sealedConn is a connection whose every byte is signed and encrypted by a security context, in frames of a length of
// four bytes and a wrap token ([RFC 4422] 3.7). The first frame that is malformed, replayed, reordered or not encrypted
// ends it: every later Read returns the same error.
type sealedConn struct {
	net.Conn
	context securityContext
	maxSend int // bytes of a frame that the controller accepts

	broken error  // of reading
	plain  []byte // decrypted, not yet handed out

	opening, writing sync.Mutex // held while the context is used
}

// maxPlain bounds the message of one frame that we send: a controller may accept 16 MiB, but need not wait for all of it.
const maxPlain = 64 << 10

func (c *sealedConn) Read(p []byte) (int, error) {
	for len(c.plain) == 0 {
		if c.broken != nil {
			return 0, c.broken
		}
		c.plain, c.broken = c.readFrame()
	}
	n := copy(p, c.plain)
	c.plain = c.plain[n:]
	return n, nil
}

// readFrame reads and opens the next frame. Its error is io.EOF only between frames.
func (c *sealedConn) readFrame() ([]byte, error) {
	token, err := readFrame(c.Conn)
	if err != nil {
		return nil, err
	}
	c.opening.Lock()
	defer c.opening.Unlock()
	return c.context.unwrap(token, true)
}

// Close closes the connection and erases the keys.
func (c *sealedConn) Close() error {
	err := c.Conn.Close()
	c.opening.Lock()
	defer c.opening.Unlock()
	c.writing.Lock()
	defer c.writing.Unlock()
	c.context.erase()
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 || n > maxFrame {
		return nil, fmt.Errorf("a sealed frame of %d bytes, more than %d or none", n, maxFrame)
	}
	var token bytes.Buffer // grows by what really comes
	if _, err := io.CopyN(&token, r, int64(n)); err != nil {
		return nil, unexpected(err)
	}
	return token.Bytes(), nil
}

func (c *sealedConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	size := min(c.maxSend-wrapOverhead, maxPlain)
	if size <= 0 {
		return 0, errors.New("the controller accepts no frame")
	}
	for sent := 0; sent < len(p); {
		end := min(sent+size, len(p))
		token, err := c.context.wrap(p[sent:end], true)
		if err != nil {
			return sent, err
		}
		if _, err := c.Conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)); err != nil {
			return sent, err
		}
		sent = end
	}
	return len(p), nil
}
