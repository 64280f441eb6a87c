package offlinejoin

import (
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// request makes the request to the core of options whose templates are rendered; the place of the image is still to be
// filled in. The caller wipes Request.Blob. The warning is about the blob file, and mostly empty.
func (o JoinOptions) request() (req core.Request, warning string, err error) {
	if req, err = o.withoutBlob(); err != nil {
		return core.Request{}, "", err
	}
	req.Blob, warning, err = openBlob(o.BlobFile, o.IdentityFile, o.Blob)
	return req, warning, err
}

// withoutBlob is request without the blob, for a join that makes its account.
func (o JoinOptions) withoutBlob() (req core.Request, err error) {
	words := options.JoinWords{
		MachineName: o.Expect.MachineName, Domain: o.Expect.Domain,
		Method: o.Method, OnExisting: o.OnExisting, CompletionProgram: o.CompletionProgram, Backup: o.Backup,
		LedgerFile: o.LedgerFile, Ledger: o.Ledger, Reuse: o.Reuse, ReuseReason: o.ReuseReason, LockTimeout: o.LockTimeout,
		SecretExposure: o.SecretExposure,
	}
	req, err = words.Request()
	req.StagedBy = "packer-plugin-offlinejoin/" + version.String()
	return req, err
}

// openBlob reads and parses the blob of a file, or else the text that was given. The caller wipes it.
func openBlob(file, identity, text string) (blob *core.Blob, warning string, err error) {
	if file == "" {
		blob, err = core.ReadBlob([]byte(text), options.Blob.String())
		return blob, "", err
	}
	return options.OpenBlobFile(file, identity)
}
