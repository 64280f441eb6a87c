package offlinejoin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// The keys of private state, which nobody but the provider reads. Nothing secret is in it.
const (
	joinKey  = "join"  // ownership
	tokenKey = "token" // a random name of the resource, see claims.go; it owns the join in the image
)

// ownership is what a resource knows of its join beyond what users see.
type ownership struct {
	// Fingerprint is that of the join which the resource staged or imported: "" when the image had another's, which the
	// user wanted to keep.
	Fingerprint string `json:"fingerprint"`
	// Booted tells that the image was seen after its first boot with this join: completed, failed or stopped half-way.
	// It outlives the record in the image.
	Booted bool `json:"booted,omitempty"`
	// Damaged tells that the join waits for its first boot and something of it is missing in the image.
	Damaged bool `json:"damaged,omitempty"`
	// Partition is the partition of a disk image file that has the Windows, whether the configuration names it or it was
	// found, and Only means that no other has one; 0: not known.
	Partition int  `json:"partition,omitempty"`
	Only      bool `json:"only,omitempty"`
}

// samePartition reports whether two values of partition are of one Windows.
func (o ownership) samePartition(a, b types.String) bool {
	return !a.IsUnknown() && !b.IsUnknown() && o.partition(a) == o.partition(b)
}

// partition returns which partition a value names. No value names the only one with a Windows.
func (o ownership) partition(word types.String) int {
	if number, err := strconv.Atoi(word.ValueString()); err == nil {
		return number
	}
	if o.Only {
		return o.Partition
	}
	return 0
}

// found takes over which partition has the Windows.
func (o *ownership) found(status *core.Status) { o.Partition, o.Only = status.Partition() }

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// owned returns what the resource knows of its join; recorded is false before the first record.
func owned(ctx context.Context, private privateReader, diags *diag.Diagnostics) (mine ownership, recorded bool) {
	return mine, readPrivate(ctx, private, joinKey, &mine, diags)
}

func (o ownership) record(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	writePrivate(ctx, private, joinKey, o, diags)
}

// ofReceipt returns the ownership that staging came to. A join that was only kept is somebody else's.
func ofReceipt(receipt *core.Receipt) ownership {
	var mine ownership
	mine.found(&receipt.Status)
	if receipt.Outcome != core.OutcomeKept {
		mine.Fingerprint, mine.Booted = receipt.Status.Fingerprint, booted(&receipt.Status)
	}
	return mine
}

// booted tells that an image with our record has started its first boot.
func booted(status *core.Status) bool {
	switch status.State {
	case core.StateAbsent, core.StateForeign, core.StateJoined:
		return false
	case core.StateStaged:
		return status.Attempts > 0
	default:
		return true
	}
}

// tokenOf returns the resource's random name, which is made at its first plan.
func tokenOf(ctx context.Context, before privateReader, after privateWriter, diags *diag.Diagnostics) string {
	var token string
	if !readPrivate(ctx, before, tokenKey, &token, diags) || token == "" {
		token = rand.Text()
	}
	writePrivate(ctx, after, tokenKey, token, diags)
	return token
}

func readPrivate(ctx context.Context, private privateReader, key string, into any, diags *diag.Diagnostics) bool {
	value, problems := private.GetKey(ctx, key)
	diags.Append(problems...)
	return value != nil && json.Unmarshal(value, into) == nil
}

func writePrivate(ctx context.Context, private privateWriter, key string, content any, diags *diag.Diagnostics) {
	value, err := json.Marshal(content)
	if err != nil {
		diags.AddError("Private state not written", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, key, value)...)
}
