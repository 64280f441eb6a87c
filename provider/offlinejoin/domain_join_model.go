package offlinejoin

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// domainJoinModel is the resource's state, plan or configuration.
type domainJoinModel struct {
	WindowsPath types.String `tfsdk:"windows_path"`
	placeModel
	newDiskModel
	joinModel
	Account          types.Object `tfsdk:"account"`
	OnDestroy        types.String `tfsdk:"on_destroy"`
	AccountOnDestroy types.String `tfsdk:"account_on_destroy"`
	DeleteLive       types.Bool   `tfsdk:"delete_live"`
	diskFacts
	accountFactsModel
}

// place returns where the image is, or the new disk, or which of the words are wrong.
func (m *domainJoinModel) place() (core.Image, error) { return m.placeWords().Image() }

func (m *domainJoinModel) placeWords() options.PlaceWords {
	words := m.words()
	words.WindowsPath = m.WindowsPath.ValueString()
	m.newDiskModel.addTo(&words)
	return words
}

// image is place, for a state. What is wrong with the words is told where they are planned.
func (m *domainJoinModel) image() core.Image {
	at, _ := m.place()
	return at
}

// made returns the image by itself, a disk that was made as what it is now.
func (m *domainJoinModel) made() core.Image {
	at := m.image()
	if m.makesDisk() && at.ImagePath == "" { // the golden image is not known, as after an import
		words := m.words()
		words.ImagePath = m.OverlayPath.ValueString() + m.CopyPath.ValueString()
		at, _ = words.Image()
		return at
	}
	at.Location = at.Made()
	return at
}

// makesDisk reports whether the image is a disk that is made for the join.
func (m *domainJoinModel) makesDisk() bool { return !m.OverlayPath.IsNull() || !m.CopyPath.IsNull() }

func (m *domainJoinModel) placeUnknown() bool {
	return m.WindowsPath.IsUnknown() || m.placeModel.unknown() || m.newDiskModel.unknown()
}

// movesFrom reports whether the plan is of another image than the state: all that the attributes replace it for, too.
func (m *domainJoinModel) movesFrom(state *domainJoinModel, mine ownership) bool {
	return m.placeUnknown() || elsewhere(m.WindowsPath, state.WindowsPath) || elsewhere(m.OverlayPath, state.OverlayPath) ||
		elsewhere(m.CopyPath, state.CopyPath) || elsewhere(m.ImagePath, state.ImagePath) ||
		!mine.samePartition(m.Partition, state.Partition) || backingOf(m.Backing) != backingOf(state.Backing)
}

// setOnDestroy gives on_destroy its default, and refuses a word that is of the other kind of image.
func (m *domainJoinModel) setOnDestroy(config *domainJoinModel, diags *diag.Diagnostics) {
	word := options.OnDestroy
	if m.makesDisk() {
		word = options.OnDestroyDisk
	}
	if config.OnDestroy.IsNull() {
		m.OnDestroy = types.StringValue(word.Default())
	}
	if m.OnDestroy.IsUnknown() || slices.Contains(word.Allowed(), m.OnDestroy.ValueString()) {
		return
	}
	what := "an image that is changed in place takes unstage, abandon or fail"
	if m.makesDisk() {
		what = "a disk that is made takes delete_unused, delete or keep"
	}
	diags.AddAttributeError(path.Root(options.OnDestroy.String()), "Word of another image",
		"on_destroy is "+m.OnDestroy.String()+", and "+what+".")
}

// refuseContents refuses contents in place of paths, for what only became known when Terraform applies.
func (m *domainJoinModel) refuseContents(diags *diag.Diagnostics) {
	refuseContent(options.WindowsPath, m.WindowsPath, diags)
	refuseContent(options.ImagePath, m.ImagePath, diags)
	refuseContent(options.CompletionProgram, m.CompletionProgram, diags)
	m.newDiskModel.refuseContents(diags)
}

// setUnknown leaves what staging changes to the apply.
func (m *domainJoinModel) setUnknown(config *domainJoinModel) {
	m.joinModel.setUnknown(&config.joinModel)
	m.accountFactsModel.setUnknown()
	if m.makesDisk() {
		m.diskFacts.setUnknown()
	} else {
		m.diskFacts = noDisk()
	}
}

// keep carries over what the prior state has.
func (m *domainJoinModel) keep(prior, config *domainJoinModel) {
	m.joinModel.keep(&prior.joinModel, &config.joinModel)
	m.diskFacts, m.accountFactsModel = prior.diskFacts, prior.accountFactsModel
	m.ID = prior.ID
}

// noDisk are the facts of an image that was not made as a disk.
func noDisk() diskFacts {
	return diskFacts{Path: types.StringNull(), Format: types.StringNull(), VirtualSize: types.Int64Null(), BackingPath: types.StringNull()}
}

// settle gives what is still unknown no value.
func (m *domainJoinModel) settle() {
	for _, fact := range append(m.facts(), &m.DN, &m.PasswordLastSet, &m.ObjectGUID, &m.AccountStatus) {
		if fact.IsUnknown() {
			*fact = types.StringNull()
		}
	}
}

// ends returns what the run knows of the account of a state: also what becomes of it when the resource goes.
func (m *domainJoinModel) ends(record accountRecord) accountRecord {
	record.Stays = record.stays(m.AccountOnDestroy, m.AccountStatus, m.DeleteLive)
	record.Abandons = m.OnDestroy.ValueString() == destroyAbandon
	return record
}
