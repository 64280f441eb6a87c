package offlinejoin

import (
	"fmt"
	"io"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Blob is a provisioning blob that was parsed: what front ends hold and hand on. It is parsed once, by [ReadBlob]. However
// it is printed, logged or marshalled, it shows no secret.
type Blob struct {
	parsed *odj.Blob
	name   string
	given  func() []byte // a function, because fmt follows fields and calls no functions
}

// ReadBlob parses a blob in any encoding. Messages call it name, such as its file's; never its content. The blob takes
// data over: [Blob.Wipe] clears it, and so does ReadBlob when it fails. Errors carry 87 (no blob, damaged, contradictory
// or incomplete) or 2719 (of a kind that is not known).
func ReadBlob(data []byte, name string) (*Blob, error) {
	parsed, err := odj.Parse(data)
	if err != nil {
		clear(data)
		return nil, named(name, err)
	}
	return &Blob{parsed: parsed, name: plaintext.Line(name, 0), given: func() []byte { return data }}, nil
}

func named(name string, err error) error {
	code, ok := winerr.CodeOf(err)
	if name == "" || !ok {
		return err
	}
	return winerr.Errorf(code, "%s: %w", plaintext.Line(name, 0), winerr.Uncoded(err))
}

// Format implements fmt.Formatter: whatever the verb, it prints what the blob is for.
func (b *Blob) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// String returns what the blob is for, for logs.
func (b *Blob) String() string {
	if b == nil || b.parsed == nil {
		return "no blob"
	}
	return "the blob for " + b.parsed.MachineName() + " in " + b.parsed.DNSDomain()
}

// MarshalText implements encoding.TextMarshaler, as String.
func (b *Blob) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// Name returns how messages call the blob.
func (b *Blob) Name() string { return b.name }

// Wipe forgets the blob and the data it was read from.
func (b *Blob) Wipe() {
	if b == nil || b.given == nil {
		return
	}
	b.parsed.Wipe()
	clear(b.given())
}

// Text returns the blob as one line of base64, whatever encoding it was read from. It is secret.
func (b *Blob) Text() string { return b.parsed.AccountData() }

// DjoinFile returns the blob as the bytes of a file that djoin writes. It is secret; the caller wipes it.
func (b *Blob) DjoinFile() []byte { return b.parsed.DjoinFile() }

// SecretForms returns every text by which the secret of the blob could end up in a log, for log masks only; see
// [SecretForms].
func (b *Blob) SecretForms() []string { return odj.SecretForms(b.given()) }

// SecretForms returns every text by which the secret of a blob could end up in a log, the longest first, for log masks
// only. The data need not be a right blob.
func SecretForms(data []byte) []string { return odj.SecretForms(data) }

// Expect holds what the blob must be for. Empty fields expect nothing.
type Expect struct {
	MachineName string // computer name, compared without case
	Domain      string // DNS or NetBIOS domain name, compared without case
}

// Check refuses a blob that is not for the expected machine and domain (87), and one that parses but that no machine could
// use: for a computer name that Windows does not take (2720), or of a size that the completion program refuses (87).
func (b *Blob) Check(want Expect) error {
	p := b.parsed
	if want.MachineName != "" && !strings.EqualFold(want.MachineName, p.MachineName()) {
		if err := impossibleName(want.MachineName); err != nil {
			return err
		}
		return winerr.Errorf(winerr.InvalidParameter, "the blob is for %s, but %s was expected: "+
			"use the blob made for %[2]s, or change the expected machine_name", p.MachineName(),
			plaintext.Line(want.MachineName, plaintext.Name))
	}
	if want.Domain != "" && !sameDomain(want.Domain, p.DNSDomain(), p.NetBIOSDomain(), p.Domain()) {
		return winerr.Errorf(winerr.InvalidParameter, "the blob is for the domain %s (%s), but %s was expected: "+
			"use a blob made in %[3]s, or change the expected domain", p.DNSDomain(), p.NetBIOSDomain(),
			plaintext.Line(want.Domain, plaintext.Name))
	}
	if _, err := odj.ValidateMachineName(p.MachineName()); err != nil {
		return err
	}
	if n := len(p.Bytes()); n < completion.MinBlobSize || n > completion.MaxBlobSize {
		return winerr.Errorf(winerr.InvalidParameter, "the blob has %d bytes, which the completion program refuses "+
			"(%d to %d): make it again", n, completion.MinBlobSize, completion.MaxBlobSize)
	}
	return nil
}

// impossibleName refuses an expected machine name that no blob can be for (87), and names the one that was meant where that
// can be seen.
func impossibleName(name string) error {
	shown := plaintext.Line(name, plaintext.Name)
	label, rest, _ := strings.Cut(name, ".")
	switch account := strings.TrimSuffix(name, "$"); {
	case account != name:
		return winerr.Errorf(winerr.InvalidParameter, "the machine name %s is expected, which is the name of an account: leave the $ "+
			"out", shown)
	case rest != "" && label != "":
		return winerr.Errorf(winerr.InvalidParameter, "the machine name %s is expected, which is a full DNS name: expect its first "+
			"part, %s, and the domain by itself", shown, plaintext.Line(label, plaintext.Name))
	}
	if _, err := odj.ValidateMachineName(name); err != nil {
		return winerr.Errorf(winerr.InvalidParameter, "a machine name is expected that no computer can have: %s",
			strings.TrimSuffix(winerr.MessageOf(err), "; choose another name and make the blob for that"))
	}
	return nil
}

// Facts returns what the blob is for. Nothing of it is secret.
func (b *Blob) Facts() BlobFacts {
	p, dc := b.parsed, b.parsed.DC()
	return BlobFacts{
		Fingerprint: p.Fingerprint(),
		MachineName: p.MachineName(),
		Domain:      p.DNSDomain(),
		NetBIOSName: p.NetBIOSDomain(),
		DomainSID:   p.DomainSID(),
		DomainGUID:  p.DomainGUID(),
		Forest:      p.Forest(),
		AccountSID:  p.AccountSID(),
		DC:          dc.Name,
		Site:        dc.ClientSite,
	}
}
