package offlinejoin

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

func TestFillLeavesNothingUnknownAndWhatTheUserSaid(t *testing.T) {
	t.Parallel()
	config := joinModel{Domain: types.StringValue("CORP")}
	plan := config
	plan.setUnknown(&config)
	plan.fill(
		core.BlobFacts{Fingerprint: "aa", MachineName: "WEB01", Domain: "corp.test", DomainSID: "S-1-5-21-1-2-3"},
		core.Status{State: core.StateStaged, Fingerprint: "aa", MachineName: "WEB01", Domain: "corp.test"},
	)
	for _, value := range plan.facts() {
		if value.IsUnknown() {
			t.Fatalf("unknown after fill: %+v", plan)
		}
	}
	if plan.Domain.ValueString() != "CORP" || plan.MachineName.ValueString() != "WEB01" ||
		plan.DomainSID.ValueString() != "S-1-5-21-1-2-3" || !plan.Site.IsNull() {
		t.Errorf("filled %+v", plan)
	}
}

func TestFillTellsOfTheJoinInTheImage(t *testing.T) {
	t.Parallel()
	var plan joinModel
	plan.setUnknown(&joinModel{})
	plan.fill(
		core.BlobFacts{Fingerprint: "aa", MachineName: "WEB01", DomainSID: "S-1-5-21-1-2-3"},
		core.Status{State: core.StateStaged, Fingerprint: "bb", MachineName: "WEB02"}, // kept
	)
	if plan.MachineName.ValueString() != "WEB02" || plan.Fingerprint.ValueString() != "bb" || !plan.DomainSID.IsNull() {
		t.Errorf("filled %+v", plan)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	before := joinModel{
		MachineName: types.StringValue("web01"), Domain: types.StringValue("CORP"),
		joinFacts: joinFacts{
			Fingerprint: types.StringValue("aa"), Status: types.StringValue("staged"),
			DomainSID: types.StringValue("S-1-5-21-1-2-3"),
		},
	}
	same, other, absent := before, before, before
	same.refresh(core.Status{State: core.StateCompleted, Fingerprint: "aa", MachineName: "WEB01", Domain: "corp.test"})
	if same.Status.ValueString() != "completed" || same.MachineName != before.MachineName ||
		same.Domain != before.Domain || same.DomainSID != before.DomainSID {
		t.Errorf("the same join refreshed to %+v", same)
	}
	other.refresh(core.Status{State: core.StateStaged, Fingerprint: "bb", MachineName: "WEB02", Domain: "corp.test"})
	if other.Fingerprint.ValueString() != "bb" || other.MachineName.ValueString() != "WEB02" ||
		!other.DomainSID.IsNull() {
		t.Errorf("another join refreshed to %+v", other)
	}
	absent.refresh(core.Status{State: core.StateAbsent})
	if absent.Status.ValueString() != "absent" || !absent.Fingerprint.IsNull() ||
		absent.MachineName != before.MachineName || absent.DomainSID != before.DomainSID {
		t.Errorf("no join refreshed to %+v", absent)
	}
}
