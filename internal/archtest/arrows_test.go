package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const module = "github.com/offlinejoin/offlinejoin"

// forEverybody are the rooms that every other may use, except the engines, which import nothing of the project.
func forEverybody() []string {
	return []string{"internal/winerr", "internal/plaintext", "internal/privatefile", "internal/killpoint"}
}

// engines know neither Windows' error codes nor how text is shown.
func engines() []string {
	return []string{
		"internal/regf", "internal/ndr", "internal/winerr", "internal/plaintext", "internal/disk", "internal/ntfs",
		"internal/undojournal", "internal/term",
	}
}

// arrows lists for each room what it may import of this module, beside the rooms for everybody. A name stands for the
// package and those below it.
func arrows() map[string][]string {
	return map[string][]string{
		".":                                     {"internal/cli", "internal/coredump"},
		"provisioner/packer-plugin-offlinejoin": {"provisioner/offlinejoin", "internal/version", "internal/coredump"},
		"provisioner/offlinejoin":               packer(),
		"provider/terraform-provider-offlinejoin": {"provider/offlinejoin", "internal/version", "internal/coredump"},
		"provider/offlinejoin":                    frontEnd(),
		// The command line also shows hives and what staging put there.
		"internal/cli": commandLine(),
		// A leaf: how things are shown, not what.
		"internal/term": {},
		"internal/demo": {
			"internal/term", "internal/options", "internal/offlinejoin", "internal/version", "internal/sample",
			"internal/winimage", "internal/regf", "internal/completion", // to show the registry before and after
			"internal/disk", // to draw where disks differ
		},
		"internal/options":     {"internal/offlinejoin", "internal/agefile"},
		"internal/options/gen": {"internal/options"},
		"internal/claims":      {},
		"internal/lab": {
			"internal/claims", "internal/regf", "internal/sample", "internal/completion", "internal/version",
			"internal/winimage",                    // what a Windows is called
			"internal/imagefs",                     // disks that our engine edits and Windows attaches
			"internal/offlinejoin", "internal/odj", // what is staged in a Windows that may be spent, and what is left of a blob
		},
		// Real first boots: the core makes the disks and reads them, the engines look where the core shows less.
		"internal/firstboot": {
			"internal/claims", "internal/offlinejoin", "internal/imagefs", "internal/winimage", "internal/regf", "internal/completion",
			"internal/odj", "internal/sample", "internal/version", "internal/answerfile",
		},
		"internal/firstboot/qmp":            {}, // a leaf
		"internal/firstboot/first-boot":     {"internal/firstboot", "internal/claims", "internal/coredump"},
		"internal/lab/offlinejoin-lab":      {"internal/lab", "internal/claims", "internal/coredump"},
		"internal/claims/gen":               {"internal/claims"},
		"internal/cli/docgen":               {"internal/cli", "internal/joinfile", "internal/version"},
		"internal/joinfile":                 {"internal/offlinejoin", "internal/options"},
		"internal/offlinejoin":              core(),
		"internal/winimage":                 {"internal/regf", "internal/imagefs"},
		"internal/odj":                      {"internal/ndr"},
		"internal/completion":               {"internal/version"},
		"internal/completion/boot/boottest": {"internal/completion", "internal/regf"}, // for tests only
		"internal/testenv/postgres":         {"internal/testenv"},
		"internal/testenv/wine":             {"internal/completion", "internal/testenv", "internal/canary", "internal/regf"},
		"internal/answerfile":               {"internal/imagefs"},
		"internal/ledger":                   {"internal/imagefs"},
		"internal/sample":                   {"internal/regf", "internal/odj", "internal/completion"},
		"internal/sample/golden": {
			"internal/sample", "internal/ntfs", "internal/completion", // our own engine fills the volume
		},
		"internal/hostiletext": {
			"internal/sample", "internal/completion", "internal/regf",
		},
		"internal/sample/sampletest": {
			"internal/sample", "internal/odj", "internal/completion", "internal/regf", "internal/testenv",
			"internal/agefile",
		},
		"internal/regf":    {},
		"internal/ndr":     {},
		"internal/imagefs": {},
		"internal/imagefs/diskimage": {
			"internal/imagefs", "internal/disk", "internal/disk/newfile", "internal/ntfs", "internal/undojournal",
		},
		"internal/imagefs/open":   {"internal/imagefs"},
		"internal/agefile":        {},
		"internal/disk":           {"internal/disk/newfile"},
		"internal/disk/newfile":   {},
		"internal/disk/imagetest": {"internal/disk", "internal/testenv"}, // for tests only
		"internal/ntfs":           {},
		"internal/undojournal":    {},
		// It hands out facts, and knows no blob and no image.
		"internal/activedirectory":                     {},
		"internal/activedirectory/activedirectorytest": {"internal/activedirectory"}, // for tests only
		"internal/winerr":                              {},
		"internal/plaintext":                           {},
		"internal/version":                             {},
		"internal/coredump":                            {},
		"internal/privatefile":                         {},
		"internal/killpoint":                           {}, // nothing but in builds for tests
		"internal/testenv":                             {},
		"internal/archtest":                            {},
		"internal/release":                             {"internal/cli", "internal/version", "internal/completion"},
		"internal/canary":                              {},
		"internal/compat":                              {},
		"internal/e2e":                                 {},
		"internal/guides":                              {},
		"internal/bench/fleet":                         {"internal/cli", "internal/sample"},
		"internal/bench/disks": {
			"internal/cli", "internal/sample", "internal/ntfs", "internal/completion", "internal/offlinejoin", "internal/imagefs",
			"internal/bench",
		},
		// The provider with a profile, and the floor: for measurements alone.
		"internal/bench/provider": {"provider/offlinejoin"},
		"internal/bench":          {"internal/regf", "internal/offlinejoin", "internal/completion", "internal/sample"},
	}
}

