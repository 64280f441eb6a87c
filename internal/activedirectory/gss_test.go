package activedirectory

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestChecksumOfTheAuthenticator(t *testing.T) {
	t.Parallel()
	// Without bindings: length 16, sixteen zeros, flags ([RFC 4121] 4.1.1).
	if got := hex.EncodeToString(authenticatorChecksum(nil, 0x3e)); got != "10000000"+strings.Repeat("00", 16)+"3e000000" {
		t.Error(got)
	}
	// MD5 of 16 zero bytes, the length 4 and "data", by md5sum.
	if got := hex.EncodeToString(bindingsHash([]byte("data"))); got != md5OfData {
		t.Error(got)
	}
}

func TestWrapAndUnwrapBothWays(t *testing.T) {
	t.Parallel()
	for _, shape := range []struct{ extra, rotate int }{{0, 0}, {0, 28}, {16, 12}, {3, 70000 % 65536}} {
		k, a := established(t)
		a.extra, a.rotate = shape.extra, shape.rotate
		for _, message := range [][]byte{[]byte("x"), bytes.Repeat([]byte("long"), 5000), {}} {
			for _, seal := range []bool{true, false} {
				token, err := k.wrap(message, seal)
				must(t, err)
				if got, err := a.unwrap(token); err != nil || !bytes.Equal(got, message) {
					t.Errorf("to the controller, %+v: %q %v", shape, got, err)
				}
				if got, err := k.unwrap(a.wrap(message, seal), seal); err != nil || !bytes.Equal(got, message) {
					t.Errorf("from the controller, %+v: %q %v", shape, got, err)
				}
			}
		}
	}
}

func TestWrapSealsWhatItSays(t *testing.T) {
	t.Parallel()
	k, _ := established(t)
	token, err := k.wrap([]byte("unicodePwd"), true)
	if err != nil || bytes.Contains(token, []byte("unicodePwd")) {
		t.Errorf("%q %v", token, err)
	}
}

func TestUnwrapRefuses(t *testing.T) {
	t.Parallel()
	change := func(at int, to byte) func(*acceptor) []byte {
		return func(a *acceptor) []byte {
			b := a.wrap([]byte("message"), true)
			b[at] ^= to
			return b
		}
	}
	for name, token := range map[string]func(*acceptor) []byte{
		"nothing":             func(*acceptor) []byte { return nil },
		"a header alone":      func(a *acceptor) []byte { return a.wrap([]byte("m"), true)[:wrapHeader] },
		"a MIC token":         change(1, 4^5),
		"another filler":      change(3, 1),
		"our own direction":   change(2, sentByServer),
		"no acceptor's key":   change(2, wrapAcceptors),
		"a wrong number":      change(15, 1),
		"a high wrong number": change(8, 0x80),
		"a changed message":   change(20, 1),
		"another rotation":    change(7, 1),
		"more extra bytes":    change(5, 1),
		"all extra bytes":     change(4, 0xff),
		"a signed message":    func(a *acceptor) []byte { return a.wrap([]byte("message"), false) },
		"a replayed message":  func(a *acceptor) []byte { a.sent--; return a.wrap([]byte("message"), true) },
		"a skipped message":   func(a *acceptor) []byte { a.sent++; return a.wrap([]byte("message"), true) },
		"another key":         func(a *acceptor) []byte { a.key = testKey{9}; return a.wrap([]byte("message"), true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, a := established(t)
			if m, err := k.unwrap(a.wrap([]byte("first"), true), true); err != nil || string(m) != "first" {
				t.Fatalf("%q %v", m, err)
			}
			if m, err := k.unwrap(token(a), true); err == nil {
				t.Errorf("accepted: %q", m)
			}
		})
	}
	t.Run("a changed signed message", func(t *testing.T) {
		t.Parallel()
		for at := range 31 {
			k, a := established(t)
			b := a.wrap([]byte("offer"), false)
			b[at] ^= 1
			// The rotation of a token without encryption is not signed; it only moves the bytes.
			if m, err := k.unwrap(b, false); err == nil {
				t.Errorf("byte %d: accepted: %q", at, m)
			}
		}
	})
	t.Run("a sealed message for a signed one", func(t *testing.T) {
		t.Parallel()
		k, a := established(t)
		if m, err := k.unwrap(a.wrap([]byte("offer"), true), false); err == nil {
			t.Errorf("accepted: %q", m)
		}
	})
}

