package activedirectory

import (
	"bytes"
	"context"
	"crypto"
	"crypto/md5" //nolint:gosec // RFC 4121 4.1.1.2 names it
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
)

// securityContext is one GSS-API security context of LDAP's SASL mechanism GSSAPI ([RFC 4752]): Kerberos here, SSPI on
// Windows.
type securityContext interface {
	// initiate returns the first token.
	initiate(ctx context.Context) ([]byte, error)
	// accept takes the controller's answer to it, and returns what is to be sent next, which may be empty.
	accept(token []byte) ([]byte, error)
	// wrap protects a message: signed, and encrypted when seal is set.
	wrap(message []byte, seal bool) ([]byte, error)
	// unwrap verifies a token of the next sequence number and returns its message. A token that is encrypted when it
	// should not be, or the other way round, is refused.
	unwrap(token []byte, sealed bool) ([]byte, error)
	// erase overwrites the keys.
	erase()
}

// Flags of a security context ([RFC 4121] 4.1.1.1).
const (
	flagMutual          = 0x02
	flagReplay          = 0x04
	flagSequence        = 0x08
	flagConfidentiality = 0x10
	flagIntegrity       = 0x20
)

// krbContext is a securityContext of Kerberos ([RFC 4121]).
type krbContext struct {
	kerberos kerberos
	bindings []byte // application data of the channel bindings; nil: none
	seal     bool   // ask for confidentiality

	exchange  *apExchange
	key       kerberosKey // the controller's subkey, or ours
	acceptors bool        // key is the controller's
	sent      uint64      // the next sequence number of ours
	received  uint64      // the next sequence number of the controller's
}

// Tokens of the mechanism ([RFC 4121] 4.1).
const (
	tokenAPReq    = 0x0100
	tokenAPRep    = 0x0200
	tokenKRBError = 0x0300
)

// mechanism is the object identifier of Kerberos 5, 1.2.840.113554.1.2.2, encoded.
const mechanism = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"

func (k *krbContext) initiate(ctx context.Context) ([]byte, error) {
	f := uint32(flagMutual | flagReplay | flagSequence | flagIntegrity)
	if k.seal {
		f |= flagConfidentiality
	}
	exchange, err := k.kerberos.apRequest(ctx, authenticatorChecksum(k.bindings, f))
	if err != nil {
		return nil, err
	}
	k.exchange, k.key, k.sent = exchange, exchange.key, exchange.sequence
	return initialToken(tokenAPReq, exchange.request)
}

func (k *krbContext) accept(token []byte) ([]byte, error) {
	if k.exchange == nil {
		return nil, errors.New("a reply before the request")
	}
	kind, body, err := parseInitialToken(token)
	if err != nil {
		return nil, err
	}
	switch kind {
	case tokenKRBError:
		return nil, readKRBError(body)
	case tokenAPRep:
	default:
		return nil, fmt.Errorf("a token of the kind %#04x instead of an AP-REP", kind)
	}
	reply, err := k.exchange.reply(body)
	if err != nil {
		return nil, err
	}
	k.exchange = nil // only one reply
	k.received = reply.sequence
	if reply.key != nil {
		k.key, k.acceptors = reply.key, true
	}
	return nil, nil
}

// Format prints no key.
func (*krbContext) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secretText)) }

func (k *krbContext) erase() {
	k.kerberos.erase()
	if k.key != nil {
		k.key.erase()
	}
}

// authenticatorChecksum is the checksum of type 0x8003 ([RFC 4121] 4.1.1): length and hash of the bindings, and flags.
func authenticatorChecksum(bindings []byte, flags uint32) []byte {
	sum := binary.LittleEndian.AppendUint32(nil, 16)
	if bindings == nil {
		sum = append(sum, make([]byte, 16)...)
	} else {
		sum = append(sum, bindingsHash(bindings)...)
	}
	return binary.LittleEndian.AppendUint32(sum, flags)
}

// bindingsHash is the MD5 of gss_channel_bindings_struct with application data alone ([RFC 4121] 4.1.1.2).
func bindingsHash(application []byte) []byte {
	b := binary.LittleEndian.AppendUint32(make([]byte, 16), uint32(len(application)))
	sum := md5.Sum(append(b, application...)) //nolint:gosec // as above
	return sum[:]
}

// endPointBindings is the channel binding tls-server-end-point of a server's certificate ([RFC 5929] 4). A certificate
// whose signature has no single hash function (Ed25519) has none.
func endPointBindings(c *x509.Certificate) ([]byte, error) {
	var hash crypto.Hash
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.ECDSAWithSHA256,
		x509.SHA256WithRSAPSS, x509.DSAWithSHA1, x509.DSAWithSHA256:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	default:
		return nil, fmt.Errorf("a certificate signed by %s has no channel binding", c.SignatureAlgorithm)
	}
	w := hash.New()
	w.Write(c.Raw)
	return w.Sum([]byte("tls-server-end-point:")), nil
}

