package answerfile

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Names of answer files (documented: "Unattended Windows Setup Reference").
const (
	namespace = "urn:schemas-microsoft-com:unattend"

	passSpecialize = "specialize"
	passOOBE       = "oobeSystem"

	componentJoin  = "Microsoft-Windows-UnattendedJoin"
	componentShell = "Microsoft-Windows-Shell-Setup"

	// The other identity attributes that every component of Windows has.
	publicKeyToken = "31bf3856ad364e35"
	language       = "neutral"
	versionScope   = "nonSxS"
)

// Elements and attributes.
const (
	tagUnattend  = "unattend"
	tagSettings  = "settings"
	tagComponent = "component"

	tagIdentification = "Identification"
	tagOffline        = "OfflineIdentification"
	tagProvisioning   = "Provisioning"
	tagAccountData    = "AccountData"
	tagComputerName   = "ComputerName"
	tagAutoLogon      = "AutoLogon"

	attrPass         = "pass"
	attrName         = "name"
	attrArchitecture = "processorArchitecture"
	attrToken        = "publicKeyToken"
	attrLanguage     = "language"
	attrScope        = "versionScope"
	// attrProcessed is what Windows adds to a pass of its cached file that it has been through (observed in public copies
	// of cached files).
	attrProcessed = "wasPassProcessed"
)

// erasedMark is what Windows writes in place of sensitive text of its cached file (observed).
const erasedMark = "*SENSITIVE*DATA*DELETED*"

// otherJoins are the children of Identification that ask for a membership in another way (documented).
var otherJoins = [...]string{
	"Credentials", "JoinDomain", "JoinWorkgroup", "MachineObjectOU", "MachinePassword", "UnsecureJoin",
}

// secretTags are elements whose text is masked before anything but the byte edit sees it.
var secretTags = [...]string{
	tagAccountData, "Password", "MachinePassword", "AdministratorPassword", "Value",
	"PlainText",
}

// architectures are the values of processorArchitecture that a component of this kind can have.
var architectures = [...]string{"amd64", "arm64", "x86"}

// children returns the child elements of that name in the namespace of answer files.
func children(e *etree.Element, tag string) []*etree.Element {
	if e == nil {
		return nil
	}
	return slices.DeleteFunc(e.ChildElements(), func(c *etree.Element) bool {
		return c.Tag != tag || c.NamespaceURI() != namespace
	})
}

// only returns the one child element of that name, nil when there is none.
func only(e *etree.Element, tag string) (*etree.Element, error) {
	found := children(e, tag)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the element %s %d times in one place, and which one Setup takes is not "+
			"documented: keep one of them", tag, len(found))
}

// pass returns the settings of a configuration pass, nil when there are none.
func (d *document) pass(name string) (*etree.Element, error) {
	found := d.passes(name)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the pass %s %d times, and which one Setup takes is not documented: make "+
			"one of them", name, len(found))
}

func (d *document) passes(name string) []*etree.Element {
	return slices.DeleteFunc(children(d.root, tagSettings), func(e *etree.Element) bool {
		return attr(e, attrPass) != name
	})
}

// attr returns an attribute without prefix.
func attr(e *etree.Element, key string) string {
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value
		}
	}
	return ""
}

// component returns the settings of one component for an architecture, nil when there are none. Names are compared
// without case, as the names of Windows' components are (inferred).
func component(settings *etree.Element, name, arch string) (*etree.Element, error) {
	found := slices.DeleteFunc(components(settings, name), func(e *etree.Element) bool {
		return !strings.EqualFold(attr(e, attrArchitecture), arch)
	})
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], checkIdentity(found[0], name)
	}
	return nil, refuse(winerr.InvalidParameter,
		"has the component %s for %s %d times in its pass %s, and which one Setup "+
			"takes is not documented: make one of them", name, arch, len(found), passSpecialize)
}

func components(settings *etree.Element, name string) []*etree.Element {
	return slices.DeleteFunc(children(settings, tagComponent), func(e *etree.Element) bool {
		return !strings.EqualFold(attr(e, attrName), name)
	})
}

// checkIdentity refuses a component that only has the name of Windows' own: Setup would not find it.
func checkIdentity(e *etree.Element, name string) error {
	for _, a := range identity() {
		if !strings.EqualFold(attr(e, a.Key), a.Value) {
			return refuse(winerr.InvalidParameter, "has a component %s with another %s than Windows' own, %q: correct it and "+
				"stage again", name, a.Key, a.Value)
		}
	}
	return nil
}

// identity is what the identities of all components have in common.
func identity() []etree.Attr {
	return []etree.Attr{
		{Key: attrToken, Value: publicKeyToken}, {Key: attrLanguage, Value: language}, {Key: attrScope, Value: versionScope},
	}
}

// content returns the text of an element without what is around it. Comments and CDATA are seen through.
func content(e *etree.Element) string {
	var b strings.Builder
	for _, c := range e.Child {
		if data, ok := c.(*etree.CharData); ok {
			b.WriteString(data.Data)
		}
	}
	return strings.Trim(b.String(), blanks)
}

func processed(settings *etree.Element) bool {
	return settings != nil && strings.EqualFold(attr(settings, attrProcessed), "true")
}

func below(e *etree.Element, tag string) []*etree.Element {
	var out []*etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == namespace {
			out = append(out, c)
		}
		out = append(out, below(c, tag)...)
	}
	return out
}

// accountData returns all elements AccountData, wherever they are.
func (d *document) accountData() []*etree.Element { return below(d.root, tagAccountData) }
