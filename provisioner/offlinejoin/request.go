package offlinejoin

import (
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// request makes the request to the core of options whose templates are rendered; the place of the image is still to be
// filled in. The caller wipes Request.Blob. The warning is about the blob file, and mostly empty.
func (o JoinOptions) request() (req core.Request, warning string, err error) {
	req = core.Request{
		Expect:      core.Expect{MachineName: o.Expect.MachineName, Domain: o.Expect.Domain},
		StagedBy:    "packer-plugin-offlinejoin/" + version.String(),
		LedgerFile:  o.LedgerFile,
		ReuseReason: o.ReuseReason,
		Backup:      o.Backup,

		CompletionProgram: o.CompletionProgram,
	}
	if req.Method, err = options.Method(o.Method); err != nil {
		return core.Request{}, "", err
	}
	if req.OnExisting, err = options.OnExisting(o.OnExisting); err != nil {
		return core.Request{}, "", err
	}
	if req.Reuse, err = options.ReuseOf(o.Reuse, o.ReuseReason); err != nil {
		return core.Request{}, "", err
	}
	if req.LockTimeout, err = options.Wait(o.LockTimeout); err != nil {
		return core.Request{}, "", err
	}
	req.Blob, req.BlobName, warning, err = readBlob(o.BlobFile, o.IdentityFile, o.Blob)
	if err != nil {
		return core.Request{}, "", err
	}
	return req, warning, nil
}

// readBlob returns the blob of a file, or else the text that was given, and how messages call it. The caller wipes it.
func readBlob(file, identity, text string) (blob []byte, name, warning string, err error) {
	if file == "" {
		return []byte(text), options.Blob.Name(), "", nil
	}
	blob, warning, err = options.ReadBlobFile(file, identity)
	return blob, file, warning, err
}
