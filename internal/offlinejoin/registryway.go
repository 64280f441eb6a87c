package offlinejoin

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// registryWay is the method registry: the blob lies in the record, the program in System32, and Windows' boot hook starts
// it.
type registryWay struct {
	blob []byte // the preparation's
	own  string // a signed copy of the program; empty: the embedded one
	file *programFile
}

func (w *registryWay) plan(p *preparation) (err error) {
	w.blob = p.blob.Bytes()
	w.file, err = planProgram(p.im, string(p.im.Facts().Architecture), w.own)
	return err
}

func (w *registryWay) whole(r *record) bool {
	return r.attempts == 0 && string(r.blob) == string(w.blob) && r.digest == digest(w.blob) && r.hook.armed() && w.file.present
}

// digest is what the program compares the blob with before it uses it.
func digest(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}

func (w *registryWay) edits(r *record) []edit {
	const key = completion.Key
	edits := append([]edit{
		{what: setValue, key: key, name: completion.ValueProvisioningBlob, typ: regf.Binary, data: w.blob, secret: true},
		{what: setValue, key: key, name: completion.ValueBlobSHA256, typ: regf.SZ, data: regf.TextData(digest(w.blob)), secret: true},
		{what: dropValue, key: key, name: completion.ValueAnswerFile},
	}, previousEdits(r.before())...)
	return append(edits,
		setNumber(completion.SetupKey, completion.ValueSetupType, completion.SetupTypeThenLogon),
		setText(completion.SetupKey, completion.ValueCmdLine, completion.ProgramFile))
}

func (w *registryWay) changes() []Change  { return w.file.changes() }
func (w *registryWay) warnings() []string { return w.file.warnings() }

func (w *registryWay) before() (writes, func() error, error) {
	n, undo, err := w.file.write()
	out := writes{bytes: n}
	if n > 0 {
		out.syncs = programSyncs
	}
	return out, undo, err
}

func (w *registryWay) replaces() bool         { return false }
func (w *registryWay) after() (writes, error) { return writes{}, nil }
func (w *registryWay) takeOut() error         { return nil }
func (w *registryWay) verify() error          { return w.file.verify() }
func (w *registryWay) close()                 {} // the blob is the preparation's

func (w *registryWay) tell(t tell, b BlobFacts) {
	t.step("At first boot %s joins %s before the first logon and restarts once.", b.MachineName, b.Domain)
	t.detail("Until then this image holds the machine's password: treat it like one.")
}
