package joinfile

import (
	"maps"
	"path"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// documented is a function with its line in the reference.
type documented struct {
	function.Function
	doc string
}

// functions returns what expressions can call, by name. hide gets every value of the environment that env() returns.
func functions(folder string, in Inputs, hide func(string)) map[string]function.Function {
	out := map[string]function.Function{}
	for name, f := range documentedFunctions(folder, in, hide) {
		out[name] = f.Function
	}
	return out
}

func documentedFunctions(folder string, in Inputs, hide func(string)) map[string]documented {
	all := map[string]documented{
		"file": {fileFunction(folder), "The text of a file, at most 1 MiB of UTF-8. Not for blobs: name those in " +
			"`blob_file`."},
		"fileset": {filesetFunction(folder), "The files below a folder that match a pattern with `*`, `?`, `[…]` and `**`."},
		"env":     {envFunction(in, hide), "A variable of the environment; the second argument is for when it is not set."},
	}
	for _, more := range []map[string]documented{
		textFunctions(), numberFunctions(), collectionFunctions(), typeFunctions(),
	} {
		maps.Copy(all, more)
	}
	return all
}

func textFunctions() map[string]documented {
	return map[string]documented{
		"basename":      {pathFunction(path.Base), "The last part of a path with slashes."},
		"chomp":         {stdlib.ChompFunc, "A string without line breaks at its end."},
		"dirname":       {pathFunction(path.Dir), "A path with slashes without its last part."},
		"format":        {narrow(stdlib.FormatFunc), "A string made by a pattern: `format(\"web%02d\", 7)` is `web07`."},
		"formatdate":    {stdlib.FormatDateFunc, "A time in another form: `formatdate(\"YYYY-MM-DD\", …)`."},
		"formatlist":    {narrow(stdlib.FormatListFunc), "`format` for every element of lists."},
		"indent":        {shallow(stdlib.IndentFunc), "A string whose lines but the first begin with that many blanks."},
		"join":          {stdlib.JoinFunc, "The strings of a list with a separator between them."},
		"jsondecode":    {stdlib.JSONDecodeFunc, "The value that a JSON text means."},
		"jsonencode":    {stdlib.JSONEncodeFunc, "A value as JSON text."},
		"csvdecode":     {stdlib.CSVDecodeFunc, "The rows of a CSV text as objects; the first row has the names."},
		"lower":         {stdlib.LowerFunc, "A string in lower case."},
		"regex":         {stdlib.RegexFunc, "What a pattern (RE2) finds first in a string."},
		"regex_replace": {stdlib.RegexReplaceFunc, "A string with all that a pattern finds replaced."},
		"regexall":      {stdlib.RegexAllFunc, "All that a pattern finds in a string."},
		"replace":       {stdlib.ReplaceFunc, "A string with all occurrences of another replaced."},
		"split":         {stdlib.SplitFunc, "The parts of a string between separators."},
		"strlen":        {stdlib.StrlenFunc, "The number of characters of a string."},
		"strrev":        {stdlib.ReverseFunc, "A string from back to front."},
		"substr":        {stdlib.SubstrFunc, "A part of a string: from where, and how long."},
		"timeadd":       {stdlib.TimeAddFunc, "A time later by a duration, such as `\"24h\"`."},
		"title":         {stdlib.TitleFunc, "A string with each word's first letter in upper case."},
		"trim":          {stdlib.TrimFunc, "A string without any of the given characters at its ends."},
		"trimprefix":    {stdlib.TrimPrefixFunc, "A string without the given beginning."},
		"trimspace":     {stdlib.TrimSpaceFunc, "A string without blanks at its ends."},
		"trimsuffix":    {stdlib.TrimSuffixFunc, "A string without the given end."},
		"upper":         {stdlib.UpperFunc, "A string in upper case."},
	}
}

func numberFunctions() map[string]documented {
	return map[string]documented{
		"abs":      {stdlib.AbsoluteFunc, "A number without its sign."},
		"ceil":     {stdlib.CeilFunc, "The next whole number up."},
		"floor":    {stdlib.FloorFunc, "The next whole number down."},
		"int":      {stdlib.IntFunc, "A number without its fraction."},
		"log":      {stdlib.LogFunc, "The logarithm of a number to a base."},
		"max":      {stdlib.MaxFunc, "The greatest of numbers."},
		"min":      {stdlib.MinFunc, "The least of numbers."},
		"parseint": {stdlib.ParseIntFunc, "The whole number that a string spells in a base."},
		"pow":      {stdlib.PowFunc, "A number to the power of another."},
		"range":    {stdlib.RangeFunc, "A list of numbers in steps, at most 1024 of them."},
		"signum":   {stdlib.SignumFunc, "-1, 0 or 1 by a number's sign."},
	}
}

func collectionFunctions() map[string]documented {
	return map[string]documented{
		"chunklist":       {stdlib.ChunklistFunc, "A list cut into lists of a given length."},
		"coalesce":        {stdlib.CoalesceFunc, "The first argument that is not null."},
		"coalescelist":    {stdlib.CoalesceListFunc, "The first list that is not empty."},
		"compact":         {stdlib.CompactFunc, "A list of strings without the empty ones."},
		"concat":          {stdlib.ConcatFunc, "Lists one after the other."},
		"contains":        {stdlib.ContainsFunc, "Whether a list or set has a value."},
		"distinct":        {stdlib.DistinctFunc, "A list without repetitions."},
		"element":         {stdlib.ElementFunc, "An element of a list by its number, counted around."},
		"flatten":         {stdlib.FlattenFunc, "A list of lists as one list."},
		"keys":            {stdlib.KeysFunc, "The keys of a map, sorted."},
		"length":          {stdlib.LengthFunc, "The number of elements of a collection."},
		"lookup":          {stdlib.LookupFunc, "A map's element by its key, or a default."},
		"merge":           {stdlib.MergeFunc, "Maps in one; later ones win."},
		"reverse":         {stdlib.ReverseListFunc, "A list from back to front."},
		"setintersection": {stdlib.SetIntersectionFunc, "What all of several sets have."},
		"setproduct":      {stdlib.SetProductFunc, "All combinations of elements of sets or lists."},
		"setsubtract":     {stdlib.SetSubtractFunc, "What the first set has and the second has not."},
		"setunion":        {stdlib.SetUnionFunc, "What any of several sets has."},
		"slice":           {stdlib.SliceFunc, "A part of a list: from where, and to before where."},
		"sort":            {stdlib.SortFunc, "A list of strings, sorted."},
		"values":          {stdlib.ValuesFunc, "The values of a map, in the order of its keys."},
		"zipmap":          {stdlib.ZipmapFunc, "A map of a list of keys and a list of values."},
	}
}

func typeFunctions() map[string]documented {
	return map[string]documented{
		"can":      {tryfunc.CanFunc, "Whether an expression has a value, rather than an error."},
		"tobool":   {stdlib.MakeToFunc(cty.Bool), "A value as a bool."},
		"tolist":   {stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "A value as a list."},
		"tomap":    {stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "A value as a map."},
		"tonumber": {stdlib.MakeToFunc(cty.Number), "A value as a number."},
		"toset":    {stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "A value as a set, without repetitions or order."},
		"tostring": {stdlib.MakeToFunc(cty.String), "A value as a string."},
		"try":      {tryfunc.TryFunc, "The first of expressions that has a value, rather than an error."},
	}
}

// pathFunction makes a function of one on paths.
func pathFunction(of func(string) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(of(args[0].AsString())), nil
		},
	})
}
