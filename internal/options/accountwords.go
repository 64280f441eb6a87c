package options

import (
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// AccountWords are the options of the block account as the user wrote them, in whatever front end; what is empty was not
// written.
type AccountWords struct {
	MachineName      string
	OU               string
	ObjectGUID       string
	Reuse            string
	TrustedOwners    []string
	ReplaceLive      bool
	Description      string
	PersistentSite   string
	NetBIOSName      string
	PrimaryDNSDomain string
	RootCACerts      bool
	OnError          string
}

// Request returns the request for the account, whole but for what is the front end's own. The error names the first word that
// is wrong (87, and 2724 for a name).
func (w AccountWords) Request() (req offlinejoin.AccountRequest, err error) {
	req, err = w.request()
	return req, wrongWords(err)
}

func (w AccountWords) request() (req offlinejoin.AccountRequest, err error) {
	for _, one := range w.texts() {
		if err := NotSecret(one.Option, one.Path); err != nil {
			return req, err
		}
	}
	reuse, err := choose(AccountReuse, w.Reuse)
	if err != nil {
		return req, err
	}
	onError, err := choose(AccountOnError, w.OnError)
	if err != nil {
		return req, err
	}
	req = offlinejoin.AccountRequest{
		MachineName: w.MachineName, OU: w.OU, ObjectGUID: w.ObjectGUID, Description: w.Description,
		Reuse: offlinejoin.AccountReuse(reuse), TrustedOwners: w.TrustedOwners, ReplaceLive: w.ReplaceLive,
		PersistentSite: w.PersistentSite, NetBIOSName: w.NetBIOSName, PrimaryDNSDomain: w.PrimaryDNSDomain,
		RootCACerts: w.RootCACerts, OnError: offlinejoin.OnError(onError),
	}
	return req, req.Check()
}

// texts returns the words that are texts.
func (w AccountWords) texts() []Used {
	texts := []Used{
		{Option: AccountMachineName, Path: w.MachineName},
		{Option: AccountOU, Path: w.OU},
		{Option: AccountObjectGUID, Path: w.ObjectGUID},
		{Option: AccountDescription, Path: w.Description},
		{Option: AccountPersistentSite, Path: w.PersistentSite},
		{Option: AccountNetBIOSName, Path: w.NetBIOSName},
		{Option: AccountPrimaryDNSDomain, Path: w.PrimaryDNSDomain},
	}
	for _, owner := range w.TrustedOwners {
		texts = append(texts, Used{Option: AccountTrustedOwners, Path: owner})
	}
	return texts
}
