package agefile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// The bounds of an identity file. What age-keygen writes has 200 bytes, or 2 KiB with a hybrid key.
const (
	MaxIdentityFile = 1 << 18 // bytes
	maxIdentities   = 64
)

// Identities are the secret keys of one identity file. Its zero value opens nothing.
type Identities struct {
	name string // of the file
	keys []age.Identity
}

// ParseIdentities reads an identity file, which messages call name: lines with one key each, as age-keygen writes
// them, where empty lines and those that start with # say nothing; or one SSH private key in PEM. The caller wipes
// content; the keys themselves are strings inside package age until they are collected. Errors carry 50 (a kind of key
// that needs somebody to answer) or 87 (no identity file).
func ParseIdentities(content []byte, name string) (*Identities, error) {
	switch {
	case Is(content):
		return nil, winerr.Errorf(winerr.NotSupported, "the identity file %s is itself encrypted, and nobody can be asked "+
			"for its passphrase here: give a plain identity file that only you can read", name)
	case bytes.HasPrefix(content, []byte("-----BEGIN")):
		return parseSSH(content, name)
	}
	ids := &Identities{name: name}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		key, err := parseIdentity(line)
		if err != nil {
			return nil, winerr.Errorf(err.code, "line %d of the identity file %s %s", number, name, err.what)
		}
		if key != nil {
			ids.keys = append(ids.keys, key)
		}
		if len(ids.keys) > maxIdentities {
			return nil, winerr.Errorf(winerr.InvalidParameter, "the identity file %s holds more than %d identities: give "+
				"one with those that open the blob", name, maxIdentities)
		}
	}
	if len(ids.keys) == 0 {
		return nil, winerr.Errorf(winerr.InvalidParameter, "the identity file %s holds no identity: give the file that "+
			"age-keygen wrote, or an SSH private key", name)
	}
	return ids, nil
}

// lineError says what is wrong with a line, in words that hold nothing of it.
type lineError struct {
	code winerr.Code
	what string
}

func parseIdentity(line []byte) (age.Identity, *lineError) {
	text := string(bytes.TrimSpace(line))
	var key age.Identity
	var err error
	switch {
	case text == "" || strings.HasPrefix(text, "#"):
		return nil, nil
	case strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1"):
		key, err = age.ParseHybridIdentity(text)
	case strings.HasPrefix(text, "AGE-SECRET-KEY-1"):
		key, err = age.ParseX25519Identity(text)
	case strings.HasPrefix(text, "AGE-PLUGIN-"):
		return nil, &lineError{winerr.NotSupported, "is a key for an age plugin, which would have to be started: encrypt " +
			"the blob to a key of age-keygen as well"}
	case strings.HasPrefix(text, "age1"), strings.HasPrefix(text, "ssh-"):
		return nil, &lineError{winerr.InvalidParameter, "is a recipient, the public half of a key: give the file with " +
			"the secret half"}
	default:
		err = errors.New("unknown")
	}
	if err != nil { // whose text may quote the key
		return nil, &lineError{winerr.InvalidParameter, "is no identity: give the file that age-keygen wrote, or an SSH " +
			"private key"}
	}
	return key, nil
}

func parseSSH(pem []byte, name string) (*Identities, error) {
	key, err := agessh.ParseIdentity(pem)
	if _, is := errors.AsType[*ssh.PassphraseMissingError](err); is {
		return nil, winerr.Errorf(winerr.NotSupported, "the SSH key %s is protected by a passphrase, which nobody can be "+
			"asked for here: encrypt the blob to a key of age-keygen as well", name)
	}
	if err != nil {
		return nil, winerr.Errorf(winerr.InvalidParameter, "%s is no SSH private key that age can use: give one of type "+
			"ed25519 or rsa, or the file that age-keygen wrote", name)
	}
	return &Identities{name, []age.Identity{key}}, nil
}

// Unwrap implements age.Identity within bounds.
func (ids *Identities) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) > maxStanzas {
		return nil, errTooMany
	}
	for _, s := range stanzas {
		if s.Type == "scrypt" {
			return nil, errPassphrase
		}
	}
	for _, key := range ids.keys {
		fileKey, err := key.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return fileKey, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// failure says that none of the keys opens a file.
func (ids *Identities) failure(file string) string {
	if len(ids.keys) == 1 {
		return fmt.Sprintf("the identity in %s does not open %s", ids.name, file)
	}
	return fmt.Sprintf("none of the %d identities in %s opens %s", len(ids.keys), ids.name, file)
}
