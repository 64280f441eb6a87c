package odj

import "github.com/offlinejoin/offlinejoin/internal/ndr"

// Sizes in bytes of the fixed parts of array elements.
const (
	sizePolicyList    = 16
	sizePolicyElement = 20
)

// policyPart is OP_POLICY_PART: registry policy for the new machine.
type policyPart struct {
	lists     []policyList
	extension []byte
}

func (p *policyPart) layout(c ndr.Coder) {
	ndr.Array(c, "cElementLists", "pElementLists", sizePolicyList, &p.lists, (*policyList).layout)
	c.Bytes("Extension.cbBlob", "Extension.pBlob", &p.extension)
}

// policyList is OP_POLICY_ELEMENT_LIST.
type policyList struct {
	source   *string // such as the path of a registry.pol
	rootKey  uint32  // 0x80000002: HKEY_LOCAL_MACHINE
	elements []policyElement
}

func (l *policyList) layout(c ndr.Coder) {
	c.String("pSource", &l.source)
	c.Uint32("ulRootKeyId", &l.rootKey)
	ndr.Array(c, "cElements", "pElements", sizePolicyElement, &l.elements, (*policyElement).layout)
}

// policyElement is OP_POLICY_ELEMENT: one registry value.
type policyElement struct {
	keyPath   *string
	valueName *string
	valueType uint32 // REG_…
	data      []byte
}

func (e *policyElement) layout(c ndr.Coder) {
	c.String("pKeyPath", &e.keyPath)
	c.String("pValueName", &e.valueName)
	c.Uint32("ulValueType", &e.valueType)
	c.Bytes("cbValueData", "pValueData", &e.data)
}
