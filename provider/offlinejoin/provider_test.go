package offlinejoin

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"offlinejoin": providerserver.NewProtocol6WithError(New("test")()),
	}
}

func stagedJoinSchema(t *testing.T) schema.Schema {
	t.Helper()
	var resp resource.SchemaResponse
	newStagedJoinResource("test")().Schema(context.Background(), resource.SchemaRequest{}, &resp)
	return resp.Schema
}

func joinedDiskSchema(t *testing.T) schema.Schema {
	t.Helper()
	var resp resource.SchemaResponse
	newJoinedDiskResource("test")().Schema(context.Background(), resource.SchemaRequest{}, &resp)
	return resp.Schema
}

func TestSchemasAreValid(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	if diags := stagedJoinSchema(t).ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("staged join: %v", diags)
	}
	if diags := joinedDiskSchema(t).ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("joined disk: %v", diags)
	}
	var resp ephemeral.SchemaResponse
	newBlobEphemeral().Schema(ctx, ephemeral.SchemaRequest{}, &resp)
	if diags := resp.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("blob: %v", diags)
	}
	server, err := factories()["offlinejoin"]()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Error(err)
	}
}

// TestEveryWordOfAPlace: Terraform has all words that say where an image is, of which the command line, join files and Packer
// have each, too.
func TestEveryWordOfAPlace(t *testing.T) {
	t.Parallel()
	words := []options.Name{options.Partition, options.Backing}
	for _, used := range (options.PlaceWords{}).Used() {
		words = append(words, used.Option)
	}
	staged, disk := stagedJoinSchema(t).Attributes, joinedDiskSchema(t).Attributes
	for _, word := range words {
		if staged[word.String()] == nil && disk[word.String()] == nil {
			t.Errorf("neither a staged join nor a joined disk has %s", word)
		}
	}
	if staged[options.JournalDir.String()] == nil {
		t.Error("a staged join has no journal_dir")
	}
}

func TestAttributesAreNamesOfOptions(t *testing.T) {
	t.Parallel()
	for what, of := range map[string]schema.Schema{"staged join": stagedJoinSchema(t), "joined disk": joinedDiskSchema(t)} {
		facts := joinFacts{}
		for name, attribute := range of.Attributes {
			if name == "timeouts" { // of the framework
				continue
			}
			if options.Name(name).Doc() == "" && facts.attribute(options.Name(name)) == nil {
				t.Errorf("package options does not know %s of a %s", name, what)
			}
			if attribute.GetMarkdownDescription() == "" {
				t.Errorf("%s of a %s has no documentation", name, what)
			}
			if secret := options.Name(name).Secret(); secret != (attribute.IsSensitive() && attribute.IsWriteOnly()) {
				t.Errorf("%s of a %s: secret %v, but sensitive %v, write-only %v",
					name, what, secret, attribute.IsSensitive(), attribute.IsWriteOnly())
			}
		}
	}
}
