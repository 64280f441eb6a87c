package claims

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestEveryClaimIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Table() {
		switch {
		case !names.MatchString(c.ID) || seen[c.ID]:
			t.Errorf("%q is no ID, or is there twice", c.ID)
		case !slices.Contains(Topics(), c.Topic) || !slices.Contains(Levels(), c.Level) || c.Says == "":
			t.Errorf("%s: %+v", c.ID, c)
		case c.Source == "" && c.Level != Decided && c.Level != Open:
			t.Errorf("%s is %s, and has no source", c.ID, c.Level)
		case c.Topic != FirstBoot && c.Step != "":
			t.Errorf("%s is no step of the first boot", c.ID)
		case strings.ContainsAny(c.Says+c.Source+c.Aside, "|\n"):
			t.Errorf("%s does not stay in its cell", c.ID)
		}
		seen[c.ID] = true
	}
}

func evidenceOf(kind Kind, name, build, date string, steps ...Step) Evidence {
	return Evidence{Format, "offlinejoin-lab 0.1.0", System{kind, name, build, "amd64"}, date, steps}
}

func step(claim string, result Result) Step {
	s := Step{Step: "a-step", Claim: claim, Result: result, Detail: map[string]string{"count": "3"}}
	if result != Passed {
		s.Reason = "why"
	}
	return s
}

func TestEvidenceComesBack(t *testing.T) {
	t.Parallel()
	want := evidenceOf(Windows, "Windows 11 Pro", "26100.4061", "2026-11-28", step("hive-loads", Skipped))
	var buf bytes.Buffer
	if err := want.Write(&buf); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&buf)
	if err != nil || got.System != want.System || len(got.Steps) != 1 || got.Steps[0].Detail["count"] != "3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEvidenceOfStrangersIsRefused(t *testing.T) {
	t.Parallel()
	change := map[string]func(*Evidence){
		"format 2 is not 1":          func(e *Evidence) { e.Format = 2 },
		"the date":                   func(e *Evidence) { e.Date = "28.11.2026" },
		"program and":                func(e *Evidence) { e.Program = "" },
		`"dos" is no kind`:           func(e *Evidence) { e.System.Kind = "dos" },
		`"mips" is no architecture`:  func(e *Evidence) { e.System.Arch = "mips" },
		"a build is":                 func(e *Evidence) { e.System.Build = "" },
		"a build is a number or two": func(e *Evidence) { e.System.Build = "26100|x" },
		"0 steps":                    func(e *Evidence) { e.Steps = nil },
		`"A step" is no name`:        func(e *Evidence) { e.Steps[0].Step = "A step" },
		`"nothing" is no claim`:      func(e *Evidence) { e.Steps[0].Claim = "nothing" },
		`"good" is no result`:        func(e *Evidence) { e.Steps[0].Result = "good" },
		"failed without a reason":    func(e *Evidence) { e.Steps[0].Result = Failed },
		"no name of a detail":        func(e *Evidence) { e.Steps[0].Detail = map[string]string{"C:\\Users": "x"} },
		"control characters":         func(e *Evidence) { e.System.Name = "Windows\x1b[31m" },
		"longer than 500":            func(e *Evidence) { e.Steps[0].Detail["count"] = strings.Repeat("x", 501) },
	}
	for want, change := range change {
		e := evidenceOf(Windows, "Windows 11 Pro", "26100.4061", "2026-11-28", step("hive-loads", Passed))
		change(&e)
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bytes.NewReader(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"format":1,"else":1}`, `{"format":1} {}`, strings.Repeat(" ", maxFile+1)} {
		if _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%.20q was read", text)
		}
	}
}

// Only a file of a Windows speaks of a Windows, the newest build comes first, and one failure is not outvoted.
func TestThePageTellsWhatWasSeen(t *testing.T) {
	t.Parallel()
	if page := Page(nil); !strings.Contains(page, "No file from a real Windows") || strings.Contains(page, "✓ 1") {
		t.Error("the page without files")
	}
	wine := evidenceOf(Wine, "Wine 8.0", "", "2026-11-28", step("hive-loads", Passed))
	if page := Page([]Evidence{wine}); !strings.Contains(page, "No file from a real Windows") ||
		!strings.Contains(page, "| Wine 8.0 amd64 |") {
		t.Error("Wine is no Windows, and has its column")
	}
	page := Page([]Evidence{
		wine,
		evidenceOf(Windows, "Windows Server 2022", "20348.1", "2026-11-27", step("hive-loads", Failed), step("hive-loads", Passed)),
		evidenceOf(Windows, "Windows 11 Pro", "26100.4061", "2026-11-26", step("hive-loads", Passed)),
		evidenceOf(Windows, "Windows 10 | Pro", "9600", "2026-11-26", step("hive-recovers", Passed)),
		evidenceOf(Windows, "Windows that never started", "99999", "2026-11-28", step("hive-loads", Skipped)),
	})
	for _, want := range []string{
		"newest build first: Windows 11 Pro 26100.4061 amd64, Windows Server 2022 20348.1 amd64, Windows 10 \\| Pro 9600 amd64.",
		"| Windows 11 Pro 26100.4061 amd64 | Windows Server 2022 20348.1 amd64 | Windows 10 \\| Pro 9600 amd64 | Wine 8.0 amd64 |\n",
		"| ✓ 1 | ✗ 1 of 2 | – | ✓ 1 |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Count(page, "Wine 8.0") != 1 {
		t.Error("Wine has a column in a table that it has tried nothing of")
	}
}
