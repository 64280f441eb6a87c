package offlinejoin

import (
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/version"
)

// request makes the request to the core from a configuration whose templates are rendered. The caller wipes
// Request.Blob. The warning is about the blob file, and mostly empty.
func (c Config) request() (req core.Request, warning string, err error) {
	req = core.Request{
		WindowsPath: c.WindowsPath,
		BlobName:    options.Blob.Name(),
		Expect:      core.Expect{MachineName: c.Expect.MachineName, Domain: c.Expect.Domain},
		StagedBy:    "packer-plugin-offlinejoin/" + version.String(),
	}
	if req.Method, err = options.Method(c.Method); err != nil {
		return core.Request{}, "", err
	}
	if req.OnExisting, err = options.OnExisting(c.OnExisting); err != nil {
		return core.Request{}, "", err
	}
	if c.BlobFile == "" {
		req.Blob = []byte(c.Blob)
		return req, "", nil
	}
	req.BlobName = c.BlobFile
	req.Blob, warning, err = options.ReadBlobFile(c.BlobFile, c.IdentityFile)
	if err != nil {
		return core.Request{}, "", err
	}
	return req, warning, nil
}
