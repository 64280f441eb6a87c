package offlinejoin

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

// The tests of this file run the real terraform against a domain in memory.

const joinAddress = "offlinejoin_domain_join.test"

// domainScenario is scenario for a provider whose domain is d.
func domainScenario(t *testing.T, d *activedirectorytest.Domain, after resource.TestCheckFunc, steps ...resource.TestStep) {
	t.Helper()
	testenv.Tool(t, "terraform")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"offlinejoin": providerserver.NewProtocol6WithError(domainProvider(d)),
		},
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		CheckDestroy:           after,
		Steps:                  steps,
	})
}

// providerBlock reaches a domain, by the name of which alone the domain in memory is asked.
const providerBlock = `
provider "offlinejoin" {
  active_directory = {
    domain   = "corp.example.com"
    user     = "svc-terraform"
    password = "not-the-real-one-1"
  }
}
`

// joinConfig is a configuration of a join into an image.
func joinConfig(place, more string) string {
	return fmt.Sprintf(providerBlock+`
resource "offlinejoin_domain_join" "test" {
  machine_name = "WEB01"
  %s
  %s
}
`, place, more)
}

func atTree(windowsPath string) string { return fmt.Sprintf("windows_path = %q", windowsPath) }

func atOverlay(golden, path string) string {
	return fmt.Sprintf("image_path = %q\n  overlay_path = %q", golden, path)
}

func joinHas(attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(joinAddress, tfjsonpath.New(attribute), value)
}

func joinIs(attribute, value string) statecheck.StateCheck {
	return joinHas(attribute, knownvalue.StringExact(value))
}

func joinPlans(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return plans(plancheck.ExpectResourceAction(joinAddress, action))
}

// accountIs checks after the last step what has become of an account.
func accountIs(d *activedirectorytest.Domain, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		got := "there"
		switch a := d.Account("WEB01"); {
		case a == nil:
			got = "deleted"
		case a.Disabled():
			got = "disabled"
		}
		if got != want {
			return fmt.Errorf("the account is %s, want %s", got, want)
		}
		return nil
	}
}

// bootedAs makes the account of WEB01 one that a machine has logged on with.
func bootedAs(d *activedirectorytest.Domain) func() {
	return func() {
		d.Change("WEB01", func(a *activedirectory.Account) { a.LastLogon = a.PasswordLastSet })
	}
}

