package offlinejoin

import (
	"bytes"
	"context"
	"encoding/base64"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// maxUndo bounds what the record holds of an answer file, in bytes; in the registry it takes twice as many, and a value of
// it can have 1 MiB (documented).
const maxUndo = 256 << 10

// answerFileMethod: the blob lies in the answer file that Windows Setup will use, and the record says where and how to
// take it out again.
type answerFileMethod struct {
	replace bool

	im    *openImage
	join  answerfile.Join
	older *answerfile.Record // what an earlier staging has left in an answer file; nil: nothing
	place *answerfile.Place
	edit  *answerfile.Edit
	undo  *answerfile.Record

	follows bool // edit is for the file without older
}

func (m *answerFileMethod) plan(p *plan) error {
	m.im = p.image
	if p.record.hook.StartsProgram() {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s holds a join that was staged before the image was generalized: "+
			"unstage it first", p.image.session)
	}
	m.join = answerfile.Join{
		AccountData: base64.StdEncoding.AppendEncode(nil, p.blob.parsed.Bytes()),
		MachineName: p.blob.parsed.MachineName(), Architecture: string(p.image.Facts().Architecture),
	}
	var err error
	if m.older, err = p.record.olderAnswerFile(); err != nil {
		return err
	}
	if err := m.find(); err != nil {
		return err
	}
	return m.planEdit()
}

// find looks where the join has to be. A join of ours that is there already is found where it was put, unless Setup takes another
// file by now; one with a join of others is told as that.
func (m *answerFileMethod) find() (err error) {
	if m.older != nil {
		m.place, err = m.older.Find(m.im.session, m.im.pointer())
		if err != nil {
			return err
		}
	}
	taken, err := answerfile.Find(m.im.session, m.im.pointer())
	if err != nil {
		return err
	}
	if m.place != nil && m.place.Exists() && (m.place.Name() == taken.Name() || m.im.asksForJoin(taken)) {
		taken.Wipe()
		return nil
	}
	if m.place != nil {
		m.place.Wipe()
	}
	m.place = taken
	return nil
}

// planEdit plans the change on what the file will be without an older join of ours.
func (m *answerFileMethod) planEdit() (err error) {
	content := m.place.Content
	m.follows = false
	if m.older != nil && content != nil && !m.holdsThis(m.place) {
		removal, err := answerfile.Remove(content, m.older.Undo)
		if err != nil {
			return err
		}
		if removal.Outcome != answerfile.Gone {
			defer clear(removal.Content)
			content, m.follows = removal.Content, true
		}
	}
	f := m.im.Facts()
	m.edit, err = answerfile.Plan(content, m.join, answerfile.Options{
		Replace: m.replace, Client: f.ProductType == winimage.ProductClient, Name: m.place.Path,
	})
	if err != nil {
		return err
	}
	if m.edit.Unchanged() && m.older != nil {
		m.undo = m.older
		return nil
	}
	if err := m.place.CheckAlone(); err != nil && !m.edit.Unchanged() {
		return err
	}
	if m.follows {
		m.undo = m.older.Followed(m.edit)
	} else if m.undo, err = m.place.Record(m.edit); err != nil {
		return err
	}
	if n := len(m.undo.Text()); n > maxUndo {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "what the join replaces in %s is too large to be kept for taking it back "+
			"(%s): take it out of the file yourself", m.place.Path, FormatSize(int64(n)))
	}
	return nil
}

// holdsThis reports whether the file at a place holds this very join.
func (m *answerFileMethod) holdsThis(at *answerfile.Place) bool {
	facts, err := answerfile.ReadFacts(at.Content, m.join.Architecture, at.Path)
	if err != nil {
		return false
	}
	defer facts.Wipe()
	return bytes.Equal(facts.AccountData, m.join.AccountData)
}

func (m *answerFileMethod) staged(*record) bool { return m.edit.Unchanged() && m.older != nil }

