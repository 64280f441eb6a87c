package answerfile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

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
			"asks for another join by a blob already: unstage that one, remove its %s, or "+
				"allow to replace it", tagAccountData)
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
			"asks for a join in another way already (%s in the component %s): remove that, "+
				"or allow to replace it", strings.Join(names, ", "), componentJoin)
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
