package offlinejoin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winimage"
)

// combination is what a record and an image can hold together.
type combination struct {
	method, state string
	program       string // of what is in the image
	armed, blob   bool
	attempts      uint32
	result        uint32
	started       bool // Windows was, after staging
	member        string
	phase         winimage.Phase
	unrecoverable bool
	beside        bool
}

func (c combination) String() string {
	return fmt.Sprintf("%s %s, program %s, armed %v, blob %v, attempts %d, result %d, started %v, member of %q, phase %v, hive unrecoverable %v, beside %v",
		c.method, c.state, c.program, c.armed, c.blob, c.attempts, c.result, c.started, c.member, c.phase, c.unrecoverable, c.beside)
}

// status is what [openImage.status] makes of it, but for what it reads of the session.
func (c combination) status() *Status {
	r := &record{
		there: true, method: c.method, state: c.state, machine: "WEB01", domain: "corp.example.com", fingerprint: "f", stagedBy: "test/1",
		program: "digest", attempts: c.attempts, result: c.result, shutdownTime: []byte("then"),
	}
	if c.blob {
		r.blob, r.digest = []byte("blob"), digest([]byte("blob"))
	}
	if c.armed {
		r.hook = completion.Hook{SetupType: completion.SetNumber(completion.SetupTypeThenLogon), CmdLine: completion.SetText(completion.ProgramFile)}
	}
	f := winimage.Facts{ComputerName: "OLD", Phase: c.phase}
	f.Membership = winimage.Membership{Joined: c.member != "", DomainName: c.member}
	st := recordStatus(r, f)
	if st.State == StateStaged && c.method == completion.MethodRegistry {
		st.Program = c.program
		now := "then"
		if c.started {
			now = "later"
		}
		st.judgeProgram(r, []byte(now))
	}
	if st.State == StateStaged && c.method == completion.MethodAnswerFile && !st.judgeSetup(r, f) && !c.blob {
		st.answerFileIs(joinGone, "stage it again")
	}
	if c.beside && st.State == StateStaged {
		st.Beside = []string{`SYSTEM\Setup\DJOIN`}
	}
	if c.unrecoverable {
		st.unrecoverable()
	}
	return &st
}

// combinations calls do with every one that can occur.
func combinations(do func(combination)) {
	bools := []bool{false, true}
	for _, state := range []string{completion.StateStaged, completion.StateStarted, completion.StateCompleted, completion.StateFailed, "strange"} {
		for _, program := range []string{ProgramInPlace, ProgramMissing, ProgramChanged} {
			for _, result := range []uint32{0, 1355, 60_000} {
				for attempts := range completion.MaxAttempts + 1 {
					for bits := range 1 << 5 {
						bit := func(n int) bool { return bools[bits>>n&1] }
						do(combination{
							method: completion.MethodRegistry, state: state, program: program, attempts: attempts, result: result,
							armed: bit(0), blob: bit(1), started: bit(2), unrecoverable: bit(3), beside: bit(4), phase: winimage.PhaseInstalled,
						})
					}
				}
			}
		}
		for _, phase := range []winimage.Phase{
			winimage.PhaseGeneralized, winimage.PhaseSetup, winimage.PhaseSpecialized, winimage.PhaseInstalled, winimage.PhaseUndeployable,
		} {
			for _, member := range []string{"", "corp.example.com", "other.example.com"} {
				for bits := range 1 << 3 {
					do(combination{
						method: completion.MethodAnswerFile, state: state, phase: phase, member: member,
						blob: bits&1 != 0, unrecoverable: bits&2 != 0, beside: bits&4 != 0,
					})
				}
			}
		}
	}
}

