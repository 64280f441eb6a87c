package claims

import "slices"

// Level says how a claim is known.
type Level string

// The levels, from the strongest to the weakest. Decided is no claim about Windows but about us.
const (
	Documented Level = "documented" // on a public page of Microsoft's
	Observed   Level = "observed"   // in public tools, logs, answer files or real hives and volumes
	Inferred   Level = "inferred"   // our conclusion from the two others
	Open       Level = "open"       // not known; nothing depends on it, or what does is named
	Decided    Level = "ours"       // what our own program does
)

// Levels lists all levels, the strongest first.
func Levels() []Level { return []Level{Documented, Observed, Inferred, Open, Decided} }

// Claim is one statement about Windows.
type Claim struct {
	ID     string // of evidence files: lower-case letters, digits and dashes; it never changes its meaning
	Topic  Topic
	Says   string // one sentence without its end, as Markdown
	Level  Level
	Source string // where it is known from; for an inferred claim what it is concluded from

	// Step is the step of docs/first-boot.md that stands on the claim; empty for those that are not on that page.
	Step string
	// Aside is what the page adds to the level, such as "calls" or a source in few words.
	Aside string
}

// Topic is a part of the table.
type Topic string

// The topics, in the order of the page.
const (
	FirstBoot  Topic = "First boot, method `registry`"
	AnswerFile Topic = "Windows Setup, method `answer_file`"
	Hives      Topic = "Registry hives"
	Volumes    Topic = "Volumes and disks"
	Files      Topic = "Files and programs"
	Blobs      Topic = "Blobs and Windows' own function"
	Accounts   Topic = "Machines and accounts"
	Images     Topic = "What is read in an image"
)

// Topics lists all topics in the order of the page.
func Topics() []Topic {
	return []Topic{FirstBoot, AnswerFile, Hives, Volumes, Files, Blobs, Accounts, Images}
}

// ByID returns a claim of the table.
func ByID(id string) (Claim, bool) {
	i := slices.IndexFunc(table, func(c Claim) bool { return c.ID == id })
	if i < 0 {
		return Claim{}, false
	}
	return table[i], true
}

// Table returns all claims in the order of the page.
func Table() []Claim { return slices.Clone(table) }
