package claims

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Page returns docs/evidence.md for evidence files, in any order.
func Page(files []Evidence) string {
	files = slices.DeleteFunc(newestFirst(files), func(e Evidence) bool { return !e.Tried() })
	var b strings.Builder
	b.WriteString(pageHead)
	b.WriteString(standing(files))
	writeOverview(&b)
	for _, topic := range Topics() {
		fmt.Fprintf(&b, "\n## %s\n\n", topic)
		writeTopic(&b, topic, files)
	}
	b.WriteString(pageEnd)
	return b.String()
}

const pageHead = `# What is known about Windows, and how

This page is generated from one table of claims (` + "`internal/claims`" + `) and from the files in [evidence](evidence), which
programs wrote on the systems named here. Do not edit it.

| level | means |
|---|---|
| documented | on a public page of Microsoft's |
| observed | in public tools, logs, answer files, real hives or volumes |
| inferred | our conclusion from the two others |
| open | not known |
| ours | what our own program does; no claim about Windows |

A claim is *observed on Windows* only in the column of a Windows that a file tells of: ✓ passed, ✗ failed, – not tried there.
Wine, ReactOS and the simulated machine are shown apart, and prove nothing about Windows.
`

const pageEnd = `
## How to add to it

[Run the lab](run-the-lab.md) on a Windows that you have, for half an hour. A first boot is looked at from outside: by
[a machine on its own](first-boot-on-a-machine.md), or [by hand](first-boot.md#what-to-verify-on-real-windows).
`

// standing says which systems there are.
func standing(files []Evidence) string {
	var windows []string
	for _, e := range files {
		if e.System.Kind == Windows {
			windows = append(windows, cell(e.System.title()))
		}
	}
	windows = slices.Compact(windows)
	if len(windows) == 0 {
		return "\n**No file from a real Windows exists yet.** So every claim stands on its source alone.\n"
	}
	return "\nWindows that were tried, newest build first: " + strings.Join(windows, ", ") + ".\n"
}

func (s System) title() string {
	return strings.TrimSpace(s.Name+" "+s.Build) + " " + s.Arch
}

// writeOverview writes how many claims of each topic have which level.
func writeOverview(b *strings.Builder) {
	b.WriteString("\n| |")
	for _, l := range Levels() {
		fmt.Fprintf(b, " %s |", l)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Levels())) + "\n")
	for _, topic := range Topics() {
		fmt.Fprintf(b, "| [%s](#%s) |", topic, topic.anchor())
		for _, l := range Levels() {
			fmt.Fprintf(b, " %s |", count(topic, l))
		}
		b.WriteString("\n")
	}
}

// anchor returns the name of the topic's heading in links.
func (t Topic) anchor() string {
	return strings.ReplaceAll(strings.ToLower(strings.NewReplacer("`", "", ",", "", "'", "").Replace(string(t))), " ", "-")
}

// count returns how many claims of a topic have a level, and nothing for none.
func count(topic Topic, l Level) string {
	n := 0
	for _, c := range table {
		if c.Topic == topic && c.Level == l {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// writeTopic writes the table of one topic. Each system that has tried something of it has a column.
func writeTopic(b *strings.Builder, topic Topic, files []Evidence) {
	var claims []Claim
	for _, c := range table {
		if c.Topic == topic {
			claims = append(claims, c)
		}
	}
	columns := systemsOf(files, claims)
	b.WriteString("| claim | level | source |")
	for _, s := range columns {
		b.WriteString(" " + cell(s.title()) + " |")
	}
	b.WriteString("\n|" + strings.Repeat("---|", 3+len(columns)) + "\n")
	for _, c := range claims {
		fmt.Fprintf(b, "| %s <br> `%s` | %s | %s |", strings.TrimPrefix(c.Says, "… "), c.ID, c.Level, c.Source)
		for _, s := range columns {
			b.WriteString(" " + seen(files, s, c.ID) + " |")
		}
		b.WriteString("\n")
	}
}

// systemsOf returns the systems whose files have a step of one of the claims, in the order of the files.
func systemsOf(files []Evidence, claims []Claim) []System {
	var all []System
	for _, e := range files {
		about := func(s Step) bool { return slices.ContainsFunc(claims, func(c Claim) bool { return c.ID == s.Claim }) }
		if slices.ContainsFunc(e.Steps, about) && !slices.Contains(all, e.System) {
			all = append(all, e.System)
		}
	}
	return all
}

// seen returns what the files of a system say of a claim: the worst of all, because one failure is enough.
func seen(files []Evidence, system System, claim string) string {
	passed, failed := 0, 0
	for _, e := range files {
		if e.System != system {
			continue
		}
		for _, s := range e.Steps {
			switch {
			case s.Claim != claim:
			case s.Result == Passed:
				passed++
			case s.Result == Failed:
				failed++
			}
		}
	}
	switch {
	case failed > 0:
		return fmt.Sprintf("✗ %d of %d", failed, passed+failed)
	case passed > 0:
		return fmt.Sprintf("✓ %d", passed)
	default:
		return "–"
	}
}

// cell makes a text of an evidence file one that stays in its cell.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "`", "'", "[", "(", "]", ")").Replace(s)
}

// newestFirst returns Windows first, by build and then by date, the newest first; then the other kinds.
func newestFirst(files []Evidence) []Evidence {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b Evidence) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Kinds(), a.System.Kind), slices.Index(Kinds(), b.System.Kind)),
			-slices.Compare(numbers(a.System.Build), numbers(b.System.Build)),
			cmp.Compare(a.System.Name, b.System.Name), cmp.Compare(a.System.Arch, b.System.Arch),
			-cmp.Compare(a.Date, b.Date),
		)
	})
	return files
}

func numbers(build string) []int {
	var all []int
	for part := range strings.SplitSeq(build, ".") {
		n, _ := strconv.Atoi(part)
		all = append(all, n)
	}
	return all
}

// Steps returns the table of steps of docs/first-boot.md.
func Steps() string {
	var b strings.Builder
	b.WriteString("| step | what the program does | evidence |\n|---|---|---|\n")
	before := ""
	for _, c := range table {
		if c.Step == "" {
			continue
		}
		step := c.Step
		if step == before {
			step = ""
		}
		before = c.Step
		level := string(c.Level)
		if c.Level == Inferred || c.Level == Open {
			level = "**" + level + "**"
		}
		if c.Aside != "" {
			level += "; " + c.Aside
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", step, c.Says, level)
	}
	return b.String()
}
