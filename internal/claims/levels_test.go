package claims

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// What documents and comments say of a claim, in their own words, has the level of the table. The level word that is
// nearest to the words counts, in the same paragraph, item or row.
func TestDocumentsSayNoMoreThanTheTable(t *testing.T) {
	t.Parallel()
	const (
		boot    = "internal/completion/boot/doc.go"
		answers = "internal/answerfile/doc.go"
		windows = "docs/internals/windows.md"
		steps   = "docs/first-boot.md"
		regf    = "docs/internals/regf.md"
		disk    = "docs/internals/disk.md"
	)
	said := []struct{ claim, file, words string }{
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
	}
	for _, s := range said {
		claim, known := ByID(s.claim)
		if !known {
			t.Errorf("%s is no claim", s.claim)
			continue
		}
		raw, err := os.ReadFile(filepath.Join(testenv.Root(), s.file))
		if err != nil {
			t.Fatal(err)
		}
		if got := levelNear(units(string(raw)), s.words); got != claim.Level {
			t.Errorf("%s: %q is called %q there; claim %s is %s", s.file, s.words, got, s.claim, claim.Level)
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
