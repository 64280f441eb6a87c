package activedirectory

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// kerberos is what the security context needs of a Kerberos library: a logged-on user who can ask for the one service.
type kerberos interface {
	// apRequest returns an AP-REQ whose authenticator has the checksum ([RFC 4121] 4.1.1), of type 0x8003.
	apRequest(ctx context.Context, checksum []byte) (*apExchange, error)
	// erase overwrites the session keys.
	erase()
}

// apExchange is a request and the means to read its reply.
type apExchange struct {
	request  []byte // encoded AP-REQ
	sequence uint64 // the first sequence number that we use
	key      kerberosKey
	reply    func(apRep []byte) (*apReply, error)
}

// apReply is what an AP-REP brings, once it has been verified.
type apReply struct {
	sequence uint64      // the first sequence number that the controller uses
	key      kerberosKey // the controller's subkey; nil when it sent none
}

// kerberosKey is a protocol key with the functions of its encryption type ([RFC 3961]).
type kerberosKey interface {
	encrypt(plain []byte, usage uint32) ([]byte, error)
	decrypt(sealed []byte, usage uint32) ([]byte, error) // verifies integrity
	checksum(data []byte, usage uint32) ([]byte, error)
	erase()
}

// krbError is a KRB-ERROR ([RFC 4120] 5.9.1).
type krbError struct {
	code  int32
	text  string        // safe to show
	data  []byte        // e-data
	ahead time.Duration // the controller's clock before ours when the error came
}

func (e krbError) Error() string {
	if e.text != "" {
		return fmt.Sprintf("Kerberos error %d: %s", e.code, e.text)
	}
	return fmt.Sprintf("Kerberos error %d", e.code)
}

// kdc is the one controller that Kerberos talks to.
type kdc struct {
	domain  string // DNS name
	service string // principal name of the controller's LDAP service, "ldap/HOST"
	address string // IP address
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	kdcPort  = "88"
	maxReply = 1 << 20 // bytes of a controller's Kerberos reply; tickets with very many groups have some 100 KiB
)

// exchange sends a message over TCP and returns the answer ([RFC 4120] 7.2.2).
func (k kdc) exchange(ctx context.Context, message []byte) ([]byte, error) {
	conn, err := k.dial(ctx, "tcp", net.JoinHostPort(k.address, kdcPort))
	if err != nil {
		return nil, unreachable{"Kerberos", err}
	}
	defer func() { _ = conn.Close() }()
	defer closeWhenDone(ctx, conn)()
	answer, err := roundTrip(conn, message)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, unreachable{"Kerberos", err}
	}
	return answer, nil
}

func roundTrip(conn io.ReadWriter, message []byte) ([]byte, error) {
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(length[:]))
	if n == 0 || n > maxReply {
		return nil, fmt.Errorf("a reply of %d bytes, which is more than %d or none", n, maxReply)
	}
	var answer bytes.Buffer // grows by what really comes
	if _, err := io.CopyN(&answer, conn, n); err != nil {
		return nil, err
	}
	return answer.Bytes(), nil
}

// closeWhenDone breaks conn when the context ends, until the returned function is called.
func closeWhenDone(ctx context.Context, conn net.Conn) (stop func()) {
	cancel := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return func() { cancel() }
}
