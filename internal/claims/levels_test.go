package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each word of a level in a document or a comment is said of a row of the table, and is the level of that row: it is the word
// that is nearest, in its paragraph, item or row, to what is said of the claim.
func TestEachClaimOfADocumentHasARow(t *testing.T) {
	t.Parallel()
	said, none, seen := sayings(), notClaims(), map[string]bool{}
	for _, d := range documents(t) {
		seen[d.file] = true
		for _, complaint := range complaints(d, said, none) {
			t.Error(complaint)
		}
	}
	for _, file := range slices.Concat(filesOf(said), filesOfNone(none)) {
		if !seen[file] {
			t.Errorf("%s: no document with the word of a level", file)
		}
	}
}

// What a generated page says of Windows stands in a template or in Go, where it is tied to a row.
func TestEachClaimOfAGeneratedPageIsThatOfItsSource(t *testing.T) {
	t.Parallel()
	for _, page := range generatedPages(t) {
		for _, unit := range page.units {
			said := func(s saying) bool { return strings.Contains(unit, s.words) }
			none := func(n notClaim) bool { return strings.Contains(unit, n.begins) }
			if len(levelWords(unit)) > 0 && !slices.ContainsFunc(sayings(), said) && !slices.ContainsFunc(notClaims(), none) {
				t.Errorf("%s: nothing that it is made of is tied to a row: %.300s", page.file, unit)
			}
		}
	}
}

// The words that mean a row wherever they stand have its level.
func TestPhrasesSayTheLevelOfTheirRow(t *testing.T) {
	t.Parallel()
	for _, p := range phrases() {
		if claim, known := ByID(p.claim); !known || levelNamed(levelWord.FindString(p.words)) != claim.Level {
			t.Errorf("%q is said of claim %s, which is %q", p.words, p.claim, claim.Level)
		}
	}
}

// complaints returns what is wrong with a document by the sayings and exceptions of its file: a saying that is not there, or
// that is called another level than its claim has; an exception that is not there; a word of a level that has neither.
func complaints(d document, all []saying, none []notClaim) []string {
	all = slices.DeleteFunc(slices.Clone(all), func(s saying) bool { return s.file != d.file })
	none = slices.DeleteFunc(slices.Clone(none), func(n notClaim) bool { return n.file != d.file })
	var complaints []string
	complain := func(format string, args ...any) {
		complaints = append(complaints, d.file+": "+fmt.Sprintf(format, args...))
	}
	for _, s := range all {
		claim, known := ByID(s.claim)
		if got := levelNear(d.units, s.words); !known || got != claim.Level {
			complain("%q is called %q there; claim %s is %q", s.words, got, s.claim, claim.Level)
		}
	}
	for _, n := range none {
		if !slices.ContainsFunc(d.units, func(unit string) bool { return len(levelWords(unit)) > 0 && strings.HasPrefix(unit, n.begins) }) {
			complain("no paragraph with the word of a level begins with %q", n.begins)
		}
	}
	for _, unit := range d.units {
		if slices.ContainsFunc(none, func(n notClaim) bool { return strings.HasPrefix(unit, n.begins) }) {
			continue
		}
		for _, at := range levelWords(unit) {
			near := func(s saying) bool { return slices.Equal(nearest(unit, s.words), at) }
			if !slices.ContainsFunc(all, near) {
				complain("no row of the table is about %q in: %s%.300s", unit[at[0]:at[1]], before(unit, at[0]), unit[at[0]:])
			}
		}
	}
	return complaints
}