// TestStatusNeverContradictsItself looks at the words of every combination together.
func TestStatusNeverContradictsItself(t *testing.T) {
	t.Parallel()
	n := 0
	combinations(func(c combination) {
		n++
		st := c.status()
		head, detail, attempted := st.Headline(), st.Detail, st.Attempted()
		says := func(text string, any ...string) bool {
			for _, one := range any {
				if strings.Contains(text, one) {
					return true
				}
			}
			return false
		}
		waits := says(head, "waits for")
		broken := st.Incomplete || st.NotRun || st.Program == ProgramMissing || st.Program == ProgramChanged
		wrong := ""
		switch {
		case waits && broken, waits && says(detail, "does not join", "never ran", "not the program"):
			wrong = "it does not wait for a boot"
		case says(detail, "tries again") && (broken || !says(head, "waits for the next boot", "needs attention")):
			wrong = "the next boot does not try again"
		case waits && says(head, "first boot") && st.Attempts > 0:
			wrong = "the first boot is over"
		case waits && len(st.Beside) > 0, waits && c.unrecoverable:
			wrong = "something is to be said before"
		case broken && detail == "", st.Incomplete && st.State != StateStaged:
			wrong = "why it is incomplete is not said"
		case c.unrecoverable && says(detail, "stage it", "unstage it") || !c.unrecoverable && st.Incomplete && !says(detail, "stage it"):
			wrong = "what to do does not fit"
		case st.State != StateCompleted && says(attempted, "NERR_Success"), says(attempted, "; ", ": (", "( ", "(),"), strings.HasPrefix(attempted, " "):
			wrong = "an attempt that did not join is no success"
		case st.State == StateFailed && (st.Failure() == "" || says(st.Failure(), "NERR_Success")):
			wrong = "why it failed is not said"
		case says(head, "refused by Windows") != (st.State == StateFailed && c.result != 0 && c.attempts > 0):
			wrong = "whether Windows refused"
		case says(head, "was joined") != (st.State == StateCompleted):
			wrong = "whether it was joined"
		case says(head, "Another tool") && st.Fingerprint != "":
			wrong = "the record is ours"
		case st.State == StateJoined && (st.Domain != c.member || st.MachineName != "OLD" || !says(detail, c.member)):
			wrong = "who is joined to what"
		case says(head, "  ") || says(detail, "  ", "; ;", ": ;") || strings.HasSuffix(detail, ".") || !strings.HasSuffix(head, "."):
			wrong = "the sentence"
		}
		if wrong != "" && !t.Failed() {
			t.Errorf("%s: %v\n%s\n%s\n%s", wrong, c, head, detail, attempted)
		}
	})
	if n < 2000 {
		t.Errorf("%d combinations were looked at", n)
	}
}

// TestHeadline are the sentences of the states.
func TestHeadline(t *testing.T) {
	t.Parallel()
	for want, st := range map[string]Status{
		"No join is staged.": {State: StateAbsent},
		"WEB01 → corp is staged and waits for the first boot.":                                                      {State: StateStaged, Program: ProgramInPlace},
		"WEB01 → corp is staged and waits for the next boot.":                                                       {State: StateStaged, Program: ProgramInPlace, Attempts: 1, Detail: "attempt 1 of 3 came too early"},
		"WEB01 → corp is staged, and its completion program is missing: it will not join.":                          {State: StateStaged, Program: ProgramMissing, Detail: "missing"},
		"WEB01 → corp is staged, and the program that the next boot runs as SYSTEM is not the one that was staged.": {State: StateStaged, Program: ProgramChanged, Detail: "changed"},
		"WEB01 → corp is staged, and Windows was started since without joining.":                                    {State: StateStaged, Program: ProgramInPlace, NotRun: true, Detail: "never ran"},
		"WEB01 → corp is staged, and needs attention.":                                                              {State: StateStaged, Program: ProgramInPlace, Detail: "something"},
		"WEB01 → corp was staged, but is not complete any more: the next boot does not join.":                       {State: StateStaged, Program: ProgramMissing, Incomplete: true, Detail: noBlob.what},
		"WEB01 → corp was joined at the first boot.":                                                                {State: StateCompleted},
		"WEB01 → corp was refused by Windows at the first boot.":                                                    {State: StateFailed, Attempts: 1, Result: 1355},
		"WEB01 → corp was not joined at the first boot.":                                                            {State: StateFailed, Attempts: 1},
		"The image is a domain member already, not by this tool.":                                                   {State: StateJoined},
		"Another tool's join is pending.":                                                                           {State: StateForeign},
		"The image holds a record of this tool that this version does not understand.":                              {State: StateForeign, Method: MethodRegistry},
	} {
		st.MachineName, st.Domain = "WEB01", "corp"
		if got := st.Headline(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
