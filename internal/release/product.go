package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/packer-plugin-sdk/plugin"

	"github.com/offlinejoin/offlinejoin/internal/version"
)

const (
	module     = "github.com/offlinejoin/offlinejoin"
	repository = "https://" + module
	summary    = "Stage an Active Directory offline join into a Windows image that is not running"
)

// The products, by the names that registries want. A product's name is its program's, and its folder's in what is released.
const (
	command  = "offlinejoin"
	packer   = "packer-plugin-offlinejoin"
	provider = "terraform-provider-offlinejoin"
)

// sources lists the products with the packages of their programs.
func sources() map[string]string {
	return map[string]string{
		command:  module,
		packer:   module + "/provisioner/" + packer,
		provider: module + "/provider/" + provider,
	}
}

type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// exe is what the names of programs end with.
func (p platform) exe() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

func platforms() []platform {
	return []platform{
		{"linux", "amd64"},
		{"linux", "arm64"},
		{"darwin", "amd64"},
		{"darwin", "arm64"},
		{"windows", "amd64"},
		{"windows", "arm64"},
	}
}

// packerAPI is the version of Packer's plugin protocol as it stands in file names. It is what the plugin's describe says.
func packerAPI() string { return "x" + plugin.APIVersionMajor + "." + plugin.APIVersionMinor }

// release is what is released: which version, of which commit.
type release struct {
	version    string // without "v", and without what marks a build between releases
	commit     string // of the source; with "+changes" when the tree has others than the commit's
	when       time.Time
	maintainer string // of the .deb: Name <address>
}

// thisVersion is a release as far as the source itself says.
func thisVersion() (release, error) {
	if _, err := os.Stat("terraform-registry-manifest.json"); err != nil {
		return release{}, fmt.Errorf("run it in the top folder of the source: %w", err)
	}
	return release{version: version.Version}, nil
}

// thisRelease asks git for the commit, its time and who made it. The environment goes first: SOURCE_DATE_EPOCH
// (https://reproducible-builds.org), RELEASE_MAINTAINER.
func thisRelease(ctx context.Context) (release, error) {
	r, err := thisVersion()
	if err != nil {
		return r, err
	}
	ask := func(args ...string) string {
		text, gitErr := exec.CommandContext(ctx, "git", args...).Output()
		if gitErr != nil && err == nil {
			err = fmt.Errorf("git %s: %w", strings.Join(args, " "), gitErr)
		}
		return strings.TrimSpace(string(text))
	}
	r.commit = ask("rev-parse", "HEAD")
	if ask("status", "--porcelain") != "" {
		r.commit += "+changes"
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		epoch = ask("log", "-1", "--format=%ct")
	}
	if r.maintainer = os.Getenv("RELEASE_MAINTAINER"); r.maintainer == "" {
		r.maintainer = ask("log", "-1", "--format=%an <%ae>")
	}
	if err != nil {
		return r, err
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return r, fmt.Errorf("SOURCE_DATE_EPOCH is no time in seconds: %w", err)
	}
	r.when = time.Unix(seconds, 0).UTC()
	return r, nil
}

// base is the name of a product's archive for a platform, without what it ends with. Packer's has a v, and its protocol.
func (r release) base(product string, p platform) string {
	if product == packer {
		return fmt.Sprintf("%s_v%s_%s_%s", product, r.version, packerAPI(), p)
	}
	return fmt.Sprintf("%s_%s_%s", product, r.version, p)
}

// archive is the name of a product's archive for a platform.
func (r release) archive(product string, p platform) string {
	if product == command && p.os != "windows" {
		return r.base(product, p) + ".tar.gz"
	}
	return r.base(product, p) + ".zip"
}

// program is the name of a product's program in its archive.
func (r release) program(product string, p platform) string {
	switch product {
	case packer:
		return r.base(product, p) + p.exe()
	case provider:
		return provider + "_v" + r.version + p.exe()
	}
	return command + p.exe()
}

// sums is the name of a product's list of digests.
func (r release) sums(product string) string {
	if product == packer {
		return product + "_v" + r.version + "_SHA256SUMS"
	}
	return product + "_" + r.version + "_SHA256SUMS"
}

// download is where a file of this release is found. All files are in the release of the main repository; the other two
// have copies, for those who look there.
func (r release) download(file string) string {
	return repository + "/releases/download/v" + r.version + "/" + file
}
