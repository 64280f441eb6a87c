package offlinejoin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/compat"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

const stagedJoinName = "offlinejoin_staged_join"

// oldInstance is the one resource in the Terraform state of commit 1d98207.
type oldInstance struct {
	SchemaVersion int64                      `json:"schema_version"`
	Attributes    map[string]json.RawMessage `json:"attributes"`
	Private       string                     `json:"private"`
}

// TestOldState upgrades, reads and destroys the resource of a state of commit 1d98207, as Terraform does, with the image
// that it is for.
func TestOldState(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	image := compat.Named(t, "registry-terraform").Image(t)
	old := readOldState(t, image)
	private, err := base64.StdEncoding.DecodeString(old.Private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(old.Attributes)
	if err != nil {
		t.Fatal(err)
	}
	server, err := factories()["offlinejoin"]()
	if err != nil {
		t.Fatal(err)
	}
	configure(t, server)

	upgraded, err := server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{
		TypeName: stagedJoinName, Version: old.SchemaVersion, RawState: &tfprotov6.RawState{JSON: raw},
	})
	if err != nil || len(upgraded.Diagnostics) > 0 {
		t.Fatalf("upgrade: %v, %+v", err, upgraded.Diagnostics)
	}
	read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: stagedJoinName, CurrentState: upgraded.UpgradedState, Private: private,
	})
	if err != nil || len(read.Diagnostics) > 0 {
		t.Fatalf("read: %v, %+v", err, read.Diagnostics)
	}
	now := attributesOf(t, read.NewState)
	for _, name := range []string{
		"fingerprint", "status", "method_used", "machine_name", "domain", "account_sid", "staged_at", "on_destroy",
	} {
		var was string
		if err := json.Unmarshal(old.Attributes[name], &was); err != nil || was == "" {
			t.Fatalf("the old state has no %s: %v", name, err)
		}
		if is := text(t, now[name]); is != was {
			t.Errorf("%s is %q, was %q", name, is, was)
		}
	}

	none := nothing(t)
	destroyed, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: stagedJoinName, PriorState: read.NewState, PlannedState: none, Config: none, PlannedPrivate: read.Private,
	})
	if err != nil || len(destroyed.Diagnostics) > 0 {
		t.Fatalf("destroy: %v, %+v", err, destroyed.Diagnostics)
	}
	if st := statusOf(t, image); st.State != core.StateAbsent {
		t.Errorf("after destroy the image is %s", st.State)
	}
}

// readOldState returns the resource of the old state, with the image where it is unpacked now.
func readOldState(t *testing.T, image string) oldInstance {
	t.Helper()
	var state struct {
		Resources []struct {
			Instances []oldInstance `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(compat.TerraformState(t), &state); err != nil {
		t.Fatal(err)
	}
	old := state.Resources[0].Instances[0]
	path, err := json.Marshal(image)
	if err != nil {
		t.Fatal(err)
	}
	old.Attributes["windows_path"], old.Attributes["id"] = path, path
	blobFile, err := json.Marshal(filepath.Join(t.TempDir(), "deleted since.djoin"))
	if err != nil {
		t.Fatal(err)
	}
	old.Attributes["blob_file"] = blobFile
	return old
}

// configure gives the provider an empty configuration.
func configure(t *testing.T, server tfprotov6.ProviderServer) {
	t.Helper()
	ctx := context.Background()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the provider's schema is %v", schemas.Provider.ValueType())
	}
	empty := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		empty[name] = tftypes.NewValue(attribute, nil)
	}
	config, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, empty))
	if err != nil {
		t.Fatal(err)
	}
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: &config})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatalf("configure: %v, %+v", err, configured.Diagnostics)
	}
}

func stagedJoinType(t *testing.T) tftypes.Type {
	t.Helper()
	return stagedJoinSchema(t).Type().TerraformType(context.Background())
}

func attributesOf(t *testing.T, value *tfprotov6.DynamicValue) map[string]tftypes.Value {
	t.Helper()
	state, err := value.Unmarshal(stagedJoinType(t))
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := state.As(&attributes); err != nil {
		t.Fatal(err)
	}
	return attributes
}

// nothing is the state of a resource that does not exist.
func nothing(t *testing.T) *tfprotov6.DynamicValue {
	t.Helper()
	none, err := tfprotov6.NewDynamicValue(stagedJoinType(t), tftypes.NewValue(stagedJoinType(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	return &none
}
