package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The provider registry protocol (https://developer.hashicorp.com/terraform/internals/provider-registry-protocol), of which
// all answers can be files.
type (
	registryVersions struct {
		Versions []registryVersion `json:"versions"`
	}
	registryVersion struct {
		Version   string             `json:"version"`
		Protocols []string           `json:"protocols"`
		Platforms []registryPlatform `json:"platforms"`
	}
	registryPlatform struct {
		OS   string `json:"os"`
		Arch string `json:"arch"`
	}
	registryDownload struct {
		Protocols   []string     `json:"protocols"`
		OS          string       `json:"os"`
		Arch        string       `json:"arch"`
		Filename    string       `json:"filename"`
		URL         string       `json:"download_url"`
		Sums        string       `json:"shasums_url"`
		Signature   string       `json:"shasums_signature_url"`
		Sum         string       `json:"shasum"`
		SigningKeys registryKeys `json:"signing_keys"`
	}
	registryKeys struct {
		GPG []registryKey `json:"gpg_public_keys"`
	}
	registryKey struct {
		ID    string `json:"key_id"`
		Armor string `json:"ascii_armor"`
	}
)

const providerPath = "v1/providers/offlinejoin/offlinejoin/"

// readKey reads an armored public key. Terraform's registries take RSA keys, and no elliptic curves.
func readKey(armored []byte) (registryKey, error) {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return registryKey{}, fmt.Errorf("it is no armored public key: %w", err)
	}
	switch {
	case len(ring) != 1:
		return registryKey{}, fmt.Errorf("it holds %d keys, not one", len(ring))
	case ring[0].PrivateKey != nil:
		return registryKey{}, errors.New("it is a private key: give the public one")
	case ring[0].PrimaryKey.PubKeyAlgo != packet.PubKeyAlgoRSA:
		return registryKey{}, errors.New("it is no RSA key, and Terraform's registry takes no other")
	}
	return registryKey{ring[0].PrimaryKey.KeyIdString(), string(armored)}, nil
}

// writePages adds a release to a static registry below into, from what `make dist` has written to from. A version that is
// there already is an error: what users have locked never changes. Without a key the pages are complete but for it, and
// Terraform refuses them.
func writePages(r release, from, into string, key *registryKey) error {
	manifest, err := os.ReadFile(filepath.Join(from, provider, fmt.Sprintf("%s_%s_manifest.json", provider, r.version)))
	if err != nil {
		return err
	}
	var about struct {
		Metadata struct {
			Protocols []string `json:"protocol_versions"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(manifest, &about); err != nil {
		return fmt.Errorf("the registry manifest: %w", err)
	}
	sums, err := os.ReadFile(filepath.Join(from, provider, r.sums(provider)))
	if err != nil {
		return err
	}
	one := registryVersion{Version: r.version, Protocols: about.Metadata.Protocols}
	files := map[string]any{".well-known/terraform.json": map[string]string{"providers.v1": "/v1/providers/"}}
	for _, p := range platforms() {
		name := r.archive(provider, p)
		sum, ok := sumOf(sums, name)
		if !ok {
			continue // a trial with some platforms
		}
		one.Platforms = append(one.Platforms, registryPlatform{p.os, p.arch})
		list := r.download(r.sums(provider))
		answer := registryDownload{
			Protocols: one.Protocols, OS: p.os, Arch: p.arch, Filename: name, URL: r.download(name), Sums: list,
			Signature: list + ".sig", Sum: sum, SigningKeys: registryKeys{[]registryKey{}},
		}
		if key != nil {
			answer.SigningKeys.GPG = append(answer.SigningKeys.GPG, *key)
		}
		files[providerPath+r.version+"/download/"+p.os+"/"+p.arch] = answer
	}
	var versions registryVersions
	if old, err := os.ReadFile(filepath.Join(into, filepath.FromSlash(providerPath+"versions"))); err == nil {
		if err := json.Unmarshal(old, &versions); err != nil {
			return fmt.Errorf("the versions of the registry that is there: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.ContainsFunc(versions.Versions, func(v registryVersion) bool { return v.Version == r.version }) {
		return fmt.Errorf("the registry in %s has version %s already, and a release is never changed", into, r.version)
	}
	versions.Versions = append(versions.Versions, one)
	files[providerPath+"versions"] = versions
	for name, content := range files {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(into, filepath.FromSlash(name)), append(text, '\n')); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(into, ".nojekyll"), nil) // else GitHub's pages leave .well-known out
}

// sumOf finds the digest of a file in a SHA256SUMS.
func sumOf(sums []byte, name string) (string, bool) {
	for line := range strings.Lines(string(sums)) {
		if sum, listed, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && listed == name {
			return sum, true
		}
	}
	return "", false
}
