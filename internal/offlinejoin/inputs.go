package offlinejoin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// blobInputs are those words of an [AccountRequest] that are in the blob: a join that was made with others is another join.
type blobInputs struct {
	site, netBIOSName, primaryDNSDomain string
	rootCAs                             bool
}

func inputsOf(b *Blob) *blobInputs {
	in := &blobInputs{rootCAs: slices.ContainsFunc(b.parsed.Facts().Stores, func(s odj.StoreFacts) bool { return s.Name == odj.RootStore })}
	if p := b.parsed.JoinProvider2(); p != nil {
		in.netBIOSName, in.primaryDNSDomain = p.NetBIOSName, p.PrimaryDNSDomain
		if p.Flags&persistentSite != 0 {
			in.site = p.Site
		}
	}
	return in
}

// answerFileInputs returns what the blob was made with that is in the answer file of a record; nil where none can be read there.
func (r *record) answerFileInputs(im *openImage) (*blobInputs, error) {
	older, err := r.olderAnswerFile()
	if err != nil || older == nil {
		return nil, err
	}
	place, err := older.Find(im.session, im.pointer())
	if err != nil {
		return nil, err
	}
	defer place.Wipe()
	facts, err := answerfile.ReadFacts(place.Content, string(im.Facts().Architecture), place.Path)
	if err != nil {
		return nil, nil // status tells of it
	}
	defer facts.Wipe()
	blob, err := ReadBlob(slices.Clone(facts.AccountData), place.Path)
	if err != nil {
		return nil, nil // as above
	}
	defer blob.Wipe()
	return inputsOf(blob), nil
}

// OtherInputsError is the refusal of a join whose image holds a valid join of its account that was made with other words: taken
// over as it is, it would not be what was asked for.
type OtherInputsError struct {
	Image, Account string   // what messages call them
	Differs        []string // "persistent_site is Branch there, and Head is wanted"
}

// Error implements error.
func (e *OtherInputsError) Error() string {
	return fmt.Sprintf("%s holds a valid join with the account %s that was made with other words (%s)", e.Image, e.Account,
		strings.Join(e.Differs, "; "))
}

// differs reports whether the join that the image holds was made with other words than the request has, and is to be made anew.
// It refuses that where on_existing does not say so (2711).
func (p *AccountPlan) differs(ctx context.Context, held *heldJoin) (bool, error) {
	if held.inputs == nil || held.exists == OnExistingKeep {
		return false, nil
	}
	roots := p.req.RootCACerts
	if roots && !held.inputs.rootCAs { // a forest that has none puts none into a blob
		certs, err := p.link.RootCAs(ctx, p.link.domain)
		if err != nil {
			return false, err
		}
		roots = len(certs) > 0
	}
	found := held.inputs.differences(p.req, roots)
	if len(found) == 0 {
		return false, nil
	}
	if held.exists == OnExistingReplace {
		return true, nil
	}
	way := "unstage it first"
	switch {
	case held.made:
		way = "remove that disk first"
	case held.choice:
		way = `set on_existing = "replace" to give the account a new password and stage the join anew, on_existing = "keep" to leave it`
	}
	err := &OtherInputsError{Image: held.image, Account: plaintext.Line(p.existing.DN, plaintext.Name), Differs: found}
	return false, winerr.Errorf(winerr.CantCreateJoinInfo, "%w: %s, or write the words that it was made with", err, way)
}

// differences returns what a request has otherwise, in the order of the words. roots says that the blob would have authorities.
func (in *blobInputs) differences(req AccountRequest, roots bool) (found []string) {
	add := func(word, has, wanted string) {
		if !strings.EqualFold(has, wanted) {
			found = append(found, fmt.Sprintf("%s is %s there, and %s is wanted", word, orNone(has), orNone(wanted)))
		}
	}
	add("persistent_site", in.site, req.PersistentSite)
	add("netbios_name", in.netBIOSName, req.NetBIOSName)
	add("primary_dns_domain", in.primaryDNSDomain, req.PrimaryDNSDomain)
	if in.rootCAs != roots {
		found = append(found, fmt.Sprintf("root_ca_certs is %t there, and %t is wanted", in.rootCAs, roots))
	}
	return found
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return plaintext.Line(text, plaintext.Name)
}
