package offlinejoin

import (
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// stagedJoinModel is the resource's state, plan or configuration.
type stagedJoinModel struct {
	WindowsPath   types.String `tfsdk:"windows_path"`
	BlobFile      types.String `tfsdk:"blob_file"`
	IdentityFile  types.String `tfsdk:"identity_file"`
	BlobWO        types.String `tfsdk:"blob_wo"` // in the configuration only
	BlobWOVersion types.Int64  `tfsdk:"blob_wo_version"`
	MachineName   types.String `tfsdk:"machine_name"`
	Domain        types.String `tfsdk:"domain"`
	Method        types.String `tfsdk:"method"`
	OnExisting    types.String `tfsdk:"on_existing"`

	ID               types.String `tfsdk:"id"`
	Fingerprint      types.String `tfsdk:"fingerprint"`
	Status           types.String `tfsdk:"status"`
	NetBIOSDomain    types.String `tfsdk:"netbios_domain"`
	DomainSID        types.String `tfsdk:"domain_sid"`
	DomainGUID       types.String `tfsdk:"domain_guid"`
	DomainController types.String `tfsdk:"domain_controller"`
	Site             types.String `tfsdk:"site"`
	WindowsProduct   types.String `tfsdk:"windows_product"`
	WindowsBuild     types.String `tfsdk:"windows_build"`
	Architecture     types.String `tfsdk:"architecture"`
	StagedAt         types.String `tfsdk:"staged_at"`
}

// cleanPath returns the absolute path of an image's Windows directory, which is the resource's id.
func cleanPath(windowsPath string) string {
	absolute, err := filepath.Abs(windowsPath)
	if err != nil { // the working directory is gone
		return filepath.Clean(windowsPath)
	}
	return absolute
}

// state returns the last known status of the image.
func (m *stagedJoinModel) state() core.State { return core.State(m.Status.ValueString()) }

// expect returns what a configuration says the blob must be for; what is not known yet is not expected.
func (m *stagedJoinModel) expect() core.Expect {
	return core.Expect{MachineName: m.MachineName.ValueString(), Domain: m.Domain.ValueString()}
}

// computed are the attributes that nobody can set, except id.
func (m *stagedJoinModel) computed() []*types.String {
	return []*types.String{
		&m.Fingerprint, &m.Status, &m.NetBIOSDomain, &m.DomainSID, &m.DomainGUID, &m.DomainController, &m.Site,
		&m.WindowsProduct, &m.WindowsBuild, &m.Architecture, &m.StagedAt,
	}
}

// facts are the attributes that come from the blob or the image unless the configuration gives them.
func (m *stagedJoinModel) facts() []*types.String {
	return append(m.computed(), &m.MachineName, &m.Domain)
}

// setUnknown leaves everything that staging may change to the apply.
func (m *stagedJoinModel) setUnknown(config *stagedJoinModel) {
	for _, value := range m.computed() {
		*value = types.StringUnknown()
	}
	if config.MachineName.IsNull() {
		m.MachineName = types.StringUnknown()
	}
	if config.Domain.IsNull() {
		m.Domain = types.StringUnknown()
	}
}

// keep carries the facts over that the prior state knows. What it does not know stays as Terraform planned it.
func (m *stagedJoinModel) keep(prior, config *stagedJoinModel) {
	before := prior.facts()
	given := config.facts()
	for i, value := range m.facts() {
		if given[i].IsNull() && !before[i].IsNull() {
			*value = *before[i]
		}
	}
}

// fill gives every fact that is still unknown its value: of the blob when the image has its join, and of the image.
func (m *stagedJoinModel) fill(blob core.BlobFacts, status core.Status) {
	if blob.Fingerprint != status.Fingerprint {
		blob = core.BlobFacts{MachineName: status.MachineName, Domain: status.Domain}
	}
	for value, text := range map[*types.String]string{
		&m.Fingerprint:      status.Fingerprint,
		&m.Status:           string(status.State),
		&m.StagedAt:         status.StagedAt,
		&m.MachineName:      blob.MachineName,
		&m.Domain:           blob.Domain,
		&m.NetBIOSDomain:    blob.NetBIOSName,
		&m.DomainSID:        blob.DomainSID,
		&m.DomainGUID:       blob.DomainGUID,
		&m.DomainController: blob.DC,
		&m.Site:             blob.Site,
		&m.WindowsProduct:   status.Image.ProductName,
		&m.WindowsBuild:     status.Image.Build,
		&m.Architecture:     status.Image.Architecture,
	} {
		if value.IsUnknown() {
			*value = stringOrNull(text)
		}
	}
}

// refresh takes over what the image says now. The blob's facts stay while the image has the same join.
func (m *stagedJoinModel) refresh(status core.Status) {
	m.Status = stringOrNull(string(status.State))
	m.StagedAt = stringOrNull(status.StagedAt)
	m.WindowsProduct = stringOrNull(status.Image.ProductName)
	m.WindowsBuild = stringOrNull(status.Image.Build)
	m.Architecture = stringOrNull(status.Image.Architecture)
	if now := stringOrNull(status.Fingerprint); !m.Fingerprint.Equal(now) {
		m.Fingerprint = now
		m.MachineName = stringOrNull(status.MachineName)
		m.Domain = stringOrNull(status.Domain)
		for _, value := range []*types.String{
			&m.NetBIOSDomain, &m.DomainSID, &m.DomainGUID, &m.DomainController, &m.Site,
		} {
			*value = types.StringNull()
		}
	}
}

func stringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
