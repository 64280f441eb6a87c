package joinfile

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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
	fmt.Fprintf(b, `
## Files

A join file ends in %[1]s (HCL's own syntax) or %[2]s (its JSON syntax). A command takes one file, or a folder,
whose join files are read in the order of their names and count as one. Relative paths, in options and in functions, start
at the folder of the join files.
`, "`"+Ending+"`", "`"+EndingJSON+"`")
}

func referenceBlocks(b *strings.Builder) {
	fmt.Fprintf(b, "\n## `%s \"NAME\" { … }`\n\nDeclares a value that can be given from outside. Refer to it as `var.NAME`.\n\n",
		blockVariable)
	table(b, variableArguments())
	fmt.Fprintf(b, "\nA value is taken, later ones winning, from the default, from the environment (`%sNAME`), and from\n"+
		"`--var NAME=VALUE` and `--var-file FILE` in the order in which they are given. Where the type is a list or a map, the\n"+
		"value from `--var` or the environment is an HCL expression, such as `[\"a\", \"b\"]`.\n", environmentPrefix)
	fmt.Fprintf(b, "\n## `%s { … }`\n\nNames values. Refer to them as `local.NAME`; they may refer to variables and to each other, in "+
		"any order\nbut not in a circle.\n", blockLocals)
	fmt.Fprintf(b, "\n## `%s { … }`\n\nHolds any of the options of a join, for those joins that do not say otherwise. It may use "+
		"`each` and `count`, as\nif it were written in each join. There is at most one in all files together.\n", blockDefaults)
	fmt.Fprintf(b, "\n## `%s \"NAME\" { … }`\n\nDeclares one join, or several of a kind. Its address is `join.NAME`, "+
		"`join.NAME[\"KEY\"]` or `join.NAME[0]`.\n\n", blockJoin)
	table(b, repeatArguments())
	b.WriteString("\nThe options of a join. An option that is null counts as not written, also in place of a default.\n\n")
	table(b, optionArguments(""))
}

func table(b *strings.Builder, arguments []argument) {
	b.WriteString("| name | value | |\n|---|---|---|\n")
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
	all := documentedFunctions("", Inputs{})
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(b, "| `%s(%s)` | %s |\n", name, parameters(all[name]), all[name].doc)
	}
	b.WriteString("\nExpressions are HCL's: strings with `${…}`, arithmetic, comparisons, `a ? b : c`, `[for x in list : …]`,\n" +
		"`{ for k, v in map : k => … }`, and splats.\n")
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
	fmt.Fprintf(b, `
## Bounds

A file has at most %d MiB, a folder at most %d join files, and all blocks together make at most %d joins. Expressions
that ask for more than %d MiB or %v are given up.
`, MaxFile>>20, MaxFiles, MaxJoins, evaluationMemory>>20, evaluationTime)
}
