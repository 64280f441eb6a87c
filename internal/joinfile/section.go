package joinfile

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// section is what a join block, or the defaults, say: options, and the blocks account and active_directory.
type section struct {
	attributes hcl.Attributes
	blocks     map[options.Name]nested
}

// nested is a block of options in a section.
type nested struct {
	attributes hcl.Attributes
	at         hcl.Range
}

// section reads the body of a block that takes options.
func (l *loader) section(body hcl.Body, s *hcl.BodySchema) section {
	for _, name := range nestedBlocks() {
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: name.String()})
	}
	content, diags := body.Content(withReserved(s, reservedInJoin()))
	l.add(diags)
	l.add(reservedUse(content, reservedInJoin()))
	read := section{attributes: content.Attributes, blocks: map[options.Name]nested{}}
	for _, block := range content.Blocks {
		name := options.Name(block.Type)
		if !slices.Contains(nestedBlocks(), name) {
			continue // reserved, and refused
		}
		if first, taken := read.blocks[name]; taken {
			l.add(wrong(block.DefRange, "Second block", fmt.Sprintf("There is an %s block at line %d already: merge the two.", name,
				first.at.Start.Line)))
			continue
		}
		inner, diags := block.Body.Content(withReserved(schema(argumentsOf(nestedOptions(name, l.folder))), reservedInNested(name)))
		l.add(diags)
		l.add(reservedUse(inner, reservedInNested(name)))
		read.blocks[name] = nested{inner.Attributes, block.DefRange}
	}
	return read
}

func nestedBlocks() []options.Name { return []options.Name{options.Account, options.ActiveDirectory} }

// nestedOptions lists the options of a nested block in the order of the reference.
func nestedOptions(block options.Name, folder string) []option {
	if block == options.Account {
		return accountOptions()
	}
	return directoryOptions(folder)
}

func accountOptions() []option {
	text := func(name options.Name, to func(w *options.AccountWords) *string) option {
		return option{name: name, set: func(j *Join, text string) error {
			*to(&j.account) = text
			return options.CheckWord(name, text)
		}}
	}
	flag := func(name options.Name, to func(w *options.AccountWords) *bool) option {
		return option{name: name, set: func(j *Join, text string) error {
			*to(&j.account) = text == "true"
			return options.CheckWord(name, text)
		}}
	}
	type words = options.AccountWords
	return []option{
		text(options.AccountMachineName, func(w *words) *string { return &w.MachineName }),
		text(options.AccountOU, func(w *words) *string { return &w.OU }),
		text(options.AccountReuse, func(w *words) *string { return &w.Reuse }),
		{name: options.AccountTrustedOwners, list: true, set: func(j *Join, text string) error {
			j.account.TrustedOwners = append(j.account.TrustedOwners, text)
			return nil
		}},
		flag(options.AccountReplaceLive, func(w *words) *bool { return &w.ReplaceLive }),
		text(options.AccountObjectGUID, func(w *words) *string { return &w.ObjectGUID }),
		text(options.AccountDescription, func(w *words) *string { return &w.Description }),
		text(options.AccountPersistentSite, func(w *words) *string { return &w.PersistentSite }),
		text(options.AccountNetBIOSName, func(w *words) *string { return &w.NetBIOSName }),
		text(options.AccountPrimaryDNSDomain, func(w *words) *string { return &w.PrimaryDNSDomain }),
		flag(options.AccountRootCACerts, func(w *words) *bool { return &w.RootCACerts }),
		text(options.AccountOnError, func(w *words) *string { return &w.OnError }),
	}
}

