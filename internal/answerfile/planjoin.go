package answerfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

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
		return nil, nil
	case old == "":
	case anyName.MatchString(old):
		p.replaced = append(p.replaced, "its "+tagComputerName)
		p.warnings = append(p.warnings, fmt.Sprintf("%s was %q, which is no particular name: it becomes %s, which the blob joins",
			tagComputerName, plaintext.Line(old, plaintext.Name), name))
	case !p.options.Replace:
		return nil, otherName(old, name)
	default:
		p.replaced = append(p.replaced, "its "+tagComputerName)
	}
	p.setText(e, name)
	p.change(Modify, where, tagComputerName, plaintext.Line(content(e), plaintext.Name), name)
	return nil, nil
}

// orReplace is the way out that the user's option gives, in the words of HCL; see [options.AsFlags] for the command line.
const orReplace = `or set on_existing = "replace"`

func otherName(old, name string) error {
	return refuse(winerr.CantVerifyHostname,
		"gives the machine the name %s, but the blob joins %s only: use the blob made for "+
			"that name, set %s to %s there, %s", plaintext.Line(old, plaintext.Name), name, tagComputerName, name, orReplace)
}

const whereJoin = passSpecialize + `\` + componentJoin + `\` + tagIdentification

// planJoin sets or checks the account data, and takes away other joins. It returns the component when that is new.
func (p *planner) planJoin(join, parent *etree.Element) (*etree.Element, error) {
	if join == nil {
		join = p.newComponent(parent, componentJoin)
		p.made = append(p.made, componentJoin)
		join.AddChild(p.newChain(join, tagIdentification, tagProvisioning, tagAccountData))
		p.addsAccountData()
		return join, nil
	}
	identification, err := only(join, tagIdentification)
	if err != nil {
		return nil, err
	}
	if identification == nil {
		p.add(join, p.newChain(join, tagIdentification, tagProvisioning, tagAccountData))
		p.addsAccountData()
		return nil, nil
	}
	if err := p.dropOthers(identification); err != nil {
		return nil, err
	}
	return nil, p.planProvisioning(identification)
}

func (p *planner) planProvisioning(identification *etree.Element) error {
	provisioning, err := only(identification, tagProvisioning)
	if err != nil {
		return err
	}
	if provisioning == nil {
		p.add(identification, p.newChain(identification, tagProvisioning, tagAccountData))
		p.addsAccountData()
		return nil
	}
	account, err := only(provisioning, tagAccountData)
	if err != nil {
		return err
	}
	if account == nil {
		p.add(provisioning, p.newChain(provisioning, tagAccountData))
		p.addsAccountData()
		return nil
	}
	return p.planAccountData(account)
}

func (p *planner) planAccountData(account *etree.Element) error {
	if p.spans[account].parent {
		return refuse(winerr.InvalidParameter, "has elements in %s, where only text belongs: correct it and stage again",
			tagAccountData)
	}
	old := p.secretText(account)
	defer clear(old)
	raw := p.text[p.spans[account].inner:p.spans[account].innerEnd]
	switch {
	case bytes.Equal(raw, p.join.AccountData):
		return nil
	case string(old) == erasedMark:
		return usedUp()
	case len(old) == 0, bytes.Equal(old, p.join.AccountData):
		// A placeholder, or this very join with blanks, which Setup would refuse: nothing of worth is lost.
	case !p.options.Replace:
		return refuse(winerr.CantCreateJoinInfo,
			"asks for another join by a blob already: unstage that one, remove its %s, %s",
			tagAccountData, orReplace)
	default:
		p.replaced = append(p.replaced, "the blob of another join")
	}
	p.setText(account, strings.Repeat(string(mask), len(p.join.AccountData)))
	p.change(Modify, whereJoin+`\`+tagProvisioning, tagAccountData, describeSecret(old),
		describeSecret(p.join.AccountData))
	return nil
}

// dropOthers refuses or takes away joins of another kind. Provisioning would win over credentials (documented), but
// then they would be left lying in the image for nothing.
func (p *planner) dropOthers(identification *etree.Element) error {
	var found []*etree.Element
	var names []string
	for _, tag := range otherJoins {
		for _, e := range children(identification, tag) {
			found, names = append(found, e), append(names, tag)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if !p.options.Replace {
		return refuse(winerr.CantCreateJoinInfo,
			"asks for a join in another way already (%s in the component %s): remove that, %s",
			strings.Join(names, ", "), componentJoin, orReplace)
	}
	for i, e := range found {
		p.drop(e)
		p.change(Delete, whereJoin, names[i], "a join in another way", "")
	}
	p.replaced = append(p.replaced, strings.Join(names, ", "))
	return nil
}

// newChain makes elements, each in the one before, with the masked account data in the last.
func (p *planner) newChain(parent *etree.Element, tags ...string) *etree.Element {
	p.made = append(p.made, tags...)
	outer := element(parent, tags[0], "")
	inner := outer
	for _, tag := range tags[1:] {
		next := element(inner, tag, "")
		inner.AddChild(next)
		inner = next
	}
	inner.SetText(strings.Repeat(string(mask), len(p.join.AccountData)))
	return outer
}

func (p *planner) addsAccountData() {
	p.change(Add, whereJoin+`\`+tagProvisioning, tagAccountData, "", describeSecret(p.join.AccountData))
}

func describeSecret(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("%d characters, secret", len(text))
}

// warnOfArchitecture tells of settings for the same components that Setup of this image does not look at.
func (p *planner) warnOfArchitecture(settings *etree.Element) {
	for _, name := range []string{componentShell, componentJoin} {
		var others []string
		for _, e := range components(settings, name) {
			if !strings.EqualFold(attr(e, attrArchitecture), p.join.Architecture) {
				others = append(others, plaintext.Line(attr(e, attrArchitecture), plaintext.Name))
			}
		}
		if len(others) > 0 {
			p.warnings = append(p.warnings,
				fmt.Sprintf("the component %s for %s stays as it is; this image is %s, so Setup does not "+
					"look at it", name, strings.Join(others, ", "), p.join.Architecture))
		}
	}
}

// warnOfAutoLogon tells of what makes a client edition of Windows restart its out-of-box experience for ever once it is
// joined (observed on Windows 11): an automatic logon of a local user.
func (p *planner) warnOfAutoLogon() {
	if !p.options.Client {
		return
	}
	for _, settings := range slices.Concat(p.passes(passOOBE), p.passes(passSpecialize)) {
		for _, shell := range components(settings, componentShell) {
			if slices.ContainsFunc(children(shell, tagAutoLogon), p.local) {
				p.warnings = append(p.warnings, "AutoLogon of a local user: on a client edition that is joined before its first "+
					"logon, the out-of-box experience may refuse it and start again and again (observed on Windows 11); remove "+
					"AutoLogon, or let a domain user log on")
				return
			}
		}
	}
}

// local tells that an AutoLogon is on, and for a user of the machine itself.
func (p *planner) local(autoLogon *etree.Element) bool {
	value := func(tag string) string {
		for _, e := range children(autoLogon, tag) {
			return content(e)
		}
		return ""
	}
	enabled := strings.ToLower(value("Enabled"))
	domain := value("Domain")
	here := domain == "" || domain == "." || strings.EqualFold(domain, "%COMPUTERNAME%") ||
		strings.EqualFold(domain, p.join.MachineName)
	return (enabled == "true" || enabled == "1") && here
}
