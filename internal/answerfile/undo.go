package answerfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/offlinejoin/offlinejoin/internal/plaintext"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// Undo is what [Remove] needs to take a join out of an answer file again. It holds no secret as it is: what was
// replaced is sealed under the account data, which only the file itself has. Its JSON form is for the image's registry.
type Undo struct {
	// AccountData is the SHA-256 of the account data's text, lower-case hex: tells our join from another.
	AccountData string `json:"account_data"`
	// MachineName is the computer name that the join needs, Architecture that of its components.
	MachineName  string `json:"machine_name"`
	Architecture string `json:"architecture"`
	// Created tells that there was no file; Whole that there was one with nothing in it.
	Created bool `json:"created,omitempty"`
	Whole   bool `json:"whole,omitempty"`
	// Splices are, in order of offset, how to get from the new text to the old: bytes to keep, to leave out, and to take
	// from what is sealed. In bytes of the text as UTF-8, without byte order mark.
	Splices [][3]int `json:"splices,omitempty"`
	// Made names what was added, Replaced what was taken away, for a file that was changed since.
	Made     []string `json:"made,omitempty"`
	Replaced []string `json:"replaced,omitempty"`
	// Salt and Sealed hold the SHA-256 of the old file, that of the new one, and all that was taken out of the old one.
	Salt   []byte `json:"salt"`
	Sealed []byte `json:"sealed"`
}

// undo describes how to take splices back. original is the file as it was.
func (p *planner) undo(original, changed []byte, splices []splice, blank bool) (Undo, error) {
	u := Undo{
		AccountData: digest(p.join.AccountData), MachineName: p.join.MachineName, Architecture: p.join.Architecture,
		Created: original == nil, Whole: blank, Made: p.made, Replaced: p.replaced,
	}
	was, is := sha256.Sum256(original), sha256.Sum256(changed)
	secret := slices.Concat(was[:], is[:])
	if blank {
		secret = append(secret, original...)
	} else {
		from := 0
		for _, s := range splices {
			u.Splices = append(u.Splices, [3]int{s.at - from, len(s.added), s.removed})
			secret = append(secret, p.text[s.at:s.at+s.removed]...)
			from = s.at + s.removed
		}
	}
	defer clear(secret)
	var err error
	u.Salt, u.Sealed, err = seal(p.join.AccountData, secret)
	return u, err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// restore gives the original bytes back. ok is false when the file is not as the join left it.
func (d *document) restore(u Undo, file, sealed []byte) (original []byte, ok bool) {
	if len(sealed) < 2*sha256.Size {
		return nil, false
	}
	was, is, removed := sealed[:sha256.Size], sealed[sha256.Size:2*sha256.Size], sealed[2*sha256.Size:]
	if !hasDigest(file, is) {
		return nil, false
	}
	if u.Whole || u.Created {
		return removed, hasDigest(removed, was)
	}
	text, fits := unsplice(d.text, u.Splices, removed)
	defer clear(text)
	if !fits {
		return nil, false
	}
	original = d.enc.encode(text)
	return original, hasDigest(original, was)
}

func hasDigest(data, want []byte) bool {
	got := sha256.Sum256(data)
	return bytes.Equal(got[:], want)
}

// unsplice takes splices back. fits is false when they are not of this text.
func unsplice(text []byte, splices [][3]int, removed []byte) (out []byte, fits bool) {
	for _, s := range splices {
		keep, skip, take := s[0], s[1], s[2]
		if min(keep, skip, take) < 0 || keep > len(text) || skip > len(text)-keep || take > len(removed) {
			return out, false
		}
		out = append(append(out, text[:keep]...), removed[:take]...)
		text, removed = text[keep+skip:], removed[take:]
	}
	return append(out, text...), len(removed) == 0
}

// What a join has taken out of an answer file may be a password, and has to be given back. So it is kept under a key
// that is made of the account data: whoever can open it sees the secret of the file itself anyway, and when Windows
// Setup erases the account data, it erases this with it.

const (
	sealPurpose = "offlinejoin answer file, what was replaced, 1"
	saltSize    = 16
	keySize     = 32 // AES-256
)

// seal encrypts data under account data and a new salt.
func seal(accountData, data []byte) (salt, sealed []byte, err error) {
	salt = make([]byte, saltSize)
	rand.Read(salt)
	aead, err := sealer(accountData, salt)
	if err != nil {
		return nil, nil, err
	}
	// The key is used once, so the nonce may be zero.
	return salt, aead.Seal(nil, make([]byte, aead.NonceSize()), data, nil), nil
}

// unseal decrypts what seal returned, and refuses what was changed.
func unseal(accountData, salt, sealed []byte) ([]byte, error) {
	aead, err := sealer(accountData, salt)
	if err != nil {
		return nil, err
	}
	data, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed, nil)
	if err != nil {
		return nil, winerr.Errorf(winerr.BadOfflineJoinInfo, "the record of what was replaced in the answer file was changed")
	}
	return data, nil
}

