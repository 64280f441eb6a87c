package offlinejoin

import (
	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// way is what one method does beside the record that every join leaves in the registry. The order is: plan, and then
// before, the registry transaction, after, verify. What before has written counts from the transaction on.
type way interface {
	// plan makes the checks of the method. It writes nothing.
	plan(p *preparation) error
	// whole tells that the image holds all of this very join, beside the record.
	whole(r *record) bool
	// edits are the method's own values of the record, and of Windows' keys.
	edits(r *record) []edit
	// changes and warnings tell what happens outside the registry.
	changes() []Change
	warnings() []string
	// replaces tells that before takes something of an older join away, which does not come back.
	replaces() bool
	// before writes what the registry transaction makes matter; undo takes new files away again.
	before() (w writes, undo func() error, err error)
	// after writes what matters by itself; takeOut removes what of it is there when it has failed.
	after() (w writes, err error)
	takeOut() error
	// verify reads back what was written outside the registry.
	verify() error
	// tell says what happens next.
	tell(t tell, b BlobFacts)
	// close forgets the secrets.
	close()
}

// writes counts what was written outside the registry.
type writes struct {
	bytes    int64
	syncs    int
	warnings []string
}

// chooseMethod decides what auto means: Windows Setup completes the join where it will run, our program elsewhere. Images
// that are in no state to take a join are refused by the checks of the method.
func chooseMethod(wanted Method, f winimage.Facts) Method {
	if wanted != "" && wanted != MethodAuto {
		return wanted
	}
	if f.Phase == winimage.PhaseGeneralized {
		return MethodAnswerFile
	}
	return MethodRegistry
}

// checkMethod refuses a word that is no method.
func checkMethod(m Method, online bool) error {
	if online && m != MethodNative {
		return winerr.Errorf(winerr.InvalidParameter, "online is for the method native, and the method is %q: leave it out", m)
	}
	switch m {
	case "", MethodAuto, MethodRegistry, MethodAnswerFile, MethodNative:
		return nil
	}
	return winerr.Errorf(winerr.InvalidParameter, "the method is %q: use auto, registry, answer_file or native", m)
}

// newWay returns the way of a method, after the image has passed its checks.
func (p *preparation) newWay(m Method, req Request) (way, error) {
	if m == MethodAnswerFile {
		if req.CompletionProgram != "" {
			return nil, winerr.Errorf(winerr.InvalidParameter, "the method answer_file needs no completion program: leave "+
				"completion_program out")
		}
		return &answerFileWay{replace: req.OnExisting == OnExistingReplace}, p.im.CheckAnswerFileMethod()
	}
	return &registryWay{own: req.CompletionProgram}, p.im.CheckRegistryMethod()
}

// methodValue is the method as the record has it.
func methodValue(m Method) string {
	if m == MethodAnswerFile {
		return completion.MethodAnswerFile
	}
	return completion.MethodRegistry
}