func frontEnd() []string {
	return []string{
		"internal/options", "internal/joinfile", "internal/offlinejoin", "internal/version",
	}
}

// packer also reaches an image that is mounted on the guest of a build.
func packer() []string { return append(frontEnd(), "internal/imagefs") }

func commandLine() []string {
	return append(frontEnd(), "internal/term", "internal/demo", "internal/regf", "internal/imagefs", "internal/completion",
		"internal/agefile",                  // to encrypt a blob
		"internal/odj", "internal/winimage") // to show all of a blob and of an image, where the core asks for less
}

func core() []string {
	return []string{
		"internal/odj", "internal/winimage", "internal/completion", "internal/answerfile", "internal/ledger",
		"internal/winerr", "internal/regf", "internal/imagefs", "internal/activedirectory",
		"internal/disk/newfile", // copies of hives
	}
}

func TestPackagesImportOnlyWhatTheDesignDraws(t *testing.T) {
	t.Parallel()
	drawn := arrows()
	for _, pkg := range listed(t) {
		room := roomOf(pkg.path(), drawn)
		if room == "" {
			t.Errorf("%s is in no room of the design", pkg.path())
			continue
		}
		for _, imported := range pkg.Imports {
			name, ours := strings.CutPrefix(imported, module+"/")
			drawnHere := func(r string) bool { return within(name, r) }
			if !slices.Contains(engines(), room) && slices.ContainsFunc(forEverybody(), drawnHere) {
				continue
			}
			if ours && !within(name, room) && !slices.ContainsFunc(drawn[room], drawnHere) {
				t.Errorf("%s imports %s, which the design does not draw", pkg.path(), name)
			}
		}
	}
}

// The SDKs stay on their own side: each would double the size of the other binary, and bring its dependencies' risks.
func TestNoSDKLeaks(t *testing.T) {
	t.Parallel()
	for program, banned := range map[string][]string{
		"./provider/terraform-provider-offlinejoin": {
			"github.com/hashicorp/packer-plugin-sdk", "github.com/zclconf/go-cty", "github.com/hashicorp/hcl",
		},
		"./provisioner/packer-plugin-offlinejoin": {
			"github.com/hashicorp/terraform-plugin-framework", "github.com/hashicorp/terraform-plugin-go",
		},
		".": {
			"github.com/hashicorp/packer-plugin-sdk", "github.com/hashicorp/terraform-plugin-framework",
			"github.com/hashicorp/terraform-plugin-go",
		},
		// Not all of HashiCorp's: Kerberos stands on its go-uuid.
		"./internal/offlinejoin": {
			"github.com/hashicorp/packer-plugin-sdk", "github.com/hashicorp/terraform-plugin-framework",
			"github.com/hashicorp/terraform-plugin-go", "github.com/hashicorp/go-plugin", "github.com/hashicorp/hcl",
			"github.com/spf13",
		},
	} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			for dep := range strings.FieldsSeq(string(goList(t, "-deps", program))) {
				if dep == "github.com/hashicorp/go-uuid" { // a leaf that the Kerberos library makes keys with, no part of an SDK
					continue
				}
				for _, root := range banned {
					if within(dep, root) {
						t.Errorf("%s depends on %s", program, dep)
					}
				}
			}
		})
	}
}

