package offlinejoin

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// The tests of this file do, word by word, what the refusals of disks and joins advise, with the real terraform.

// words matches sentences, one after the other, wherever Terraform breaks its lines.
func words(sentences ...string) *regexp.Regexp {
	patterns := make([]string, len(sentences))
	for i, s := range sentences {
		patterns[i] = strings.ReplaceAll(regexp.QuoteMeta(s), " ", `[\s│]+`)
	}
	return regexp.MustCompile("(?s)" + strings.Join(patterns, ".*"))
}

// sameFile checks that a file is as it was.
func sameFile(t *testing.T, path string, before func() [32]byte) func() {
	return func() {
		if !exists(path) || sha(t, path) != before() {
			t.Errorf("%s was touched by what was refused", path)
		}
	}
}

// A disk with create_before_destroy and a new blob, alone or after a taint: its file still is where the new one is to be.
// Another path is the way out, for this disk and for every one after it.
func TestAccDiskCreateBeforeDestroyWithANewBlob(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	for name, taint := range map[string][]string{"new blob": nil, "tainted": {diskAddress}} {
		for _, word := range []string{"overlay_path", "copy_path"} {
			t.Run(name+"/"+word, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "web01.disk")
				_, firstFile := sampletest.Blob(t)
				second, secondFile := sampletest.Blob(t)
				third, thirdFile := sampletest.Blob(t)
				var made [32]byte
				config := func(path, file string) string { return diskConfig(golden, word, path, file, createFirst) }
				fingerprint := func(want string) []statecheck.StateCheck {
					return []statecheck.StateCheck{diskHas("fingerprint", knownvalue.StringExact(want))}
				}
				scenario(t, isGone(path, path+".2", path+".3"),
					resource.TestStep{
						Config: config(path, firstFile), Check: func(*terraform.State) error { made = sha(t, path); return nil },
					},
					resource.TestStep{
						Config: config(path, secondFile), Taint: taint,
						ExpectError: words(anotherPath),
					},
					resource.TestStep{
						PreConfig: sameFile(t, path, func() [32]byte { return made }),
						Config:    config(path+".2", secondFile), ConfigStateChecks: fingerprint(second.Fingerprint()), Check: isGone(path),
					},
					resource.TestStep{Config: config(path+".2", secondFile), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
					resource.TestStep{ // every new disk
						Config: config(path+".3", thirdFile), ConfigStateChecks: fingerprint(third.Fingerprint()), Check: isGone(path + ".2"),
					},
					resource.TestStep{Config: config(path+".3", thirdFile), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
				)
			})
		}
	}
}

// A disk with create_before_destroy, another path, and a ledger: the account is that of the old disk until that goes, which the refusal
// says, and its way out is one.
func TestAccDiskCreateBeforeDestroyWithALedger(t *testing.T) {
	t.Parallel()
	golden, path := goldenImage(t), filepath.Join(t.TempDir(), "web01.disk")
	_, file := sampletest.Blob(t)
	ledger := fmt.Sprintf("provider \"offlinejoin\" {\n  ledger_file = %q\n}\n", filepath.Join(t.TempDir(), "ledger"))
	config := func(path, more string) string {
		return ledger + diskConfig(golden, "overlay_path", path, file, createFirst+more)
	}
	const allowed = "\n  reuse = \"allow\"\n  reuse_reason = \"the old disk goes with this\""
	scenario(t, isGone(path, path+".2"),
		resource.TestStep{Config: config(path, "")},
		resource.TestStep{Config: config(path+".2", ""), ExpectError: words("is already staged into", bothAtOnce)},
		resource.TestStep{Config: config(path+".2", allowed), Check: isGone(path)},
		resource.TestStep{Config: config(path+".2", allowed), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{Config: config(path+".2", "")},
	)
}

// A disk that a machine has used stays, and a new one is not made there: each of the three ways out that the plan names is one.
func TestAccUsedDiskWaysOut(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	for name, way := range map[string]func(t *testing.T, path, file, other string) []resource.TestStep{
		"another path": func(t *testing.T, path, _, other string) []resource.TestStep {
			return []resource.TestStep{{
				Config: diskConfig(golden, "overlay_path", path+".2", other, ""),
				Check: func(*terraform.State) error {
					if !exists(path) {
						return fmt.Errorf("the used disk is gone")
					}
					return nil
				},
			}}
		},
		"remove the file": func(t *testing.T, path, _, other string) []resource.TestStep {
			return []resource.TestStep{{
				PreConfig: func() { remove(t, path) }, Config: diskConfig(golden, "overlay_path", path, other, ""),
			}}
		},
		"apply on_destroy first": func(_ *testing.T, path, file, other string) []resource.TestStep {
			return []resource.TestStep{
				{Config: diskConfig(golden, "overlay_path", path, file, `on_destroy = "delete"`)},
				{Config: diskConfig(golden, "overlay_path", path, other, "on_destroy = \"delete\"\n  backing = \"relative\"")},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "web01.qcow2")
			_, file := sampletest.Blob(t)
			second, other := sampletest.Blob(t)
			steps := append([]resource.TestStep{
				{Config: diskConfig(golden, "overlay_path", path, file, "")},
				{
					PreConfig:   func() { bootDisk(t, path) },
					Config:      diskConfig(golden, "overlay_path", path, other, `backing = "relative"`),
					ExpectError: words(waysAroundADisk),
				},
			}, way(t, path, file, other)...)
			last := &steps[len(steps)-1]
			last.ConfigStateChecks = []statecheck.StateCheck{
				diskHas("fingerprint", knownvalue.StringExact(second.Fingerprint())), diskHas("status", knownvalue.StringExact("staged")),
			}
			steps = append(steps, resource.TestStep{Config: last.Config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())})
			scenario(t, isGone(path+".2"), steps...)
		})
	}
}

