package answerfile

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Join is what an answer file is to ask for.
type Join struct {
	// AccountData is the blob as standard base64 without any blank, the text of the element of that name. SECRET
	AccountData []byte
	// MachineName is the computer name in the blob, as the answer file must have it.
	MachineName string
	// Architecture is that of the image: amd64, arm64 or x86.
	Architecture string
}

// Options are the user's decisions.
type Options struct {
	// Replace allows to take away what contradicts the join: another computer name or join in the same pass.
	Replace bool
	// Client tells that the image is a client edition of Windows.
	Client bool
	// Name is what messages call the file, such as its path; empty: "the answer file".
	Name string
}

func (o Options) name() string {
	if o.Name == "" {
		return "the answer file"
	}
	return o.Name
}

// check refuses what would not be a usable answer file, whatever it is merged into.
func (j Join) check() error {
	switch {
	case !slices.Contains(architectures[:], j.Architecture):
		return winerr.Errorf(winerr.TargetVersionUnsupported,
			"an answer file needs the processor architecture of the image, one "+
				"of %s; this one's is unknown: use an image of one of them", strings.Join(architectures[:], ", "))
	case !plainName(j.MachineName):
		return winerr.Errorf(winerr.InvalidMachineNameForJoin,
			"the machine name of the blob cannot be a computer name: make a "+
				"blob for another name")
	}
	if len(j.AccountData) == 0 || len(j.AccountData) > MaxSize/2 {
		return notAccountData()
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(j.AccountData)))
	defer clear(decoded)
	// The decoder skips line breaks, which Setup does not.
	if _, err := base64.StdEncoding.Strict().Decode(decoded, j.AccountData); err != nil ||
		slices.ContainsFunc(j.AccountData, isBlank) {
		return notAccountData()
	}
	return nil
}

func notAccountData() error {
	return winerr.Errorf(winerr.InvalidParameter, "AccountData is not plain base64 in one line: pass the blob as djoin "+
		"/printblob prints it")
}

// plainName accepts what can be text of an element as it is; which computer names Windows takes is for others to judge.
func plainName(name string) bool {
	const longest = 63
	return name != "" && len(name) <= longest && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7F || r&0xFFFE == 0xFFFE })
}

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
	if err := p.checkPasses(); err != nil {
		return err
	}
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
	if err := p.planOffline(); err != nil {
		return err
	}
	p.warnOfArchitecture(settings)
	p.warnOfPasses()
	p.warnOfTwins()
	p.warnOfCommands()
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
