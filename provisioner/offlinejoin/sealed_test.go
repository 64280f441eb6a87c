package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

func TestProvisionOpensAnEncryptedBlob(t *testing.T) {
	t.Parallel()
	image, sealed := sampletest.Image(t, sample.Image{}), sampletest.SealedBlob(t)
	shown, err := provision(t, map[string]any{
		"windows_path": image, "blob_file": sealed.File, "identity_file": "{{ .Keys }}",
		"expect": map[string]any{"machine_name": "WEB01"},
	}, map[string]any{"Keys": sealed.IdentityFile})
	if err != nil {
		t.Fatal(err)
	}
	if got := statusOf(t, image); got.State != core.StateStaged || got.Fingerprint != sealed.Blob.Fingerprint() {
		t.Errorf("the image is %+v", got)
	}
	secrets := canary.ForBlob(sealed.Blob.Bytes(), sealed.Blob.MachinePassword()).And(canary.For(map[string][]byte{
		"the identity": []byte(sealed.Identity[20:]),
	}))
	if found := secrets.In([]byte(shown)); found != nil || !strings.Contains(shown, "WEB01") {
		t.Errorf("found %q in:\n%s", found, shown)
	}
}

// Where templates are only validated, the key is away, and that is no mistake. A wrong key is one.
func TestPrepareWithoutTheIdentity(t *testing.T) {
	sealed, other := sampletest.SealedBlob(t), sampletest.SealedBlob(t)
	t.Setenv("OFFLINEJOIN_IDENTITY_FILE", "")
	config := map[string]any{
		"windows_path": "/mnt/Windows", "blob_file": sealed.File, "expect": map[string]any{"machine_name": "OTHER"},
	}
	for identity, want := range map[string]string{
		"":                           "",
		sealed.IdentityFile + ".not": "",
		"<unknown>":                  "",
		sealed.IdentityFile:          "but OTHER was expected",
		other.IdentityFile:           "does not open",
	} {
		config["identity_file"] = identity
		err := new(Provisioner).Prepare(config)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("identity_file %q: error %v, want %q", identity, err, want)
		}
	}
	delete(config, "identity_file")
	t.Setenv("OFFLINEJOIN_IDENTITY_FILE", sealed.IdentityFile)
	if err := new(Provisioner).Prepare(config); err == nil || !strings.Contains(err.Error(), "OTHER was expected") {
		t.Errorf("with the variable: error %v", err)
	}
}
