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

// blobState is whether a plan can see the blob.
type blobState int

const (
	blobUnknown blobState = iota // Terraform will know it when it applies, or it was refused with a diagnostic
	blobMissing                  // its file, or the identity that opens it, does not exist (anymore, or yet)
	blobKnown
)

// givenBlob is the blob of a configuration. Whoever got it wipes it.
type givenBlob struct {
	*core.Blob           // nil unless blobKnown
	name       string    // how messages call it
	missing    string    // with blobMissing: a sentence that says what is missing, without its code
	at         path.Path // the attribute that is to blame for it
	state      blobState
}

// blob reads and parses the blob that a configuration gives; identityFile is the provider's. It adds a warning for a file
// that others can read, and an error for a file that cannot be read or is no blob; that a file does not exist shows in the
// result alone.
func (m *blobModel) blob(identityFile string, diags *diag.Diagnostics) givenBlob {
	if m.BlobFile.IsUnknown() || m.BlobWO.IsUnknown() || m.IdentityFile.IsUnknown() {
		return givenBlob{}
	}
	if !m.BlobWO.IsNull() {
		given := givenBlob{name: options.BlobWO.String(), at: path.Root(options.BlobWO.String())}
		given.parse([]byte(m.BlobWO.ValueString()), diags)
		return given
	}
	if m.BlobFile.IsNull() { // as an ephemeral blob is null whose file is gone
		return givenBlob{
			name: options.BlobWO.String(), at: path.Root(options.BlobWO.String()), state: blobMissing,
			missing: options.BlobWO.String() + " is null: there is no blob to stage",
		}
	}
	given := givenBlob{name: m.BlobFile.ValueString(), at: path.Root(options.BlobFile.String())}
	content, warning, err := options.ReadBlobFile(given.name, cmp.Or(m.IdentityFile.ValueString(), identityFile))
	if e, _ := errors.AsType[*winerr.Error](err); e != nil && options.IsMissing(err) {
		given.missing, given.state = e.Message, blobMissing
		return given
	}
	if err != nil {
		diags.AddAttributeError(given.at, "Blob file not readable", err.Error())
		return given
	}
	if warning != "" {
		diags.AddAttributeWarning(given.at, "Blob file open to others", warning)
	}
	given.parse(content, diags)
	return given
}

// howToRead says, where the text of a blob cannot be used, which of Terraform's functions reads the file that djoin writes: file()
// refuses its UTF-16 (tried with Terraform 1.11).
const howToRead = `. In Terraform filebase64("web01.djoin") gives the text of a file that djoin has saved; file() cannot read its UTF-16.`

// parse takes content over.
func (b *givenBlob) parse(content []byte, diags *diag.Diagnostics) {
	var err error
	if b.Blob, err = core.ReadBlob(content, b.name); err != nil {
		text := err.Error()
		if b.at.Equal(path.Root(options.BlobWO.String())) {
			text += howToRead
		}
		diags.AddAttributeError(b.at, "Blob not usable", text)
		return
	}
	b.state = blobKnown
}

// masked returns a context whose logs show no form of the blob's secret.
func (b givenBlob) masked(ctx context.Context) context.Context {
	if b.Blob == nil {
		return ctx
	}
	return tflog.MaskLogStrings(ctx, b.SecretForms()...)
}

// there reports whether the blob is known, as it must be when Terraform applies.
func (b givenBlob) there(diags *diag.Diagnostics) bool {
	if b.state == blobMissing {
		diags.AddAttributeError(b.at, "Blob file missing", b.missing+".")
	}
	return b.state == blobKnown
}

// warnOfMissing reports in a plan a blob that is not there yet.
func (b givenBlob) warnOfMissing(diags *diag.Diagnostics) {
	if b.state == blobMissing {
		diags.AddAttributeWarning(b.at, "Blob not checked yet",
			"The blob could not be checked now, and must be readable when Terraform applies: "+b.missing+".")
	}
}

// check compares a known blob with what is expected, with a diagnostic at the attribute to blame.
func (b givenBlob) check(expect core.Expect, diags *diag.Diagnostics) (core.BlobFacts, bool) {
	good := true
	for _, one := range []struct {
		name   options.Name
		expect core.Expect
	}{
		{options.MachineName, core.Expect{MachineName: expect.MachineName}},
		{options.Domain, core.Expect{Domain: expect.Domain}},
	} {
		if err := b.Check(one.expect); err != nil {
			diags.AddAttributeError(path.Root(one.name.String()), "Expectation not met", err.Error())
			good = false
		}
	}
	return b.Facts(), good
}

// missingBlob returns what is missing to read a blob file, in a sentence without its code: the file, or the identity that
// opens it. It returns "" when the file can be read, and when that fails for another reason.
func missingBlob(file, identityFile string) string {
	content, _, err := options.ReadBlobFile(file, identityFile)
	clear(content)
	if e, _ := errors.AsType[*winerr.Error](err); e != nil && options.IsMissing(err) {
		return e.Message
	}
	return ""
}

// openBlobFile reads a blob that must be there. The caller wipes it.
func openBlobFile(file, identityFile string, at path.Path, diags *diag.Diagnostics) (*core.Blob, bool) {
	content, warning, err := options.ReadBlobFile(file, identityFile)
	if err != nil {
		diags.AddAttributeError(at, "Blob file not readable", err.Error())
		return nil, false
	}
	if warning != "" {
		diags.AddAttributeWarning(at, "Blob file open to others", warning)
	}
	blob, err := core.ReadBlob(content, file)
	if err != nil {
		diags.AddAttributeError(at, "Blob not usable", err.Error())
		return nil, false
	}
	return blob, true
}