func sealer(accountData, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, accountData, salt, sealPurpose, keySize)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Outcome tells what taking a join back comes to.
type Outcome string

// The outcomes.
const (
	Restored Outcome = "restored" // the file is as it was before the join, byte for byte
	Cut      Outcome = "cut"      // the file was changed since; what the join added is gone, the rest stays
	Gone     Outcome = "gone"     // the file does not hold this join any more; it stays as it is
)

// Removal is a planned removal of a join.
type Removal struct {
	Outcome Outcome
	// Name is the file's, as in [Record]; set by [Record.Unstage].
	Name string
	// Content is the file without the join; nil for Gone, and when the file is to be removed. It may hold secrets of its
	// own.
	Content []byte
	// RemoveFile tells that nothing is left: the file was made for the join.
	RemoveFile bool
	// Notes tell people what is not as it was.
	Notes []string
}

// Remove takes a join out of the file that [Plan] has made. When Windows or somebody has changed the file since, it
// takes out what the join has added by its names, and leaves everything else; of a file that is not well formed any more it takes out
// the account data, which can be told from all else. undo may come from the image, and so
// from an enemy: a file that does not hold the very account data that undo tells of is left alone.
func Remove(file []byte, undo Undo) (*Removal, error) {
	if isEmpty(file) {
		return &Removal{Outcome: Gone, Notes: []string{notThere}}, nil
	}
	d, err := parse(file)
	if err != nil {
		removal, err := removeUnread(file, undo, err)
		return removal, of("the answer file with the join", err)
	}
	defer d.wipe()
	account, secret := d.ours(undo)
	if account == nil {
		return &Removal{Outcome: Gone, Notes: d.whyGone()}, nil
	}
	defer clear(secret)
	removed, err := unseal(secret, undo.Salt, undo.Sealed)
	if err != nil {
		return nil, err
	}
	if original, ok := d.restore(undo, file, removed); ok {
		r := &Removal{Outcome: Restored, RemoveFile: undo.Created}
		if !undo.Created {
			r.Content = original
		}
		return r, nil
	}
	return d.cutOut(account, undo)
}

// in reports whether a file holds the join, also one that is not well formed any more.
func (u Undo) in(file []byte) bool {
	d, err := parse(file)
	if err != nil {
		runs := base64Runs(file)
		defer func() {
			for _, run := range runs {
				clear(run.text)
			}
		}()
		return slices.ContainsFunc(runs, func(run base64Run) bool { return digest(run.text) == u.AccountData })
	}
	defer d.wipe()
	account, secret := d.ours(u)
	clear(secret)
	return account != nil
}

// ours finds the account data that undo tells of: where it was put, else wherever it is now. secret is the caller's to
// clear.
func (d *document) ours(undo Undo) (account *etree.Element, secret []byte) {
	for _, e := range d.accountData() {
		text := d.secretText(e)
		fits := digest(text) == undo.AccountData && !d.spans[e].parent
		if !fits || account != nil && !inPlace(e, undo.Architecture) {
			clear(text)
			continue
		}
		clear(secret)
		account, secret = e, text
	}
	return account, secret
}

// inPlace tells that an element is in the component and the pass that a join belongs to.
func inPlace(e *etree.Element, arch string) bool {
	settings, join := ancestor(e, tagSettings), ancestor(e, tagComponent)
	return settings != nil && join != nil && attr(settings, attrPass) == passSpecialize &&
		strings.EqualFold(attr(join, attrName), componentJoin) && strings.EqualFold(attr(join, attrArchitecture), arch)
}

