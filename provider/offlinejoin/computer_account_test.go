package offlinejoin

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

const accountAddress = "offlinejoin_computer_account.test"

// accountConfig is a configuration of an account that is made ahead of its machine.
func accountConfig(more string) string {
	return fmt.Sprintf(providerBlock+`
resource "offlinejoin_computer_account" "test" {
  machine_name = "WEB01"
  %s
}
`, more)
}

func accountPlans(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return plans(plancheck.ExpectResourceAction(accountAddress, action))
}

// TestAccAccountReplaced: another OU or description is another account. Where the old one stays, the plan refuses it, and the
// resource stays in the state; and another spelling is no other OU.
func TestAccAccountReplaced(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	made := fmt.Sprintf("ou = %q\n  description = ", activedirectorytest.OU)
	deleted := "\n  account_on_destroy = \"delete\""
	stays := regexp.MustCompile(`Account stays`)
	domainScenario(t, d, accountIs(d, "deleted"),
		resource.TestStep{Config: accountConfig(made + `"early"`)},
		resource.TestStep{Config: accountConfig(made + `"other"`), ExpectError: stays},
		resource.TestStep{Config: accountConfig(made + `"other"` + deleted), ExpectError: stays}, // what the state says counts
		resource.TestStep{
			Config:           accountConfig(strings.Replace(made, "OU=Web,DC", "ou=web, dc", 1) + `"early"` + deleted),
			ConfigPlanChecks: accountPlans(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{
			Config:           accountConfig(made + `"other"` + deleted),
			ConfigPlanChecks: accountPlans(plancheck.ResourceActionDestroyBeforeCreate),
		},
		resource.TestStep{Config: accountConfig(made + `"other"` + deleted), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			Config: accountConfig(made + `"other"` + deleted), Taint: []string{accountAddress},
			ConfigPlanChecks: accountPlans(plancheck.ResourceActionDestroyBeforeCreate),
		},
	)
	if a := d.Account("WEB01"); a != nil {
		t.Errorf("%+v", a)
	}
}

// TestAccAccountWrittenLater: an OU that is written where the account has come to without it is no other account, and is one when
// it is another.
func TestAccAccountWrittenLater(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	found := "ou = \"cn=computers, DC=corp,DC=example,DC=com\""
	domainScenario(t, d, accountIs(d, "there"),
		resource.TestStep{Config: accountConfig("")},
		resource.TestStep{Config: accountConfig(found), ConfigPlanChecks: accountPlans(plancheck.ResourceActionUpdate)},
		resource.TestStep{Config: accountConfig(found), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			Config: accountConfig(fmt.Sprintf("ou = %q", activedirectorytest.OU)), ExpectError: regexp.MustCompile(`Account stays`),
		},
	)
}

// TestSameBlob: a word that says no more than its default makes no other join.
func TestSameBlob(t *testing.T) {
	t.Parallel()
	word := types.StringValue
	none := &accountModel{}
	for name, c := range map[string]struct {
		with accountModel
		same bool
	}{
		"nothing":                    {accountModel{}, true},
		"its own name":               {accountModel{NetBIOSName: word("WEB01")}, true},
		"its own name in lower case": {accountModel{NetBIOSName: word("web01")}, true},
		"another name":               {accountModel{NetBIOSName: word("OLDWEB")}, false},
		"the domain":                 {accountModel{PrimaryDNSDomain: word("Corp.example.com")}, true},
		"another domain":             {accountModel{PrimaryDNSDomain: word("web.example.com")}, false},
		"a site":                     {accountModel{PersistentSite: word("Web")}, false},
		"no certificates":            {accountModel{RootCACerts: types.BoolValue(false)}, true},
		"certificates":               {accountModel{RootCACerts: types.BoolValue(true)}, false},
	} {
		for _, got := range []bool{c.with.sameBlob(none, "WEB01", "corp.example.com"), none.sameBlob(&c.with, "WEB01", "corp.example.com")} {
			if got != c.same {
				t.Errorf("%s: the same blob: %v", name, got)
			}
		}
	}
}

// TestAccAccountTaintedAndKept: an account that stays is in the way of another one, which the plan says.
func TestAccAccountTaintedAndKept(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	domainScenario(t, d, accountIs(d, "there"),
		resource.TestStep{Config: accountConfig("")},
		resource.TestStep{Config: accountConfig(""), Taint: []string{accountAddress}, ExpectError: regexp.MustCompile(`Account stays`)},
	)
}

// TestAccAccountImported: an import is followed by an empty plan, or by one that only records what was written, and never by
// another account; and an imported account is never deleted.
func TestAccAccountImported(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	user, _ := d.WhoAmI(t.Context())
	d.Put("WEB01", user)
	made := fmt.Sprintf("ou = %q\n  description = \"early\"\n  account_on_destroy = ", activedirectorytest.OU)
	deleted := accountConfig(made + `"delete"`)
	domainScenario(t, d, accountIs(d, "disabled"),
		resource.TestStep{
			Config: deleted, ExpectError: regexp.MustCompile(`exists\s+already:\s+import\s+it`),
		},
		resource.TestStep{
			Config: deleted, ResourceName: accountAddress, ImportState: true, ImportStateId: `CORP\WEB01$`, ImportStatePersist: true,
		},
		resource.TestStep{Config: deleted, ConfigPlanChecks: accountPlans(plancheck.ResourceActionUpdate)},
		resource.TestStep{Config: deleted, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{Config: strings.Replace(deleted, "early", "other", 1), ExpectError: regexp.MustCompile(`was there before`)},
		resource.TestStep{Config: accountConfig(made + `"disable"`), ConfigPlanChecks: accountPlans(plancheck.ResourceActionUpdate)},
	)
}

// TestAccTaintedImport: of a tainted resource that was imported, whatever Terraform hands on, the account is not deleted.
func TestAccTaintedImport(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	user, _ := d.WhoAmI(t.Context())
	guid := d.Put("WEB01", user).GUID
	p := newDomainPlugin(t, d).of("offlinejoin_computer_account")
	state := p.resource(map[string]string{
		"machine_name": "WEB01", "id": guid, "object_guid": guid, "account_on_destroy": "delete", "account_status": "fresh",
	})
	if diagnostics := p.destroy(state, nil); !failed(diagnostics) || d.Account("WEB01") == nil {
		t.Errorf("deleted: %s", sayings(diagnostics))
	}
	refreshed := p.refresh(state, nil) // imported
	planned := p.plan(map[string]string{"machine_name": "WEB01", "account_on_destroy": "delete"})
	if !failed(planned.Diagnostics) {
		t.Error("another account is planned under a name that is not free")
	}
	if diagnostics := p.destroy(refreshed.NewState, planned.PlannedPrivate); !failed(diagnostics) || d.Account("WEB01") == nil {
		t.Errorf("deleted: %s", sayings(diagnostics))
	}
}

// TestAccPreparedIsNotTaken: a join takes an account that another resource has made ahead only where it says so, also after that
// one was read in the same run.
func TestAccPreparedIsNotTaken(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	join := newDomainPlugin(t, d)
	account := join.of("offlinejoin_computer_account")
	config := map[string]string{"machine_name": "WEB01", "account_on_destroy": "keep"}
	made := account.apply(config, account.plan(config))
	account.good(made.Diagnostics)
	account.good(account.refresh(made.NewState, made.Private).Diagnostics)
	planned := join.plan(map[string]string{"machine_name": "WEB01", "windows_path": sampletest.Image(t, sample.Image{})})
	if !strings.Contains(sayings(planned.Diagnostics), "NERR_UserExists") || d.Resets() > 0 {
		t.Errorf("%s", sayings(planned.Diagnostics))
	}
}
