package offlinejoin

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// placeModel is which Windows in which disk image file, and what names that on every host.
type placeModel struct {
	ImagePath types.String `tfsdk:"image_path"`
	Partition types.String `tfsdk:"partition"`
	ImageName types.String `tfsdk:"image_name"`
}

// newDiskModel is which new disk is made from that.
type newDiskModel struct {
	OverlayPath types.String `tfsdk:"overlay_path"`
	CopyPath    types.String `tfsdk:"copy_path"`
	Backing     types.String `tfsdk:"backing"`
}

// diskFacts are what a new disk says of itself. Nobody can set them.
type diskFacts struct {
	Path        types.String `tfsdk:"path"`
	Format      types.String `tfsdk:"format"`
	VirtualSize types.Int64  `tfsdk:"virtual_size"`
	BackingPath types.String `tfsdk:"backing_path"`
}

// words are the words of the place, as the user wrote them.
func (m *placeModel) words() options.PlaceWords {
	return options.PlaceWords{ImagePath: m.ImagePath.ValueString(), Partition: m.Partition.ValueString(), ImageName: m.ImageName.ValueString()}
}

func (m *placeModel) unknown() bool {
	return m.ImagePath.IsUnknown() || m.Partition.IsUnknown() || m.ImageName.IsUnknown()
}

// addTo adds the words of the new disk.
func (m *newDiskModel) addTo(words *options.PlaceWords) {
	words.OverlayPath, words.CopyPath, words.Backing =
		m.OverlayPath.ValueString(), m.CopyPath.ValueString(), m.Backing.ValueString()
}

func (m *newDiskModel) unknown() bool {
	return m.OverlayPath.IsUnknown() || m.CopyPath.IsUnknown() || m.Backing.IsUnknown()
}

// refuseContents refuses contents in place of paths.
func (m *newDiskModel) refuseContents(diags *diag.Diagnostics) {
	refuseContent(options.OverlayPath, m.OverlayPath, diags)
	refuseContent(options.CopyPath, m.CopyPath, diags)
}

// setUnknown leaves what a disk says of itself to the apply.
func (f *diskFacts) setUnknown() {
	f.Format, f.VirtualSize, f.BackingPath = types.StringUnknown(), types.Int64Unknown(), types.StringUnknown()
}

// keep carries over what the prior state has.
func (f *diskFacts) keep(prior *diskFacts) { *f = *prior }

// fill takes over what the disk at a location says, nil when that could not be read.
func (f *diskFacts) fill(at core.Image, disk *core.Disk) {
	f.Path = types.StringValue(newPath(at))
	if disk == nil {
		f.Format, f.VirtualSize, f.BackingPath = types.StringNull(), types.Int64Null(), types.StringNull()
		return
	}
	f.Format, f.VirtualSize = stringOrNull(disk.Format), types.Int64Value(disk.VirtualSize)
	f.BackingPath = stringOrNull(disk.Backing)
}

// newPath is the path of the disk that has the join, as it was given.
func newPath(at core.Image) string { return filepath.Clean(at.Made().ImagePath) }

// placeAt is the attribute that says where the image is.
func placeAt(at core.Image) path.Path {
	word := options.WindowsPath
	switch {
	case at.OverlayPath != "":
		word = options.OverlayPath
	case at.CopyPath != "":
		word = options.CopyPath
	case at.ImagePath != "":
		word = options.ImagePath
	}
	return path.Root(word.String())
}

// placeOfID is the place of a disk image file in an id, which is its path, with "#" and a number where a partition is chosen.
func placeOfID(id string) options.PlaceWords {
	at := strings.LastIndexByte(id, '#')
	if at < 0 || isFile(id) {
		return options.PlaceWords{ImagePath: id}
	}
	if _, err := strconv.Atoi(id[at+1:]); err != nil {
		return options.PlaceWords{ImagePath: id}
	}
	return options.PlaceWords{ImagePath: id[:at], Partition: id[at+1:]}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
