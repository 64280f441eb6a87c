package nbd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// The protocol's numbers, all big endian.
const (
	magicServer  = 0x4e42444d41474943 // "NBDMAGIC"
	magicOption  = 0x49484156454F5054 // "IHAVEOPT"
	magicReply   = 0x3e889045565a9    // to an option
	magicRequest = 0x25609513
	magicSimple  = 0x67446698

	flagNewstyle = 1 << 0
	flagNoZeroes = 1 << 1

	optionGo   = 7
	replyAck   = 1
	replyInfo  = 3
	replyError = 1 << 31
	infoExport = 0

	exportReadOnly = 1 << 1
	exportFlush    = 1 << 2

	commandRead  = 0
	commandWrite = 1
	commandEnd   = 2
	commandFlush = 3

	// requestMost is far below what every server takes in one request, 32 MiB.
	requestMost = 1 << 20
	// optionMost bounds what a server may answer to an option.
	optionMost = 64 << 10
	// repliesMost bounds how many answers a server may give to one option.
	repliesMost = 64
)

// client is the connection to a server, after the negotiation.
type client struct {
	size     int64
	readOnly bool
	flushes  bool // the server takes flushes

	mu     sync.Mutex // one request at a time
	conn   io.ReadWriter
	handle uint64
	broken error // why the connection cannot be used any more
}

// negotiate agrees with a server on its only export.
func negotiate(conn io.ReadWriter) (*client, error) {
	var hello struct {
		Server, Option uint64
		Flags          uint16
	}
	if err := binary.Read(conn, binary.BigEndian, &hello); err != nil {
		return nil, err
	}
	if hello.Server != magicServer || hello.Option != magicOption || hello.Flags&flagNewstyle == 0 {
		return nil, errors.New("it does not speak NBD in the fixed newstyle")
	}
	ours := uint32(flagNewstyle | hello.Flags&flagNoZeroes)
	if err := binary.Write(conn, binary.BigEndian, ours); err != nil {
		return nil, err
	}
	// The option's data: the length of the export's name, which is empty, and the number of information requests.
	request := struct {
		Magic       uint64
		Option, Len uint32
		Name        uint32
		Requests    uint16
	}{magicOption, optionGo, 6, 0, 0}
	if err := binary.Write(conn, binary.BigEndian, request); err != nil {
		return nil, err
	}
	c := &client{conn: conn, size: -1}
	for range repliesMost {
		if done, err := c.readReply(); done || err != nil {
			return c, err
		}
	}
	return nil, errors.New("its answers to one option do not end")
}

// readReply takes one answer to the option, and reports whether it was the last one.
func (c *client) readReply() (done bool, err error) {
	var reply struct {
		Magic             uint64
		Option, Type, Len uint32
	}
	if err := binary.Read(c.conn, binary.BigEndian, &reply); err != nil {
		return false, err
	}
	if reply.Magic != magicReply || reply.Option != optionGo || reply.Len > optionMost {
		return false, errors.New("it answers an option with something else")
	}
	data := make([]byte, reply.Len)
	if _, err := io.ReadFull(c.conn, data); err != nil {
		return false, err
	}
	switch {
	case reply.Type&replyError != 0:
		return false, fmt.Errorf("it refuses the export: %q", data)
	case reply.Type == replyAck && c.size < 0:
		return false, errors.New("it does not report how large the export is")
	case reply.Type == replyAck:
		return true, nil
	case reply.Type == replyInfo && len(data) >= 12 && binary.BigEndian.Uint16(data) == infoExport:
		c.size = int64(binary.BigEndian.Uint64(data[2:]))
		flags := binary.BigEndian.Uint16(data[10:])
		c.readOnly, c.flushes = flags&exportReadOnly != 0, flags&exportFlush != 0
		if c.size < 0 {
			return false, errors.New("the export is too large")
		}
	}
	return false, nil
}

// request sends a command with the data to be written, and reads the answer into the data to be read.
func (c *client) request(command uint16, off int64, n int, write, into []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	c.handle++
	b := make([]byte, 28, 28+len(write))
	be := binary.BigEndian
	be.PutUint32(b, magicRequest)
	be.PutUint16(b[6:], command)
	be.PutUint64(b[8:], c.handle)
	be.PutUint64(b[16:], uint64(off))
	be.PutUint32(b[24:], uint32(n))
	b = append(b, write...)
	_, err := c.conn.Write(b)
	clear(b)
	if err != nil {
		return c.fail(err)
	}
	if command == commandEnd { // it is not answered
		return nil
	}
	var reply struct {
		Magic, Error uint32
		Handle       uint64
	}
	if err := binary.Read(c.conn, be, &reply); err != nil {
		return c.fail(err)
	}
	if reply.Magic != magicSimple || reply.Handle != c.handle {
		return c.fail(errors.New("it answers a request with something else"))
	}
	if reply.Error != 0 {
		return serverError(reply.Error)
	}
	if _, err := io.ReadFull(c.conn, into); err != nil {
		return c.fail(err)
	}
	return nil
}

// fail makes the connection unusable: requests and answers would not match any more.
func (c *client) fail(err error) error {
	c.broken = fmt.Errorf("the connection to qemu-nbd broke off: %w", err)
	return c.broken
}

// serverError returns the error for a number of the protocol.
func serverError(number uint32) error {
	for _, known := range []syscall.Errno{syscall.EPERM, syscall.EIO, syscall.ENOMEM, syscall.EINVAL, syscall.ENOSPC} {
		if protocolNumber(known) == number {
			return fmt.Errorf("qemu-nbd: %w", known)
		}
	}
	return fmt.Errorf("qemu-nbd: error %d", number)
}

// protocolNumber returns the protocol's number of an error, which is Linux' own.
func protocolNumber(e syscall.Errno) uint32 {
	switch e {
	case syscall.EPERM:
		return 1
	case syscall.EIO:
		return 5
	case syscall.ENOMEM:
		return 12
	case syscall.EINVAL:
		return 22
	case syscall.ENOSPC:
		return 28
	default:
		return 0
	}
}

func (c *client) readAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading a virtual disk at the negative offset %d", off)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= c.size {
			return done, io.EOF
		}
		part := p[done:]
		part = part[:min(int64(len(part)), requestMost, c.size-at)]
		if err := c.request(commandRead, at, len(part), nil, part); err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

func (c *client) writeAt(p []byte, off int64) (int, error) {
	if off < 0 || off > c.size || int64(len(p)) > c.size-off {
		return 0, fmt.Errorf("a write of %d bytes at %d ends behind the virtual disk", len(p), off)
	}
	done := 0
	for done < len(p) {
		part := p[done:]
		part = part[:min(len(part), requestMost)]
		if err := c.request(commandWrite, off+int64(done), len(part), part, nil); err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

func (c *client) flush() error {
	if !c.flushes {
		return errors.New("qemu-nbd takes no flush")
	}
	return c.request(commandFlush, 0, 0, nil, nil)
}