// TestAccDomainJoin joins a tree, finds every drift of the account, and never resets what has booted.
func TestAccDomainJoin(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	windows := sampletest.Image(t, sample.Image{})
	before := keep(t, windows)
	config := joinConfig(atTree(windows), `account = { ou = "`+activedirectorytest.OU+`", description = "web" }`)
	empty := plans(plancheck.ExpectEmptyPlan())
	guid := ""
	domainScenario(t, d, accountIs(d, "there"),
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				joinIs("status", "staged"), joinIs("account_status", "fresh"), joinIs("machine_name", "WEB01"),
				joinIs("domain", "corp.example.com"), joinIs("dn", "CN=WEB01,"+activedirectorytest.OU), joinIs("on_destroy", "unstage"),
				joinIs("account_on_destroy", "keep"), joinIs("domain_controller", "dc1.corp.example.com"),
				joinHas("fingerprint", knownvalue.StringRegexp(regexp.MustCompile("^[0-9a-f]{64}$"))),
				joinHas("path", knownvalue.Null()),
			},
			Check: func(*terraform.State) error {
				guid = d.Account("WEB01").GUID
				return nil
			},
		},
		resource.TestStep{Config: config, ConfigPlanChecks: empty},
		resource.TestStep{ // the account by its distinguished name, which another one has not
			ResourceName: joinAddress, ImportState: true, ImportStateId: "CN=WEB01," + activedirectorytest.OU + "|" + windows,
		},
		resource.TestStep{
			ResourceName: joinAddress, ImportState: true, ImportStateId: "CN=WEB02," + activedirectorytest.OU + "|" + windows,
			ExpectError: regexp.MustCompile(`there is no account CN=WEB02`),
		},
		resource.TestStep{ // somebody reset the account, and no machine has booted: one image, staged again
			PreConfig: func() {
				d.Change("WEB01", func(a *activedirectory.Account) { a.PasswordLastSet += 7 })
			},
			Config: config, ConfigPlanChecks: joinPlans(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh"), joinIs("status", "staged")},
			Check:             resetsAre(d, 1),
		},
		resource.TestStep{ // the join was taken out of the image
			PreConfig: func() { unstage(t, windows) },
			Config:    config, ConfigPlanChecks: joinPlans(plancheck.ResourceActionUpdate), Check: resetsAre(d, 2),
		},
		resource.TestStep{ // what is in the join changes
			Config:           strings.Replace(config, "description", `persistent_site = "Branch", description`, 1),
			ConfigPlanChecks: joinPlans(plancheck.ResourceActionDestroyBeforeCreate), Check: resetsAre(d, 3),
		},
		resource.TestStep{ // the controller does not answer
			PreConfig: func() { d.Shut(true) },
			Config:    strings.Replace(config, "description", `persistent_site = "Branch", description`, 1), ConfigPlanChecks: empty,
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "unknown"), joinIs("status", "staged")},
		},
		resource.TestStep{ // disabled: somebody meant it
			PreConfig: func() {
				d.Shut(false)
				d.Change("WEB01", func(a *activedirectory.Account) { a.Control |= activedirectory.ControlDisabled })
			},
			Config: strings.Replace(config, "description", `persistent_site = "Branch", description`, 1), ConfigPlanChecks: empty,
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "disabled")},
		},
		resource.TestStep{
			Config: strings.Replace(config, "description", `enabled = true, persistent_site = "Branch", description`, 1), ConfigPlanChecks: joinPlans(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh")}, Check: resetsAre(d, 3),
		},
		resource.TestStep{ // booted: other inputs, and no join in the image
			PreConfig: func() {
				bootedAs(d)()
				unstage(t, windows)
			},
			Config: config, ConfigPlanChecks: joinPlans(plancheck.ResourceActionUpdate), // of account alone
			ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "in_use"), joinIs("status", "absent")}, Check: resetsAre(d, 3),
		},
		resource.TestStep{Config: config, ConfigPlanChecks: empty, Check: resetsAre(d, 3)},
		resource.TestStep{ // the image is lost
			PreConfig: func() {
				if err := os.Rename(filepath.Dir(windows), filepath.Dir(windows)+".away"); err != nil {
					t.Fatal(err)
				}
			},
			Config: config, ConfigPlanChecks: empty, Check: resetsAre(d, 3),
		},
		resource.TestStep{ // the machine's account is gone
			PreConfig: func() {
				if err := os.Rename(filepath.Dir(windows)+".away", filepath.Dir(windows)); err != nil {
					t.Fatal(err)
				}
				before.putBack(t)
				d.Remove("WEB01")
			},
			Config: config, ExpectError: regexp.MustCompile(`Account\s+of\s+a\s+machine\s+gone`),
		},
		resource.TestStep{ // made anew by hand, while another account has the name: refused in the plan
			PreConfig: func() { d.Put("WEB01", "") },
			Config:    config, Taint: []string{joinAddress}, ExpectError: regexp.MustCompile(`exists\s+already`),
		},
	)
	if guid == "" || d.Resets() != 3 {
		t.Errorf("account %q, %d resets", guid, d.Resets())
	}
}

func resetsAre(d *activedirectorytest.Domain, want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := d.Resets(); got != want {
			return fmt.Errorf("the account was reset %d times, want %d", got, want)
		}
		return nil
	}
}

