// Command packer-plugin-offlinejoin is the Packer plugin: it registers the components and nothing else.
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/packer-plugin-sdk/plugin"
	sdkversion "github.com/hashicorp/packer-plugin-sdk/version"
	"github.com/offlinejoin/offlinejoin/internal/coredump"
	"github.com/offlinejoin/offlinejoin/internal/version"
	"github.com/offlinejoin/offlinejoin/provisioner/offlinejoin"
)

func main() {
	_ = coredump.Off() // where it cannot be, the program is no worse than others
	if err := components().Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// components is what Packer finds in this plugin.
func components() *plugin.Set {
	set := plugin.NewSet()
	set.RegisterProvisioner(plugin.DEFAULT_NAME, new(offlinejoin.Provisioner))
	set.RegisterPostProcessor(plugin.DEFAULT_NAME, new(offlinejoin.PostProcessor))
	set.RegisterDatasource("blob", new(offlinejoin.BlobSource))
	set.RegisterDatasource("image", new(offlinejoin.ImageSource))
	set.SetVersion(sdkversion.NewPluginVersion(version.Version, version.Prerelease, ""))
	return set
}
