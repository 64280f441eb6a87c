package offlinejoin

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// stagedJoinModel is the resource's state, plan or configuration.
type stagedJoinModel struct {
	WindowsPath types.String `tfsdk:"windows_path"`
	placeModel
	JournalDir types.String `tfsdk:"journal_dir"`
	blobModel
	joinModel
	OnExisting     types.String `tfsdk:"on_existing"`
	OnDestroy      types.String `tfsdk:"on_destroy"`
	AfterFirstBoot types.String `tfsdk:"after_first_boot"`
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

// image returns where the image is. What is wrong with the words is told where they are planned.
func (m *stagedJoinModel) image() core.Image {
	at, _ := m.place()
	return at
}

// place returns where the image is, or which of the words are wrong.
func (m *stagedJoinModel) place() (core.Image, error) { return m.placeWords().Image() }

// placeWords are the words of the place, as the user wrote them.
func (m *stagedJoinModel) placeWords() options.PlaceWords {
	words := m.words()
	words.WindowsPath, words.JournalDir = m.WindowsPath.ValueString(), m.JournalDir.ValueString()
	return words
}

// movesFrom reports whether the plan is of another image than the state.
func (m *stagedJoinModel) movesFrom(state *stagedJoinModel, mine ownership) bool {
	return m.placeUnknown() || elsewhere(m.WindowsPath, state.WindowsPath) || elsewhere(m.ImagePath, state.ImagePath) ||
		!mine.samePartition(m.Partition, state.Partition)
}

// placeUnknown reports whether Terraform will know only when it applies where the image is.
func (m *stagedJoinModel) placeUnknown() bool {
	return m.WindowsPath.IsUnknown() || m.JournalDir.IsUnknown() || m.unknown()
}

func stringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
