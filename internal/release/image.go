package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"
)

// The parts of an image in the OCI image format 1.1 (https://github.com/opencontainers/image-spec) that we fill in.
type (
	ociDescriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        int               `json:"size"`
		Platform    *ociPlatform      `json:"platform,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
	ociPlatform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
	}
	ociIndex struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Manifests     []ociDescriptor   `json:"manifests"`
		Annotations   map[string]string `json:"annotations,omitempty"`
	}
	ociManifest struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Config        ociDescriptor     `json:"config"`
		Layers        []ociDescriptor   `json:"layers"`
		Annotations   map[string]string `json:"annotations"`
	}
	ociImage struct {
		Created string `json:"created"`
		ociPlatform
		Config  ociConfig    `json:"config"`
		RootFS  ociRootFS    `json:"rootfs"`
		History []ociHistory `json:"history"`
	}
	ociConfig struct {
		User       string            `json:"User"`
		Env        []string          `json:"Env"`
		Entrypoint []string          `json:"Entrypoint"`
		WorkingDir string            `json:"WorkingDir"`
		Labels     map[string]string `json:"Labels"`
	}
	ociRootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
	ociHistory struct {
		Created   string `json:"created"`
		CreatedBy string `json:"created_by"`
	}
)

const (
	ociIndexType    = "application/vnd.oci.image.index.v1+json"
	ociManifestType = "application/vnd.oci.image.manifest.v1+json"
	ociConfigType   = "application/vnd.oci.image.config.v1+json"
	ociLayerType    = "application/vnd.oci.image.layer.v1.tar+gzip"

	nobody = "65532:65532" // a user that no system gives anything to; --user takes any other
)

// writeImage writes the command line as an image for both architectures of Linux: the static program on nothing, and a folder to
// mount images into. examples/fleets/container/Containerfile makes the same of an archive.
func (d *dist) writeImage() error {
	labels := map[string]string{
		"org.opencontainers.image.title":       command,
		"org.opencontainers.image.description": summary,
		"org.opencontainers.image.source":      repository,
		"org.opencontainers.image.version":     d.version,
		"org.opencontainers.image.revision":    d.commit,
		"org.opencontainers.image.created":     d.when.Format(time.RFC3339),
		"org.opencontainers.image.licenses":    "MPL-2.0",
	}
	index := ociIndex{SchemaVersion: 2, MediaType: ociIndexType, Annotations: labels}
	for _, p := range d.platforms {
		if p.os != "linux" {
			continue
		}
		manifest, err := d.imageOf(p, labels)
		if err != nil {
			return err
		}
		index.Manifests = append(index.Manifests, manifest)
	}
	if len(index.Manifests) == 0 {
		return nil // a trial with other platforms
	}
	all, err := d.blob(ociIndexType, index)
	if err != nil {
		return err
	}
	all.Annotations = map[string]string{"org.opencontainers.image.ref.name": d.version}
	top, err := json.Marshal(ociIndex{SchemaVersion: 2, MediaType: ociIndexType, Manifests: []ociDescriptor{all}})
	if err != nil {
		return err
	}
	if err := d.write("image/index.json", top); err != nil {
		return err
	}
	return d.write("image/oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
}

func (d *dist) imageOf(p platform, labels map[string]string) (ociDescriptor, error) {
	exe, err := d.built(command, p)
	if err != nil {
		return ociDescriptor{}, err
	}
	license, err := document("LICENSE")
	if err != nil {
		return ociDescriptor{}, err
	}
	layer, err := tarred(d.when, "", imageFiles(exe, license, d.thirdParty[command].file()))
	if err != nil {
		return ociDescriptor{}, err
	}
	packed, err := gzipped(layer, gzip.DefaultCompression)
	if err != nil {
		return ociDescriptor{}, err
	}
	layerBlob, err := d.blob(ociLayerType, packed)
	if err != nil {
		return ociDescriptor{}, err
	}
	here, created := ociPlatform{p.arch, p.os}, d.when.Format(time.RFC3339)
	config, err := d.blob(ociConfigType, ociImage{
		Created: created, ociPlatform: here,
		Config:  imageConfig(labels),
		RootFS:  ociRootFS{"layers", []string{digest(layer)}},
		History: []ociHistory{{created, "go run ./internal/release"}},
	})
	if err != nil {
		return ociDescriptor{}, err
	}
	manifest, err := d.blob(ociManifestType, ociManifest{
		SchemaVersion: 2, MediaType: ociManifestType, Config: config, Layers: []ociDescriptor{layerBlob}, Annotations: labels,
	})
	manifest.Platform = &here
	return manifest, err
}

// imageFiles are the files of the image: those of the archive that it needs, and the folder it works in.
func imageFiles(exe []byte, documents ...file) []file {
	files := append([]file{{command, 0o755, exe}}, documents...)
	return append(files, file{"work", fs.ModeDir | 0o755, nil})
}

// imageConfig is how the image is run.
func imageConfig(labels map[string]string) ociConfig {
	return ociConfig{
		User: nobody, Env: []string{"PATH=/"}, Entrypoint: []string{"/" + command}, WorkingDir: "/work", Labels: labels,
	}
}

// blob writes a blob of the image: bytes as they are, everything else as JSON.
func (d *dist) blob(mediaType string, content any) (ociDescriptor, error) {
	data, raw := content.([]byte)
	if !raw {
		var err error
		if data, err = json.Marshal(content); err != nil {
			return ociDescriptor{}, err
		}
	}
	sum := digest(data)
	return ociDescriptor{MediaType: mediaType, Digest: sum, Size: len(data)}, d.write("image/blobs/sha256/"+sum[len("sha256:"):], data)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return fmt.Sprintf("sha256:%s", hex.EncodeToString(sum[:]))
}
