package winimage

import "fmt"

// warn collects what a user should know of an image that is otherwise usable.
func (im *Image) warn() {
	f := &im.facts
	for _, h := range f.Hives {
		if h.Orphaned > 0 {
			f.Warnings = append(f.Warnings, fmt.Sprintf(
				"the %s hive is marked as closed cleanly, but its logs hold %d newer entries: some tool has dropped changes "+
					"that Windows had made", h.Name, h.Orphaned))
		}
	}
	if f.ImageState == "" && f.Hive("SOFTWARE").usable() {
		f.Warnings = append(f.Warnings, fmt.Sprintf(
			"the image has no ImageState; by its setup flags it is taken for %s", f.Phase))
	}
	if sam := f.Hive("SAM"); !sam.usable() {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the SAM hive is %s: the machine SID is not known", sam.State))
	}
}
