package joinfile

import (
	"fmt"
	"sort"

	"github.com/hashicorp/hcl/v2"
)

// sort takes the blocks of all files apart by their type.
func (l *loader) sort(bodies []hcl.Body) {
	names := map[string]hcl.Range{} // of join blocks
	for _, body := range bodies {
		content, diags := body.Content(fileSchema())
		l.add(diags)
		for _, block := range content.Blocks {
			switch block.Type {
			case blockVariable:
				l.declare(block)
			case blockLocals:
				l.collectLocals(block)
			case blockDefaults:
				l.setDefaults(block)
			case blockJoin:
				l.collectJoin(block, names)
			}
		}
	}
	if len(l.joins) == 0 && !l.diagnostics.HasErrors() {
		l.add(general("Nothing is declared", `There is no join block: write one, such as join "web01" { … }.`))
	}
}

func (l *loader) setDefaults(block *hcl.Block) {
	if l.defaults != nil {
		first := l.defaults.DefRange
		l.add(wrong(block.DefRange, "Second defaults block", fmt.Sprintf("The defaults are set at %s line %d already, and "+
			"hold for all files of a folder: merge the two blocks.", first.Filename, first.Start.Line)))
		return
	}
	l.defaults = block
}

func (l *loader) collectJoin(block *hcl.Block, names map[string]hcl.Range) {
	name, at := block.Labels[0], block.LabelRanges[0]
	if l.add(checkName(blockJoin, name, at)) {
		return
	}
	if first, taken := names[name]; taken {
		l.add(duplicate(blockJoin, name, at, first))
		return
	}
	names[name] = at
	l.joins = append(l.joins, block)
}

// inOrder returns the attributes of a body in the order in which they are written.
func inOrder(attributes hcl.Attributes) []*hcl.Attribute {
	list := make([]*hcl.Attribute, 0, len(attributes))
	for _, a := range attributes {
		list = append(list, a)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].NameRange.Start.Byte < list[j].NameRange.Start.Byte })
	return list
}
