package ledger

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// secondUse is the refusal: which use is in the way, and the ways out.
func secondUse(c Claim, e Entry) error {
	name := shown(e.Account.MachineName)
	const allow = `or set reuse = "allow" with a reason`
	switch {
	case e.Event == EventIntent:
		return winerr.Errorf(winerr.AccountReuseBlocked, "a stage of this account into %s began and has not ended (%s): if "+
			"it still runs, wait for it; if it was stopped, stage into that image again or unstage it, %s",
			shown(e.Image.Path), facts(e), allow)
	case e.Fingerprint != c.Fingerprint:
		return winerr.Errorf(winerr.AccountReuseBlocked, "the account of %s is already staged into %s with another blob "+
			"(%s): the newer blob has replaced the password, so that only one of both images can join; unstage that image, %s",
			name, shown(e.Image.Path), facts(e), allow)
	}
	return winerr.Errorf(winerr.AccountReuseBlocked, "this account is already staged into %s (%s): one blob joins one "+
		"machine; make a new blob for another machine than %s, unstage that image, %s", shown(e.Image.Path), facts(e), name, allow)
}

// Warnings says what people should know of the use, in sentences.
func (u *Use) Warnings() []string {
	var all []string
	for _, m := range u.marks {
		if m.isSecond() {
			e := m.others[len(m.others)-1]
			all = append(all, fmt.Sprintf("this account is already staged into %s (%s), and is used again because: %s",
				shown(e.Image.Path), facts(e), shown(u.claim.ReuseReason)))
		}
		if e, is := m.lastStaged(); is && !u.claim.Holds {
			all = append(all, fmt.Sprintf("the ledger says that this account was staged into %s before (%s), but the image "+
				"does not hold that join: right if the image was made again; if another image is mounted there now, "+
				"two machines get one account", shown(e.Image.Path), facts(e)))
		}
		if len(m.clones) > 0 {
			all = append(all, cloneWarning(u.claim, m.clones[len(m.clones)-1]))
		}
	}
	return distinct(all)
}

// lastStaged returns the last use for the same image that was staged, not only begun.
func (m *mark) lastStaged() (last Entry, is bool) {
	for _, e := range m.same {
		if e.Event != EventIntent {
			last, is = e, true
		}
	}
	return last, is
}

// cloneWarning says why images that share a machine SID should be generalized (docs/internals/windows.md §7).
func cloneWarning(c Claim, e Entry) string {
	return fmt.Sprintf("%s is the same installation as %s, which was staged for %s (%s): both have the machine SID %s, "+
		"and Windows 11 24H2, Windows Server 2025 and later refuse Kerberos and NTLM between such machines (since the "+
		"updates of August 2025, event 6167): generalize the image with sysprep before it is cloned, and use method "+
		"answer_file", shown(c.Image.Path), shown(e.Image.Path), shown(e.Account.MachineName), facts(e),
		shown(c.Image.MachineSID))
}

// facts are "2026-11-22 10:04, fingerprint 4f1c…e09a".
func facts(e Entry) string {
	fp := e.Fingerprint
	return fmt.Sprintf("%s, fingerprint %s…%s", e.At.UTC().Format("2006-01-02 15:04"), fp[:4], fp[len(fp)-4:])
}

// shown makes text that was read fit for a terminal and a line.
func shown(text string) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return clean
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

func distinct(texts []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
