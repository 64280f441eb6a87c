package offlinejoin

import (
	"slices"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/answerfile"
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// findBeside completes the status of an image that has our record with the joins of others which are pending as well: those
// that other tools or Windows' own function have left in the registry, and one in the answer file that Windows Setup will
// take. An answer file that cannot be read asks for nothing.
func (im *openImage) findBeside(r *record, st *Status) {
	if st.State != StateStaged {
		return
	}
	for _, p := range im.Facts().PendingJoins {
		st.Beside = append(st.Beside, p.Key)
	}
	if where := im.otherAnswerFile(r); where != "" {
		st.Beside = append(st.Beside, where)
	}
}

// otherAnswerFile returns the path of the answer file that Setup will take, when it asks for a join that is not ours.
func (im *openImage) otherAnswerFile(r *record) string {
	if p := im.Facts().Phase; p != winimage.PhaseGeneralized && p != winimage.PhaseSetup {
		return "" // Setup will not run
	}
	place, err := answerfile.Find(im.session, im.pointer())
	if err != nil {
		return ""
	}
	defer place.Wipe()
	if older, err := r.olderAnswerFile(); err != nil || !place.Exists() ||
		r.method == completion.MethodAnswerFile && older != nil && im.isThere(older, place) {
		return "" // what has become of our own is the status's to say
	}
	if !im.asksForJoin(place) {
		return ""
	}
	return place.Path
}

// asksForJoin reports whether the answer file at a place asks for a join. One that cannot be read asks for nothing.
func (im *openImage) asksForJoin(place *answerfile.Place) bool {
	facts, err := answerfile.ReadFacts(place.Content, string(im.Facts().Architecture), place.Path)
	if err != nil {
		return false
	}
	defer facts.Wipe()
	return !facts.Processed && (len(facts.AccountData) > 0 || len(facts.OtherJoin) > 0)
}

// isThere reports whether a record of ours names the file of a place.
func (im *openImage) isThere(older *answerfile.Record, place *answerfile.Place) bool {
	ours, err := older.Find(im.session, im.pointer())
	if err != nil {
		return false
	}
	defer ours.Wipe()
	return ours.Name() == place.Name()
}

// BesideText returns one sentence about the joins of others that are pending beside ours, and "" when there are none.
func (st *Status) BesideText() string {
	if len(st.Beside) == 0 {
		return ""
	}
	return "another join is pending beside this one (" + strings.Join(st.Beside, ", ") + "), and what Windows makes of both is " +
		"not known: take it back with the tool that left it, or unstage this one"
}

// Notices returns the sentences that qualify a status, for people: what a staged join lacks, what is pending beside it. A
// state that is about nothing else, such as a join of another tool, has none.
func (st *Status) Notices() []string {
	notices := []string{st.Detail, st.BesideText()}
	if st.State == StateForeign || st.State == StateJoined {
		notices[0] = ""
	}
	return slices.DeleteFunc(notices, func(s string) bool { return s == "" })
}
