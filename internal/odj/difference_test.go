package odj

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/ndr"
)

// TestEveryFieldOfTheCopiesIsCompared changes each field of ODJ_WIN7BLOB; difference must name it.
func TestEveryFieldOfTheCopiesIsCompared(t *testing.T) {
	t.Parallel()
	good := joinOf(webTree(t))
	if d := good.difference(joinOf(webTree(t))); d != "" {
		t.Fatalf("a join differs from itself in %s", d)
	}
	sid, _ := ndr.ParseSID("S-1-5-21-7")
	changes := map[string]func(w *win7){
		"lpMachinePassword":                  func(w *win7) { w.password = units("other") },
		"DnsDomainInfo.DomainGuid":           func(w *win7) { w.domainGUID[3]++ },
		"DnsDomainInfo.Sid":                  func(w *win7) { w.domainSID = &sid },
		"DcInfo.DomainControllerAddressType": func(w *win7) { w.dc.addressType++ },
		"DcInfo.DomainGuid":                  func(w *win7) { w.dc.domainGUID[3]++ },
		"DcInfo.Flags":                       func(w *win7) { w.dc.flags++ },
		"Options":                            func(w *win7) { w.options++ },
	}
	for i, f := range good.texts() {
		changes[f.name] = func(w *win7) { *pointers(w)[i] = new("other") }
	}
	const fieldsOfTheIDL = 18
	if len(changes) != fieldsOfTheIDL {
		t.Errorf("%d fields are tried, not %d", len(changes), fieldsOfTheIDL)
	}
	for field, change := range changes {
		other := *joinOf(webTree(t))
		change(&other)
		if d := good.difference(&other); d != field {
			t.Errorf("%s was changed, difference says %q", field, d)
		}
	}
}

// pointers returns where the texts are, in the order of texts.
func pointers(w *win7) []**string {
	return []**string{
		&w.domain, &w.machineName, &w.netbiosDomain, &w.dnsDomain, &w.forest, &w.dc.name, &w.dc.address, &w.dc.domainName,
		&w.dc.forest, &w.dc.site, &w.dc.clientSite,
	}
}