// TestAccJoinRefusals fail in the plan, and leave no account.
func TestAccJoinRefusals(t *testing.T) {
	t.Parallel()
	windows := sampletest.Image(t, sample.Image{})
	for name, c := range map[string]struct{ config, want string }{
		"OU":       {joinConfig(atTree(windows), `account = { ou = "OU=No,DC=corp,DC=example,DC=com" }`), `does\s+not\s+exist`},
		"OU words": {joinConfig(atTree(windows), `account = { ou = "Web" }`), `Account\s+not\s+to\s+be\s+had`},
		"name":     {strings.Replace(joinConfig(atTree(windows), ""), "WEB01", "12345", 1), `12345`},
		"taken":    {strings.Replace(joinConfig(atTree(windows), ""), "WEB01", "TAKEN", 1), `exists\s+already`},
		"method":   {joinConfig(atTree(windows), `method = "answer_file"`), `Machine\s+cannot\s+be\s+joined`},
		"word":     {joinConfig(atTree(windows), `on_destroy = "delete"`), `Word\s+of\s+another\s+image`},
		"no GUID":  {joinConfig(atTree(windows), `account = { object_guid = "00000000-0000-4000-8000-00000000ffff" }`), `does\s+not\s+exist`},
		"twice": {joinConfig(atTree(windows), "") + fmt.Sprintf(`
resource "offlinejoin_domain_join" "other" {
  machine_name = "web01"
  windows_path = %q
}
`, sampletest.Image(t, sample.Image{})), `Claimed\s+twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &activedirectorytest.Domain{}
			d.Put("TAKEN", "")
			domainScenario(t, d, nil, resource.TestStep{Config: c.config, ExpectError: regexp.MustCompile(c.want)})
			if a := d.Account("WEB01"); a != nil || d.Resets() != 0 {
				t.Errorf("%+v is left", a)
			}
		})
	}
}

// TestAccJoinGone makes a join anew whose account was deleted before any machine has booted.
func TestAccJoinGone(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	golden, path := goldenImage(t), filepath.Join(t.TempDir(), "web01.qcow2")
	windows := sampletest.Image(t, sample.Image{})
	for _, place := range []string{atTree(windows), atOverlay(golden, path)} {
		config := joinConfig(place, `account_on_destroy = "delete"`)
		domainScenario(t, d, accountIs(d, "deleted"),
			resource.TestStep{Config: config},
			resource.TestStep{
				PreConfig: func() { d.Remove("WEB01") },
				Config:    config, ConfigPlanChecks: joinPlans(plancheck.ResourceActionDestroyBeforeCreate),
				ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh"), joinIs("status", "staged")},
			},
			resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
			resource.TestStep{ // by hand: its own account, which no machine has used, goes first or is taken again
				Config: config, Taint: []string{joinAddress},
				ConfigPlanChecks:  joinPlans(plancheck.ResourceActionDestroyBeforeCreate),
				ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh"), joinIs("status", "staged")},
			},
			resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
			resource.TestStep{ // with the account kept
				Config: strings.Replace(config, `"delete"`, `"keep"`, 1), ConfigPlanChecks: joinPlans(plancheck.ResourceActionUpdate),
			},
			resource.TestStep{
				Config: strings.Replace(config, `"delete"`, `"keep"`, 1), Taint: []string{joinAddress},
				ConfigStateChecks: []statecheck.StateCheck{joinIs("account_status", "fresh"), joinIs("status", "staged")},
			},
			resource.TestStep{Config: config},
		)
		if exists(path) {
			t.Error("the disk is still there")
		}
	}
}

// TestAccLiveIsNotReplaced refuses in the plan to join anew with an account that a machine uses and that stays, while the image still
// holds the join that would go: nothing is lost. It is allowed where the configuration says so, or the account goes, too.
func TestAccLiveIsNotReplaced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more    string
		refused bool
	}{
		"kept":        {`account_on_destroy = "keep"`, true},
		"disabled":    {`account_on_destroy = "disable"`, true},
		"not deleted": {`account_on_destroy = "delete"`, true},
		"deleted":     {"account_on_destroy = \"delete\"\n  delete_live = true", false},
		"replaced":    {`account = { reuse = "own", replace_live = true }`, false},
	} {
		for _, disk := range []bool{false, true} {
			t.Run(fmt.Sprint(name, disk), func(t *testing.T) {
				t.Parallel()
				d := &activedirectorytest.Domain{}
				path := filepath.Join(t.TempDir(), "web01.qcow2")
				windows := sampletest.Image(t, sample.Image{})
				place := atTree(windows)
				if disk {
					place = atOverlay(goldenImage(t), path)
				}
				config := joinConfig(place, c.more)
				anew := resource.TestStep{PreConfig: bootedAs(d), Config: config, Taint: []string{joinAddress}}
				if c.refused {
					anew.ExpectError = regexp.MustCompile(`Account in use`)
				}
				steps := []resource.TestStep{{Config: config}, anew}
				if c.refused { // all is as it was, so that it can be made anew once the machine is known not to be one
					steps = append(steps, resource.TestStep{
						PreConfig: func() {
							if got := d.Account("WEB01"); got == nil || got.Disabled() || d.Resets() > 0 || disk && !exists(path) ||
								!disk && statusOf(t, windows).State != "staged" {
								t.Errorf("%+v", got)
							}
							d.Change("WEB01", func(a *activedirectory.Account) { a.LastLogon = 0 })
						},
						Config: config,
					})
				}
				domainScenario(t, d, nil, steps...)
			})
		}
	}
}
