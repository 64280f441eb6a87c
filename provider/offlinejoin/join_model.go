package offlinejoin

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// A resource's model is made of the parts of this file and of place_model.go; staged_join_schema.go and place_schema.go have
// their attributes.

// blobModel is which blob.
type blobModel struct {
	BlobFile      types.String `tfsdk:"blob_file"`
	IdentityFile  types.String `tfsdk:"identity_file"`
	BlobWO        types.String `tfsdk:"blob_wo"` // in the configuration only
	BlobWOVersion types.String `tfsdk:"blob_wo_version"`
}

// joinModel is what every resource that stages a join has, wherever the join is made from and goes to.
type joinModel struct {
	MachineName       types.String   `tfsdk:"machine_name"`
	Domain            types.String   `tfsdk:"domain"`
	Method            types.String   `tfsdk:"method"`
	Reuse             types.String   `tfsdk:"reuse"`
	ReuseReason       types.String   `tfsdk:"reuse_reason"`
	CompletionProgram types.String   `tfsdk:"completion_program"`
	SecretExposure    types.String   `tfsdk:"secret_exposure"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`

	ID types.String `tfsdk:"id"`
	joinFacts
}

// refuseContents refuses contents in place of paths.
func (m *blobModel) refuseContents(diags *diag.Diagnostics) {
	refuseContent(options.BlobFile, m.BlobFile, diags)
	refuseContent(options.IdentityFile, m.IdentityFile, diags)
}

// state returns the last known status of the image.
func (m *joinModel) state() core.State { return core.State(m.Status.ValueString()) }

// expect returns what a configuration says the blob must be for; what is not known yet is not expected.
func (m *joinModel) expect() core.Expect {
	return core.Expect{MachineName: m.MachineName.ValueString(), Domain: m.Domain.ValueString()}
}

// isFor reports whether the join that a state knows is for the machine that is expected.
func (m *joinModel) isFor(expect core.Expect) bool {
	known := m.MachineName.ValueString()
	return known == "" || expect.MachineName == "" || strings.EqualFold(expect.MachineName, known)
}

// facts are the attributes that come from the blob or the image unless the configuration gives them.
func (m *joinModel) facts() []*types.String {
	return append(m.all(), &m.MachineName, &m.Domain)
}

// setUnknown leaves everything that staging may change to the apply.
func (m *joinModel) setUnknown(config *joinModel) {
	given := config.facts()
	for i, value := range m.facts() {
		if given[i].IsNull() {
			*value = types.StringUnknown()
		}
	}
}

// keep carries the facts over that the prior state knows. What of a blob it does not know, as after an import, stays as
// Terraform planned it: to be filled in when something else of the resource changes.
func (m *joinModel) keep(prior, config *joinModel) {
	before := prior.facts()
	given := config.facts()
	blobs := len(m.ofBlob(core.BlobFacts{}))
	for i, value := range m.facts() {
		if given[i].IsNull() && (i >= blobs || !before[i].IsNull()) {
			*value = *before[i]
		}
	}
}

// fill gives every fact that is still unknown its value: of the blob when the image has its join, and of the image.
func (m *joinModel) fill(blob core.BlobFacts, status core.Status) {
	if blob.Fingerprint != status.Fingerprint {
		blob = core.BlobFacts{MachineName: status.MachineName, Domain: status.Domain}
	}
	known := append(m.ofBlob(blob), m.ofImage(status)...)
	for _, fact := range append(known, factValue{&m.MachineName, blob.MachineName}, factValue{&m.Domain, blob.Domain}) {
		if fact.to.IsUnknown() {
			*fact.to = stringOrNull(fact.text)
		}
	}
}

// refresh takes over what the image says now. The blob's facts stay while the image has the same join, and when it has
// none any more: they tell which join is missing.
func (m *joinModel) refresh(status core.Status) {
	before := m.Fingerprint
	for _, fact := range m.ofImage(status) {
		*fact.to = stringOrNull(fact.text)
	}
	if status.Fingerprint == "" || m.Fingerprint.Equal(before) {
		return
	}
	m.MachineName, m.Domain = stringOrNull(status.MachineName), stringOrNull(status.Domain)
	for _, fact := range m.ofBlob(core.BlobFacts{}) {
		*fact.to = types.StringNull()
	}
}

// openChoice reports whether an option that the core would need is not known while planning.
func (m *joinModel) openChoice() bool {
	return m.Method.IsUnknown() || m.Reuse.IsUnknown() || m.ReuseReason.IsUnknown() || m.CompletionProgram.IsUnknown() ||
		m.SecretExposure.IsUnknown()
}