// A join with a disk of its own and create_before_destroy, made anew at the same path or at another one: the account, which both
// resources have for a while, goes with neither of them.
func TestAccDomainJoinCreateBeforeDestroyWithADisk(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"keep", "disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			d := &activedirectorytest.Domain{}
			golden, path := goldenImage(t), filepath.Join(t.TempDir(), "web01.qcow2")
			config := func(path, more string) string {
				return joinConfig(atOverlay(golden, path), fmt.Sprintf("account_on_destroy = %q\n  %s\n  %s", end, more, createFirst))
			}
			const site, own = `account = { persistent_site = "Branch" }`, `account = { persistent_site = "Branch", reuse = "own" }`
			staged := []statecheck.StateCheck{joinIs("status", "staged"), joinIs("account_status", "fresh")}
			want := map[string]string{"keep": "there", "disable": "disabled", "delete": "disabled"}[end]
			still := func(path string) resource.TestCheckFunc {
				return func(s *terraform.State) error {
					if !exists(path) {
						return fmt.Errorf("the disk %s is gone", path)
					}
					return accountIs(d, "there")(s)
				}
			}
			empty := func(config string) resource.TestStep {
				return resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()), ConfigStateChecks: staged}
			}
			steps := []resource.TestStep{
				{Config: config(path, "")},
				{ // its own join is in the disk, which is taken over
					Config: config(path, ""), Taint: []string{joinAddress}, ConfigStateChecks: staged, Check: still(path),
				},
				empty(config(path, "")),
				{ // another join, and the same path: the old join is not what is asked for
					Config: config(path, site), ExpectError: words("remove that disk first"), // and adviseAnotherPath
				},
				{ // another join, and another path: the account has to be taken by a word
					Config: config(path+".2", site), ExpectError: words("set account reuse to own to give it a new password"),
				},
				{
					Config: config(path+".2", own), ConfigStateChecks: staged,
					Check: resource.ComposeTestCheckFunc(isGone(path), still(path+".2")),
				},
				empty(config(path+".2", own)),
			}
			if end == "delete" { // what is taken by a word is not deleted
				steps = append(steps,
					resource.TestStep{
						Config: config(path+".2", own), Destroy: true,
						ExpectError: words(`nothing was done: apply account_on_destroy = "disable" or "keep" first.`),
					},
					resource.TestStep{Config: strings.Replace(config(path+".2", own), `"delete"`, `"disable"`, 1)})
			}
			domainScenario(t, d, accountIs(d, want), steps...)
			if exists(path) || exists(path+".2") {
				t.Error("a disk is left")
			}
		})
	}
}