// forTests are the rooms that the tests of every other may use: what makes images, blobs and tools for them.
func forTests() []string {
	return []string{
		"internal/testenv", "internal/sample", "internal/hostiletext", "internal/canary", "internal/disk/imagetest",
		"internal/compat", "internal/completion/program",
	}
}

// testArrows lists what the tests of a room use beside what the room and all tests may: mostly another room that judges
// what this one did.
func testArrows() map[string][]string {
	judges := []string{"internal/odj", "internal/completion", "internal/regf", "internal/imagefs", "internal/winimage"}
	whole := append([]string{"internal/offlinejoin", "internal/agefile"}, judges...)
	return map[string][]string{
		"internal/compat": whole, // all of it, on what earlier versions have left
		"internal/e2e":    whole,
		"internal/guides": {"internal/cli", "internal/offlinejoin"}, // what they show is run
		// A volume is proved by a whole join in it, up to the command line for disk images.
		"internal/imagefs": {"internal/offlinejoin"}, // also of remotedir
		"internal/imagefs/diskimage": {
			"internal/offlinejoin", "internal/cli",
			"internal/regf", "internal/odj", "internal/completion", // logs as Windows leaves them, and where a password may be
		},
		"internal/disk":           {"internal/undojournal"},                                 // the two are made for each other, and know nothing of it
		"internal/joinfile":       append(slices.Clone(judges), "internal/activedirectory"), // a domain in memory, of fleet
		"internal/sample/golden":  {"internal/disk"},                                        // what it makes is read by our own readers, too
		"provider/offlinejoin":    append(slices.Clone(judges), "internal/activedirectory"), // a domain in memory
		"provisioner/offlinejoin": judges,
	}
}

// Tests are drawn, too: else a room that may not know another would be held by it all the same.
func TestTestsImportOnlyWhatTheDesignDraws(t *testing.T) {
	t.Parallel()
	drawn, more := arrows(), testArrows()
	for _, pkg := range listed(t) {
		room := roomOf(pkg.path(), drawn)
		may := slices.Concat(drawn[room], more[room], forEverybody(), forTests(), []string{room})
		for _, imported := range slices.Concat(pkg.TestImports, pkg.XTestImports) {
			name, ours := strings.CutPrefix(imported, module+"/")
			if ours && !slices.ContainsFunc(may, func(r string) bool { return within(name, r) }) {
				t.Errorf("the tests of %s import %s, which the design does not draw", pkg.path(), name)
			}
		}
	}
}

type goPackage struct {
	ImportPath                string
	Imports                   []string // without those of tests
	TestImports, XTestImports []string
}

// path returns the package's folder below the top, "." for the top itself.
func (p goPackage) path() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

func listed(t *testing.T) []goPackage {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(goList(t, "-json=ImportPath,Imports,TestImports,XTestImports", "./..."))))
	var all []goPackage
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(testenv.Tool(t, "go"), append([]string{"list"}, args...)...)
	cmd.Dir = testenv.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return out
}

// roomOf returns the longest name in drawn that path is within.
func roomOf(path string, drawn map[string][]string) string {
	best := ""
	for room := range drawn {
		if (room == path || room != "." && within(path, room)) && len(room) > len(best) {
			best = room
		}
	}
	return best
}

func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

// A program that died leaves no secret behind only when it says so itself.
func TestEveryProgramTurnsCoreDumpsOff(t *testing.T) {
	t.Parallel()
	programs := 0
	for _, pkg := range listed(t) {
		switch pkg.path() {
		case "", ".", "provisioner/packer-plugin-offlinejoin", "provider/terraform-provider-offlinejoin":
		default:
			continue
		}
		programs++
		if !slices.Contains(pkg.Imports, module+"/internal/coredump") {
			t.Errorf("%q does not import internal/coredump", pkg.path())
		}
	}
	if programs != 3 {
		t.Errorf("%d programs", programs)
	}
}
