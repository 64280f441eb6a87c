package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offlinejoin/offlinejoin/internal/completion/program"
)

// The parts of a bill of materials in the form of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) that we fill in.
type (
	cycloneDX struct {
		Format     string          `json:"bomFormat"`
		Spec       string          `json:"specVersion"`
		Version    int             `json:"version"`
		Metadata   cdxMetadata     `json:"metadata"`
		Components []cdxComponent  `json:"components"`
		Depends    []cdxDependency `json:"dependencies"`
	}
	cdxMetadata struct {
		Timestamp string       `json:"timestamp"`
		Component cdxComponent `json:"component"`
	}
	cdxComponent struct {
		Type       string        `json:"type"`
		Ref        string        `json:"bom-ref"`
		Name       string        `json:"name"`
		Version    string        `json:"version"`
		Purl       string        `json:"purl,omitempty"`
		Hashes     []cdxHash     `json:"hashes,omitempty"`
		Licenses   []cdxLicense  `json:"licenses,omitempty"`
		Properties []cdxProperty `json:"properties,omitempty"`
	}
	cdxHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	cdxLicense struct {
		License cdxLicenseID `json:"license"`
	}
	cdxLicenseID struct {
		ID string `json:"id"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxDependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// bill makes the bill of materials of a product's program from what the program itself says about its build. It fails when
// that names a module whose licence does not go along.
func (d *dist) bill(product string, p platform, exe []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(exe))
	if err != nil {
		return nil, err
	}
	main := cdxComponent{
		Type: "application", Name: product, Version: d.version, Purl: "pkg:golang/" + module + "@v" + d.version,
		Hashes: sha256Of(exe), Licenses: cdxLicenses([]string{"MPL-2.0"}),
		Properties: []cdxProperty{{"offlinejoin:platform", p.os + "/" + p.arch}, {"offlinejoin:commit", d.commit}},
	}
	if sub := strings.TrimPrefix(info.Path, module+"/"); sub != info.Path {
		main.Purl += "#" + sub
	}
	main.Ref = d.release.base(product, p)
	std, _ := d.thirdParty[product].find("std")
	parts := []cdxComponent{{
		Type: "library", Name: "std", Version: info.GoVersion, Purl: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"),
		Licenses: cdxLicenses(std.licenses()),
	}}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		known, ok := d.thirdParty[product].find(dep.Path)
		if !ok || known.version != dep.Version {
			return nil, fmt.Errorf("the licence of %s %s does not go along", dep.Path, dep.Version)
		}
		c := cdxComponent{
			Type: "library", Name: dep.Path, Version: dep.Version, Purl: "pkg:golang/" + dep.Path + "@" + dep.Version,
			Licenses: cdxLicenses(known.licenses()), Properties: []cdxProperty{{"offlinejoin:go.sum", dep.Sum}},
		}
		if known.replaces != "" {
			c.Properties = append(c.Properties, cdxProperty{"offlinejoin:replaces", known.replaces})
		}
		parts = append(parts, c)
	}
	for _, arch := range program.Architectures() {
		boot, err := program.Lookup(arch)
		if err != nil {
			return nil, err
		}
		parts = append(parts, cdxComponent{
			Type: "application", Ref: "odjboot.exe?arch=" + arch, Name: "odjboot.exe", Version: d.version, Hashes: sha256Of(boot.Bytes()),
			Licenses: cdxLicenses([]string{"MPL-2.0"}), Properties: []cdxProperty{{"offlinejoin:architecture", arch}},
		})
	}
	on := []string{}
	for i := range parts {
		if parts[i].Ref == "" {
			parts[i].Ref = parts[i].Purl
		}
		on = append(on, parts[i].Ref)
	}
	slices.Sort(on)
	text, err := json.MarshalIndent(cycloneDX{
		Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:   cdxMetadata{Timestamp: d.when.Format(time.RFC3339), Component: main},
		Components: parts, Depends: []cdxDependency{{main.Ref, on}},
	}, "", "  ")
	return append(text, '\n'), err
}

func sha256Of(data []byte) []cdxHash {
	sum := sha256.Sum256(data)
	return []cdxHash{{"SHA-256", hex.EncodeToString(sum[:])}}
}

func cdxLicenses(ids []string) []cdxLicense {
	var all []cdxLicense
	for _, id := range ids {
		all = append(all, cdxLicense{cdxLicenseID{id}})
	}
	return all
}
