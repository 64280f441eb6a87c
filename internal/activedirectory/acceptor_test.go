package activedirectory

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// testKey is a kerberosKey of Go's own cryptography, so that the tests of tokens need no Kerberos library.
type testKey [32]byte

func (k testKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

func (k testKey) encrypt(plain []byte, usage uint32) ([]byte, error) {
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return k.aead().Seal(nonce, nonce, plain, binary.BigEndian.AppendUint32(nil, usage)), nil
}

func (k testKey) decrypt(sealed []byte, usage uint32) ([]byte, error) {
	if len(sealed) < 12 {
		return nil, errors.New("short")
	}
	return k.aead().Open(nil, sealed[:12], sealed[12:], binary.BigEndian.AppendUint32(nil, usage))
}

func (k testKey) checksum(data []byte, usage uint32) ([]byte, error) {
	m := hmac.New(sha256.New, binary.BigEndian.AppendUint32(k[:], usage))
	m.Write(data)
	return m.Sum(nil)[:12], nil
}

func (testKey) erase() {}

// testKerberos is a kerberos that agrees with an acceptor on one key.
type testKerberos struct{ checksum []byte }

func (k *testKerberos) apRequest(_ context.Context, checksum []byte) (*apExchange, error) {
	k.checksum = checksum
	return &apExchange{
		request: []byte("AP-REQ"), sequence: 7, key: testKey{1},
		reply: func(b []byte) (*apReply, error) {
			if string(b) != "AP-REP" {
				return nil, errors.New("the AP-REP does not answer our AP-REQ")
			}
			return &apReply{sequence: 100, key: testKey{2}}, nil
		},
	}, nil
}

func (*testKerberos) erase() {}

// established returns a context that has done its handshake, and its peer.
func established(t testing.TB) (*krbContext, *acceptor) {
	t.Helper()
	k := &krbContext{kerberos: &testKerberos{}, seal: true}
	_, err := k.initiate(t.Context())
	must(t, err)
	reply, err := initialToken(tokenAPRep, []byte("AP-REP"))
	must(t, err)
	_, err = k.accept(reply)
	must(t, err)
	return k, newAcceptor()
}

// acceptor is the controller's side of a security context, as far as the tests need it.
type acceptor struct {
	key            testKey
	sent, received uint64
	flags          byte // of the tokens it makes, beside wrapSealed
	extra, rotate  int  // EC and RRC of sealed tokens
}

func newAcceptor() *acceptor {
	return &acceptor{key: testKey{2}, sent: 100, received: 7, flags: sentByServer | wrapAcceptors}
}

func (a *acceptor) wrap(message []byte, seal bool) []byte {
	h := binary.BigEndian.AppendUint16(nil, wrapTokenID)
	flags := a.flags
	if seal {
		flags |= wrapSealed
	}
	h = append(h, flags, wrapFiller, 0, 0, 0, 0)
	h = binary.BigEndian.AppendUint64(h, a.sent)
	a.sent++
	if !seal {
		sum, _ := a.key.checksum(append(bytes.Clone(message), h...), usageAcceptorSeal)
		binary.BigEndian.PutUint16(h[4:], uint16(len(sum)))
		return append(append(h, message...), sum...)
	}
	binary.BigEndian.PutUint16(h[4:], uint16(a.extra))
	plain := append(bytes.Clone(message), make([]byte, a.extra)...)
	sealed, _ := a.key.encrypt(append(plain, h...), usageAcceptorSeal)
	binary.BigEndian.PutUint16(h[6:], uint16(a.rotate))
	left := len(sealed) - a.rotate%len(sealed)
	return append(h, append(bytes.Clone(sealed[left:]), sealed[:left]...)...)
}

func (a *acceptor) unwrap(token []byte) ([]byte, error) {
	if len(token) < wrapHeader || binary.BigEndian.Uint64(token[8:]) != a.received || token[2]&sentByServer != 0 {
		return nil, fmt.Errorf("token % x", token[:min(len(token), wrapHeader)])
	}
	a.received++
	header := bytes.Clone(token[:wrapHeader])
	if token[2]&wrapSealed == 0 {
		n := len(token) - int(binary.BigEndian.Uint16(token[4:]))
		clear(header[4:8])
		sum, _ := a.key.checksum(append(bytes.Clone(token[wrapHeader:n]), header...), usageInitiatorSeal)
		if !bytes.Equal(sum, token[n:]) {
			return nil, errors.New("wrong checksum")
		}
		return token[wrapHeader:n], nil
	}
	plain, err := a.key.decrypt(token[wrapHeader:], usageInitiatorSeal)
	if err != nil || len(plain) < wrapHeader || !bytes.Equal(plain[len(plain)-wrapHeader:], header) {
		return nil, errors.New("wrong header")
	}
	return plain[:len(plain)-wrapHeader], nil
}

// frame puts a length in front of a token.
func frame(token []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
}

// ldapMessage encodes an LDAP message with the operation.
func ldapMessage(id int64, operation *ber.Packet) []byte {
	m := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(operation)
	return m.Bytes()
}

// ldapResult encodes an LDAPResult ([RFC 4511] 4.1.9) as the response tag.
func ldapResult(tag ber.Tag, code int64, text string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	p.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
	return p
}

func bindResponse(id, code int64, credentials []byte) []byte {
	p := ldapResult(ldap.ApplicationBindResponse, code, "")
	if credentials != nil {
		p.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 7, string(credentials), ""))
	}
	return ldapMessage(id, p)
}

// server serves one connection with a script, and returns the client's end. It is TCP, where a write does not wait for
// the other side to read.
func server(t testing.TB, script func(net.Conn) error) net.Conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	conn, err := listener.Accept()
	must(t, err)
	done := make(chan error, 1)
	go func() {
		defer func() { _ = conn.Close() }()
		done <- script(conn)
	}()
	t.Cleanup(func() {
		_ = client.Close()
		// A client that was lied to hangs up.
		if err := <-done; err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("server: %v", err)
		}
	})
	return client
}
