package offlinejoin

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// run is one run of the provider, a plan or an apply: what the provider block says, and what all that runs under it
// shares. Terraform configures a provider once in each. The zero value is a provider that was not configured, as when
// Terraform only validates.
type run struct {
	configured   bool   // Terraform does more than validate
	ledgerFile   string // "": no ledger file
	ledger       string // "": no ledger in a database
	databases    *core.Databases
	identityFile string // "": what the environment names
	lockTimeout  time.Duration
	core         *core.Run // by which the core knows one account in two images
	claims       claims
	images       runImages
	disks        runDisks
	accounts     runAccounts // of joins
	prepared     runAccounts // made ahead of their machines
	domain       *domain     // that computer accounts are in
	said         said
	turns        turns
}

// waiting returns an image with how long this run waits for others who are changing it.
func (r *run) waiting(image core.Image) core.Image {
	image.LockTimeout = r.lockTimeout
	return image
}

// singleUse returns where this run remembers uses of accounts.
func (r *run) singleUse() core.SingleUse {
	return core.SingleUse{LedgerFile: r.ledgerFile, Ledger: r.ledger, Databases: r.databases, Run: r.core}
}

func newRun() *run {
	return &run{core: core.NewRun(), databases: new(core.Databases), domain: &domain{unknown: true}}
}

// configured returns the run in what the framework hands to resources and data sources, and nil before the provider
// is configured.
func configured(data any, diags *diag.Diagnostics) *run {
	if data == nil {
		return nil
	}
	r, ok := data.(*run)
	if !ok {
		diags.AddError("Provider not usable", "the provider was configured with something that is not its own: report it")
	}
	return r
}
