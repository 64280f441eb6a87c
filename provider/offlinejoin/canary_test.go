package offlinejoin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
)

// search looks in what Terraform shows for a blob and its password.
type search struct{ *canary.Search }

func searchFor(blob *odj.Blob) search {
	return search{canary.ForBlob(blob.Bytes(), blob.MachinePassword())}
}

func stateWithout(blob *odj.Blob) statecheck.StateCheck { return searchFor(blob) }

func planWithout(blob *odj.Blob) plancheck.PlanCheck { return searchFor(blob) }

func (s search) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = s.look(req.State)
}

func (s search) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = s.look(req.Plan)
}

func (s search) look(shown any) error {
	text, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	if len(text) < 100 {
		return fmt.Errorf("only %d bytes to search", len(text))
	}
	if found := s.In(text); found != nil {
		return fmt.Errorf("the secret is in it: %q", found)
	}
	return nil
}
