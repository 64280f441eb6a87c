package offlinejoin

import (
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// InspectBlob parses a blob in any encoding and returns what it is for. Messages call the blob name.
func InspectBlob(blob []byte, name string) (BlobFacts, error) {
	b, err := parseBlob(blob, name)
	if err != nil {
		return BlobFacts{}, err
	}
	defer b.Wipe()
	return blobFacts(b), nil
}

// CheckBlob parses req.Blob and compares it with req.Expect, as [Plan] does first; it needs no image.
func CheckBlob(req Request) (BlobFacts, error) {
	b, err := checkedBlob(req)
	if err != nil {
		return BlobFacts{}, err
	}
	defer b.Wipe()
	return blobFacts(b), nil
}

func parseBlob(data []byte, name string) (*odj.Blob, error) {
	b, err := odj.Parse(data)
	if err == nil {
		return b, nil
	}
	if name == "" {
		return nil, err
	}
	if code, ok := winerr.CodeOf(err); ok {
		return nil, winerr.Errorf(code, "%s: %w", name, uncoded{err})
	}
	return nil, err
}

// checkedBlob parses the blob of a request and holds it against the expectations. The caller wipes it.
func checkedBlob(req Request) (*odj.Blob, error) {
	b, err := parseBlob(req.Blob, req.BlobName)
	if err != nil {
		return nil, err
	}
	if err := req.Expect.check(b); err != nil {
		b.Wipe()
		return nil, err
	}
	if _, err := odj.ValidateMachineName(b.MachineName()); err != nil {
		b.Wipe()
		return nil, err
	}
	if n := len(b.Bytes()); n < completion.MinBlobSize || n > completion.MaxBlobSize {
		b.Wipe()
		return nil, winerr.Errorf(winerr.InvalidParameter, "the blob has %d bytes, which the completion program refuses "+
			"(%d to %d): make it again", n, completion.MinBlobSize, completion.MaxBlobSize)
	}
	return b, nil
}

// check refuses a blob that is not for the expected machine and domain.
func (e Expect) check(b *odj.Blob) error {
	if e.MachineName != "" && !strings.EqualFold(e.MachineName, b.MachineName()) {
		return winerr.Errorf(winerr.InvalidParameter, "the blob is for %s, but %s was expected: "+
			"use the blob made for %[2]s, or change the expected machine_name", b.MachineName(), e.MachineName)
	}
	if e.Domain != "" && !sameDomain(e.Domain, b) {
		return winerr.Errorf(winerr.InvalidParameter, "the blob is for the domain %s (%s), but %s was expected: "+
			"use a blob made in %[3]s, or change the expected domain", b.DNSDomain(), b.NetBIOSDomain(), e.Domain)
	}
	return nil
}

func sameDomain(name string, b *odj.Blob) bool {
	return sameName(name, b.DNSDomain(), b.NetBIOSDomain(), b.Domain())
}

func blobFacts(b *odj.Blob) BlobFacts {
	dc := b.DC()
	return BlobFacts{
		Fingerprint: b.Fingerprint(),
		MachineName: b.MachineName(),
		Domain:      b.DNSDomain(),
		NetBIOSName: b.NetBIOSDomain(),
		DomainSID:   b.DomainSID(),
		DomainGUID:  b.DomainGUID(),
		Forest:      b.Forest(),
		AccountSID:  b.AccountSID(),
		DC:          dc.Name,
		Site:        dc.ClientSite,
	}
}
