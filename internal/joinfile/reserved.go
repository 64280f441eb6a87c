package joinfile

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// reserved is a name that people who know Packer or Terraform write, and that means nothing here, with what to write
// instead.
type reserved struct {
	name, summary, detail string
	block                 bool
}

func reservedInVariable() []reserved {
	return []reserved{
		{name: "sensitive", summary: "No secrets in variables", detail: "A join file needs no secret, and shows what it " +
			"holds: name the blob's file in blob_file, and leave sensitive out."},
		{name: "validation", block: true, summary: "No validation here", detail: "A variable has a type, a default and a " +
			"description. What a blob must be for is checked by machine_name and domain of the join."},
	}
}

func reservedInJoin() []reserved {
	const noSecret = "A blob is a machine password, and a join file is shown and kept: write the blob to a file that " +
		"only you can read, and name it in blob_file."
	return []reserved{
		{name: "blob", summary: "No blob in a join file", detail: noSecret},
		{name: "blob_wo", summary: "No blob in a join file", detail: noSecret},
		{name: "expect", block: true, summary: "No expect block here", detail: "Write machine_name and domain as " +
			"arguments of the join, as Terraform has them."},
		{name: "dry_run", summary: "No dry_run in a join file", detail: "`offlinejoin plan` makes every check and writes " +
			"nothing; `offlinejoin apply` writes."},
		{name: "source", summary: "No source here", detail: "A join names its image in windows_path and its blob in " +
			"blob_file."},
		{name: "depends_on", summary: "No order among joins", detail: "Joins are independent of each other and run side by " +
			"side: remove depends_on."},
	}
}

func reservedInNested(block options.Name) []reserved {
	if block == options.Account {
		return []reserved{{name: "domain", summary: "No domain in account", detail: "Write domain in active_directory, or as an " +
			"argument of the join."}, {name: "windows_path", summary: "No image in account", detail: "The image is an argument of the " +
			"join: write windows_path beside the block."}}
	}
	return []reserved{{name: "password", summary: "No password in a join file", detail: "A join file is shown and kept: name a file " +
		"that only you can read in password_file, or a keytab or ccache, or set " + options.ADPassword.Variable() + "."}}
}

// withReserved lets a schema accept reserved names, so that each is refused in words of its own; see reservedUse.
func withReserved(s *hcl.BodySchema, names []reserved) *hcl.BodySchema {
	for _, r := range names {
		if r.block {
			s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: r.name})
			continue
		}
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: r.name})
	}
	return s
}

// reservedUse returns a diagnostic for every use of a reserved name.
func reservedUse(content *hcl.BodyContent, names []reserved) (diags hcl.Diagnostics) {
	for _, r := range names {
		if a, ok := content.Attributes[r.name]; ok {
			diags = append(diags, wrong(a.NameRange, r.summary, r.detail)...)
		}
		for _, b := range content.Blocks.OfType(r.name) {
			diags = append(diags, wrong(b.DefRange, r.summary, r.detail)...)
		}
	}
	return diags
}
