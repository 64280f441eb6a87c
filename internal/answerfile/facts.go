package answerfile

import "github.com/offlinejoin/offlinejoin/internal/plaintext"

// Facts is what an answer file says of a join in its pass specialize.
type Facts struct {
	// AccountData is the blob as base64 without blanks; nil when there is none. SECRET
	AccountData []byte
	// Blanks tells that there are blanks in it, which Setup does not decode.
	Blanks bool
	// Erased tells that Windows has erased the account data after use.
	Erased bool
	// MachineName is the computer name; empty when there is none. It may be "*".
	MachineName string
	// Processed tells that Windows Setup has been through the pass, so that it does not look at it again.
	Processed bool
	// OtherJoin names the elements that ask for a membership in another way, such as JoinDomain.
	OtherJoin []string
}

// Wipe forgets the account data.
func (f *Facts) Wipe() { clear(f.AccountData) }

// ReadFacts reads the facts for an image of the given architecture. name is what messages call the file. The facts must
// be wiped.
func ReadFacts(file []byte, architecture, name string) (*Facts, error) {
	f := &Facts{}
	if isEmpty(file) {
		return f, nil
	}
	d, err := parse(file)
	if err != nil {
		return nil, of(name, err)
	}
	defer d.wipe()
	if err := d.facts(f, architecture); err != nil {
		f.Wipe()
		return nil, of(name, err)
	}
	return f, nil
}

func (d *document) facts(f *Facts, architecture string) error {
	settings, err := d.pass(passSpecialize)
	if err != nil {
		return err
	}
	f.Processed = processed(settings)
	shell, err := component(settings, componentShell, architecture)
	if err != nil {
		return err
	}
	for _, e := range children(shell, tagComputerName) {
		f.MachineName = plaintext.Line(content(e), plaintext.Name)
	}
	join, err := component(settings, componentJoin, architecture)
	if err != nil {
		return err
	}
	for _, identification := range children(join, tagIdentification) {
		for _, tag := range otherJoins {
			if len(children(identification, tag)) > 0 {
				f.OtherJoin = append(f.OtherJoin, tag)
			}
		}
		for _, e := range below(identification, tagAccountData) {
			clear(f.AccountData)
			f.AccountData, f.Blanks = d.secretText(e), d.hasBlanks(e)
		}
	}
	if f.Erased = string(f.AccountData) == erasedMark; f.Erased || len(f.AccountData) == 0 {
		f.AccountData, f.Blanks = nil, false
	}
	return nil
}
