package offlinejoin

import (
	"bytes"
	"encoding/base64"
	"log"
	"strings"
	"testing"

	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// TestContentInPlaceOfAValueIsNotShown gives a blob and a key for every option, at once and by build data that is only known
// later. Neither an error nor the log, whatever else writes the value there, shows them.
func TestContentInPlaceOfAValueIsNotShown(t *testing.T) {
	t.Parallel()
	sealed := sampletest.SealedBlob(t)
	blob := base64.StdEncoding.EncodeToString(sealed.Blob.Bytes())
	key := strings.TrimSpace(sealed.Identity)
	secrets := canary.ForBlob(sealed.Blob.Bytes(), sealed.Blob.MachinePassword()).And(canary.For(map[string][]byte{
		"the identity": []byte(strings.TrimPrefix(key, "AGE-SECRET-KEY-1")),
	}))
	for _, option := range []string{
		"windows_path", "blob_file", "identity_file", "ledger_file", "completion_program", "backup", "report_file",
	} {
		for _, secret := range []string{blob, key} {
			config := map[string]any{"windows_path": "/mnt/Windows", "blob_file": sealed.File}
			config[option] = secret
			atOnce := new(Provisioner).Prepare(config)
			post := new(PostProcessor).Configure(config)
			config[option] = "{{ .Later }}"
			_, later := provision(t, config, map[string]any{"Later": secret})
			config[option] = []string{secret, secret}
			list := new(Provisioner).Prepare(config)
			config[option] = secret + "{{ .Later "
			template := new(Provisioner).Prepare(config)
			for when, err := range map[string]error{
				"at once": atOnce, "post-processor": post, "later": later, "list": list, "template": template,
			} {
				want := option + " wants a path, and what it was given looks like"
				switch when {
				case "list":
					want = option + " cannot be read: give the path as one string"
				case "template":
					want = option + " cannot be read: what stands in {{ }} is no template of Packer"
				}
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %s: error %.200v", option, when, err)
				} else if found := secrets.In([]byte(err.Error())); found != nil {
					t.Errorf("%s, %s: the error shows %q", option, when, found)
				}
			}
		}
	}
	for _, option := range []string{
		"method", "on_existing", "lock_timeout", "secret_exposure", "reuse", "reuse_reason", "partition", "backing", "image_name", "machine_name",
		"domain",
	} {
		for _, secret := range []string{blob, key} {
			config := map[string]any{"windows_path": "/mnt/Windows", "blob_file": sealed.File, "identity_file": sealed.IdentityFile}
			at := config
			if option == "machine_name" || option == "domain" {
				at = map[string]any{}
				config["expect"] = at
			}
			at[option] = secret
			atOnce := new(Provisioner).Prepare(config)
			at[option] = "{{ .Later }}"
			_, later := provision(t, config, map[string]any{"Later": secret})
			for when, err := range map[string]error{"at once": atOnce, "later": later} {
				if err == nil || !strings.Contains(err.Error(), option+" was given the content of a secret file") || secrets.In([]byte(err.Error())) != nil {
					t.Errorf("%s, %s: error %.200v", option, when, err)
				}
			}
		}
	}
	for _, option := range []string{"password_file", "keytab", "ccache", "ca_file", "user", "password"} {
		for _, secret := range []string{blob, key} {
			config := map[string]any{
				"windows_path": "/mnt/Windows", "account": map[string]any{"machine_name": "WEB01"},
				"active_directory": map[string]any{"domain": "d", option: secret},
			}
			err := new(Provisioner).Prepare(config)
			if option != "password" && (err == nil || !strings.Contains(err.Error(), option)) || err != nil && secrets.In([]byte(err.Error())) != nil {
				t.Errorf("%s: error %.200v", option, err)
			}
			config["active_directory"].(map[string]any)[option] = []string{secret, secret}
			if err = new(Provisioner).Prepare(config); err == nil || secrets.In([]byte(err.Error())) != nil {
				t.Errorf("%s as a list: error %.200v", option, err)
			}
		}
	}
	for name, source := range map[string]interface{ Configure(...any) error }{
		"blob_file": new(BlobSource), "windows_path": new(ImageSource),
	} {
		if err := source.Configure(map[string]any{name: blob}); err == nil || secrets.In([]byte(err.Error())) != nil {
			t.Errorf("data source, %s: error %.100v", name, err)
		}
	}
	var logged bytes.Buffer
	packersdk.LogSecretFilter.SetOutput(&logged)
	log.New(&packersdk.LogSecretFilter, "", 0).Printf("a dump of the options: %s %s", blob, key)
	if found := secrets.In(logged.Bytes()); found != nil || logged.Len() == 0 {
		t.Errorf("the log shows %q", found)
	}
}
