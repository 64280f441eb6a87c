package offlinejoin

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// joinedDiskModel is the resource's state, plan or configuration.
type joinedDiskModel struct {
	placeModel
	newDiskModel
	blobModel
	joinModel
	OnDestroy types.String `tfsdk:"on_destroy"`
	diskFacts
}

// The words of on_destroy of a disk.
const (
	destroyDelete = "delete"
	destroyKeep   = "keep"
)

// place returns the new disk, or which of the words are wrong.
func (m *joinedDiskModel) place() (core.Image, error) { return m.placeWords().Image() }

func (m *joinedDiskModel) placeWords() options.PlaceWords {
	words := m.words()
	m.newDiskModel.addTo(&words)
	return words
}

// image returns the new disk. What is wrong with the words is told where they are planned.
func (m *joinedDiskModel) image() core.Image {
	at, _ := m.place()
	return at
}

// made returns the disk by itself, also where the golden image is not known, as after an import.
func (m *joinedDiskModel) made() core.Image {
	at := m.image()
	if at.ImagePath == "" {
		words := m.words()
		words.ImagePath = m.OverlayPath.ValueString() + m.CopyPath.ValueString()
		at, _ = words.Image()
		return at
	}
	at.Location = at.Made()
	return at
}

func (m *joinedDiskModel) placeUnknown() bool {
	return m.placeModel.unknown() || m.newDiskModel.unknown()
}

// movesFrom reports whether the plan is of another disk than the state: all that the attributes replace it for, too.
func (m *joinedDiskModel) movesFrom(state *joinedDiskModel, mine ownership) bool {
	return m.placeUnknown() || elsewhere(m.OverlayPath, state.OverlayPath) || elsewhere(m.CopyPath, state.CopyPath) ||
		m.goldenIsAnother(state) || !mine.samePartition(m.Partition, state.Partition) || backingOf(m.Backing) != backingOf(state.Backing)
}

func (m *joinedDiskModel) goldenIsAnother(state *joinedDiskModel) bool {
	return !state.ImagePath.IsNull() && elsewhere(m.ImagePath, state.ImagePath)
}

// refuseContents refuses contents in place of paths, for what only became known when Terraform applies.
func (m *joinedDiskModel) refuseContents(diags *diag.Diagnostics) {
	refuseContent(options.ImagePath, m.ImagePath, diags)
	refuseContent(options.CompletionProgram, m.CompletionProgram, diags)
	m.newDiskModel.refuseContents(diags)
	m.blobModel.refuseContents(diags)
}
