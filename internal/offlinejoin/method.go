package offlinejoin

import (
	"context"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// method is one way in which a join gets completed. Its calls come in this order: plan, the questions, and then apply
// and verify when something is to be written.
type method interface {
	// plan makes the checks of the method, and works out what is to be written. It writes nothing.
	plan(p *plan) error
	// staged reports whether the image holds all of this very join in working order, beside what every record has.
	staged(r *record) bool
	// edits are the method's own values of the record, and of Windows' keys.
	edits(r *record) []edit
	// changes and warnings are about what is written outside the registry.
	changes() []Change
	warnings() []string
	// apply writes: files that the registry makes matter before t.writeRegistry, files that matter by themselves after it.
	// What it has done beside the registry it hands to t.onFailure, so that it is undone when a later step fails.
	apply(ctx context.Context, t *transaction) error
	// verify compares the image, opened anew, with what was to be written outside the registry; nil for the running
	// Windows.
	verify(again *openImage) error
	// announce reports what happens next.
	announce(r reporter, b BlobFacts)
	// close forgets the secrets.
	close()
}

// newMethod returns the method for a request and an image, nil for the running Windows, after the image has passed the
// method's checks of it.
func newMethod(req Request, im *openImage) (Method, method, error) {
	chosen := req.Method
	if chosen == MethodNative {
		return chosen, &nativeMethod{online: req.Online}, nil
	}
	if chosen == "" || chosen == MethodAuto {
		chosen = methodFor(im.Facts())
	}
	if chosen == MethodRegistry {
		return chosen, &registryMethod{ownProgram: req.CompletionProgram}, im.CheckRegistryMethod()
	}
	if req.CompletionProgram != "" {
		return chosen, nil, winerr.Errorf(winerr.InvalidParameter, "the method answer_file needs no completion program: "+
			"leave completion_program out")
	}
	return chosen, &answerFileMethod{replace: req.OnExisting == OnExistingReplace}, im.CheckAnswerFileMethod()
}

// methodFor returns what auto means: Windows Setup completes the join where it will run, our program elsewhere. Images
// that are in no state to take a join are refused by the checks of the method.
func methodFor(f winimage.Facts) Method {
	if f.Phase == winimage.PhaseGeneralized {
		return MethodAnswerFile
	}
	return MethodRegistry
}

// checkMethod refuses a word that is no method, and what a method cannot be combined with.
func checkMethod(req Request) error {
	if req.Online && req.Method != MethodNative {
		return winerr.Errorf(winerr.InvalidParameter, "online is for the method native, and the method is %q: leave it out",
			req.Method)
	}
	switch req.Method {
	case "", MethodAuto, MethodRegistry, MethodAnswerFile:
		return nil
	case MethodNative:
		return checkNative(req)
	}
	return winerr.Errorf(winerr.InvalidParameter, "the method is %q: use auto, registry, answer_file or native", req.Method)
}

// recordedMethod is the method as the record has it.
func recordedMethod(m Method) string {
	if m == MethodAnswerFile {
		return completion.MethodAnswerFile
	}
	return completion.MethodRegistry
}