// A join into an image that is there, with create_before_destroy, made anew: the new one comes first and finds the join of the
// old one, with another password than the account will have.
func TestAccDomainJoinCreateBeforeDestroyInAnImage(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"keep", "disable", "delete"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			d := &activedirectorytest.Domain{}
			windows := sampletest.Image(t, sample.Image{})
			config := func(more string) string {
				return joinConfig(atTree(windows), fmt.Sprintf("account_on_destroy = %q\n  %s\n  %s", end, more, createFirst))
			}
			staged := []statecheck.StateCheck{joinIs("status", "staged"), joinIs("account_status", "fresh")}
			var before keptFiles
			want := map[string]string{"keep": "there", "disable": "disabled", "delete": "deleted"}[end]
			domainScenario(t, d, accountIs(d, want),
				resource.TestStep{Config: config("")},
				resource.TestStep{
					PreConfig: func() { before = keep(t, windows) },
					Config:    config(""), Taint: []string{joinAddress}, ConfigStateChecks: staged, Check: accountIs(d, "there"),
				},
				resource.TestStep{Config: config(""), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()), ConfigStateChecks: staged},
			)
			if len(before) == 0 {
				t.Error("the second step was not reached")
			}
			if _, err := os.Stat(filepath.Join(windows, "System32", "odjboot.exe")); err == nil {
				t.Error("the program is left")
			}
		})
	}
}

// TestAccJoinOfOtherWordsIsNotTakenOver: with create_before_destroy at one place, the new resource finds the join of the old one in
// the image. Where its blob was made with other words, the state would say what the image does not hold: it is refused with
// nothing written, and the way out that it names helps. Destroyed first, it needs none.
func TestAccJoinOfOtherWordsIsNotTakenOver(t *testing.T) {
	t.Parallel()
	for word, c := range map[string]struct {
		of                   func(b *odj.JoinProvider2) string
		first, second, third string
	}{
		"persistent_site":    {func(p *odj.JoinProvider2) string { return p.Site }, "Branch", "Head", "Plant"},
		"netbios_name":       {func(p *odj.JoinProvider2) string { return p.NetBIOSName }, "WEB01A", "WEB01B", "WEB01C"},
		"primary_dns_domain": {func(p *odj.JoinProvider2) string { return p.PrimaryDNSDomain }, "a.example.com", "b.example.com", "c.example.com"},
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			d := &activedirectorytest.Domain{}
			windows := sampletest.Image(t, sample.Image{})
			config := func(value, reuse, lifecycle string) string {
				return joinConfig(atTree(windows), fmt.Sprintf("account = {\n    %s = %q\n    %s\n  }\n  %s", word, value, reuse, lifecycle))
			}
			const own = `reuse = "own"`
			staged := []statecheck.StateCheck{joinIs("status", "staged"), joinIs("account_status", "fresh")}
			holds := func(value string, resets int) resource.TestCheckFunc {
				return func(s *terraform.State) error {
					p := sampletest.BlobInTree(t, windows).JoinProvider2()
					if p == nil || c.of(p) != value {
						return fmt.Errorf("the image holds %+v, want %s", p, value)
					}
					return resetsAre(d, resets)(s)
				}
			}
			var before keptFiles
			empty := func(config string) resource.TestStep {
				return resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())}
			}
			domainScenario(t, d, accountIs(d, "there"),
				resource.TestStep{Config: config(c.first, "", createFirst), ConfigStateChecks: staged, Check: holds(c.first, 0)},
				resource.TestStep{
					PreConfig: func() { before = keep(t, windows) },
					Config:    config(c.second, "", createFirst),
					ExpectError: words("made with other words ("+word+" is "+c.first+" there, and "+c.second+" is wanted)", "unstage it first",
						`take the join back with offlinejoin unstage, set account = { reuse = "own" }, and apply again`),
				},
				resource.TestStep{
					PreConfig: func() {
						if !maps.EqualFunc(keep(t, windows), before, bytes.Equal) || d.Resets() != 0 {
							t.Errorf("a refused create has written, %d resets", d.Resets())
						}
						unstage(t, windows)
					},
					Config: config(c.second, own, createFirst), ConfigStateChecks: staged, Check: holds(c.second, 1),
				},
				empty(config(c.second, own, createFirst)),
				resource.TestStep{Config: config(c.second, own, ""), Check: holds(c.second, 1)},
				resource.TestStep{
					Config: config(c.third, own, ""), ConfigPlanChecks: joinPlans(plancheck.ResourceActionDestroyBeforeCreate),
					ConfigStateChecks: staged, Check: holds(c.third, 2),
				},
				empty(config(c.third, own, "")),
			)
			if len(before) == 0 {
				t.Error("the second step was not reached")
			}
		})
	}
}