// The checks see what they are for.
func TestComplaintsAboutPlantedClaims(t *testing.T) {
	t.Parallel()
	const file, fine = "docs/page.md", "Hives that we made are taken (inferred).\n"
	all := said(file, about("hive-loads", "Hives that we made are taken"))
	for planted, want := range map[string]string{
		fine: "",
		fine + "\nWindows reads it backwards (observed).\n":      `about "observed" in: Windows reads it backwards`,
		fine + "- an item\n- another, which is documented\n":     `about "documented" in: - another`,
		fine + "| a | cell |\n| another | observed |\n":          `about "observed" in: | another`,
		"Hives that we made are taken (documented).\n":           `is called "documented" there; claim hive-loads is "inferred"`,
		"Hives that we made are taken, as was\nOBSERVED.\n":      `is called "observed" there`,
		"Hives that we made are taken (not documented).\n":       `is called "open" there`,
		"Hives that we made are taken.\n":                        `is called "" there`,
		"Hives that we made are taken (inferred; documented).\n": `about "documented" in: Hives`,
		"Nobody says it.\n":                                        `is called "" there`,
		fine + "\nErrors have documented codes.\n":                 "", // a phrase
		fine + "\nErrors have documented codes and windows.\n":     "",
		fine + "\nErrors have observed and documented codes.\n":    `about "observed" in: Errors have`,
		fine + "\nThe word documented is explained, is it not.\n":  `about "documented" in: The word`,
		fine + "\n<!-- steps -->\nobserved\n<!-- /steps -->\nEnd.": "",
	} {
		got := complaints(document{file, unitsOf(t, file, planted)}, all, nil)
		if len(got) == 0 && want == "" || len(got) == 1 && want != "" && strings.Contains(got[0], want) {
			continue
		}
		t.Errorf("%q: %q, want %q", planted, got, want)
	}
	none := []notClaim{{file, "The word documented", "says what the words mean"}}
	explained := document{file, units(fine + "\nThe word documented is explained.\n")}
	if got := complaints(explained, all, none); len(got) != 0 {
		t.Error(got)
	}
	if got := complaints(document{file, units(fine)}, all, none); len(got) != 1 || !strings.Contains(got[0], "begins with") {
		t.Errorf("an exception that is not there: %q", got)
	}
	if got := complaints(explained, said(file, about("no-claim", "Hives")), none); len(got) != 1 {
		t.Errorf("a saying of no claim: %q", got)
	}
}

// Comments and texts of a program are read as they are meant, whatever lines they are broken into.
func TestComplaintsAboutAProgram(t *testing.T) {
	t.Parallel()
	const program = "package p\n\n// A comment that is\n// observed.\n//\n// One that is not.\n\n" +
		"// [T] has words.\ntype T struct {\n\tf int // beside a field (inferred)\n}\n\n" +
		"var s = T{} // documented\n\nvar text = \"first, \" +\n\tname() + \"then documented.\\n\\nThird.\"\n"
	got := complaints(document{"a.go", unitsOf(t, "a.go", program)}, nil, nil)
	for i, want := range []string{"A comment that is observed.", "beside a field (inferred)", "documented", "first, then documented."} {
		if len(got) != 4 || !strings.HasSuffix(got[min(i, len(got)-1)], " in: "+want) {
			t.Fatalf("%q", got)
		}
	}
}

// filesOf returns the files that sayings are of.
func filesOf(all []saying) []string {
	var files []string
	for _, s := range all {
		files = append(files, s.file)
	}
	return slices.Compact(files)
}

// filesOfNone returns the files that exceptions are of.
func filesOfNone(all []notClaim) []string {
	var files []string
	for _, n := range all {
		files = append(files, n.file)
	}
	return slices.Compact(files)
}

// before returns what stands before a place, 150 bytes at most.
func before(unit string, at int) string { return strings.ToValidUTF8(unit[max(0, at-150):at], "") }

// levelWord is the word of a level. What is not documented is open.
var levelWord = regexp.MustCompile(`(?i)\b(not documented|documented|observed|inferred)\b`)

// levelWords returns where a paragraph has words of levels, but for the phrases that have their row anyway.
func levelWords(unit string) [][]int {
	for _, p := range phrases() {
		unit = strings.ReplaceAll(unit, p.words, strings.Repeat("_", len(p.words)))
	}
	return levelWord.FindAllStringIndex(unit, -1)
}

// nearest returns the place of the word of a level that is nearest to the words, nil where there is none of either.
func nearest(unit, words string) []int {
	begin := strings.Index(unit, words)
	if begin < 0 {
		return nil
	}
	var nearest []int
	least := len(unit)
	for _, at := range levelWords(unit) {
		if far := max(at[0]-begin-len(words), begin-at[1], 0); far < least {
			nearest, least = at, far
		}
	}
	return nearest
}

// levelNear returns the level whose word is nearest to the words, in the first paragraph that has both, and "" if none has.
func levelNear(units []string, words string) Level {
	for _, unit := range units {
		if at := nearest(unit, words); at != nil {
			return levelNamed(unit[at[0]:at[1]])
		}
	}
	return ""
}

func levelNamed(word string) Level {
	if word = strings.ToLower(word); word == "not documented" {
		return Open
	}
	return Level(word)
}
