package offlinejoin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// registryMethod: the blob lies in the record, the program in System32, and Windows' boot hook starts it.
type registryMethod struct {
	blob       []byte // the plan's
	ownProgram string // a signed copy of the program; empty: the embedded one
	program    *programFile
	shutdown   []byte // when Windows was shut down last, in its own words; nil: never
}

func (m *registryMethod) plan(p *plan) (err error) {
	m.blob = p.blob.parsed.Bytes()
	if err := p.record.checkHook(p.image); err != nil {
		return err
	}
	if m.shutdown, err = p.image.shutdownTime(); err != nil {
		return err
	}
	m.program, err = planProgram(p.image, &p.record, string(p.image.Facts().Architecture), m.ownProgram)
	return err
}

func (m *registryMethod) staged(r *record) bool {
	return r.attempts == 0 && string(r.blob) == string(m.blob) && r.digest == digest(m.blob) && r.hook.Armed() &&
		m.program.present && (r.program == "" || r.program == m.program.program.SHA256 && bytes.Equal(r.shutdownTime, m.shutdown))
}

// digest is what the program compares the blob with before it uses it.
func digest(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}

func (m *registryMethod) edits(r *record) []edit {
	const key = completion.Key
	edits := append([]edit{
		{what: setValue, key: key, name: completion.ValueProvisioningBlob, typ: regf.Binary, data: m.blob, secret: true},
		{
			what: setValue, key: key, name: completion.ValueBlobSHA256, typ: regf.SZ, data: regf.TextData(digest(m.blob)),
			secret: true,
		},
		{what: dropValue, key: key, name: completion.ValueAnswerFile},
		setText(key, completion.ValueProgramSHA256, m.program.program.SHA256),
		m.shutdownEdit(),
	}, previousEdits(r.hookBefore())...)
	return append(edits,
		setNumber(completion.SetupKey, completion.ValueSetupType, completion.SetupTypeThenLogon),
		setText(completion.SetupKey, completion.ValueCmdLine, completion.ProgramFile))
}

func (m *registryMethod) shutdownEdit() edit {
	if m.shutdown == nil {
		return edit{what: dropValue, key: completion.Key, name: completion.ValueShutdownTime}
	}
	return edit{
		what: setValue, key: completion.Key, name: completion.ValueShutdownTime, typ: regf.Binary, data: m.shutdown,
	}
}

func (m *registryMethod) changes() []Change  { return m.program.changes() }
func (m *registryMethod) warnings() []string { return m.program.warnings() }

// apply puts the program in place first: the registry makes Windows start it.
func (m *registryMethod) apply(ctx context.Context, t *transaction) error {
	undo, err := m.program.write()
	if err != nil {
		return err
	}
	t.onFailure(undo)
	if f := m.program; f.secures && !f.secured && !f.present {
		t.warn("the file system of this image did not keep the access rights of " + systemFolder + `\` + completion.ProgramFile +
			": it gets its own from itself at first boot, before anybody can log on")
	}
	if err := t.checkExposed(false, t.image.in(programPath)); err != nil { // as the file system has made it
		return err
	}
	return t.writeRegistry(ctx)
}

func (m *registryMethod) verify(again *openImage) error { return m.program.verify(again) }
func (m *registryMethod) close()                        {} // the blob is the plan's

func (m *registryMethod) announce(r reporter, b BlobFacts) {
	r.step("At first boot %s joins %s before the first logon and restarts once.", b.MachineName, b.Domain)
	r.detail("Until then this image holds the machine's password: treat it like one.")
}

// checkHook refuses the method for an image whose boot hook could not be put back afterwards.
func (r *record) checkHook(im *openImage) error {
	if r.longHook == 0 {
		return nil
	}
	return winerr.Errorf(winerr.NotSupported, `%s has a boot hook (SYSTEM\Setup, SetupType or CmdLine) of %d bytes: no command line `+
		"of Windows is so long, and it could not be put back: remove it first", im.session, r.longHook)
}

// checkNoAnswerFile refuses the method for an image whose record names an answer file: the record alone finds that again.
func (r *record) checkNoAnswerFile(im *openImage) error {
	if r.answerFile == "" {
		return nil
	}
	return winerr.Errorf(winerr.CantCreateJoinInfo, "%s holds a join that was staged into its answer file: unstage it first",
		im.session)
}
