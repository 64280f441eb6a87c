package agefile

import (
	"bytes"
	"errors"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// MaxRecipientsFile is the size in bytes of the largest recipients file that is read.
const MaxRecipientsFile = 1 << 20

// Recipients are those who will be able to open a file. Its zero value has none.
type Recipients struct{ keys []age.Recipient }

// Len returns how many there are.
func (r *Recipients) Len() int { return len(r.keys) }

// Add adds the public key text: age1… (also the hybrid age1pq1…), ssh-ed25519 … or ssh-rsa …. The error never repeats
// the text, which may be the secret half by mistake (87, or 50 for a plugin's).
func (r *Recipients) Add(text string) error {
	key, err := parseRecipient(text)
	if err != nil {
		return winerr.Errorf(err.code, "the recipient %s", err.what)
	}
	return r.add(key)
}

// AddFile adds all keys of a recipients file, which messages call name: one on a line, where empty lines and those that
// start with # say nothing. So an authorized_keys file without options is one, too.
func (r *Recipients) AddFile(content []byte, name string) error {
	before := len(r.keys)
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text := string(bytes.TrimSpace(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		key, bad := parseRecipient(text)
		if bad != nil {
			return winerr.Errorf(bad.code, "line %d of the recipients file %s %s", number, name, bad.what)
		}
		if err := r.add(key); err != nil {
			return err
		}
	}
	if len(r.keys) == before {
		return winerr.Errorf(winerr.InvalidParameter, "the recipients file %s holds no recipient: write one on a line, "+
			"such as age1…", name)
	}
	return nil
}

// add keeps to what [Open] looks at.
func (r *Recipients) add(key age.Recipient) error {
	if len(r.keys) == maxStanzas {
		return winerr.Errorf(winerr.InvalidParameter, "there are more than %d recipients: encrypt the blob to those who "+
			"need it", maxStanzas)
	}
	r.keys = append(r.keys, key)
	return nil
}

func parseRecipient(text string) (age.Recipient, *lineError) {
	var key age.Recipient
	var err error
	switch {
	case strings.HasPrefix(text, "age1pq1"):
		key, err = age.ParseHybridRecipient(text)
	case strings.HasPrefix(text, "age1") && strings.Count(text, "1") > 1 && pluginName(text):
		return nil, &lineError{winerr.NotSupported, "is for an age plugin, whose file could not be opened here: use a key " +
			"of age-keygen"}
	case strings.HasPrefix(text, "age1"):
		key, err = age.ParseX25519Recipient(text)
	case strings.HasPrefix(text, "ssh-"):
		key, err = agessh.ParseRecipient(text)
	case strings.HasPrefix(text, "AGE-"), strings.HasPrefix(text, "-----BEGIN"):
		return nil, &lineError{winerr.InvalidParameter, "is an identity, the secret half of a key: give the public half, " +
			"and make a new key if others could see this"}
	default:
		err = errors.New("unknown")
	}
	if err != nil {
		return nil, &lineError{winerr.InvalidParameter, "is no public key: give one like age1…, ssh-ed25519 … or " +
			"ssh-rsa …"}
	}
	return key, nil
}

// pluginName reports whether an age1… key names a plugin: age1NAME1…. The data characters of bech32 have no 1, so that
// a native key has only one.
func pluginName(text string) bool { return strings.LastIndexByte(text, '1') > len("age") }
