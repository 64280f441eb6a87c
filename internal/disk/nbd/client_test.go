package nbd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"syscall"
	"testing"
)

// script is a server that sends its bytes, whatever it is asked.
type script struct {
	says *bytes.Reader
	told bytes.Buffer
}

func (s *script) Read(p []byte) (int, error)  { return s.says.Read(p) }
func (s *script) Write(p []byte) (int, error) { return s.told.Write(p) }

func says(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if text, ok := v.(string); ok {
			b.WriteString(text)
			continue
		}
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func hello() []byte { return says("NBDMAGICIHAVEOPT", uint16(3)) }

func answer(kind uint32, data ...any) []byte {
	b := says(data...)
	return says(uint64(magicReply), uint32(optionGo), kind, uint32(len(b)), string(b))
}

func export(size uint64, flags uint16) []byte {
	return append(answer(replyInfo, uint16(infoExport), size, flags), answer(replyAck)...)
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	whole := append(hello(), export(5000, exportFlush|1)...)
	c, err := negotiate(&script{says: bytes.NewReader(whole)})
	if err != nil || c.size != 5000 || c.readOnly || !c.flushes {
		t.Fatalf("%+v, %v", c, err)
	}
	for n := range whole {
		if _, err := negotiate(&script{says: bytes.NewReader(whole[:n])}); err == nil {
			t.Errorf("the first %d bytes were enough", n)
		}
	}
	endless := hello()
	for range repliesMost + 1 {
		endless = append(endless, answer(replyInfo, uint16(9))...)
	}
	for name, b := range map[string][]byte{
		"not NBD":       []byte("HTTP/1.1 400 Bad Request\r\n"),
		"old style":     says("NBDMAGICIHAVEOPT", uint16(0)),
		"refused":       append(hello(), answer(replyError|6, "unknown export")...),
		"no size":       append(hello(), answer(replyAck)...),
		"too large":     append(hello(), export(math.MaxUint64, 0)...),
		"long answer":   append(hello(), says(uint64(magicReply), uint32(optionGo), uint32(replyInfo), uint32(math.MaxUint32))...),
		"other option":  append(hello(), says(uint64(magicReply), uint32(8), uint32(replyAck), uint32(0))...),
		"endless reply": endless,
	} {
		if _, err := negotiate(&script{says: bytes.NewReader(b)}); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	reply := func(handle uint64, number uint32, data string) []byte {
		return says(uint32(magicSimple), number, handle, data)
	}
	talk := func(b ...[]byte) *client {
		all := append(hello(), export(10, exportFlush)...)
		c, err := negotiate(&script{says: bytes.NewReader(append(all, bytes.Join(b, nil)...))})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := talk(reply(1, 0, "67"), reply(2, 28, ""), reply(3, 5, ""), reply(4, 99, ""), reply(5, 0, ""))
	p := make([]byte, 3)
	if n, err := c.readAt(p, 8); n != 2 || !errors.Is(err, io.EOF) || string(p[:2]) != "67" {
		t.Errorf("%d %v %q", n, err, p)
	}
	if _, err := c.writeAt(p, 0); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if err := c.flush(); !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if _, err := c.readAt(p, 0); err == nil {
		t.Error("an unknown error was none")
	}
	if err := c.flush(); err != nil {
		t.Error(err)
	}
	if _, err := c.writeAt(p, 8); err == nil {
		t.Error("a write behind the end")
	}
	c = talk(reply(7, 0, "abc"), reply(2, 0, "abc"))
	for range 2 {
		if _, err := c.readAt(p, 0); err == nil {
			t.Error("the answer to another request was taken")
		}
	}
}
