package offlinejoin

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// ownedKey is the key of private state that records the fingerprint of the join that the resource staged or imported.
// It is "" when the image had another join that the user wanted to keep.
const ownedKey = "owned_fingerprint"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// owned returns the fingerprint of the resource's own join; recorded is false before the first record.
func owned(ctx context.Context, private privateReader, diags *diag.Diagnostics) (fingerprint string, recorded bool) {
	value, problems := private.GetKey(ctx, ownedKey)
	diags.Append(problems...)
	if value == nil || json.Unmarshal(value, &fingerprint) != nil {
		return "", false
	}
	return fingerprint, true
}

func own(ctx context.Context, private privateWriter, fingerprint string, diags *diag.Diagnostics) {
	value, err := json.Marshal(fingerprint)
	if err != nil {
		diags.AddError("Ownership not recorded", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, ownedKey, value)...)
}

// ownFromReceipt records the join that a receipt tells of. A join that was only kept is somebody else's.
func ownFromReceipt(ctx context.Context, private privateWriter, receipt *core.Receipt, diags *diag.Diagnostics) {
	fingerprint := receipt.Status.Fingerprint
	if receipt.Outcome == core.OutcomeKept {
		fingerprint = ""
	}
	own(ctx, private, fingerprint, diags)
}
