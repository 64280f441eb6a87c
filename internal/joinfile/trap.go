package joinfile

import "github.com/hashicorp/hcl/v2"

// trap is a name that people who know Packer or Terraform write, with what to write here.
type trap struct {
	name, summary, detail string
	block                 bool
}

func variableTraps() []trap {
	return []trap{
		{name: "sensitive", summary: "No secrets in variables", detail: "A join file needs no secret, and shows what it " +
			"holds: name the blob's file in blob_file, and leave sensitive out."},
		{name: "validation", block: true, summary: "No validation here", detail: "A variable has a type, a default and a " +
			"description. What a blob must be for is checked by machine_name and domain of the join."},
	}
}

func joinTraps() []trap {
	const noSecret = "A blob is a machine password, and a join file is shown and kept: write the blob to a file that " +
		"only you can read, and name it in blob_file."
	return []trap{
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

// withTraps lets a schema accept the traps, so that they can be told of in their own words.
func withTraps(s *hcl.BodySchema, traps []trap) *hcl.BodySchema {
	for _, t := range traps {
		if t.block {
			s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: t.name})
			continue
		}
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: t.name})
	}
	return s
}

// sprung returns a diagnostic for every trap that was stepped into.
func sprung(content *hcl.BodyContent, traps []trap) (diags hcl.Diagnostics) {
	for _, t := range traps {
		if a, ok := content.Attributes[t.name]; ok {
			diags = append(diags, wrong(a.NameRange, t.summary, t.detail)...)
		}
		for _, b := range content.Blocks.OfType(t.name) {
			diags = append(diags, wrong(b.DefRange, t.summary, t.detail)...)
		}
	}
	return diags
}
