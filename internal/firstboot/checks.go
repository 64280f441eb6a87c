package firstboot

import (
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// check looks for one claim in what is seen.
type check struct {
	name  string // of evidence files, after the scenario's
	claim string
	test  func(moment) error // nil, or an error of package claims
}

// moment is what a check looks at.
type moment struct {
	golden *sight // the disk before staging
	staged *sight // what the machine was given at its first boot
	before *sight // what it was given at this boot
	now    *sight
	end    End
	domain string // security identifier of the blob's domain
}

// joined are the checks of a join that went well.
func joined() []check {
	return []check{
		{"ran", "hook-runs-before-logon", hasRun},
		{"joined", "request-works-early", isJoined},
		{"hook", "hook-put-back", isHookPutBack},
		{"blob", "blob-erased", isBlobErased},
		{"bytes", "erased-bytes-gone", areBytesGone},
		{"member", "member-after-restart", isMember},
		{"record", "outcome-recorded", isRecorded},
		{"log", "log-written", isLogged},
	}
}

// inOneBoot are those that want the restart to have been in the same boot.
func inOneBoot() []check {
	return []check{
		{"restart", "restart-once", hasRestartedOnce},
		{"program", "removed-at-next-start", isProgramRemoved},
	}
}

// refused are the checks of a join that the program refuses by itself.
func refused() []check {
	return []check{
		{"refused", "digest-compared", isRefused},
		{"hook", "hook-put-back", isHookPutBack},
		{"blob", "blob-erased", isBlobErased},
	}
}

func hasRun(m moment) error {
	if m.now.status.Attempts == 0 {
		return claims.Differs("the program has not run: the status is %s", m.now.status.State)
	}
	return nil
}

func isJoined(m moment) error { return joinedAt(m, 1) }

// isJoinedAgain is for the second boot of a join whose first one came too early.
func isJoinedAgain(m moment) error { return joinedAt(m, 2) }

func joinedAt(m moment, attempts uint32) error {
	st := m.now.status
	switch {
	case st.State != offlinejoin.StateCompleted:
		return claims.Differs("the status is %s, result %d", st.State, st.Result)
	case st.Attempts != attempts:
		return claims.Differs("%d attempts, and %d were expected", st.Attempts, attempts)
	case st.Result != uint32(winerr.Success) && st.Result != uint32(winerr.JoinPerformedMustRestart):
		return claims.Differs("completed with result %d", st.Result)
	}
	return nil
}

func isHookPutBack(m moment) error {
	if !m.golden.hook.Equal(m.now.hook) {
		return claims.Differs("SetupType and CmdLine are not as before staging")
	}
	return nil
}

func isBlobErased(m moment) error {
	if m.now.hasBlob {
		return claims.Differs("the record still has the blob or its digest")
	}
	return nil
}

func areBytesGone(m moment) error {
	if n := m.now.remainders; n > 0 {
		return claims.Differs("%d pieces of the blob, of 64 bytes each, are in the SYSTEM hive or its logs", n)
	}
	return nil
}

func isMember(m moment) error {
	got, st := m.now.facts.Membership, m.now.status
	switch {
	case !got.Joined:
		return claims.Differs("the machine is no member of a domain")
	case !strings.EqualFold(got.DomainName, m.staged.status.Domain):
		return claims.Differs("the machine is a member of another domain")
	case !strings.EqualFold(m.now.facts.ComputerName, st.MachineName):
		return claims.Differs("the machine has another name than the join")
	}
	return nil
}

func isRecorded(m moment) error {
	st := m.now.status
	if _, err := time.Parse(time.RFC3339, st.CompletedAt); err != nil {
		return claims.Differs("CompletedAt is no time")
	}
	if st.ResultText == "" {
		return claims.Differs("ResultText is empty")
	}
	return nil
}

func isLogged(m moment) error {
	for _, log := range m.now.status.Logs {
		if strings.HasSuffix(log.Path, "offlinejoin.log") && len(log.Lines) >= 2 {
			return nil
		}
	}
	return claims.Differs("debug\\offlinejoin.log does not have two lines")
}

func hasRestartedOnce(m moment) error {
	if n := m.end.Restarts; n != 1 {
		return claims.Differs("Windows has restarted %d times", n)
	}
	return nil
}

func isProgramRemoved(m moment) error {
	if m.now.program {
		return claims.Differs("System32\\odjboot.exe is still there")
	}
	return nil
}

func isRefused(m moment) error {
	st := m.now.status
	switch {
	case st.State != offlinejoin.StateFailed || st.Attempts != 1 || st.Result != uint32(winerr.BadOfflineJoinInfo):
		return claims.Differs("the status is %s, %d attempts, result %d", st.State, st.Attempts, st.Result)
	case m.now.facts.Membership.Joined:
		return claims.Differs("the machine is a member of a domain")
	case m.end.Restarts > 0:
		return claims.Differs("Windows has restarted")
	}
	return nil
}

// isWaiting holds after an attempt that came too early.
func isWaiting(m moment) error {
	st := m.now.status
	switch {
	case st.State != offlinejoin.StateStaged || st.Attempts != 1 || st.Result != uint32(winerr.WkstaNotStarted):
		return claims.Differs("the status is %s, %d attempts, result %d", st.State, st.Attempts, st.Result)
	case !m.now.hook.Armed() || !m.now.hasBlob:
		return claims.Differs("the next boot cannot try again")
	case m.now.facts.Membership.Joined:
		return claims.Differs("the machine is a member of a domain")
	}
	return nil
}

// isTold holds when the status says what the program in the disk is, before the boot and after it, and nothing has joined.
func isTold(program string) func(moment) error {
	return func(m moment) error {
		for _, s := range []*sight{m.before, m.now} {
			if st := s.status; st.State != offlinejoin.StateStaged || st.Program != program || !st.Incomplete {
				return claims.Differs("the status is %s, the program %s", st.State, st.Program)
			}
		}
		return hasNotJoined(m)
	}
}

// isNotRun holds when the status says that Windows was started and the program never ran.
func isNotRun(m moment) error {
	if m.end.How != ByItself {
		return claims.Lacking("Windows did not shut down when it was asked to, so that it has noted no shutdown")
	}
	st := m.now.status
	switch {
	case st.Attempts > 0:
		return claims.Differs("the program has run: the policy does not forbid it")
	case st.State != offlinejoin.StateStaged || !st.NotRun:
		return claims.Differs("the status is %s, and does not say that the program never ran", st.State)
	case !m.now.hook.Armed() || !m.now.hasBlob:
		return claims.Differs("hook and blob are not as they were staged")
	}
	return hasNotJoined(m)
}

func hasNotJoined(m moment) error {
	if m.now.status.Attempts > 0 || m.now.facts.Membership.Joined {
		return claims.Differs("the machine has joined, or has tried to")
	}
	return nil
}

// found is a state of docs/first-boot.md, "When the power goes".
type found string

const (
	asStaged found = "as-staged" // the next boot begins anew
	disarmed found = "disarmed"  // staged, and nothing armed
	broken   found = "started"   // the program met its end in its work
	finished found = "completed"
)

func (s *sight) found() (found, error) {
	st, armed := s.status, s.hook.Armed()
	starts := s.hook.StartsProgram() && !armed
	switch {
	case starts:
		return "", claims.Differs("the hook is half armed")
	case st.State == offlinejoin.StateStaged && armed && s.hasBlob && st.Attempts == 0:
		return asStaged, nil
	case st.State == offlinejoin.StateStaged && !armed && s.hasBlob:
		return disarmed, nil
	case st.State == offlinejoin.StateFailed && !armed && st.Result == uint32(winerr.OperationAborted):
		return broken, nil
	case st.State == offlinejoin.StateCompleted && !armed && !s.hasBlob:
		return finished, nil
	}
	return "", claims.Differs("no state that is known: %s, result %d, armed %v, a blob %v", st.State, st.Result, armed, s.hasBlob)
}

// isKnownState holds after the power was cut.
func isKnownState(m moment) error {
	if m.end.How != Cut {
		return claims.Lacking("the machine was off before the moment came")
	}
	_, err := m.now.found()
	return err
}

// goesOn holds after the boot that follows: what can go on by itself has, and what cannot is as it was.
func goesOn(m moment) error {
	before, err := m.before.found()
	if err != nil {
		return claims.Lacking("the state before was not a known one")
	}
	now, err := m.now.found()
	if err != nil {
		return err
	}
	want := before
	if before == asStaged {
		want = finished
	}
	if now != want {
		return claims.Differs("%s before this boot, and %s after it", before, now)
	}
	if now == finished {
		return isMember(m)
	}
	return nil
}

func isJoinedBySetup(m moment) error {
	if st := m.now.status; st.State != offlinejoin.StateCompleted {
		return claims.Differs("the status is %s", st.State)
	}
	return isMember(m)
}

func answerFileIsErased(m moment) error {
	if m.now.answers {
		return claims.Differs("an answer file of the image still holds the blob")
	}
	return nil
}

// hasLoggedOn holds when Windows has made a profile for an account of the domain in this boot.
func hasLoggedOn(m moment) error {
	if m.now.noProfiles || m.before.noProfiles {
		return claims.Lacking("the list of profiles in the SOFTWARE hive cannot be read")
	}
	others := false
	for _, sid := range m.now.newAccounts(m.before) {
		if isAccountOf(sid, m.domain) {
			return nil
		}
		others = true
	}
	if others {
		return claims.Differs("an account has logged on that is not of the domain, but of the machine itself or of another domain")
	}
	return claims.Differs("no account of the domain has logged on: none has a profile that the disk did not have before")
}
