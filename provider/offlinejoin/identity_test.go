package offlinejoin

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestImportByIdentity imports and reads as Terraform 1.12 does, which is not on every machine.
func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	image := sampletest.Image(t, sample.Image{})
	blob, _ := sampletest.Blob(t)
	stage(t, image, blob)
	server, err := factories()["offlinejoin"]()
	if err != nil {
		t.Fatal(err)
	}
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"windows_path": tftypes.String, "image_path": tftypes.String,
	}}
	data, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, map[string]tftypes.Value{
		"windows_path": tftypes.NewValue(tftypes.String, image),
		"image_path":   tftypes.NewValue(tftypes.String, nil),
	}))
	if err != nil {
		t.Fatal(err)
	}
	const name = "offlinejoin_staged_join"
	imported, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: name, Identity: &tfprotov6.ResourceIdentityData{IdentityData: &data},
	})
	if err != nil || len(imported.Diagnostics) > 0 || len(imported.ImportedResources) != 1 {
		t.Fatalf("import: %v, %+v", err, imported)
	}
	one := imported.ImportedResources[0]
	read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: name, CurrentState: one.State, Private: one.Private, CurrentIdentity: one.Identity,
	})
	if err != nil || len(read.Diagnostics) > 0 {
		t.Fatalf("read: %v, %+v", err, read.Diagnostics)
	}
	state, err := read.NewState.Unmarshal(stagedJoinSchema(t).Type().TerraformType(ctx))
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := state.As(&attributes); err != nil {
		t.Fatal(err)
	}
	for attribute, want := range map[string]string{
		"id": image, "status": "staged", "fingerprint": blob.Fingerprint(), "machine_name": "WEB01", "on_destroy": "unstage",
	} {
		if got := text(t, attributes[attribute]); got != want {
			t.Errorf("%s = %q, want %q", attribute, got, want)
		}
	}
	identity, err := read.NewIdentity.IdentityData.Unmarshal(kind)
	if err != nil {
		t.Fatal(err)
	}
	var named map[string]tftypes.Value
	if err := identity.As(&named); err != nil || text(t, named["windows_path"]) != image {
		t.Errorf("identity %v, %v", identity, err)
	}
}
