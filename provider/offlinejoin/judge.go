package offlinejoin

import (
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// verdict is what a plan does about an image that a resource knows.
type verdict int

const (
	leave   verdict = iota // no change
	restage                // the join is staged (again)
	refuse                 // the plan fails: the user must decide
)

// The words of on_destroy, after_first_boot and reuse.
const (
	destroyUnstage = "unstage"
	destroyAbandon = "abandon"
	destroyFail    = "fail"
	bootRestage    = "restage"
	reuseAllow     = "allow"
)

// matter is all that the meaning of drift depends on.
type matter struct {
	image       core.State // what the image says now …
	inImage     string     // … the fingerprint of the join in it …
	damaged     bool       // … and whether a join that waits for its first boot lacks something
	mine        ownership
	blob        knowledge
	fingerprint string // of the blob, when known
	newVersion  bool   // blob_wo_version has changed
	onExisting  core.OnExisting
	restages    bool // after_first_boot = "restage"
}

// judge is the meaning of drift. What it does, in this order:
//
//	kept another's join              nothing, as long as on_existing says keep
//	our join, waiting                restage when the blob has changed, or something of the join is missing
//	our join, completed              nothing; restage with after_first_boot = "restage"
//	our join, failed or half-way     nothing; restage when the blob has changed
//	no join, never booted            restage
//	no join any more after a boot    nothing; restage with after_first_boot = "restage"
//	another join, waiting            restage
//	another join, booted             refuse, unless it is that of the blob
//	another tool's, or joined        refuse, unless on_existing says what to do
func (m matter) judge() verdict {
	if m.mine.Fingerprint == "" && m.onExisting == core.OnExistingKeep {
		return leave
	}
	switch m.image {
	case core.StateForeign, core.StateJoined:
		return m.judgeOthers()
	case core.StateAbsent:
		return m.judgeAbsent()
	}
	if m.mine.Fingerprint == "" || m.inImage != m.mine.Fingerprint {
		return m.judgeAnother()
	}
	return m.judgeOurs()
}

func (m matter) judgeOurs() verdict {
	switch {
	case m.image == core.StateCompleted:
		return restageIf(m.restages)
	case m.image == core.StateStaged && !m.mine.Booted && m.damaged:
		return restage
	default:
		return restageIf(m.changed())
	}
}

// changed tells that the blob is another one than the image has. Of a blob that is not known while planning only the
// user's version can tell it.
func (m matter) changed() bool {
	if m.blob == blobKnown {
		return m.fingerprint != m.inImage
	}
	return m.newVersion
}

func (m matter) judgeAbsent() verdict { return restageIf(!m.mine.Booted || m.restages) }

func (m matter) judgeAnother() verdict {
	switch {
	case m.blob == blobKnown && m.fingerprint == m.inImage, m.image == core.StateStaged:
		return restage
	case m.onExisting == core.OnExistingReplace, m.image == core.StateCompleted && m.restages:
		return restage
	}
	return refuse
}

func (m matter) judgeOthers() verdict {
	switch {
	case m.onExisting == core.OnExistingKeep:
		return leave
	case m.onExisting == core.OnExistingReplace:
		return restage
	case m.image == core.StateJoined && m.mine.Booted:
		return restageIf(m.restages)
	}
	return refuse
}

func restageIf(yes bool) verdict {
	if yes {
		return restage
	}
	return leave
}

// existing is what the core is told about a join in the image of a known resource: the drift that is to be put right is
// replaced, about all else the user has the word.
func (m matter) existing() core.OnExisting {
	if m.mine.Fingerprint == "" {
		return m.onExisting
	}
	if m.image == core.StateJoined && m.mine.Booted && m.restages {
		return core.OnExistingReplace // a member by our own join
	}
	if m.image == core.StateForeign || m.image == core.StateJoined {
		return m.onExisting
	}
	return core.OnExistingReplace
}
