package offlinejoin

import (
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// action is what a plan does about an image that a resource knows.
type action int

const (
	leave   action = iota // no change
	restage               // the join is staged (again)
	refuse                // the plan fails: the user must decide
)

// The words of on_destroy, after_first_boot and reuse.
const (
	destroyUnstage = "unstage"
	destroyAbandon = "abandon"
	destroyFail    = "fail"
	bootRestage    = "restage"
	reuseAllow     = "allow"
)

// drift is how an image and a configuration differ from what the resource has done: all that the action depends on.
type drift struct {
	image       core.State // what the image says now …
	inImage     string     // … the fingerprint of the join in it …
	damaged     bool       // … and whether a join that waits for its first boot lacks something
	mine        ownership
	blob        blobState
	fingerprint string // of the blob, when known
	newVersion  bool   // blob_wo_version has changed
	onExisting  core.OnExisting
	restages    bool // after_first_boot = "restage"
}

// decide returns what the plan does, and so what drift means. The cases, in this order:
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
func (d drift) decide() action {
	if d.mine.Fingerprint == "" && d.onExisting == core.OnExistingKeep {
		return leave
	}
	switch d.image {
	case core.StateForeign, core.StateJoined:
		return d.decideOthers()
	case core.StateAbsent:
		return d.decideAbsent()
	}
	if d.mine.Fingerprint == "" || d.inImage != d.mine.Fingerprint {
		return d.decideAnother()
	}
	return d.decideOurs()
}

func (d drift) decideOurs() action {
	switch {
	case d.image == core.StateCompleted:
		return restageIf(d.restages)
	case d.image == core.StateStaged && !d.mine.Booted && d.damaged:
		return restage
	default:
		return restageIf(d.changed())
	}
}

// changed tells that the blob is another one than the image has. Of a blob that is not known while planning only the
// user's version can tell it.
func (d drift) changed() bool {
	if d.blob == blobKnown {
		return d.fingerprint != d.inImage
	}
	return d.newVersion
}

func (d drift) decideAbsent() action { return restageIf(!d.mine.Booted || d.restages) }

func (d drift) decideAnother() action {
	switch {
	case d.blob == blobKnown && d.fingerprint == d.inImage, d.image == core.StateStaged:
		return restage
	case d.onExisting == core.OnExistingReplace, d.image == core.StateCompleted && d.restages:
		return restage
	}
	return refuse
}

func (d drift) decideOthers() action {
	switch {
	case d.onExisting == core.OnExistingKeep:
		return leave
	case d.onExisting == core.OnExistingReplace:
		return restage
	case d.image == core.StateJoined && d.mine.Booted:
		return restageIf(d.restages)
	}
	return refuse
}

func restageIf(yes bool) action {
	if yes {
		return restage
	}
	return leave
}

// existing is what the core is told about a join in the image of a known resource: the drift that is to be put right is
// replaced, about all else the user has the word.
func (d drift) existing() core.OnExisting {
	if d.mine.Fingerprint == "" {
		return d.onExisting
	}
	if d.image == core.StateJoined && d.mine.Booted && d.restages {
		return core.OnExistingReplace // a member by our own join
	}
	if d.image == core.StateForeign || d.image == core.StateJoined {
		return d.onExisting
	}
	return core.OnExistingReplace
}
