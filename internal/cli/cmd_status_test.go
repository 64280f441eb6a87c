package cli

import (
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// Only a join that nothing is known against is said to wait for the first boot.
func TestHeadlineOfAStagedJoin(t *testing.T) {
	t.Parallel()
	for want, st := range map[string]offlinejoin.Status{
		"WEB01 → corp is staged and waits for the first boot.":                                                      {Program: offlinejoin.ProgramInPlace},
		"WEB01 → corp is staged and waits for the next boot.":                                                       {Program: offlinejoin.ProgramInPlace, Attempts: 1, Detail: "attempt 1"},
		"WEB01 → corp is staged, and its completion program is missing: it will not join.":                          {Program: offlinejoin.ProgramMissing, Detail: "missing"},
		"WEB01 → corp is staged, and the program that the next boot runs as SYSTEM is not the one that was staged.": {Program: offlinejoin.ProgramChanged, Detail: "changed"},
		"WEB01 → corp is staged, and Windows was started since without joining.":                                    {Program: offlinejoin.ProgramInPlace, NotRun: true, Detail: "never ran"},
		"WEB01 → corp is staged, and needs attention.":                                                              {Program: offlinejoin.ProgramInPlace, Detail: "the blob is missing"},
	} {
		st.State, st.MachineName, st.Domain = offlinejoin.StateStaged, "WEB01", "corp"
		if got := headline(&st); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
