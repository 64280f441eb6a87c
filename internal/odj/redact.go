package odj

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
)

// redacted stands for a secret wherever it would be shown. It does not tell the length.
const redacted = "(secret)"

// The methods below have value receivers, so that they also work on a Blob that is not behind a pointer. Where fmt
// calls no methods, a Blob shows as the address of a function.

// String returns one line that names machine, domain and fingerprint.
func (b Blob) String() string {
	if b.open == nil {
		return "empty blob"
	}
	return fmt.Sprintf("blob of %s in %s, password %s, fingerprint %s",
		b.MachineName(), b.Domain(), redacted, b.Fingerprint())
}

// GoString returns the same as String.
func (b Blob) GoString() string { return "odj.Blob{" + b.String() + "}" }

// Format prints String or GoString, whatever the verb.
func (b Blob) Format(f fmt.State, verb rune) { formatRedacted(f, verb, b.String(), b.GoString()) }

// MarshalText returns String.
func (b Blob) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// MarshalJSON returns the [Facts].
func (b Blob) MarshalJSON() ([]byte, error) { return json.Marshal(b.Facts()) }

// LogValue returns machine, domain and fingerprint.
func (b Blob) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("machine_name", b.MachineName()),
		slog.String("domain", b.Domain()),
		slog.String("machine_password", redacted),
		slog.String("fingerprint", b.Fingerprint()),
	)
}

// formatRedacted prints text for every verb, and golang for %#v.
func formatRedacted(f fmt.State, verb rune, text, golang string) {
	switch {
	case verb == 'v' && f.Flag('#'):
		text = golang
	case verb == 'q':
		text = strconv.Quote(text)
	}
	fmt.Fprint(f, text)
}

// String returns "(secret)".
func (p Password) String() string { return redacted }

// GoString returns "(secret)".
func (p Password) GoString() string { return redacted }

// Format prints "(secret)", whatever the verb.
func (p Password) Format(f fmt.State, verb rune) { formatRedacted(f, verb, redacted, redacted) }

// MarshalText returns "(secret)"; JSON uses it, too.
func (p Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "(secret)".
func (p Password) LogValue() slog.Value { return slog.StringValue(redacted) }

// SecretBytes is SECRET data. It prints, logs and marshals as "(secret)", with the exceptions of [Password].
type SecretBytes []byte

// String returns "(secret)".
func (b SecretBytes) String() string { return redacted }

// GoString returns "(secret)".
func (b SecretBytes) GoString() string { return redacted }

// Format prints "(secret)", whatever the verb.
func (b SecretBytes) Format(f fmt.State, verb rune) { formatRedacted(f, verb, redacted, redacted) }

// MarshalText returns "(secret)"; JSON uses it, too.
func (b SecretBytes) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "(secret)".
func (b SecretBytes) LogValue() slog.Value { return slog.StringValue(redacted) }
