package joinfile

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Reference writes the grammar of join files in Markdown, from the tables that [Load] reads by.
func Reference(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Join files: reference\n\nGenerated from the code by `make generate`. The guide is " +
		"[Declare joins in HCL](join-files.md).\n")
	referenceFiles(&b)
	referenceBlocks(&b)
	referenceFunctions(&b)
	referenceBounds(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func referenceFiles(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Files\n\n"+
		"A join file ends in `%s` (HCL's own syntax) or `%s` (its JSON syntax). A command takes one file, or a folder, "+
		"whose join files are read in the order of their names and count as one. Relative paths, in options and in "+
		"functions, start at the folder of the join files.\n", Ending, EndingJSON)
}

func referenceBlocks(b *strings.Builder) {
	heading(b, blockVariable+` "NAME"`, "Declares a value that can be given from outside. Refer to it as `var.NAME`.")
	table(b, variableArguments())
	fmt.Fprintf(b, "\nA value is taken, later ones winning, from the default, from the environment (`%sNAME`), and from "+
		"`--var NAME=VALUE` and `--var-file FILE` in the order in which they are given. Where the type is a list or a "+
		"map, the value from `--var` or the environment is an HCL expression, such as `[\"a\", \"b\"]`.\n",
		environmentPrefix)
	heading(b, blockLocals, "Names values. Refer to them as `local.NAME`; they may refer to variables and to each other, in "+
		"any order but not in a circle.")
	heading(b, blockDefaults, "Holds any of the options of a join, for those joins that do not say otherwise. It may use "+
		"`each` and `count`, as if it were written in each join. There is at most one in all files together.")
	heading(b, blockJoin+` "NAME"`, "Declares one join, or several of a kind. Its address is `join.NAME`, "+
		"`join.NAME[\"KEY\"]` or `join.NAME[0]`.")
	table(b, repeatArguments())
	b.WriteString("\nThe options of a join. An option that is null counts as not written, also in place of a default.\n")
	table(b, optionArguments(""))
	b.WriteString("\nA join has a `blob_file` or an `account`, one of them; what the block itself has goes before the defaults.\n")
	heading(b, options.Account.String(), options.Account.Doc()+" In a join or in the defaults, where each option of the join's own "+
		"block goes before that of the defaults. `machine_name` may as well be written as an argument of the join.")
	table(b, argumentsOf(nestedOptions(options.Account, "")))
	heading(b, options.ActiveDirectory.String(), options.ActiveDirectory.Doc()+" In a join or in the defaults, in the same way; a "+
		"credential of the join's own block replaces that of the defaults. `domain` may as well be written as an argument of the "+
		"join. All joins that reach a domain in one way share one session. There is no `password` here.")
	table(b, argumentsOf(nestedOptions(options.ActiveDirectory, "")))
}

// heading begins the part about a block.
func heading(b *strings.Builder, block, text string) {
	fmt.Fprintf(b, "\n## `%s { … }`\n\n%s\n", block, text)
}

func table(b *strings.Builder, arguments []argument) {
	b.WriteString("\n| name | value | |\n|---|---|---|\n")
	for _, a := range arguments {
		text := a.doc
		if a.required {
			text = "Required. " + text
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", a.name, a.kind, strings.ReplaceAll(text, "|", `\|`))
	}
}

func referenceFunctions(b *strings.Builder) {
	b.WriteString("\n## Functions\n\n| name | result |\n|---|---|\n")
	all := documentedFunctions("", Inputs{}, nil)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(b, "| `%s(%s)` | %s |\n", name, parameters(all[name]), all[name].doc)
	}
	b.WriteString("\nExpressions are HCL's: strings with `${…}`, arithmetic, comparisons, `a ? b : c`, " +
		"`[for x in list : …]`, `{ for k, v in map : k => … }`, and splats.\n")
}

func parameters(f documented) string {
	var names []string
	for _, p := range f.Params() {
		names = append(names, p.Name)
	}
	if more := f.VarParam(); more != nil {
		names = append(names, more.Name+"…")
	}
	return strings.Join(names, ", ")
}

func referenceBounds(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Bounds\n\nA file has at most %d MiB, a folder at most %d join files, and all blocks together make at "+
		"most %d joins. Expressions that ask for more than %d MiB or %v are given up.\n",
		MaxFile>>20, MaxFiles, MaxJoins, evaluationMemory>>20, evaluationTime)
}
