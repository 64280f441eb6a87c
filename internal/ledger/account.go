package ledger

import (
	"strconv"
	"strings"
)

// Account is the machine account that a blob is for.
type Account struct {
	SID         string `json:"sid,omitempty"`         // domain SID with the RID, such as S-1-5-21-1-2-3-1107
	DomainGUID  string `json:"domain_guid,omitempty"` // lower case, without braces
	Domain      string `json:"domain,omitempty"`      // DNS name
	MachineName string `json:"machine_name"`
}

// NewAccount makes an Account from what a blob says. Of these only the name is always there.
func NewAccount(domainSID string, rid uint32, domainGUID, domain, machineName string) Account {
	a := Account{
		DomainGUID:  strings.ToLower(strings.Trim(domainGUID, "{}")),
		Domain:      strings.ToLower(strings.TrimSuffix(domain, ".")),
		MachineName: strings.ToUpper(machineName),
	}
	if domainSID != "" && rid != 0 {
		a.SID = strings.ToUpper(domainSID) + "-" + strconv.FormatUint(uint64(rid), 10)
	}
	return a
}

// same reports whether both are one account. The SID decides where both have one: an account that was deleted and made
// again has its name, and is another.
func (a Account) same(b Account) bool {
	if a.SID != "" && b.SID != "" {
		return a.SID == b.SID
	}
	if a.MachineName == "" || !strings.EqualFold(a.MachineName, b.MachineName) {
		return false
	}
	if a.DomainGUID != "" && b.DomainGUID != "" {
		return a.DomainGUID == b.DomainGUID
	}
	return a.Domain != "" && strings.EqualFold(a.Domain, b.Domain)
}
