// Package joinfile reads joins that are declared in HCL: one file *.join.hcl or *.join.hcl.json, or a folder of them.
//
//	variable "images" { default = "/srv/images" }
//
//	defaults { domain = "corp.example.com" }
//
//	join "web" {
//	  for_each     = toset(["web01", "web02"])
//	  windows_path = "${var.images}/${each.key}/Windows"
//	  blob_file    = "secrets/${each.key}.djoin"
//	  machine_name = upper(each.key)
//	}
//
// [Load] goes one way: the files are found and read (source.go), parsed and sorted by block (blocks.go), variables get
// their values (variable.go, input.go), locals theirs in the order of their references (locals.go), and each join block
// is expanded by for_each or count and evaluated with the defaults (join.go, option.go). The result is a [Fleet]: its
// joins hold a core request each, whole but for the blob, which is read when the join is carried out.
//
// The words of a join are those of package options. A join file holds no secret, for the blob has no word here, only
// its file. What people write nevertheless is kept out of messages: a diagnostic shows the line that it is about with
// long runs of base64 masked, and never the value of a variable (mask.go).
//
// Input is bounded: size and number of files, nesting, the number of joins, and the time and memory that evaluation
// takes (bounds.go). Every mistake is a diagnostic with file, line, source and what to write.
package joinfile
