package offlinejoin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// canary searches what Terraform shows for a blob and its password, in every spelling.
type canary struct{ blob *odj.Blob }

func stateWithout(blob *odj.Blob) statecheck.StateCheck { return canary{blob} }

func planWithout(blob *odj.Blob) plancheck.PlanCheck { return canary{blob} }

func (c canary) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = c.search(req.State)
}

func (c canary) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = c.search(req.Plan)
}

func (c canary) search(shown any) error {
	text, err := json.Marshal(shown)
	if err != nil {
		return err
	}
	if len(text) < 100 {
		return fmt.Errorf("only %d bytes to search", len(text))
	}
	password := string(utf16.Decode(c.blob.MachinePassword()))
	escaped, err := json.Marshal(password)
	if err != nil {
		return err
	}
	secrets := append(options.Spellings(c.blob.Bytes()), password, strings.Trim(string(escaped), `"`),
		base64.StdEncoding.EncodeToString([]byte(password)))
	for i, secret := range secrets {
		if strings.Contains(string(text), secret) {
			return fmt.Errorf("spelling %d of the secret is in it", i)
		}
	}
	return nil
}