func (d *document) whyGone() []string {
	for _, e := range d.accountData() {
		text := d.secretText(e)
		erased := string(text) == erasedMark
		clear(text)
		if !erased {
			return []string{"the answer file holds another join; it is left alone"}
		}
	}
	return []string{notThere}
}

// notThere is what people are told of a file without a join.
const notThere = "the answer file does not hold the join any more: Windows Setup has used it, or somebody has removed it"

// cutOut takes what the join has added out of a file that was changed since.
func (d *document) cutOut(account *etree.Element, undo Undo) (*Removal, error) {
	r := &Removal{
		Outcome: Cut,
		Notes: []string{"the answer file was changed since the join was staged: what the join had added " +
			"was taken out, and the changes stay"},
	}
	if len(undo.Replaced) > 0 {
		r.Notes = append(r.Notes, "what the join had replaced is not put back: "+plaintext.Line(strings.Join(undo.Replaced, "; "), plaintext.Name))
	}
	c := &cutter{document: d, undo: undo}
	splices := c.cuts(account)
	if c.gone[d.root] || undo.Created && c.hollow(d.root) {
		r.RemoveFile = true
		return r, nil
	}
	after := &document{enc: d.enc, text: apply(d.text, ordered(splices))}
	defer after.wipe()
	if err := after.read(); err != nil {
		return nil, of("the answer file with the join", refuse(winerr.CantCreateJoinInfo,
			"has a form in which the join cannot "+
				"be taken out safely: remove its %s by hand", tagAccountData))
	}
	r.Content = after.enc.encode(after.text)
	return r, nil
}

// cutter decides which elements go.
type cutter struct {
	*document
	undo Undo
	gone map[*etree.Element]bool
}

// cuts returns how to remove the account data, the computer name if it was added, and all that was added around them
// and has nothing else in it.
func (c *cutter) cuts(account *etree.Element) []splice {
	c.gone = map[*etree.Element]bool{}
	var splices []splice
	if c.made(tagAccountData) {
		c.gone[account] = true
	} else {
		splices = append(splices, c.refill(account, ""))
	}
	e := account.Parent()
	for _, name := range []string{tagProvisioning, tagIdentification, componentJoin} {
		c.drop(e, name)
		e = e.Parent()
		if e == nil || e.Parent() == nil {
			break
		}
	}
	if settings := ancestor(account, tagSettings); settings != nil {
		c.cutName(settings)
		c.drop(settings, tagSettings)
	}
	for e := range c.gone {
		if !c.gone[e.Parent()] {
			splices = append(splices, c.prune(e))
		}
	}
	return splices
}

func (c *cutter) made(name string) bool { return slices.Contains(c.undo.Made, name) }

// drop marks an element that was added under the given name, if nothing is left in it.
func (c *cutter) drop(e *etree.Element, name string) {
	is := e.Tag == name || strings.EqualFold(attr(e, attrName), name)
	if c.made(name) && is && c.hollow(e) {
		c.gone[e] = true
	}
}

// cutName marks the computer name, and its component, if they were added and the name is still the join's.
func (c *cutter) cutName(settings *etree.Element) {
	for _, shell := range components(settings, componentShell) {
		for _, e := range children(shell, tagComputerName) {
			if c.made(tagComputerName) && strings.EqualFold(content(e), c.undo.MachineName) {
				c.gone[e] = true
			}
		}
		c.drop(shell, componentShell)
	}
}

// hollow reports whether an element holds nothing that stays.
func (c *cutter) hollow(e *etree.Element) bool {
	return !slices.ContainsFunc(e.Child, func(t etree.Token) bool {
		switch t := t.(type) {
		case *etree.Element:
			return !c.gone[t]
		case *etree.CharData:
			return strings.Trim(t.Data, blanks) != ""
		}
		return true
	})
}

func ancestor(e *etree.Element, tag string) *etree.Element {
	for e = e.Parent(); e != nil; e = e.Parent() {
		if e.Tag == tag && e.NamespaceURI() == namespace {
			return e
		}
	}
	return nil
}
