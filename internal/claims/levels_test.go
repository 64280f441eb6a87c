package claims

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// What documents and comments say of a claim, in their own words, has the level of the table. The level word that is
// nearest to the words counts, in the same paragraph, item or row.
func TestDocumentsSayNoMoreThanTheTable(t *testing.T) {
	t.Parallel()
	for _, s := range sayings() {
		claim, known := ByID(s.claim)
		if !known {
			t.Errorf("%s is no claim", s.claim)
			continue
		}
		if got := levelNear(units(read(t, s.file)), s.words); got != claim.Level {
			t.Errorf("%s: %q is called %q there; claim %s is %s", s.file, s.words, got, s.claim, claim.Level)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(testenv.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// saying is what a document or a comment says of a claim.
type saying struct{ claim, file, words string }

func sayings() []saying {
	const (
		boot    = "internal/completion/boot/doc.go"
		answers = "internal/answerfile/doc.go"
		windows = "docs/internals/windows.md"
		steps   = "docs/first-boot.md"
		regf    = "docs/internals/regf.md"
		disk    = "docs/internals/disk.md"

		contract = "docs/registry-contract.md"
		options  = "internal/options/catalogue.go"
	)
	return []saying{
		{"hook-runs-before-logon", boot, "SetupType = 2 runs CmdLine as SYSTEM"},
		{"hook-runs-before-logon", windows, "Values of `HKLM\\SYSTEM\\Setup`,"},
		{"hook-put-back", boot, "must put the values back"},
		{"hook-put-back", windows, "put `SetupType` and `CmdLine` back itself"},
		{"hook-bare-name", windows, "Known commands are bare names"},
		{"gui-program-is-waited-for", boot, "a program without a console"},
		{"online-request", boot, "NetRequestOfflineDomainJoin with 0x40000000"},
		{"own-access-list", boot, "SetNamedSecurityInfo"},
		{"request-works-early", boot, "works that early"},
		{"request-works-early", windows, "works as early in a boot as the hook"},
		{"workstation-passes", boot, "passes by waiting"},
		{"second-process-early", boot, "a second process can be started that early"},
		{"request-again", boot, "calling the function again"},
		{"process-ended", boot, "TerminateProcess"},
		{"erased-bytes-gone", boot, "loses its old bytes"},
		{"blob-erased", boot, "RegFlushKey"},
		{"removed-at-next-start", boot, "MOVEFILE_DELAY_UNTIL_REBOOT"},
		{"event-written", boot, "ReportEvent"},
		{"restart-once", boot, "InitiateSystemShutdownEx"},
		{"restart-by-value", boot, "SetupShutdownRequired = 1 makes Windows restart"},
		{"account-data-joins", answers, "its base64"},
		{"account-data-joins", windows, "it wins over credentials in the same place"},
		{"account-data-bare", answers, "A stray blank in AccountData"},
		{"account-data-bare", windows, "a stray blank or line break"},
		{"computer-name-agrees", answers, "ComputerName in the same pass must be"},
		{"computer-name-agrees", windows, "in the same pass must be the blob's"},
		{"search-order", answers, "The search order of answer files"},
		{"search-order", windows, "the first file with settings for it in a fixed order"},
		{"search-order", steps, "is decided by its documented search order"},
		{"drive-c-is-own", answers, "C: is the image's own drive"},
		{"passes-once", answers, "marked passes are not processed again"},
		{"setup-erases-account-data", answers, "Whether Setup erases AccountData"},
		{"setup-erases-account-data", windows, "That `AccountData` is among it is"},
		{"setup-erases-account-data", steps, "That Setup erases `AccountData`"},
		{"provisioning-wins", answers, "Provisioning wins over Credentials"},
		{"autologon-loops", answers, "An AutoLogon of a local user"},
		{"autologon-loops", windows, "An automatic logon of a local user"},
		{"autologon-loops", steps, "an automatic logon of a local user"},
		{"hive-loads", regf, "that a Windows kernel takes a hive or a log written here"},
		{"hive-recovers", regf, "That Windows does so with *our* logs"},
		{"editions", windows, "editions that cannot join"},
		{"clones-sid", windows, "a policy can allow it until the end of 2027"},
		{"virtual-disk-calls", disk, "that volumes come after their disk is"},
		{"account-data-joins", steps, "joins the machine itself"},
		{"image-state", steps, "The names of `ImageState` are"},
		{"answer-file-place", answers, "A new file goes to Windows\\Panther"},
		{"component-names-case", answers, "Names of components are compared"},
		{"request-works-early", options, "completes the join before the first logon"},
		{"request-codes", windows, "Step-by-Step Guide"},
		{"setup-uses-the-hook", windows, "Generalized images use this very hook"},
		{"other-hooks", windows, "`SetupComplete.cmd` runs after Setup only"},
		{"naming-rules", windows, "Naming conventions in Active Directory"},
		{"image-hives", windows, "| hives |"},
		{"image-control-set", windows, "| control set of the next boot |"},
		{"image-kind", windows, "| kind |"},
		{"image-version", windows, "| version |"},
		{"image-architecture", windows, "| architecture |"},
		{"image-nano-server", windows, "| Nano Server |"},
		{"image-s-mode", windows, "| S mode |"},
		{"image-state", windows, "| state of Setup |"},
		{"image-setup-flags", windows, "| flags of Setup |"},
		{"image-names", windows, "| names |"},
		{"image-membership", windows, "| membership |"},
		{"image-machine-sid", windows, "| machine SID |"},
		{"image-pending-marks", windows, "Three marks of a join that waits"},
		{"image-logs", windows, "Windows' own account of a join"},
		{"hook-runs-before-logon", contract, "then go on to the logon screen ("},
		{"hook-bare-name", contract, "values of that form are"},
		{"hook-put-back", contract, "Both must be put back by the command itself"},
		{"request-codes", contract, "0 and 2713 are success"},
		{"image-pending-marks", contract, "Traces of it"},
		{"blocked-program-leaves-hook", contract, "names a program that is not there"},
		{"hive-limits", regf, "512 levels"},
	}
}

// notClaims are the paragraphs with a word of a level that make no claim about Windows, by how they begin.
var notClaims = []string{
	"How a staged join becomes a joined machine", "Evidence: **documented** by Microsoft", // of the words themselves
	"| documented |", "| observed |", "| inferred |", "A statement that is neither documented nor observed",
	"Numbers and names are documented",         // of codes, each of which stands in internal/winerr with its source
	"How Windows itself hands a staged join",   // what is not documented, and not looked at
	"**The program's access rights.**",         // of ntfs-3g
	"The key gets its own security descriptor", // of ours
	"An image that was never booted lacks",     // our decisions
}

// Each paragraph about Windows that has the word of a level has a row of the table.
func TestEachClaimOfADocumentHasARow(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"docs/first-boot.md", "docs/registry-contract.md", "docs/internals/windows.md", "internal/completion/boot/doc.go",
		"internal/answerfile/doc.go",
	} {
		text := read(t, file)
		if before, rest, found := strings.Cut(text, "<!-- steps"); found { // generated from the table
			_, after, _ := strings.Cut(rest, "<!-- /steps -->")
			text = before + after
		}
		for _, unit := range units(text) {
			about := func(s saying) bool { return s.file == file && strings.Contains(unit, s.words) }
			begins := func(s string) bool { return strings.HasPrefix(unit, s) }
			if levelWord.MatchString(unit) && !slices.ContainsFunc(sayings(), about) && !slices.ContainsFunc(notClaims, begins) {
				t.Errorf("%s: no row of the table is about: %.200s", file, unit)
			}
		}
	}
}

// units returns a file's paragraphs, items and rows, each as one line.
func units(text string) []string {
	text = regexp.MustCompile(`(?m)^//[ \t]*`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(?m)^[ \t]*(- |\||#)`).ReplaceAllString(text, "\n\n$1")
	var all []string
	for _, unit := range regexp.MustCompile(`\n\s*\n`).Split(text, -1) {
		all = append(all, strings.Join(strings.Fields(unit), " "))
	}
	return all
}

var levelWord = regexp.MustCompile(`(?i)\b(documented|observed|inferred)\b`)

// levelNear returns the level word that is nearest to the words, and "" where there is none or the words are not found.
func levelNear(units []string, words string) Level {
	for _, unit := range units {
		begin := strings.Index(unit, words)
		if begin < 0 {
			continue
		}
		end, level, least := begin+len(words), Level(""), len(unit)
		for _, at := range levelWord.FindAllStringIndex(unit, -1) {
			if far := max(at[0]-end, begin-at[1], 0); far < least {
				level, least = Level(strings.ToLower(unit[at[0]:at[1]])), far
			}
		}
		return level
	}
	return ""
}
