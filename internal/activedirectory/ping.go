package activedirectory

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// The netlogon ping is an LDAP search of the root for the attribute Netlogon, over UDP without a bind ([MS-ADTS] 6.3.3).
// It goes in the clear and holds the domain's and this machine's names.

const (
	ldapPort     = "389"
	ldapsPort    = "636"
	maxDatagram  = 64 << 10
	ntVersion    = "\x16\x00\x00\x00" // NETLOGON_NT_VERSION_5 | _5EX | _5EX_WITH_IP ([MS-ADTS] 6.3.1.1)
	pingAttempts = 3                  // twice by UDP, then by TCP
)

// errEmptyPong means that the server answered that it has nothing to answer: it is not a controller of the domain.
var errEmptyPong = errors.New("an empty netlogon answer")

// errNoAnswer means that nothing came.
var errNoAnswer = errors.New("no answer")

// DialFunc opens a connection, as a net.Dialer's DialContext does.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// ping asks one address. domain may be "": then a controller answers for its own.
func ping(ctx context.Context, dial DialFunc, address, domain, machine string, timeout time.Duration) (pong, error) {
	var last error
	for attempt := range pingAttempts {
		network := "udp"
		if attempt == pingAttempts-1 {
			network = "tcp"
		}
		p, err := pingOnce(ctx, dial, network, address, domain, machine, timeout/pingAttempts)
		if err == nil || errors.Is(err, errEmptyPong) {
			return p, err
		}
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		last = err
	}
	return pong{}, last
}

func pingOnce(ctx context.Context, dial DialFunc, network, address, domain, machine string, wait time.Duration) (pong, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := dial(ctx, network, net.JoinHostPort(address, ldapPort))
	if err != nil {
		return pong{}, err
	}
	defer func() { _ = conn.Close() }()
	defer closeWhenDone(ctx, conn)()
	var id [4]byte
	if _, err := rand.Read(id[:]); err != nil {
		return pong{}, err
	}
	number := int64(binary.BigEndian.Uint32(id[:]) >> 1)
	request, err := pingRequest(number, domain, machine)
	if err != nil {
		return pong{}, err
	}
	if _, err := conn.Write(request); err != nil {
		return pong{}, err
	}
	next := func() ([]byte, error) { return readMessage(conn, maxDatagram) }
	if network == "udp" {
		datagram := make([]byte, maxDatagram)
		var n int
		if n, err = conn.Read(datagram); err == nil {
			next = messagesOf(datagram[:n])
		}
	}
	p := pong{}
	if err == nil {
		p, err = readPong(number, next)
	}
	if err != nil && !errors.Is(err, errEmptyPong) && ctx.Err() != nil { // we have closed the connection
		err = fmt.Errorf("%w within %s", errNoAnswer, wait.Round(10*time.Millisecond))
	}
	return p, err
}

// messagesOf hands out the messages of a datagram one by one.
func messagesOf(b []byte) func() ([]byte, error) {
	return func() ([]byte, error) {
		start, length, ok := element(b)
		if !ok || length > len(b)-start {
			return nil, io.ErrUnexpectedEOF
		}
		m := b[:start+length]
		b = b[start+length:]
		return m, nil
	}
}

// pingRequest encodes the search.
func pingRequest(id int64, domain, machine string) ([]byte, error) {
	terms := fmt.Sprintf("(NtVer=%s)", escaped(ntVersion))
	if domain != "" {
		terms += "(DnsDomain=" + ldap.EscapeFilter(domain) + ")"
	}
	if machine != "" {
		terms += "(Host=" + ldap.EscapeFilter(machine) + ")"
	}
	filter, err := ldap.CompileFilter("(&" + terms + ")")
	if err != nil {
		return nil, err
	}
	search := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchRequest, nil, "")
	search.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	for _, enumerated := range []int64{ldap.ScopeBaseObject, ldap.NeverDerefAliases} {
		search.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, enumerated, ""))
	}
	for range 2 { // no limits of size and time
		search.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(0), ""))
	}
	search.AppendChild(ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, ""))
	search.AppendChild(filter)
	attributes := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	attributes.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "Netlogon", ""))
	search.AppendChild(attributes)
	message := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(search)
	return message.Bytes(), nil
}

// escaped writes every byte as a filter's "\xx" ([RFC 4515] 3).
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\%02x`, s[i])
	}
	return b.String()
}

// readPong takes the pong out of the messages that answer the ping: an entry, then the end of the search.
func readPong(id int64, next func() ([]byte, error)) (pong, error) {
	m, err := next()
	if err != nil {
		return pong{}, err
	}
	number, whole, operation, err := parseMessage(m)
	if err != nil {
		return pong{}, err
	}
	if number != id {
		return pong{}, errors.New("an answer to another ping")
	}
	switch operation.Tag {
	case ldap.ApplicationSearchResultEntry:
		value, ok := netlogonValue(operation)
		if !ok {
			return pong{}, errEmptyPong
		}
		return parsePong(value)
	case ldap.ApplicationSearchResultDone:
		if err := ldap.GetLDAPError(whole); err != nil {
			return pong{}, err
		}
		return pong{}, errEmptyPong
	}
	return pong{}, errors.New("what came is not the answer to a ping")
}

// netlogonValue returns the only value of the only attribute of an entry ([RFC 4511] 4.5.2).
func netlogonValue(entry *ber.Packet) ([]byte, bool) {
	p := entry
	for _, index := range []int{1, 0, 1, 0} { // attributes, the first one, its values, the first one
		if len(p.Children) <= index {
			return nil, false
		}
		p = p.Children[index]
	}
	return p.ByteValue, len(p.ByteValue) > 0
}
