package activedirectory

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// The first messages of a connection, StartTLS and the Kerberos bind, are exchanged here one by one, before the LDAP
// library has the connection: nothing reads ahead, so that whatever follows the last message in the clear is already
// under the protection that was agreed on, and cannot be smuggled in before it.

// handshake exchanges messages over a connection that nobody else reads.
type handshake struct {
	conn net.Conn
	id   int64
}

const maxHandshake = 1 << 20 // bytes of one message

// request sends one operation and returns the operation of the answer.
func (h *handshake) request(operation *ber.Packet) (*ber.Packet, *ber.Packet, error) {
	h.id++
	message := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, h.id, ""))
	message.AppendChild(operation)
	if _, err := h.conn.Write(message.Bytes()); err != nil {
		return nil, nil, err
	}
	answer, err := readMessage(h.conn, maxHandshake)
	if err != nil {
		return nil, nil, unexpected(err)
	}
	id, whole, body, err := parseMessage(answer)
	if err != nil {
		return nil, nil, err
	}
	if id != h.id {
		return nil, nil, fmt.Errorf("an answer to the request %d, not to %d", id, h.id)
	}
	return whole, body, nil
}

// parseMessage takes an LDAP message apart: its number, the whole of it, and the operation.
func parseMessage(b []byte) (id int64, whole, operation *ber.Packet, err error) {
	if err := wellFormed(b); err != nil {
		return 0, nil, nil, err
	}
	p, err := ber.DecodePacketErr(b)
	if err != nil || len(p.Children) < 2 {
		return 0, nil, nil, errors.New("malformed LDAP message")
	}
	id, ok := p.Children[0].Value.(int64)
	if !ok || p.Children[1].ClassType != ber.ClassApplication {
		return 0, nil, nil, errors.New("malformed LDAP message")
	}
	return id, p, p.Children[1], nil
}

const startTLSOID = "1.3.6.1.4.1.1466.20037" // [RFC 4511] 4.14

// startTLS turns a connection on port 389 into one of TLS.
func startTLS(ctx context.Context, conn net.Conn, c *tls.Config) (*tls.Conn, error) {
	operation := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	operation.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startTLSOID, ""))
	whole, body, err := (&handshake{conn: conn}).request(operation)
	if err != nil {
		return nil, err
	}
	if body.Tag != ldap.ApplicationExtendedResponse {
		return nil, errors.New("what came is not the answer to StartTLS")
	}
	if err := ldap.GetLDAPError(whole); err != nil {
		return nil, err
	}
	return clientTLS(ctx, conn, c)
}

func clientTLS(ctx context.Context, conn net.Conn, c *tls.Config) (*tls.Conn, error) {
	t := tls.Client(conn, c)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, tlsFailure{err}
	}
	return t, nil
}

// tlsFailure is an error of the TLS handshake.
type tlsFailure struct{ error }

func (e tlsFailure) Unwrap() error { return e.error }

// Security layers ([RFC 4752] 3.3).
const (
	layerNone            = 1
	layerConfidentiality = 4
	maxFrame             = 0xffffff // bytes that a frame can have by the three bytes of the offer: 16 MiB
)

// bindSASL logs on with a security context ([RFC 4752] 3.1). It returns the largest frame that the controller accepts,
// which matters when seal is set.
func bindSASL(ctx context.Context, conn net.Conn, sc securityContext, seal bool) (maxSend int, err error) {
	h := &handshake{conn: conn}
	token, err := sc.initiate(ctx)
	if err != nil {
		return 0, err
	}
	answer, err := h.sasl(token, true)
	if err != nil {
		return 0, err
	}
	token, err = sc.accept(answer)
	if err != nil {
		return 0, err
	}
	if answer, err = h.sasl(token, true); err != nil {
		return 0, err
	}
	offer, err := sc.unwrap(answer, false)
	if err != nil {
		return 0, err
	}
	choice, maxSend, err := chooseLayer(offer, seal)
	if err != nil {
		return 0, err
	}
	if token, err = sc.wrap(choice, false); err != nil {
		return 0, err
	}
	_, err = h.sasl(token, false)
	return maxSend, err
}

// chooseLayer answers the controller's offer: its layers, and three bytes of the largest frame.
func chooseLayer(offer []byte, seal bool) (choice []byte, maxSend int, err error) {
	if len(offer) != 4 {
		return nil, 0, errors.New("malformed offer of security layers")
	}
	layers := offer[0]
	maxSend = int(binary.BigEndian.Uint32(offer) & maxFrame)
	if !seal {
		if layers != 0 && layers&layerNone == 0 {
			return nil, 0, fmt.Errorf("the controller insists on a security layer inside TLS (offer %#02x)", layers)
		}
		return []byte{layerNone, 0, 0, 0}, maxSend, nil
	}
	if layers&layerConfidentiality == 0 {
		return nil, 0, fmt.Errorf("the controller does not offer to encrypt (offer %#02x)", layers)
	}
	if maxSend <= 2*wrapOverhead {
		return nil, 0, fmt.Errorf("the controller accepts frames of %d bytes only", maxSend)
	}
	choice = binary.BigEndian.AppendUint32(nil, maxFrame)
	choice[0] = layerConfidentiality
	return choice, maxSend, nil
}

const mechanismName = "GSSAPI"

// sasl sends one step of the bind and returns the controller's token. more says which answer is right: that the bind goes
// on, or that it has succeeded; the other one is an error.
func (h *handshake) sasl(token []byte, more bool) ([]byte, error) {
	operation := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationBindRequest, nil, "")
	operation.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(3), ""))
	operation.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	auth := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, mechanismName, ""))
	if len(token) > 0 {
		auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(token), ""))
	}
	operation.AppendChild(auth)
	whole, body, err := h.request(operation)
	if err != nil {
		return nil, err
	}
	if body.Tag != ldap.ApplicationBindResponse {
		return nil, errors.New("what came is not the answer to a bind")
	}
	err = ldap.GetLDAPError(whole)
	switch {
	case err == nil && more:
		return nil, errors.New("the controller ended the bind before it proved who it is")
	case err == nil:
		return nil, nil
	case more && ldap.IsErrorWithCode(err, ldap.LDAPResultSaslBindInProgress):
		return serverCredentials(body), nil
	}
	return nil, err
}

// serverCredentials returns serverSaslCreds of a bind response ([RFC 4511] 4.2.2), or nil.
func serverCredentials(response *ber.Packet) []byte {
	for _, c := range response.Children {
		if c.ClassType == ber.ClassContext && c.Tag == 7 {
			return c.Data.Bytes()
		}
	}
	return nil
}
