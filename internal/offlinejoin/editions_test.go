package offlinejoin

import (
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// TestEditionsAreRefusedForEveryMethod: what cannot join a domain takes no join, whether Setup is still to run or not, and says so
// before anything that is to be said of the method.
func TestEditionsAreRefusedForEveryMethod(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		image sample.Image
		words string
	}{
		"home":            {sample.Image{ProductType: "WinNT", EditionID: "CoreSingleLanguage"}, "cannot join a domain (CoreSingleLanguage:"},
		"home of 7":       {sample.Image{ProductType: "WinNT", EditionID: "HomePremium", Build: "7601"}, "cannot join a domain (HomePremium:"},
		"starter":         {sample.Image{ProductType: "WinNT", EditionID: "StarterN", Build: "7601"}, "cannot join a domain (StarterN:"},
		"10 S":            {sample.Image{ProductType: "WinNT", EditionID: "Cloud"}, "cannot join a domain (Cloud:"},
		"11 SE":           {sample.Image{ProductType: "WinNT", EditionID: "CloudEdition", Build: "22631"}, "cannot join a domain (CloudEdition:"},
		"IoT Core":        {sample.Image{ProductType: "WinNT", EditionID: "IoTUAP"}, "cannot join a domain (IoTUAP:"},
		"Nano Server":     {sample.Image{InstallationType: "Nano Server"}, "is a Nano Server"},
		"Pro in S mode":   {sample.Image{ProductType: "WinNT", EditionID: "Professional", SMode: true}, "is in S mode"},
		"home, connected": {sample.Image{ProductType: "WinNT", EditionID: "CoreConnectedN"}, "cannot join a domain (CoreConnectedN:"},
	} {
		for _, state := range []string{"IMAGE_STATE_COMPLETE", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"} {
			t.Run(name+"/"+state, func(t *testing.T) {
				t.Parallel()
				im := c.image
				im.ImageState = state
				for _, method := range []Method{MethodAuto, MethodRegistry, MethodAnswerFile} {
					req := newImage(t, im)
					req.Method = method
					before := tree(t, req.Image.WindowsPath)
					for what, do := range map[string]func() error{
						"planned": func() error { _, err := Plan(t.Context(), req); return err },
						"staged":  func() error { _, err := Stage(t.Context(), req); return err },
					} {
						err := do()
						if codeOf(err) != winerr.NotSupported || !strings.Contains(err.Error(), c.words) {
							t.Errorf("%s by %s: %v, want %q", what, method, err, c.words)
						}
					}
					if tree(t, req.Image.WindowsPath) != before {
						t.Errorf("%s: something was written", method)
					}
					req.Blob.Wipe()
				}
			})
		}
	}
}
