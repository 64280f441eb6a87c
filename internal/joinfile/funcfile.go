package joinfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// fileFunction is file(path): a text file's content, relative to the folder of the join files.
func fileFunction(folder string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if err := options.NotContent("file()", args[0].AsString()); err != nil {
				return cty.NilVal, function.NewArgError(0, errors.New(winerr.MessageOf(err)))
			}
			name := below(folder, args[0].AsString())
			text, err := readText(name)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, errors.New(strings.TrimSuffix(cause(name, err), ".")))
			}
			return cty.StringVal(string(text)), nil
		},
	})
}

// filesetFunction is fileset(folder, pattern): the paths below a folder that match, relative to that folder.
func filesetFunction(base string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "folder", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if err := options.NotContent("fileset()", args[0].AsString()); err != nil {
				return cty.NilVal, function.NewArgError(0, errors.New(winerr.MessageOf(err)))
			}
			pattern := strings.Split(path.Clean(filepath.ToSlash(args[1].AsString())), "/")
			if _, err := path.Match(args[1].AsString(), ""); err != nil {
				return cty.NilVal, function.NewArgErrorf(1, "the pattern has a [ without its ]")
			}
			root := below(base, args[0].AsString())
			names, err := filesBelow(root, pattern)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, errors.New(strings.TrimSuffix(cause(root, err), ".")))
			}
			if len(names) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(names), nil
		},
	})
}

// filesBelow walks a folder, and looks into those folders only that can hold a match. Links are not followed.
func filesBelow(root string, pattern []string) (names []cty.Value, err error) {
	seen := 0
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxWalked {
			return fmt.Errorf("it holds more than %d files and folders", maxWalked)
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		parts := strings.Split(filepath.ToSlash(relative), "/")
		switch {
		case relative == ".":
		case d.IsDir() && !leadsToMatch(pattern, parts):
			return fs.SkipDir
		case !d.IsDir() && matches(pattern, parts):
			names = append(names, cty.StringVal(filepath.ToSlash(relative)))
		}
		return nil
	})
	return names, err
}

// matches reports whether the parts of a path match those of a pattern; ** stands for any number of folders.
func matches(pattern, parts []string) bool {
	// reached[i] tells that what has been seen of the pattern can match the first i parts.
	reached := make([]bool, len(parts)+1)
	reached[0] = true
	for _, one := range pattern {
		next := make([]bool, len(parts)+1)
		for i := range next {
			if one == "**" {
				next[i] = reached[i] || i > 0 && next[i-1]
				continue
			}
			next[i] = i > 0 && reached[i-1] && matchesPart(one, parts[i-1])
		}
		reached = next
	}
	return reached[len(parts)]
}

// leadsToMatch reports whether a folder can hold a path that matches.
func leadsToMatch(pattern, parts []string) bool {
	for i, part := range parts {
		if i >= len(pattern) {
			return false
		}
		if pattern[i] == "**" {
			return true
		}
		if !matchesPart(pattern[i], part) {
			return false
		}
	}
	return len(parts) < len(pattern)
}

func matchesPart(pattern, part string) bool {
	ok, err := path.Match(pattern, part)
	return err == nil && ok
}

// environmentMark marks what was made of a value of the environment. HCL carries it along through expressions.
type environmentMark struct{}

// envFunction is env(name) or env(name, fallback). What it returns is never shown: it may be a secret.
func envFunction(in Inputs, hide func(string)) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "fallback", Type: cty.String, AllowNull: true},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if value, ok := in.lookup(args[0].AsString()); ok {
				hide(value)
				return cty.StringVal(value).Mark(environmentMark{}), nil
			}
			if len(args) == 1 {
				return cty.NilVal, function.NewArgErrorf(0, "the environment has no variable %s: set it, or write a second "+
					"argument to take instead", args[0].AsString())
			}
			return args[1], nil
		},
	})
}

// below returns a path relative to a folder, and an absolute path as it is.
func below(folder, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(folder, name)
}
