package offlinejoin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
	"github.com/offlinejoin/offlinejoin/internal/testenv"
)

const diskAddress = "offlinejoin_joined_disk.test"

// diskConfig is a configuration of a disk.
func diskConfig(golden, word, path, blobFile, more string) string {
	return fmt.Sprintf(`
resource "offlinejoin_joined_disk" "test" {
  image_path = %q
  %s = %q
  blob_file  = %q
  %s
}
`, golden, word, path, blobFile, more)
}

// goldenQCOW2 makes a compressed golden image.
func goldenQCOW2(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "golden.qcow2")
	qemuImg(t, "convert", "-c", "-f", "raw", "-O", "qcow2", goldenImage(t), to)
	return to
}

func qemuImg(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(testenv.Tool(t, "qemu-img"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("qemu-img %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// isGone checks after the last step that a disk is removed.
func isGone(paths ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		for _, path := range paths {
			if exists(path) {
				return fmt.Errorf("%s is still there", path)
			}
		}
		return nil
	}
}

// checked has qemu judge a disk.
func checked(t *testing.T, path, info string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if out := qemuImg(t, "check", path); !strings.Contains(out, "No errors were found") {
			return fmt.Errorf("qemu-img check: %s", out)
		}
		if out := qemuImg(t, "info", path); !strings.Contains(out, info) {
			return fmt.Errorf("qemu-img info does not say %q: %s", info, out)
		}
		return nil
	}
}

func diskHas(attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(diskAddress, tfjsonpath.New(attribute), value)
}

func diskPlans(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return plans(plancheck.ExpectResourceAction(diskAddress, action))
}

// TestAccOverlay makes, replaces and removes an overlay.
func TestAccOverlay(t *testing.T) {
	t.Parallel()
	golden := goldenQCOW2(t)
	before := sha(t, golden)
	path := filepath.Join(t.TempDir(), "web01.qcow2")
	blob, file := sampletest.Blob(t)
	other, otherFile := sampletest.Blob(t)
	config := diskConfig(golden, "overlay_path", path, file, `machine_name = "WEB01"`)
	empty := plans(plancheck.ExpectEmptyPlan())
	scenario(t, isGone(path),
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: plans(
				planWithout(blob), plancheck.ExpectKnownValue(diskAddress, tfjsonpath.New("path"), knownvalue.StringExact(path)),
			),
			ConfigStateChecks: []statecheck.StateCheck{
				stateWithout(blob),
				diskHas("id", knownvalue.StringExact(path)),
				diskHas("path", knownvalue.StringExact(path)),
				diskHas("format", knownvalue.StringExact("qcow2")),
				diskHas("virtual_size", knownvalue.Int64Exact(sampletest.VolumeSize)),
				diskHas("backing_path", knownvalue.StringExact(golden)),
				diskHas("status", knownvalue.StringExact("staged")),
				diskHas("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				diskHas("windows_product", knownvalue.StringExact("Windows Server 2022 Standard")),
				diskHas("on_destroy", knownvalue.StringExact("delete_unused")),
				diskHas("blob_wo", knownvalue.Null()),
			},
			Check: checked(t, path, "backing file format: qcow2"),
		},
		resource.TestStep{Config: config, ConfigPlanChecks: empty},
		resource.TestStep{ // another spelling, another word of on_destroy, and a timeout: nothing is made
			Config: diskConfig(filepath.Dir(golden)+"/./golden.qcow2", "overlay_path", path, file, `
  on_destroy = "delete"
  timeouts   = { create = "5m" }`),
			ConfigPlanChecks: diskPlans(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{ // another blob
			Config: diskConfig(golden, "overlay_path", path, otherFile, ""),
			ConfigPlanChecks: plans(
				planWithout(other),
				plancheck.ExpectResourceAction(diskAddress, plancheck.ResourceActionDestroyBeforeCreate),
				plancheck.ExpectUnknownValue(diskAddress, tfjsonpath.New("path")),
			),
			ConfigStateChecks: []statecheck.StateCheck{diskHas("fingerprint", knownvalue.StringExact(other.Fingerprint()))},
		},
		resource.TestStep{Config: diskConfig(golden, "overlay_path", path, otherFile, ""), ConfigPlanChecks: empty},
		resource.TestStep{ // made anew by hand
			Config: diskConfig(golden, "overlay_path", path, otherFile, ""), Taint: []string{diskAddress},
			ConfigPlanChecks: diskPlans(plancheck.ResourceActionDestroyBeforeCreate),
		},
		resource.TestStep{ // gone
			PreConfig: func() {
				write(t, path+".other", nil)
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			},
			Config: diskConfig(golden, "overlay_path", path, otherFile, ""), ConfigPlanChecks: diskPlans(plancheck.ResourceActionCreate),
		},
		resource.TestStep{ // imported
			ResourceName: diskAddress, ImportState: true, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{
				"blob_file", "account_sid", "domain_controller", "domain_guid", "domain_sid", "forest", "netbios_domain", "site",
			},
		},
	)
	if sha(t, golden) != before {
		t.Error("the golden image has changed")
	}
}

// TestAccCopy makes a copy from a write-only blob, and moves it to another path before the old one goes.
func TestAccCopy(t *testing.T) {
	t.Parallel()
	golden := goldenImage(t)
	path := filepath.Join(t.TempDir(), "web01.raw")
	blob, file := sampletest.Blob(t)
	config := func(path string) string {
		return fmt.Sprintf(`
ephemeral "offlinejoin_blob" "test" {
  blob_file = %q
}
resource "offlinejoin_joined_disk" "test" {
  image_path = %q
  copy_path  = %q
  blob_wo    = ephemeral.offlinejoin_blob.test.blob
  lifecycle {
    create_before_destroy = true
  }
}
`, file, golden, path)
	}
	scenario(t, isGone(path, path+".2"),
		resource.TestStep{
			Config:           config(path),
			ConfigPlanChecks: plans(planWithout(blob)),
			ConfigStateChecks: []statecheck.StateCheck{
				stateWithout(blob),
				diskHas("format", knownvalue.StringExact("raw")),
				diskHas("backing_path", knownvalue.Null()),
				diskHas("status", knownvalue.StringExact("staged")),
			},
		},
		resource.TestStep{Config: config(path), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			Config: config(path), Taint: []string{diskAddress}, // the file is taken over
			ConfigPlanChecks: diskPlans(plancheck.ResourceActionCreateBeforeDestroy),
		},
		resource.TestStep{
			Config: config(path + ".2"), ConfigPlanChecks: diskPlans(plancheck.ResourceActionCreateBeforeDestroy),
			Check: isGone(path),
		},
	)
}

// TestAccDiskInUse plans nothing for a disk that a machine holds.
func TestAccDiskInUse(t *testing.T) {
	t.Parallel()
	golden := goldenQCOW2(t)
	path := filepath.Join(t.TempDir(), "web01.qcow2")
	_, file := sampletest.Blob(t)
	_, other := sampletest.Blob(t)
	var release func()
	config := diskConfig(golden, "overlay_path", path, file, "")
	scenario(t, isGone(path),
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { release = holdDisk(t, path) },
			Config:    config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
		resource.TestStep{
			Config:      diskConfig(golden, "overlay_path", path, other, ""),
			ExpectError: regexp.MustCompile(`(?s)Disk\s+stays.*something\s+has\s+it\s+open`),
		},
		resource.TestStep{
			PreConfig: func() { release() },
			Config:    config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan()),
		},
	)
}

// TestAccDisksClaimedTwice are refused in the plan.
func TestAccDisksClaimedTwice(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "web.qcow2")
	_, one := sampletest.BlobFor(t, "WEB01", 1107)
	_, two := sampletest.BlobFor(t, "WEB02", 1108)
	scenario(t, isGone(path), resource.TestStep{
		Config: fmt.Sprintf(`
resource "offlinejoin_joined_disk" "test" {
  for_each     = { a = %q, b = %q }
  image_path   = %q
  overlay_path = %q
  blob_file    = each.value
}
`, one, two, goldenImage(t), path),
		ExpectError: regexp.MustCompile("Claimed twice"),
	})
}

// TestAccManyOverlays makes 48 overlays over one golden image in one apply, and removes them.
func TestAccManyOverlays(t *testing.T) {
	t.Parallel()
	const many = 48
	golden := goldenQCOW2(t)
	folder := t.TempDir()
	var paths []string
	for i := range many {
		name := fmt.Sprintf("web%02d", i)
		_, file := sampletest.BlobFor(t, strings.ToUpper(name), uint32(2000+i))
		if err := os.Rename(file, filepath.Join(folder, name+".djoin")); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(folder, name+".qcow2"))
	}
	config := fmt.Sprintf(`
resource "offlinejoin_joined_disk" "test" {
  count        = %d
  image_path   = %q
  overlay_path = format("%s/web%%02d.qcow2", count.index)
  blob_file    = format("%s/web%%02d.djoin", count.index)
  machine_name = format("WEB%%02d", count.index)
}
`, many, golden, folder, folder)
	scenario(t, isGone(paths...),
		resource.TestStep{Config: config, Check: checked(t, paths[many-1], "backing file: "+golden)},
		resource.TestStep{Config: config, ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
	)
}

// TestAccStageIntoDiskImage stages into a disk image file itself, and takes the join back.
func TestAccStageIntoDiskImage(t *testing.T) {
	t.Parallel()
	image := goldenQCOW2(t)
	blob, file := sampletest.Blob(t)
	_, other := sampletest.Blob(t)
	config := func(file, more string) string {
		return fmt.Sprintf(`
resource "offlinejoin_staged_join" "test" {
  image_path = %q
  blob_file  = %q
  %s
}
data "offlinejoin_image" "test" {
  image_path = offlinejoin_staged_join.test.image_path
  depends_on = [offlinejoin_staged_join.test]
}
`, image, file, more)
	}
	var release func()
	scenario(t, func(*terraform.State) error {
		if out := qemuImg(t, "check", image); !strings.Contains(out, "No errors") {
			return fmt.Errorf("qemu-img check: %s", out)
		}
		return nil
	},
		resource.TestStep{
			Config: config(file, ""),
			ConfigStateChecks: []statecheck.StateCheck{
				has("id", knownvalue.StringExact(image)),
				has("status", knownvalue.StringExact("staged")),
				has("fingerprint", knownvalue.StringExact(blob.Fingerprint())),
				has("windows_path", knownvalue.Null()),
				statecheck.ExpectKnownValue("data.offlinejoin_image.test", tfjsonpath.New("status"), knownvalue.StringExact("staged")),
			},
		},
		resource.TestStep{Config: config(file, ""), ConfigPlanChecks: plans(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: image, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{
				"blob_file", "account_sid", "domain_controller", "domain_guid", "domain_sid", "forest", "netbios_domain", "site",
			},
		},
		resource.TestStep{Config: config(other, ""), ConfigPlanChecks: plansAction(plancheck.ResourceActionUpdate)},
		resource.TestStep{ // a machine runs on it
			PreConfig: func() { release = holdDisk(t, image) },
			Config:    strings.Split(config(other, ""), "data")[0], ConfigPlanChecks: plans(
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop)),
		},
		resource.TestStep{
			PreConfig: func() { release() },
			Config:    config(other, `partition = "7"`), ExpectError: regexp.MustCompile("partition"),
		},
	)
	if got := diskStatus(t, image); got != "absent" {
		t.Errorf("after destroy the image is %s", got)
	}
}