func TestContextKeepsTheOrderOfTheHandshake(t *testing.T) {
	t.Parallel()
	k := &krbContext{kerberos: &testKerberos{}, seal: true}
	reply, err := initialToken(tokenAPRep, []byte("AP-REP"))
	must(t, err)
	if _, err := k.accept(reply); err == nil {
		t.Error("a reply before the request")
	}
	if _, err := k.wrap(nil, true); err == nil {
		t.Error("wrap before the request")
	}
	if _, err = k.initiate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := k.wrap(nil, true); err == nil {
		t.Error("wrap before the reply")
	}
	if _, err := k.unwrap(newAcceptor().wrap(nil, true), true); err == nil {
		t.Error("unwrap before the reply")
	}
	wrong, err := initialToken(tokenAPRep, []byte("another"))
	must(t, err)
	for name, token := range map[string][]byte{
		"nothing": nil, "noise": []byte("noise"), "another AP-REP": wrong, "trailing bytes": append(bytes.Clone(reply), 0),
		"another mechanism": bytes.Replace(bytes.Clone(reply), []byte{0x12, 1, 2, 2}, []byte{0x12, 1, 2, 3}, 1),
	} {
		if _, err := k.accept(token); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := k.accept(reply); err != nil {
		t.Fatal(err)
	}
	if _, err := k.accept(reply); err == nil {
		t.Error("two replies")
	}
}

func TestContextAsksForWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, seal := range []bool{true, false} {
		kerberos := &testKerberos{}
		k := &krbContext{kerberos: kerberos, seal: seal, bindings: []byte("data")}
		token, err := k.initiate(t.Context())
		must(t, err)
		if kind, body, err := parseInitialToken(token); err != nil || kind != tokenAPReq || string(body) != "AP-REQ" {
			t.Errorf("%#x %q %v", kind, body, err)
		}
		flags := binary.LittleEndian.Uint32(kerberos.checksum[20:])
		if flags&flagMutual == 0 || flags&flagSequence == 0 || flags&flagReplay == 0 || (flags&flagConfidentiality != 0) != seal {
			t.Errorf("flags %#x", flags)
		}
		if hex.EncodeToString(kerberos.checksum[4:20]) != md5OfData {
			t.Errorf("% x", kerberos.checksum)
		}
	}
}

func TestEndPointBindings(t *testing.T) {
	t.Parallel()
	for algorithm, size := range map[x509.SignatureAlgorithm]int{
		x509.SHA1WithRSA: 32, x509.SHA256WithRSA: 32, x509.ECDSAWithSHA256: 32, x509.SHA384WithRSA: 48, x509.SHA512WithRSA: 64,
		x509.SHA512WithRSAPSS: 64,
	} {
		b, err := endPointBindings(&x509.Certificate{Raw: []byte("certificate"), SignatureAlgorithm: algorithm})
		if err != nil || len(b) != len("tls-server-end-point:")+size {
			t.Errorf("%s: %d bytes, %v", algorithm, len(b), err)
		}
	}
	if _, err := endPointBindings(&x509.Certificate{SignatureAlgorithm: x509.PureEd25519}); err == nil {
		t.Error("Ed25519 has a binding")
	}
}

func TestKRBErrorTokenBecomesItsError(t *testing.T) {
	t.Parallel()
	k := &krbContext{kerberos: &testKerberos{}}
	_, err := k.initiate(t.Context())
	must(t, err)
	token, err := initialToken(tokenKRBError, []byte("malformed"))
	must(t, err)
	var e krbError
	if _, err := k.accept(token); err == nil || errors.As(err, &e) {
		t.Errorf("%v", err)
	}
}

func FuzzUnwrap(f *testing.F) {
	a := newAcceptor()
	f.Add(a.wrap([]byte("message"), true), true)
	a = newAcceptor()
	f.Add(a.wrap([]byte("\x07\xff\xff\xff"), false), false)
	a = newAcceptor()
	a.extra, a.rotate = 16, 28
	f.Add(a.wrap([]byte("message"), true), true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, token []byte, sealed bool) {
		k, _ := established(t)
		m, err := k.unwrap(token, sealed)
		if err == nil && len(m) > len(token) {
			t.Errorf("%d bytes of a token of %d", len(m), len(token))
		}
		if (err == nil) != (k.received == 101) {
			t.Errorf("number %d after %v", k.received, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	for _, kind := range []uint16{tokenAPReq, tokenAPRep, tokenKRBError} {
		token, err := initialToken(kind, []byte("body"))
		must(f, err)
		f.Add(token)
	}
	f.Add([]byte{0x60, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, token []byte) {
		kind, body, err := parseInitialToken(token)
		if err != nil {
			return
		}
		again, err := initialToken(kind, body)
		if err != nil || !bytes.Equal(again, token) {
			t.Errorf("% x became % x, %v", token, again, err)
		}
		_ = readKRBError(body)
	})
}

const md5OfData = "c5b0af081a759af5418af1ef1655259e"
