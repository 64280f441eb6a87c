package offlinejoin

import (
	"cmp"
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// knowledge tells how much of the blob can be seen.
type knowledge int

const (
	blobUnknown knowledge = iota // Terraform will know it when it applies, or it was refused with a diagnostic
	blobAway                     // its file, or the identity that opens it, does not exist (any more, or yet)
	blobKnown
)

// givenBlob is the blob of a configuration. Its bytes are secret; whoever got it wipes them.
type givenBlob struct {
	bytes []byte
	name  string    // how messages call it
	away  string    // with blobAway: a sentence that says what is missing, without its code
	at    path.Path // the attribute that is to blame for it
	knowledge
}

// blob reads the blob that a configuration gives; identityFile is the provider's. It adds a warning for a file that
// others can read, and an error for a file that cannot be read; that a file does not exist is told by the result alone.
func (m *stagedJoinModel) blob(identityFile string, diags *diag.Diagnostics) givenBlob {
	if m.BlobFile.IsUnknown() || m.BlobWO.IsUnknown() || m.IdentityFile.IsUnknown() {
		return givenBlob{}
	}
	if !m.BlobWO.IsNull() {
		return givenBlob{
			bytes: []byte(m.BlobWO.ValueString()), name: options.BlobWO.Name(),
			at: path.Root(options.BlobWO.Name()), knowledge: blobKnown,
		}
	}
	given := givenBlob{name: m.BlobFile.ValueString(), at: path.Root(options.BlobFile.Name())}
	blob, warning, err := options.ReadBlobFile(given.name, cmp.Or(m.IdentityFile.ValueString(), identityFile))
	if e, _ := errors.AsType[*winerr.Error](err); e != nil && options.Away(err) {
		given.away, given.knowledge = e.Message, blobAway
		return given
	}
	if err != nil {
		diags.AddAttributeError(given.at, "Blob file not readable", err.Error())
		return given
	}
	if warning != "" {
		diags.AddAttributeWarning(given.at, "Blob file open to others", warning)
	}
	given.bytes, given.knowledge = blob, blobKnown
	return given
}

// readBlobFile reads a blob that must be there, and what it is for. The caller wipes the bytes.
func readBlobFile(
	file, identityFile string, at path.Path, diags *diag.Diagnostics,
) (blob []byte, facts core.BlobFacts, ok bool) {
	blob, warning, err := options.ReadBlobFile(file, identityFile)
	if err != nil {
		diags.AddAttributeError(at, "Blob file not readable", err.Error())
		return nil, core.BlobFacts{}, false
	}
	if warning != "" {
		diags.AddAttributeWarning(at, "Blob file open to others", warning)
	}
	if facts, err = core.InspectBlob(blob, file); err != nil {
		clear(blob)
		diags.AddAttributeError(at, "Blob not usable", err.Error())
		return nil, core.BlobFacts{}, false
	}
	return blob, facts, true
}

// masked returns a context whose logs show no spelling of the blob.
func masked(ctx context.Context, blob []byte) context.Context {
	return tflog.MaskLogStrings(ctx, options.Spellings(blob)...)
}

// check parses a known blob and compares it with what is expected, each with a diagnostic at the attribute to blame.
func (b givenBlob) check(expect core.Expect, diags *diag.Diagnostics) (core.BlobFacts, bool) {
	facts, err := core.InspectBlob(b.bytes, b.name)
	if err != nil {
		diags.AddAttributeError(b.at, "Blob not usable", err.Error())
		return core.BlobFacts{}, false
	}
	good := true
	for _, one := range []struct {
		word   options.Word
		expect core.Expect
	}{
		{options.MachineName, core.Expect{MachineName: expect.MachineName}},
		{options.Domain, core.Expect{Domain: expect.Domain}},
	} {
		_, err := core.CheckBlob(core.Request{Blob: b.bytes, BlobName: b.name, Expect: one.expect})
		if err != nil {
			diags.AddAttributeError(path.Root(one.word.Name()), "Expectation not met", err.Error())
			good = false
		}
	}
	return facts, good
}
