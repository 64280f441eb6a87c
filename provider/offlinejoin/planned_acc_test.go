package offlinejoin

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// meanwhile is a check of a plan that does something between the plan and its apply.
type meanwhile func()

// CheckPlan implements [plancheck.PlanCheck].
func (do meanwhile) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	do()
}

// then does something after the plan.
func then(do func()) resource.ConfigPlanChecks { return plans(meanwhile(do)) }

// ours matches the whole error of an apply that says these words, wherever Terraform breaks its lines. An apply that Terraform
// breaks off because of a promise of the plan says nothing else.
func ours(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)` + strings.ReplaceAll(words, " ", `\s+`))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unmount leaves the folder of an image empty, as unmounting does.
func unmount(t *testing.T, windowsPath string) {
	t.Helper()
	volume := filepath.Dir(windowsPath)
	must(t, os.Rename(volume, volume+".away"))
	must(t, os.Mkdir(volume, 0o700))
}

// exchange puts another image in the place of one.
func exchange(t *testing.T, windowsPath string, im sample.Image) {
	t.Helper()
	volume := filepath.Dir(windowsPath)
	must(t, os.RemoveAll(volume))
	must(t, os.MkdirAll(volume, 0o700))
	must(t, os.CopyFS(volume, os.DirFS(filepath.Dir(sampletest.Image(t, im)))))
}

// copyFile puts one file in the place of another.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	must(t, err)
	write(t, to, content)
}

// TestAccWhatChangesBetweenPlanAndApply: what a plan has looked at is looked at again, and what does not fit any more is an error
// of the provider, and never "Provider produced inconsistent final plan", which Terraform calls a bug.
func TestAccWhatChangesBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	other := sample.Image{ComputerName: "GOLDEN-2", EditionID: "ServerDatacenter"}
	generalized := sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"}
	_, ofApp := sampletest.BlobFor(t, "APP01", 1201)
	const method = `method = "registry"`
	for name, c := range map[string]struct {
		more   string
		change func(t *testing.T, image, blob string)
		words  string            // of the error
		after  map[string]string // of the state, where it goes well
	}{
		"unmounted":       {"", func(t *testing.T, image, _ string) { unmount(t, image) }, "Windows does not exist: is the image mounted there", nil},
		"another Windows": {"", func(t *testing.T, image, _ string) { exchange(t, image, other) }, "", map[string]string{"windows_edition": "ServerDatacenter"}},
		"another method":  {"", func(t *testing.T, image, _ string) { exchange(t, image, generalized) }, "", map[string]string{"method_used": "answer_file"}},
		"not this method": {method, func(t *testing.T, image, _ string) { exchange(t, image, generalized) }, "Join cannot be staged.*generalized", nil},
		"no blob":         {"", func(t *testing.T, _, blob string) { must(t, os.Remove(blob)) }, "Blob file missing.*does not exist", nil},
		"blob of another": {`machine_name = "WEB01"`, func(t *testing.T, _, blob string) { copyFile(t, ofApp, blob) }, "blob is for APP01", nil},
	} {
		for _, when := range []string{"create", "update"} {
			if when == "update" && name != "unmounted" && name != "no blob" {
				continue // it begins with the same second plan
			}
			t.Run(name+"/"+when, func(t *testing.T) {
				t.Parallel()
				image := sampletest.Image(t, sample.Image{})
				_, first := sampletest.Blob(t)
				_, second := sampletest.Blob(t)
				file := filepath.Join(t.TempDir(), "web01.djoin")
				copyFile(t, first, file)
				config := fromFile(image, file, c.more)
				var steps []resource.TestStep
				if when == "update" {
					steps = append(steps, resource.TestStep{Config: config})
				}
				last := resource.TestStep{
					PreConfig: func() {
						if when == "update" {
							copyFile(t, second, file)
						}
					},
					Config: config, ConfigPlanChecks: then(func() { c.change(t, image, file) }),
				}
				switch {
				case name == "no blob" && when == "update": // the blob of a join that waits may be deleted: it stays
					blob, err := os.ReadFile(first)
					must(t, err)
					parsed, err := odj.Parse(blob)
					must(t, err)
					last.ConfigStateChecks = append(last.ConfigStateChecks, has("fingerprint", knownvalue.StringExact(parsed.Fingerprint())))
				case c.words != "":
					last.ExpectError = ours(c.words)
				}
				for attribute, value := range c.after {
					last.ConfigStateChecks = append(last.ConfigStateChecks, has(attribute, knownvalue.StringExact(value)))
				}
				scenario(t, nil, append(steps, last)...)
			})
		}
	}
}

// TestAccWhatChangesBetweenPlanAndApplyOfADisk is the same for disks that are made.
func TestAccWhatChangesBetweenPlanAndApplyOfADisk(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	for name, c := range map[string]struct {
		change func(t *testing.T, golden, path string)
		words  string
		after  []string // attribute and value
	}{
		"no golden image": {func(t *testing.T, golden, _ string) { must(t, os.Remove(golden)) }, "golden.qcow2: it does not exist.*Nothing was written", nil},
		"another golden image": {func(t *testing.T, golden, _ string) {
			copyFile(t, sampletest.Disk(t, sample.Image{EditionID: "ServerDatacenter"}), golden)
		}, "", []string{"windows_edition", "ServerDatacenter"}},
		"made by somebody": {func(t *testing.T, golden, path string) { copyFile(t, golden, path) }, "web01.qcow2 exists, and (does not hold this join|was not made as overlay_path says): remove it first", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden := filepath.Join(t.TempDir(), "golden.qcow2")
			copyFile(t, goldenQCOW2(t), golden)
			step := func(config string, path string, has func(string, knownvalue.Check) statecheck.StateCheck) resource.TestStep {
				s := resource.TestStep{Config: config, ConfigPlanChecks: then(func() { c.change(t, golden, path) })}
				if c.words != "" {
					s.ExpectError = ours(c.words)
				}
				if c.after != nil {
					s.ConfigStateChecks = []statecheck.StateCheck{has(c.after[0], knownvalue.StringExact(c.after[1]))}
				}
				return s
			}
			_, file := sampletest.Blob(t)
			path := filepath.Join(t.TempDir(), "web01.qcow2")
			scenario(t, nil, step(diskConfig(golden, "copy_path", path, file, ""), path, diskHas))

			copyFile(t, goldenQCOW2(t), golden)
			path = filepath.Join(t.TempDir(), "web01.qcow2")
			config := joinConfig(atOverlay(golden, path), `account = { ou = "`+activedirectorytest.OU+`" }`)
			domainScenario(t, &activedirectorytest.Domain{}, nil, step(config, path, joinHas))
		})
	}
	t.Run("domain_join, unmounted", func(t *testing.T) {
		t.Parallel()
		image := sampletest.Image(t, sample.Image{})
		domainScenario(t, d, nil, resource.TestStep{
			Config:           joinConfig(atTree(image), `account = { ou = "`+activedirectorytest.OU+`" }`),
			ConfigPlanChecks: then(func() { unmount(t, image) }),
			ExpectError:      ours("Windows does not exist"),
		})
		if d.Account("WEB01") != nil {
			t.Error("an account was made")
		}
	})
}
