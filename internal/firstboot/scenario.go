package firstboot

import (
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// Scenario is one story of a staged join: what happens to the disk, its boots, and what must be in it afterwards.
type Scenario struct {
	Name string // of evidence files
	Says string // one line for people

	generalized bool   // it is about a disk that Windows Setup will run on
	policies    string // a folder of the user's policies that it needs; empty: none
	domain      bool   // its blob is that of the user's domain, which it needs
	cuts        bool   // it cuts the power at a moment that is known from the scenario good
	blob        func() (*odj.Blob, error)
	acts        []act
}

// act is a boot, with what comes before it and what is looked at after it.
type act struct {
	before   func(*guest) error // changes the disk; nil: nothing
	cut      Moment
	patience int
	network  bool
	member   bool // it is for a machine that is a member by then, and else skipped
	checks   []check
}

// first is the scenario that tells whether this Windows starts at all, and how long that takes.
const first = "good"

// Scenarios returns the table of all, in their order.
func Scenarios() []Scenario {
	return append([]Scenario{
		{
			Name: first, Says: "a join by method registry, and nothing goes wrong",
			acts: []act{{checks: append(joined(), inOneBoot()...)}},
		},
		{
			Name: "letter-cases", Says: "a forest whose names have other letter cases in each place of the blob",
			blob: sample.BlobOfLetterCases,
			acts: []act{{checks: []check{{"joined", "request-takes-our-blobs", isJoined}, {"member", "member-after-restart", isMember}}}},
		},
		{
			Name: "tampered-blob", Says: "a byte of the blob was changed after staging",
			acts: []act{{before: tamper, checks: refused()}},
		},
		{
			Name: "workstation-disabled", Says: "the Workstation service is disabled at the first boot, and not at the second",
			acts: []act{
				{before: startOfService("LanmanWorkstation", disabled), checks: []check{{"waits", "workstation-passes", isWaiting}}},
				{before: startOfService("LanmanWorkstation", automatic), checks: []check{{"joined-then", "request-again", isJoinedAgain}}},
			},
		},
		{
			Name: "program-replaced", Says: "System32\\odjboot.exe is another file than the one that was staged",
			acts: []act{{before: replaceProgram, checks: []check{{"told", "replaced-program-told", isTold("changed")}}}},
		},
		{
			Name: "program-blocked", Says: "an App Control policy forbids the program", policies: "block",
			acts: []act{{before: putPolicies("block"), checks: []check{{"told", "blocked-program-leaves-hook", isNotRun}}}},
		},
		{
			Name: "program-allowed", Says: "an App Control policy allows programs by hash, ours too", policies: "allow",
			acts: []act{{before: putPolicies("allow"), checks: []check{{"joined", "policy-allows-by-hash", isJoined}}}},
		},
	}, append(powerCuts(), Scenario{
		Name: "answer-file", Says: "a generalized Windows with the join in its answer file", generalized: true,
		acts: []act{{patience: 4, checks: []check{
			{"joined", "account-data-joins", isJoinedBySetup},
			{"erased", "setup-erases-account-data", answerFileIsErased},
		}}},
	}, Scenario{
		Name: "domain-logon", Says: "a join to a live domain of yours, whose user logs on at the boot after it", domain: true,
		acts: []act{
			{before: reachDomain, network: true, checks: []check{
				{"joined", "request-works-early", isJoined}, {"member", "member-after-restart", isMember},
			}},
			{before: logOnAtStart, network: true, member: true, checks: []check{{"logged-on", "secure-channel", hasLoggedOn}}},
		},
	})...)
}

func powerCuts() []Scenario {
	var all []Scenario
	for _, c := range []struct {
		cut        Moment
		name, says string
	}{
		{BeforeProgram, "power-cut-early", "the power goes while Windows starts, before the program runs"},
		{InProgram, "power-cut-in-program", "the power goes while the program works"},
		{BeforeRestart, "power-cut-at-restart", "the power goes as Windows restarts after the program"},
	} {
		all = append(all, Scenario{Name: c.name, Says: c.says, cuts: true, acts: []act{
			{cut: c.cut, checks: []check{{"left", "power-cut-leaves-known-state", isKnownState}}},
			{checks: []check{{"then", "power-cut-leaves-known-state", goesOn}}},
		}})
	}
	return all
}

// ofBlob is a join with a blob of the user's.
func ofBlob(n int, blob func() (*odj.Blob, error)) Scenario {
	return Scenario{
		Name: fmt.Sprintf("blob-%d", n), Says: "a join with a blob of BLOB_DIR, in the order of their names", blob: blob,
		acts: []act{{checks: []check{{"joined", "request-takes-our-blobs", isJoined}, {"member", "member-after-restart", isMember}}}},
	}
}

// Start types of services (winnt.h).
const (
	automatic = 2
	disabled  = 4
)

func startOfService(name string, start uint32) func(*guest) error {
	return func(g *guest) error {
		return g.set(g.controlSet+`\Services\`+name, "Start", regf.DWORD, regf.DWORDData(start))
	}
}