func (m *answerFileMethod) edits(*record) []edit {
	const key = completion.Key
	return []edit{
		setText(key, completion.ValueAnswerFile, m.undo.Text()),
		{what: dropValue, key: key, name: completion.ValueProvisioningBlob},
		{what: dropValue, key: key, name: completion.ValueBlobSHA256},
		{what: dropValue, key: key, name: completion.ValuePreviousSetupType},
		{what: dropValue, key: key, name: completion.ValuePreviousCmdLine},
		{what: dropValue, key: key, name: completion.ValueProgramSHA256},
		{what: dropValue, key: key, name: completion.ValueShutdownTime},
	}
}

func (m *answerFileMethod) changes() (out []Change) {
	for _, c := range m.edit.Changes {
		out = append(out, Change{
			Kind: ChangeKind(c.Kind), Where: m.place.Path + ": " + c.Where, Name: c.Name, Type: "element",
			Before: c.Before, After: c.After, Secret: c.Name == "AccountData",
		})
	}
	return out
}

func (m *answerFileMethod) warnings() []string { return append(m.place.Notes, m.edit.Warnings...) }

// apply writes the registry first: the record is what finds the join in the file again. Where nothing reaches the image before
// it is committed, the new file takes the place of one with an older join at once; elsewhere that is taken out before, so that
// whoever is stopped in between finds either of them by its record.
func (m *answerFileMethod) apply(ctx context.Context, t *transaction) error {
	if m.older != nil && !m.edit.Unchanged() && !(m.follows && m.im.deferred() != nil) {
		if err := m.takeOlderOut(t); err != nil {
			return err
		}
	}
	if err := t.writeRegistry(ctx); err != nil {
		return err
	}
	if m.edit.Unchanged() {
		return nil
	}
	t.onFailure(func() error { return t.dropRecord(ctx) })
	t.onFailure(m.takeOut)
	warnings, err := m.place.Write(m.edit, m.undo, completion.FileSecurity())
	t.warn(warnings...)
	if err != nil {
		return err
	}
	return t.checkExposed(true, m.place.Name()) // as the file system has made it
}

// takeOlderOut takes an older join of ours out of its file, which gives the file its first bytes back, and plans anew on
// those. It does not come back.
func (m *answerFileMethod) takeOlderOut(t *transaction) error {
	t.cannotUndo()
	removal, err := m.older.Unstage(m.im.session, m.im.pointer())
	if err != nil {
		return err
	}
	defer clear(removal.Content)
	t.warn(removal.Notes...)
	m.dropPlan()
	m.older = nil
	if err := m.find(); err != nil {
		return err
	}
	if err := m.planEdit(); err != nil {
		return err
	}
	return t.planRegistry(m)
}

// takeOut takes what there is of this join out of the file again.
func (m *answerFileMethod) takeOut() error {
	removal, err := m.undo.Unstage(m.im.session, m.im.pointer())
	if err == nil {
		clear(removal.Content)
	}
	return err
}

func (m *answerFileMethod) verify(again *openImage) error {
	place, err := m.undo.Find(again.session, again.pointer())
	if err != nil {
		return err
	}
	defer place.Wipe()
	if !m.holdsThis(place) {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", place.Path)
	}
	return nil
}

func (m *answerFileMethod) announce(r reporter, b BlobFacts) {
	r.step("At first boot Windows Setup joins %s to %s in its specialize pass, without another restart.", b.MachineName,
		b.Domain)
	r.detail("Until then %s holds the machine's password: treat the image like one.", m.place.Path)
}

func (m *answerFileMethod) close() {
	m.dropPlan()
	clear(m.join.AccountData)
}

// dropPlan forgets what the plan has read of the file.
func (m *answerFileMethod) dropPlan() {
	if m.place != nil {
		m.place.Wipe()
	}
	if m.edit != nil {
		m.edit.Wipe()
	}
	m.place, m.edit = nil, nil
}

// olderAnswerFile returns what the record says of an answer file, and nil when it says nothing.
func (r *record) olderAnswerFile() (*answerfile.Record, error) {
	if r.answerFile == "" {
		return nil, nil // no answer file is no failure
	}
	return answerfile.ParseRecord(r.answerFile)
}
