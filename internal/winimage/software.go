package winimage

import (
	"fmt"
	"strconv"
)

// readSoftware reads the SOFTWARE hive (docs/internals/windows.md §5).
func (im *Image) readSoftware(r *reader) {
	const version = `Microsoft\Windows NT\CurrentVersion`
	f := &im.facts
	f.ProductName = r.text(version, "ProductName")
	f.EditionID = r.text(version, "EditionID")
	f.InstallationType = r.text(version, "InstallationType")
	f.UBR = r.number(version, "UBR")
	f.ImageState = r.text(`Microsoft\Windows\CurrentVersion\Setup\State`, "ImageState")

	// Old Windows keeps the number in CurrentBuildNumber and words in CurrentBuild (observed on NT 4).
	text := r.text(version, "CurrentBuildNumber")
	build, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		text = r.text(version, "CurrentBuild")
		build, err = strconv.ParseUint(text, 10, 31)
	}
	if err != nil {
		return
	}
	f.Build, f.BuildText = int(build), text
	if f.UBR != 0 {
		f.BuildText = fmt.Sprintf("%d.%d", build, f.UBR)
	}
}
