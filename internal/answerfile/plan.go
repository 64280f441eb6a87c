package answerfile

import (
	"slices"
	"strings"
	"unicode"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Edit is a planned change of an answer file.
type Edit struct {
	// Content is the new file; nil when nothing is to be written. SECRET
	Content []byte
	// Changes tell people what changes; secrets appear as their length.
	Changes []Change
	// Warnings do not stand in the way.
	Warnings []string
	// Undo takes the change back; see [Remove].
	Undo Undo
}

// Unchanged tells that the file asks for this very join already.
func (e *Edit) Unchanged() bool { return e.Content == nil }

// Wipe forgets the new content.
func (e *Edit) Wipe() { clear(e.Content) }

// The kinds of change.
const (
	Add    = "add"
	Modify = "modify"
	Delete = "remove"
)

// Change is one thing that changes in an answer file.
type Change struct {
	Kind          string // Add, Modify, Delete
	Where         string // `specialize\Microsoft-Windows-UnattendedJoin`
	Name          string // of the element
	Before, After string // empty: was not there, is not there any more
}

// Plan merges a join into an answer file. content is the file's bytes; nil or blanks only make a complete new file. The
// result differs from content only by what Changes tell, byte for byte.
func Plan(content []byte, j Join, o Options) (*Edit, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	from := content
	blank := isEmpty(content)
	if blank {
		from = skeleton()
	}
	d, err := parse(from)
	if err != nil {
		return nil, of(o.name(), err)
	}
	defer d.wipe()
	p := &planner{document: d, join: j, options: o}
	if err := p.plan(); err != nil {
		return nil, of(o.name(), err)
	}
	edit := &Edit{Changes: p.changes, Warnings: p.warnings}
	if len(p.splices) == 0 {
		return edit, nil
	}
	if err := p.carryOut(edit, content, blank); err != nil {
		edit.Wipe()
		return nil, of(o.name(), err)
	}
	return edit, nil
}

// New makes a complete minimal answer file for a join. SECRET
func New(j Join) ([]byte, error) {
	edit, err := Plan(nil, j, Options{Name: "the new answer file"})
	if err != nil {
		return nil, err
	}
	return edit.Content, nil
}

// skeleton is an answer file that asks for nothing.
func skeleton() []byte {
	return []byte("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<unattend xmlns=\"" + namespace +
		"\">\r\n</unattend>\r\n")
}

// isEmpty reports whether a file holds nothing but a byte order mark and blanks.
func isEmpty(content []byte) bool {
	const most = 4 << 10 // of blanks; more is not taken for emptiness
	if len(content) > most {
		return false
	}
	text, _, err := decode(content)
	return err == nil && len(trimBlank(text)) == 0
}

// planner collects what to do to a document.
type planner struct {
	*document
	join     Join
	options  Options
	splices  []splice
	model    []func() // the same changes for the tree
	changes  []Change
	warnings []string
	made     []string // names of what is added, for Undo
	replaced []string // what is taken away, for Undo
}

func (p *planner) plan() error {
	settings, err := p.pass(passSpecialize)
	if err != nil {
		return err
	}
	if processed(settings) {
		return usedUp()
	}
	shell, err := component(settings, componentShell, p.join.Architecture)
	if err != nil {
		return err
	}
	join, err := component(settings, componentJoin, p.join.Architecture)
	if err != nil {
		return err
	}
	var added []*etree.Element // components
	parent := settings
	if parent == nil {
		parent = p.root
	}
	name, err := p.planName(shell, parent)
	if err != nil {
		return err
	}
	account, err := p.planJoin(join, parent)
	if err != nil {
		return err
	}
	for _, c := range []*etree.Element{name, account} {
		if c != nil {
			added = append(added, c)
		}
	}
	p.addComponents(settings, added)
	p.warnOfArchitecture(settings, join)
	p.warnOfAutoLogon()
	return nil
}

func usedUp() error {
	return refuse(winerr.NotSupported,
		`was used by Windows Setup already: its pass %s is marked as processed, and is not processed again. Put an `+
			`answer file of your own at Windows\Panther\Unattend\Unattend.xml, which Setup looks at before its cached `+
			`one, or remove this one, and stage again`, passSpecialize)
}

// addComponents puts components that are new into the pass, and the pass into the file where there is none.
func (p *planner) addComponents(settings *etree.Element, added []*etree.Element) {
	switch {
	case len(added) == 0:
	case settings != nil:
		p.add(settings, added...)
	default:
		settings = element(p.root, tagSettings, "")
		settings.CreateAttr(attrPass, passSpecialize)
		for _, c := range added {
			settings.AddChild(c)
		}
		p.made = append(p.made, tagSettings)
		p.add(p.root, settings)
	}
}

// planName sets or checks the computer name. It returns the component when that is new.
func (p *planner) planName(shell, parent *etree.Element) (*etree.Element, error) {
	where, name := passSpecialize+`\`+componentShell, p.join.MachineName
	if shell == nil {
		shell = p.newComponent(parent, componentShell)
		shell.AddChild(element(shell, tagComputerName, name))
		p.made = append(p.made, componentShell, tagComputerName)
		p.change(Add, where, tagComputerName, "", name)
		return shell, nil
	}
	e, err := only(shell, tagComputerName)
	if err != nil {
		return nil, err
	}
	if e == nil {
		p.add(shell, element(shell, tagComputerName, name))
		p.made = append(p.made, tagComputerName)
		p.change(Add, where, tagComputerName, "", name)
		return nil, nil
	}
	switch old := content(e); {
	case strings.EqualFold(old, name):
	case old == "":
		p.setText(e, name)
		p.change(Modify, where, tagComputerName, "", name)
	case !p.options.Replace:
		return nil, otherName(old, name)
	default:
		p.setText(e, name)
		p.replaced = append(p.replaced, "its "+tagComputerName)
		p.change(Modify, where, tagComputerName, printable(old), name)
	}
	return nil, nil
}

func otherName(old, name string) error {
	if old == "*" {
		return refuse(winerr.CantVerifyHostname,
			"asks for a random %s (*), but the blob joins %s only: set it to %s there, or "+
				"allow to replace it", tagComputerName, name, name)
	}
	return refuse(winerr.CantVerifyHostname,
		"gives the machine the name %s, but the blob joins %s only: use the blob made for "+
			"that name, set %s to %s there, or allow to replace it", printable(old), name, tagComputerName, name)
}

// printable shortens text of a file for messages, and makes it harmless there.
func printable(text string) string {
	const longest = 64
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func (p *planner) change(kind, where, name, before, after string) {
	p.changes = append(p.changes, Change{Kind: kind, Where: where, Name: name, Before: before, After: after})
}

// add, setText and drop plan one change, for the bytes and for the tree.

func (p *planner) add(parent *etree.Element, added ...*etree.Element) {
	p.splices = append(p.splices, p.graft(parent, added))
	p.model = append(p.model, func() {
		alike := children(parent, added[0].Tag)
		for i, e := range added {
			if len(alike) > 0 {
				parent.InsertChildAt(p.behind(alike[len(alike)-1])+i, e)
			} else {
				parent.AddChild(e)
			}
		}
	})
}

func (p *planner) setText(e *etree.Element, text string) {
	p.splices = append(p.splices, p.refill(e, text))
	p.model = append(p.model, func() {
		for len(e.Child) > 0 {
			e.RemoveChildAt(0)
		}
		e.SetText(text)
	})
}

func (p *planner) drop(e *etree.Element) {
	p.splices = append(p.splices, p.prune(e))
	p.model = append(p.model, func() { e.Parent().RemoveChild(e) })
}

// element makes an element with the same prefix as its parent will have, and so in its namespace.
func element(parent *etree.Element, tag, text string) *etree.Element {
	e := etree.NewElement(tag)
	e.Space = parent.Space
	if text != "" {
		e.SetText(text)
	}
	return e
}

func (p *planner) newComponent(parent *etree.Element, name string) *etree.Element {
	e := element(parent, tagComponent, "")
	e.CreateAttr(attrName, name)
	e.CreateAttr(attrArchitecture, p.join.Architecture)
	e.Attr = slices.Concat(e.Attr, identity())
	return e
}
