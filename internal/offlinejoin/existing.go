package offlinejoin

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// decision is what to do with an image that may hold a join already.
type decision struct {
	outcome Outcome // OutcomeStaged: go on; else stop without writing
	warning string
}

// arrival is the join that comes to an image which may hold one already.
type arrival struct {
	on          OnExisting
	choice      bool // the user could set on_existing
	fingerprint string
	complete    bool   // the image holds exactly this join in working order
	again       bool   // where that is completed, it is staged once more
	golden      string // what the new disk is made from, which holds what it will hold; "": there is no disk to make
}

// resolveExisting applies on_existing to what an image holds. Nothing that a golden image holds is left alone: the disk that
// was asked for would not be made.
func resolveExisting(st Status, join arrival) (decision, error) {
	same, leave := st.Fingerprint == join.fingerprint, join.golden == ""
	switch {
	case same && join.again && st.State == StateCompleted:
		return decision{outcome: OutcomeStaged, warning: "this join was completed and is staged again; a machine that has " +
			"changed its password since cannot use the blob any more"}, nil
	case st.State == StateAbsent:
		return decision{outcome: OutcomeStaged}, nil
	case leave && same && (join.complete || st.State == StateCompleted):
		return decision{outcome: OutcomeUnchanged}, nil
	case leave && same && st.State == StateStaged:
		return decision{outcome: OutcomeStaged, warning: "this join was staged before, but not whole: it is staged again"}, nil
	}
	switch join.on {
	case OnExistingKeep:
		if leave {
			return decision{outcome: OutcomeKept}, nil
		}
		return decision{}, existingError(st, join)
	case OnExistingReplace:
		return decision{outcome: OutcomeStaged, warning: replaceWarning(st)}, nil
	case OnExistingFail, "":
		return decision{}, existingError(st, join)
	}
	return decision{}, winerr.Errorf(winerr.InvalidParameter, "on_existing is %q: use fail, replace or keep", join.on)
}

func replaceWarning(st Status) string {
	switch st.State {
	case StateForeign:
		return st.Detail + "; its traces stay, and what Windows makes of both is not known"
	case StateJoined:
		return st.Detail + "; whether Windows makes it a member of the new domain is not known"
	default:
		return fmt.Sprintf("the %s join of %s to %s is replaced", st.State, st.MachineName, st.Domain)
	}
}

// existingError says what is in the way and how to go on: also by on_existing, where the user has a choice.
func existingError(st Status, join arrival) error {
	image, choose := st.Image.WindowsPath, ""
	if join.choice {
		choose = `, or set on_existing = "replace"`
	}
	if join.golden != "" {
		image = "the golden image " + join.golden
	} else if join.choice {
		choose += `, or on_existing = "keep" to leave it`
	}
	switch st.State {
	case StateStaged:
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s already holds a staged join of %s to %s "+
			"(fingerprint %s): unstage it%s", image, st.MachineName, st.Domain, ShortFingerprint(st.Fingerprint), choose)
	case StateCompleted:
		return winerr.Errorf(winerr.SetupAlreadyJoined, "%s has completed its join of %s to %s: use a fresh image%s",
			image, st.MachineName, st.Domain, choose)
	case StateFailed:
		answer := ""
		if st.refused() {
			answer = fmt.Sprintf(" (%s)", winerr.Code(st.Result))
		}
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s holds a join of %s to %s that failed at first boot%s: "+
			"find out why, then unstage it%s", image, st.MachineName, st.Domain, answer, choose)
	case StateJoined:
		return winerr.Errorf(winerr.SetupAlreadyJoined, "%s is a member of %s already: use an image that is not%s",
			image, st.Domain, choose)
	default:
		return winerr.Errorf(winerr.CantCreateJoinInfo, "%s: %s: let that tool finish or take it back%s",
			image, st.Detail, choose)
	}
}

// ShortFingerprint shortens a fingerprint for people: "4f1c…e09a".
func ShortFingerprint(fp string) string {
	const ends, short = 4, 12
	runes := []rune(fp) // an image's record may hold anything
	if len(runes) < short {
		return fp
	}
	return string(runes[:ends]) + "…" + string(runes[len(runes)-ends:])
}
