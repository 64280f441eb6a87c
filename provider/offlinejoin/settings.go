package offlinejoin

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// settings is what the provider block says, and what all that runs under it shares. Terraform configures a provider once
// in each of its runs (a plan, an apply), so these are the settings of one run. The zero value is a provider that was not
// configured, as when Terraform only validates.
type settings struct {
	ledgerFile   string // "": no ledger
	identityFile string // "": what the environment names
	lockTimeout  time.Duration
	core         *core.Run // by which the core knows one account in two images
	claims       claims
	images       runImages
	said         said
}

// image returns an image as the core opens it in this run.
func (s *settings) image(windowsPath string) core.Image {
	image := core.ImageAt(windowsPath)
	image.LockTimeout = s.lockTimeout
	return image
}

// singleUse returns where this run remembers uses of accounts.
func (s *settings) singleUse() core.SingleUse {
	return core.SingleUse{LedgerFile: s.ledgerFile, Run: s.core}
}

func newRun() *settings { return &settings{core: core.NewRun()} }

// configured returns the settings in what the framework hands to resources and data sources, and nil before the provider
// is configured.
func configured(data any, diags *diag.Diagnostics) *settings {
	if data == nil {
		return nil
	}
	s, ok := data.(*settings)
	if !ok {
		diags.AddError("Provider not usable", "the provider was configured with something that is not its own: report it")
	}
	return s
}
