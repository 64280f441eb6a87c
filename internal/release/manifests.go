package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

// writeManifests writes the files that other people's package managers want, from the digests of this release. Each is for a
// repository of its own, into which a person puts it.
func (d *dist) writeManifests() error {
	for name, text := range manifestTemplates {
		t, err := template.New(name).Funcs(template.FuncMap{"url": d.urlOf, "sum": d.sumOf, "upper": strings.ToUpper}).Parse(text)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		err = t.Execute(&b, map[string]any{"Version": d.version, "Date": d.when.Format("2006-01-02"), "Home": repository, "Summary": summary})
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(b.Bytes()) {
			return fmt.Errorf("%s is no JSON", name)
		}
		if err := d.write("packages/"+name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (d *dist) urlOf(os, arch string) string {
	return d.download(d.archive(command, platform{os, arch}))
}

// sumOf is the digest of the command line's archive for a platform; "" in a trial without it.
func (d *dist) sumOf(os, arch string) string {
	return d.digests[command][d.archive(command, platform{os, arch})]
}

var manifestTemplates = map[string]string{
	"homebrew/offlinejoin.rb": `class Offlinejoin < Formula
  desc "{{.Summary}}"
  homepage "{{.Home}}"
  version "{{.Version}}"
  license "MPL-2.0"

  on_macos do
    on_arm do
      url "{{url "darwin" "arm64"}}"
      sha256 "{{sum "darwin" "arm64"}}"
    end
    on_intel do
      url "{{url "darwin" "amd64"}}"
      sha256 "{{sum "darwin" "amd64"}}"
    end
  end

  on_linux do
    on_arm do
      url "{{url "linux" "arm64"}}"
      sha256 "{{sum "linux" "arm64"}}"
    end
    on_intel do
      url "{{url "linux" "amd64"}}"
      sha256 "{{sum "linux" "amd64"}}"
    end
  end

  def install
    bin.install "offlinejoin"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/offlinejoin.bash" => "offlinejoin"
    zsh_completion.install "completions/_offlinejoin"
    fish_completion.install "completions/offlinejoin.fish"
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/offlinejoin version --short").strip
  end
end
`,
	"scoop/offlinejoin.json": `{
  "version": "{{.Version}}",
  "description": "{{.Summary}}",
  "homepage": "{{.Home}}",
  "license": "MPL-2.0",
  "architecture": {
    "64bit": {
      "url": "{{url "windows" "amd64"}}",
      "hash": "{{sum "windows" "amd64"}}"
    },
    "arm64": {
      "url": "{{url "windows" "arm64"}}",
      "hash": "{{sum "windows" "arm64"}}"
    }
  },
  "bin": "offlinejoin.exe",
  "checkver": { "github": "{{.Home}}" },
  "autoupdate": {
    "architecture": {
      "64bit": { "url": "{{.Home}}/releases/download/v$version/offlinejoin_$version_windows_amd64.zip" },
      "arm64": { "url": "{{.Home}}/releases/download/v$version/offlinejoin_$version_windows_arm64.zip" }
    },
    "hash": { "url": "{{.Home}}/releases/download/v$version/offlinejoin_$version_SHA256SUMS" }
  }
}
`,
	"winget/Offlinejoin.Offlinejoin.yaml": `PackageIdentifier: Offlinejoin.Offlinejoin
PackageVersion: {{.Version}}
DefaultLocale: en-US
ManifestType: version
ManifestVersion: 1.6.0
`,
	"winget/Offlinejoin.Offlinejoin.installer.yaml": `PackageIdentifier: Offlinejoin.Offlinejoin
PackageVersion: {{.Version}}
InstallerType: zip
NestedInstallerType: portable
NestedInstallerFiles:
  - RelativeFilePath: offlinejoin.exe
    PortableCommandAlias: offlinejoin
ReleaseDate: {{.Date}}
Installers:
  - Architecture: x64
    InstallerUrl: {{url "windows" "amd64"}}
    InstallerSha256: {{sum "windows" "amd64" | upper}}
  - Architecture: arm64
    InstallerUrl: {{url "windows" "arm64"}}
    InstallerSha256: {{sum "windows" "arm64" | upper}}
ManifestType: installer
ManifestVersion: 1.6.0
`,
	"winget/Offlinejoin.Offlinejoin.locale.en-US.yaml": `PackageIdentifier: Offlinejoin.Offlinejoin
PackageVersion: {{.Version}}
PackageLocale: en-US
Publisher: offlinejoin
PublisherUrl: {{.Home}}
PackageName: offlinejoin
PackageUrl: {{.Home}}
License: MPL-2.0
LicenseUrl: {{.Home}}/blob/v{{.Version}}/LICENSE
ShortDescription: {{.Summary}}
ReleaseNotesUrl: {{.Home}}/releases/tag/v{{.Version}}
ManifestType: defaultLocale
ManifestVersion: 1.6.0
`,
}
