package activedirectory

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
)

// pongBytes writes a NETLOGON_SAM_LOGON_RESPONSE_EX by [MS-ADTS] 6.3.1.9, without compression.
func pongBytes(kind uint16, flags uint32, names ...string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, kind)
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, flags)
	for i := range 16 {
		b = append(b, byte(i))
	}
	for _, name := range names {
		for label := range strings.SplitSeq(name, ".") {
			if label != "" {
				b = append(append(b, byte(len(label))), label...)
			}
		}
		b = append(b, 0)
	}
	return append(b, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
}

func examplePong() []byte {
	return pongBytes(23, flagWritable|flagClosest, "corp.example.com", "corp.example.com", "dc1.corp.example.com", "CORP",
		"DC1", "", "Berlin", "Berlin")
}

func TestParsePong(t *testing.T) {
	t.Parallel()
	p, err := parsePong(examplePong())
	if err != nil {
		t.Fatal(err)
	}
	want := pong{
		flags: flagWritable | flagClosest, domainGUID: "03020100-0504-0706-0809-0a0b0c0d0e0f", forest: "corp.example.com",
		domain: "corp.example.com", host: "dc1.corp.example.com", netBIOS: "CORP", netBIOSComputer: "DC1", site: "Berlin",
		clientSite: "Berlin",
	}
	if p != want {
		t.Errorf("%+v", p)
	}
}

func TestParsePongFollowsPointersBackwards(t *testing.T) {
	t.Parallel()
	b := pongBytes(23, 0)[:pongNames]
	b = append(b, "\x04corp\x07example\x03com\x00"...) // at 24; "example" at 29
	b = append(b, 0xc0, 24)                            // domain: the same
	b = append(b, "\x03dc1\xc0\x18"...)                // dc1 + the same
	b = append(b, "\x04CORP\x00\x03DC1\x00\x00\x06Berlin\x00\xc0\x1d"...)
	p, err := parsePong(b)
	if err != nil || p.domain != "corp.example.com" || p.host != "dc1.corp.example.com" || p.site != "Berlin" ||
		p.clientSite != "example.com" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestParsePongRefuses(t *testing.T) {
	t.Parallel()
	head := string(pongBytes(23, 0)[:pongNames])
	chain := head + "\x3c\x01a\x00" // a label that hides a name and pointers, each to the one before
	for at := byte(25); len(chain) < pongNames+61; at = byte(len(chain) - 2) {
		chain += string([]byte{0xc0, at})
	}
	chain += "\x00" + string([]byte{0xc0, byte(len(chain) - 2)}) + "\x01a\x00\x01a\x00\x01a\x00\x01a\x00\x01a\x00\x01a\x00"
	for name, b := range map[string]string{
		"nothing":                "",
		"half a head":            head[:20],
		"NT4's answer":           string(pongBytes(19, 0, "a", "b", "c", "d", "e", "f", "g", "h")),
		"a paused service":       string(pongBytes(24, 0, "a", "b", "c", "d", "e", "f", "g", "h")),
		"no names":               head,
		"a label too long":       head + "\x05ab",
		"a pointer to itself":    head + "\xc0\x18",
		"a pointer forwards":     head + "\xc0\x20\x01a\x00\x01a\x00\x01a\x00",
		"half a pointer":         head + "\xc0",
		"reserved label type":    head + "\x40a\x00",
		"a name without end":     head + strings.Repeat("\x3f"+strings.Repeat("a", 63), 5) + "\x00",
		"missing names":          string(pongBytes(23, 0, "a", "b")[:pongNames+6]),
		"a chain of 29 pointers": chain,
	} {
		if p, err := parsePong([]byte(b)); err == nil {
			t.Errorf("%s: %+v", name, p)
		} else if p != (pong{}) && err != nil {
			t.Errorf("%s: an error and %+v", name, p)
		}
	}
}

func FuzzPong(f *testing.F) {
	f.Add(examplePong())
	f.Add(pongBytes(23, 0)[:pongNames])
	f.Add(append(pongBytes(23, 0)[:pongNames], "\x04corp\x00\xc0\x18\x03dc1\xc0\x18\x01A\x00\x01B\x00\x00\xc0\x18\xc0\x18"...))
	f.Add(append(pongBytes(25, 0)[:pongNames], 0xc0, 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePong(b)
		if err != nil {
			if p != (pong{}) {
				t.Errorf("an error and %+v", p)
			}
			return
		}
		for _, s := range []string{p.forest, p.domain, p.host, p.netBIOS, p.netBIOSComputer, p.user, p.site, p.clientSite} {
			if len(s) > 4*maxNameBytes || !plaintext.Safe(s) {
				t.Errorf("%q", s)
			}
		}
	})
}