// initialToken frames a message of the mechanism ([RFC 2743] 3.1).
func initialToken(kind uint16, body []byte) ([]byte, error) {
	content := binary.BigEndian.AppendUint16([]byte(mechanism), kind)
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassApplication, IsCompound: true, Bytes: append(content, body...)})
}

// parseInitialToken is its mirror.
func parseInitialToken(token []byte) (kind uint16, body []byte, err error) {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(token, &outer)
	if err != nil || len(rest) > 0 || outer.Class != asn1.ClassApplication || outer.Tag != 0 || !outer.IsCompound {
		return 0, nil, errors.New("malformed GSS-API token")
	}
	body, ok := bytes.CutPrefix(outer.Bytes, []byte(mechanism))
	if !ok || len(body) < 2 {
		return 0, nil, errors.New("a GSS-API token that is not Kerberos")
	}
	return binary.BigEndian.Uint16(body), body[2:], nil
}

// Wrap tokens ([RFC 4121] 4.2.6.2).
const (
	wrapHeader    = 16
	wrapTokenID   = 0x0504
	wrapFiller    = 0xff
	sentByServer  = 0x01
	wrapSealed    = 0x02
	wrapAcceptors = 0x04 // made with the acceptor's subkey

	usageAcceptorSeal  = 22 // key usages ([RFC 4121] 2)
	usageInitiatorSeal = 24

	// wrapOverhead is more than any encryption type adds: header twice, confounder and checksum.
	wrapOverhead = 128
)

func (k *krbContext) wrap(message []byte, seal bool) ([]byte, error) {
	if k.key == nil || k.exchange != nil {
		return nil, errors.New("the security context is not established")
	}
	h := binary.BigEndian.AppendUint16(nil, wrapTokenID)
	flags := byte(0)
	if k.acceptors {
		flags |= wrapAcceptors
	}
	if seal {
		flags |= wrapSealed
	}
	h = append(h, flags, wrapFiller, 0, 0, 0, 0)
	h = binary.BigEndian.AppendUint64(h, k.sent)
	data := append(bytes.Clone(message), h...)
	if seal {
		sealed, err := k.key.encrypt(data, usageInitiatorSeal)
		if err != nil {
			return nil, err
		}
		k.sent++
		return append(h, sealed...), nil
	}
	sum, err := k.key.checksum(data, usageInitiatorSeal)
	if err != nil {
		return nil, err
	}
	k.sent++
	binary.BigEndian.PutUint16(h[4:], uint16(len(sum)))
	return append(append(h, message...), sum...), nil
}

func (k *krbContext) unwrap(token []byte, sealed bool) ([]byte, error) {
	if k.key == nil || k.exchange != nil {
		return nil, errors.New("the security context is not established")
	}
	if len(token) <= wrapHeader || binary.BigEndian.Uint16(token) != wrapTokenID || token[3] != wrapFiller {
		return nil, errors.New("malformed wrap token")
	}
	want := byte(sentByServer)
	if k.acceptors {
		want |= wrapAcceptors
	}
	if sealed {
		want |= wrapSealed
	}
	if token[2] != want {
		return nil, fmt.Errorf("wrap token with the flags %#02x, not %#02x", token[2], want)
	}
	if n := binary.BigEndian.Uint64(token[8:]); n != k.received {
		return nil, fmt.Errorf("wrap token %d when %d is next: a message was replayed, lost or reordered", n, k.received)
	}
	header := bytes.Clone(token[:wrapHeader])
	extra := int(binary.BigEndian.Uint16(header[4:]))
	body := unrotate(token[wrapHeader:], int(binary.BigEndian.Uint16(header[6:])))
	message, err := k.open(header, body, extra, sealed)
	if err != nil {
		return nil, err
	}
	k.received++
	return message, nil
}

// open verifies the body of a wrap token, decrypts it when it is sealed, and returns its message.
func (k *krbContext) open(header, body []byte, extra int, sealed bool) ([]byte, error) {
	if !sealed { // message | checksum of message and header with EC and RRC zero
		if extra > len(body) {
			return nil, errors.New("malformed wrap token")
		}
		message, sum := body[:len(body)-extra], body[len(body)-extra:]
		clear(header[4:8])
		own, err := k.key.checksum(append(bytes.Clone(message), header...), usageAcceptorSeal)
		if err != nil || len(sum) == 0 || subtle.ConstantTimeCompare(own, sum) != 1 {
			return nil, errors.New("wrap token with a wrong checksum")
		}
		return message, nil
	}
	plain, err := k.key.decrypt(body, usageAcceptorSeal) // message | EC bytes | header with RRC zero
	if err != nil || len(plain) < wrapHeader+extra {
		return nil, errors.New("wrap token that cannot be decrypted")
	}
	clear(header[6:8])
	end := len(plain) - wrapHeader
	if subtle.ConstantTimeCompare(plain[end:], header) != 1 {
		return nil, errors.New("wrap token whose inner header differs")
	}
	return plain[:end-extra], nil
}

// unrotate undoes the right rotation of a wrap token ([RFC 4121] 4.2.5).
func unrotate(b []byte, right int) []byte {
	right %= len(b)
	return append(bytes.Clone(b[right:]), b[:right]...)
}
