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
	rootKey  uint32
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

// rootHKLM is HKEY_LOCAL_MACHINE, the only ulRootKeyId that Microsoft documents for a blob.
const rootHKLM = 0x80000002

// rootKeyName returns the usual short name, and "" for an unknown key.
func rootKeyName(key uint32) string {
	switch key {
	case 0x80000000:
		return "HKCR"
	case 0x80000001:
		return "HKCU"
	case rootHKLM:
		return "HKLM"
	case 0x80000003:
		return "HKU"
	}
	return ""
}

// typeName returns the name of a registry value's type (winnt.h), and "" for an unknown one.
func typeName(valueType uint32) string {
	names := [...]string{
		"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
		"REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
		"REG_QWORD",
	}
	if int64(valueType) < int64(len(names)) {
		return names[valueType]
	}
	return ""
}
