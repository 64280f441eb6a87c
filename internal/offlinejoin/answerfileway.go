package offlinejoin

import (
	"bytes"
	"encoding/base64"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// answerFileSyncs is how often writing an answer file waits for the disk: for the file, its folder and the old one.
const answerFileSyncs = 3

// maxUndo bounds what the record says of an answer file, in bytes; in the registry it takes twice as many, and a value of
// it can have 1 MiB (documented).
const maxUndo = 256 << 10

// answerFileWay is the method answer_file: the blob lies in the answer file that Windows Setup will use, and the record
// says where and how to take it out again.
type answerFileWay struct {
	replace bool

	im       *openImage
	join     answerfile.Join
	replaced bool               // the older join was taken out
	older    *answerfile.Record // what an earlier staging has left in an answer file
	place    *answerfile.Place
	edit     *answerfile.Edit
	undo     *answerfile.Record
}

func (w *answerFileWay) plan(p *preparation) error {
	w.im = p.im
	if p.record.hook.ours() {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s holds a join that was staged before the image was generalized: "+
			"unstage it first", p.im.fs)
	}
	w.join = answerfile.Join{
		AccountData: base64.StdEncoding.AppendEncode(nil, p.blob.Bytes()),
		MachineName: p.blob.MachineName(), Architecture: string(p.im.Facts().Architecture),
	}
	var err error
	if w.older, err = p.record.olderAnswerFile(); err != nil {
		return err
	}
	if err := w.find(); err != nil {
		return err
	}
	return w.planEdit()
}

// find looks where the join has to be. A join of ours that is there already is found where it was put.
func (w *answerFileWay) find() (err error) {
	if w.older != nil {
		w.place, err = w.older.Find(w.im.fs, w.im.drive())
		if err != nil || w.place.Exists() {
			return err
		}
	}
	w.place, err = answerfile.Find(w.im.fs, w.im.drive(), w.im.Facts().Setup.UnattendFile)
	return err
}

// planEdit plans the change on what the file will be without an older join of ours.
func (w *answerFileWay) planEdit() (err error) {
	content := w.place.Content
	if w.older != nil && content != nil && !w.holdsThis(content) {
		removal, err := answerfile.Remove(content, w.older.Undo)
		if err != nil {
			return err
		}
		if removal.Outcome != answerfile.Gone {
			defer clear(removal.Content)
			content = removal.Content
		}
	}
	f := w.im.Facts()
	w.edit, err = answerfile.Plan(content, w.join, answerfile.Options{
		Replace: w.replace, Client: f.ProductType == winimage.ProductClient, Name: w.place.Path,
	})
	if err != nil {
		return err
	}
	if w.edit.Unchanged() && w.older != nil {
		w.undo = w.older
		return nil
	}
	if w.undo, err = w.place.Record(w.edit); err != nil {
		return err
	}
	if n := len(w.undo.Text()); n > maxUndo {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "what the join replaces in %s is too large to be kept for taking it back "+
			"(%s): take it out of the file yourself", w.place.Path, FormatSize(int64(n)))
	}
	return nil
}

func (w *answerFileWay) holdsThis(content []byte) bool {
	facts, err := answerfile.ReadFacts(content, w.join.Architecture, w.place.Path)
	if err != nil {
		return false
	}
	defer facts.Wipe()
	return bytes.Equal(facts.AccountData, w.join.AccountData)
}

func (w *answerFileWay) whole(*record) bool { return w.edit.Unchanged() && w.older != nil }

func (w *answerFileWay) edits(*record) []edit {
	const key = completion.Key
	return []edit{
		setText(key, completion.ValueAnswerFile, w.undo.Text()),
		{what: dropValue, key: key, name: completion.ValueProvisioningBlob},
		{what: dropValue, key: key, name: completion.ValueBlobSHA256},
		{what: dropValue, key: key, name: completion.ValuePreviousSetupType},
		{what: dropValue, key: key, name: completion.ValuePreviousCmdLine},
	}
}

func (w *answerFileWay) changes() (out []Change) {
	for _, c := range w.edit.Changes {
		out = append(out, Change{
			Kind: ChangeKind(c.Kind), Where: w.place.Path + ": " + c.Where, Name: c.Name, Type: "element",
			Before: c.Before, After: c.After, Secret: c.Name == "AccountData",
		})
	}
	return out
}

func (w *answerFileWay) warnings() []string { return append(w.place.Notes, w.edit.Warnings...) }

func (w *answerFileWay) replaces() bool { return w.replaced }

// before takes an older join of ours out, which gives the file its first bytes back, and plans anew on those.
func (w *answerFileWay) before() (out writes, undo func() error, err error) {
	undo = func() error { return nil }
	if w.older == nil || w.edit.Unchanged() {
		return writes{}, undo, nil
	}
	w.replaced = true
	removal, err := w.older.Unstage(w.im.fs, w.im.drive())
	if err != nil {
		return writes{}, undo, err
	}
	defer clear(removal.Content)
	out = writes{bytes: int64(len(removal.Content)), syncs: answerFileSyncs, warnings: removal.Notes}
	w.dropPlan()
	w.older = nil
	if err := w.find(); err != nil {
		return out, undo, err
	}
	return out, undo, w.planEdit()
}

func (w *answerFileWay) after() (writes, error) {
	if w.edit.Unchanged() {
		return writes{}, nil
	}
	warnings, err := w.place.Write(w.edit, w.undo, completion.FileSecurity())
	return writes{bytes: int64(len(w.edit.Content)), syncs: answerFileSyncs, warnings: warnings}, err
}

func (w *answerFileWay) takeOut() error {
	removal, err := w.undo.Unstage(w.im.fs, w.im.drive())
	if err == nil {
		clear(removal.Content)
	}
	return err
}

func (w *answerFileWay) verify() error {
	place, err := w.undo.Find(w.im.fs, w.im.drive())
	if err != nil {
		return err
	}
	defer place.Wipe()
	if !w.holdsThis(place.Content) {
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s does not hold what was written to it: check the disk, and stage "+
			"again", place.Path)
	}
	return nil
}

func (w *answerFileWay) tell(t tell, b BlobFacts) {
	t.step("At first boot Windows Setup joins %s to %s in its specialize pass, without another restart.", b.MachineName, b.Domain)
	t.detail("Until then %s holds the machine's password: treat the image like one.", w.place.Path)
}

func (w *answerFileWay) close() {
	w.dropPlan()
	clear(w.join.AccountData)
}

// dropPlan forgets what the plan knows of the file.
func (w *answerFileWay) dropPlan() {
	if w.place != nil {
		w.place.Wipe()
	}
	if w.edit != nil {
		w.edit.Wipe()
	}
	w.place, w.edit = nil, nil
}

// olderAnswerFile returns what the record says of an answer file, and nil when it says nothing.
func (r *record) olderAnswerFile() (*answerfile.Record, error) {
	if r.answerFile == "" {
		return nil, nil //nolint:nilnil // no answer file is no failure
	}
	return answerfile.ParseRecord(r.answerFile)
}
