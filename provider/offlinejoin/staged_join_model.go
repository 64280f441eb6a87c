package offlinejoin

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// stagedJoinModel is the resource's state, plan or configuration.
type stagedJoinModel struct {
	WindowsPath       types.String   `tfsdk:"windows_path"`
	BlobFile          types.String   `tfsdk:"blob_file"`
	IdentityFile      types.String   `tfsdk:"identity_file"`
	BlobWO            types.String   `tfsdk:"blob_wo"` // in the configuration only
	BlobWOVersion     types.String   `tfsdk:"blob_wo_version"`
	MachineName       types.String   `tfsdk:"machine_name"`
	Domain            types.String   `tfsdk:"domain"`
	Method            types.String   `tfsdk:"method"`
	OnExisting        types.String   `tfsdk:"on_existing"`
	OnDestroy         types.String   `tfsdk:"on_destroy"`
	AfterFirstBoot    types.String   `tfsdk:"after_first_boot"`
	Reuse             types.String   `tfsdk:"reuse"`
	ReuseReason       types.String   `tfsdk:"reuse_reason"`
	CompletionProgram types.String   `tfsdk:"completion_program"`
	SecretExposure    types.String   `tfsdk:"secret_exposure"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`

	ID types.String `tfsdk:"id"`
	joinFacts
}

// factValue is an attribute with what the blob or the image says for it.
type factValue struct {
	to   *types.String
	text string
}

// ofBlob are the facts that only a blob tells, machine name and domain excepted.
func (f *joinFacts) ofBlob(blob core.BlobFacts) []factValue {
	return read(f, options.BlobFacts(), blob)
}

// ofImage are the facts that an image tells.
func (f *joinFacts) ofImage(status core.Status) []factValue {
	return read(f, options.ImageFacts(), status)
}

// read reads the facts that the resource has of one thing.
func read[T any](f *joinFacts, facts []options.Fact[T], of T) []factValue {
	facts = stagedFacts(facts)
	found := make([]factValue, len(facts))
	for i, fact := range facts {
		found[i] = factValue{f.attribute(fact.Name), fact.Read(of)}
	}
	return found
}

// stagedFacts are those facts of a table that are attributes of the resource.
func stagedFacts[T any](facts []options.Fact[T]) []options.Fact[T] {
	return slices.DeleteFunc(facts, func(fact options.Fact[T]) bool { return !fact.Staged })
}

// all are the attributes of both kinds, the blob's first.
func (f *joinFacts) all() []*types.String {
	var found []*types.String
	for _, fact := range append(f.ofBlob(core.BlobFacts{}), f.ofImage(core.Status{})...) {
		found = append(found, fact.to)
	}
	return found
}

// image returns where the image is.
func (m *stagedJoinModel) image() core.Image { return core.ImageAt(m.WindowsPath.ValueString()) }

// state returns the last known status of the image.
func (m *stagedJoinModel) state() core.State { return core.State(m.Status.ValueString()) }

// expect returns what a configuration says the blob must be for; what is not known yet is not expected.
func (m *stagedJoinModel) expect() core.Expect {
	return core.Expect{MachineName: m.MachineName.ValueString(), Domain: m.Domain.ValueString()}
}

// isFor reports whether the join that a state knows is for the machine that is expected.
func (m *stagedJoinModel) isFor(expect core.Expect) bool {
	known := m.MachineName.ValueString()
	return known == "" || expect.MachineName == "" || strings.EqualFold(expect.MachineName, known)
}

// facts are the attributes that come from the blob or the image unless the configuration gives them.
func (m *stagedJoinModel) facts() []*types.String {
	return append(m.all(), &m.MachineName, &m.Domain)
}

// setUnknown leaves everything that staging may change to the apply.
func (m *stagedJoinModel) setUnknown(config *stagedJoinModel) {
	given := config.facts()
	for i, value := range m.facts() {
		if given[i].IsNull() {
			*value = types.StringUnknown()
		}
	}
}

// keep carries the facts over that the prior state knows. What of a blob it does not know, as after an import, stays as
// Terraform planned it: to be filled in when something else of the resource changes.
func (m *stagedJoinModel) keep(prior, config *stagedJoinModel) {
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
func (m *stagedJoinModel) fill(blob core.BlobFacts, status core.Status) {
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
func (m *stagedJoinModel) refresh(status core.Status) {
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

func stringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