func directoryOptions(folder string) []option {
	text := func(name options.Name, to func(w *options.DirectoryWords) *string) option {
		return option{name: name, set: func(j *Join, text string) error {
			if name.IsPath() {
				text = below(folder, text)
			}
			*to(&j.Directory) = text
			return options.CheckWord(name, text)
		}}
	}
	flag := func(name options.Name, to func(w *options.DirectoryWords) *bool) option {
		return option{name: name, set: func(j *Join, text string) error {
			*to(&j.Directory) = text == "true"
			return options.CheckWord(name, text)
		}}
	}
	type words = options.DirectoryWords
	return []option{
		text(options.ADDomain, func(w *words) *string { return &w.Domain }),
		text(options.ADController, func(w *words) *string { return &w.DC }),
		text(options.ADSite, func(w *words) *string { return &w.Site }),
		text(options.ADUser, func(w *words) *string { return &w.User }),
		text(options.ADPasswordFile, func(w *words) *string { return &w.PasswordFile }),
		text(options.ADKeytab, func(w *words) *string { return &w.Keytab }),
		text(options.ADCCache, func(w *words) *string { return &w.CCache }),
		flag(options.ADCurrentUser, func(w *words) *bool { return &w.CurrentUser }),
		text(options.ADSecurity, func(w *words) *string { return &w.Security }),
		flag(options.ADSimpleBind, func(w *words) *bool { return &w.SimpleBind }),
		text(options.ADCAFile, func(w *words) *string { return &w.CAFile }),
		text(options.ADTimeout, func(w *words) *string { return &w.Timeout }),
	}
}

// isCredential reports whether an option is one of those of which one is taken.
func isCredential(name options.Name) bool {
	return slices.Contains([]options.Name{options.ADPasswordFile, options.ADKeytab, options.ADCCache, options.ADCurrentUser}, name)
}

// usesAccount reports whether a join is made with an account, and not with a blob file: what the block itself has goes before
// the defaults, and either has one of the two.
func (b joinBlock) usesAccount(i instance) (account, right bool) {
	for _, s := range []section{b.own, b.defaults} {
		block, hasAccount := s.blocks[options.Account]
		hasBlob, right := b.says(s.attributes, options.BlobFile, i)
		switch {
		case !right:
			return false, false
		case hasAccount && hasBlob:
			b.add(wrong(block.at, "Both account and blob_file", "A join is made with an account that it makes, or with a blob that is "+
				"there already: remove one of them."))
			return false, false
		case hasAccount || hasBlob:
			return hasAccount, true
		}
	}
	return false, true
}

// says reports whether an option is written, and not null.
func (b joinBlock) says(attributes hcl.Attributes, name options.Name, i instance) (said, right bool) {
	a, said := attributes[name.String()]
	if !said {
		return false, true
	}
	value, right := b.evaluate(a.Expr, i)
	return right && !value.IsNull(), right
}

// askForAccount sets what a join with an account asks for.
func (b joinBlock) askForAccount(j *Join, i instance) bool {
	j.Directory.Getenv = func(name string) string {
		value, _ := b.in.lookup(name)
		return value
	}
	right := true
	for _, name := range nestedBlocks() {
		own, defaults := b.own.blocks[name].attributes, b.defaults.blocks[name].attributes
		ownCredential := slices.ContainsFunc(nestedOptions(name, b.folder), func(o option) bool {
			_, said := own[o.name.String()]
			return said && isCredential(o.name)
		})
		for _, o := range nestedOptions(name, b.folder) {
			from := defaults
			if ownCredential && isCredential(o.name) {
				from = nil // of two, the block's own is taken
			}
			right = b.setOption(j, o, i, own, from) && right
		}
	}
	return right && b.finishAccount(j)
}

// finishAccount takes the machine and its domain from the join where the blocks do not name them, and makes the request.
func (b joinBlock) finishAccount(j *Join) bool {
	at := b.block.DefRange
	for _, name := range nestedBlocks() {
		if block, ok := b.own.blocks[name]; ok {
			at = block.at
			break
		}
	}
	for _, same := range []struct {
		name      options.Name
		join, own *string
	}{
		{options.MachineName, &j.words.MachineName, &j.account.MachineName}, {options.Domain, &j.words.Domain, &j.Directory.Domain},
	} {
		if *same.own == "" {
			*same.own = *same.join
		}
		if *same.join != "" && *same.join != *same.own {
			b.add(wrong(at, "Two names", fmt.Sprintf("In %s: %s is %q in the join and %q in its block: write it once.", j.Address,
				same.name, *same.join, *same.own)))
			return false
		}
	}
	if j.account.MachineName == "" {
		b.add(wrong(at, "Missing option", fmt.Sprintf("%s has no %s: write it in the block or in defaults.", j.Address,
			options.MachineName)))
		return false
	}
	request, err := j.account.Request()
	if err == nil {
		err = j.Directory.Check()
	}
	if err != nil {
		b.add(wrong(at, "Invalid account", fmt.Sprintf("In %s: %s.", j.Address, winerr.MessageOf(err))))
		return false
	}
	j.Account = &request
	return true
}
