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
	"sync/atomic"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// Client is a connection to one qemu. It is safe for concurrent use.
type Client struct {
	conn   net.Conn
	events chan Event
	ended  chan struct{} // closed when nothing more comes

	turn    sync.Mutex // of one command at a time
	n       int        // its number
	waiting atomic.Pointer[waiter]
}

// waiter is the command whose answer is waited for.
type waiter struct {
	id     int
	answer chan answer // of one; what else comes is never put into it
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
		conn: conn, events: make(chan Event, maxEvents), ended: make(chan struct{}),
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
		w := c.waiting.Load()
		if w == nil || w.id != m.ID {
			continue // of a command that is not waited for any more, or that nobody gave
		}
		select {
		case w.answer <- m.answer:
		default: // told twice
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
	w := &waiter{c.n, make(chan answer, 1)}
	c.waiting.Store(w)
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		return nil, errors.Join(ErrEnded, err)
	}
	select {
	case a := <-w.answer:
		return a.result(command)
	case <-c.ended:
		select {
		case a := <-w.answer: // its last word
			return a.result(command)
		default:
			return nil, ErrEnded
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// result returns what a command has returned, or why qemu refuses it.
func (a answer) result(command string) (json.RawMessage, error) {
	if a.Error != nil {
		return nil, fmt.Errorf("qemu refuses %s: %s", command, plaintext.Line(a.Error.Desc, plaintext.Sentence))
	}
	return a.Return, nil
}

// Close ends the connection, and leaves qemu as it is.
func (c *Client) Close() {
	_ = c.conn.Close() // nothing is buffered
}
