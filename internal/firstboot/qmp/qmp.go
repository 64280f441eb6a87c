// Package qmp talks to a running qemu by its machine protocol: commands, their answers, and events, each a JSON object in a line
// (qemu's "docs/interop/qmp-spec"). What commands there are is not its business.
package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Client is a connection to one qemu. It is safe for concurrent use.
type Client struct {
	conn    net.Conn
	events  chan Event
	answers chan answer
	ended   chan struct{} // closed when nothing more comes

	turn sync.Mutex // of one command at a time
	n    int        // its number
}

// Event is something that qemu tells by itself, such as SHUTDOWN.
type Event struct {
	Name string
	Data json.RawMessage // an object, or nothing
}

// answer is a command's.
type answer struct {
	ID     int             `json:"id"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

// Bounds of what is taken: a line, and the events that nobody has asked for yet.
const (
	maxLine   = 1 << 20
	maxEvents = 1000
)

// Dial connects to the socket at a path and makes the protocol ready for commands.
func Dial(ctx context.Context, path string) (*Client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	c := &Client{
		conn: conn, events: make(chan Event, maxEvents), answers: make(chan answer, 1), ended: make(chan struct{}),
	}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLine)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // it ends the wait for the greeting
	greeted := lines.Scan()
	stop()
	var greeting struct {
		QMP *struct{} `json:"QMP"`
	}
	if !greeted || json.Unmarshal(lines.Bytes(), &greeting) != nil || greeting.QMP == nil {
		_ = conn.Close() // nothing was sent
		return nil, errors.Join(ctx.Err(), errors.New("whoever listens there does not greet as qemu does"))
	}
	go c.read(lines)
	if _, err := c.Execute(ctx, "qmp_capabilities", nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// read hands on what comes, until the connection ends.
func (c *Client) read(lines *bufio.Scanner) {
	defer close(c.ended)
	defer close(c.events)
	for lines.Scan() {
		var m struct {
			answer
			Event string          `json:"event"`
			Data  json.RawMessage `json:"data"`
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			return // no qemu
		}
		if m.Event != "" {
			select {
			case c.events <- Event{m.Event, m.Data}:
			default: // nobody listens
			}
			continue
		}
		select {
		case c.answers <- m.answer:
		default: // nobody asked
		}
	}
}

// Events returns what qemu tells by itself. It is closed when the connection has ended.
func (c *Client) Events() <-chan Event { return c.events }

// ErrEnded says that the connection has ended, as when qemu has.
var ErrEnded = errors.New("qemu has ended the connection")

// Execute runs a command and returns its answer. arguments are marshalled as an object; nil for none.
func (c *Client) Execute(ctx context.Context, command string, arguments any) (json.RawMessage, error) {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.n++
	line, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        int    `json:"id"`
	}{command, arguments, c.n})
	if err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return nil, errors.Join(ErrEnded, err)
	}
	for {
		select {
		case a := <-c.answers:
			switch {
			case a.ID != c.n: // of a command that was not waited for
			case a.Error != nil:
				return nil, fmt.Errorf("qemu refuses %s: %s", command, plaintext.Line(a.Error.Desc, plaintext.Sentence))
			default:
				return a.Return, nil
			}
		case <-c.ended:
			return nil, ErrEnded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the connection, and leaves qemu as it is.
func (c *Client) Close() {
	_ = c.conn.Close() // nothing is buffered
}
