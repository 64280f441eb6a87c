package sample

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/regf"
)

// Image describes the Windows installation that WriteTree makes. The zero value is a Windows Server 2022 in a workgroup.
type Image struct {
	ProductName      string // "Windows Server 2022 Standard"
	EditionID        string // "ServerStandard"
	InstallationType string // "Server"
	Build            string // "20348"
	UBR              uint32 // 2700
	Architecture     string // PROCESSOR_ARCHITECTURE: "AMD64", "ARM64", "x86"
	ProductType      string // "ServerNT", "WinNT", "LanmanNT" (domain controller)
	ImageState       string // "IMAGE_STATE_COMPLETE"
	ComputerName     string // "WIN-7Q2K"
	SMode            bool   // a Pro that starts programs of the Store only
}

func (im Image) withDefaults() Image {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&im.ProductName, "Windows Server 2022 Standard")
	def(&im.EditionID, "ServerStandard")
	def(&im.InstallationType, "Server")
	def(&im.Build, "20348")
	def(&im.Architecture, "AMD64")
	def(&im.ProductType, "ServerNT")
	def(&im.ImageState, "IMAGE_STATE_COMPLETE")
	def(&im.ComputerName, "WIN-7Q2K")
	if im.UBR == 0 {
		im.UBR = 2700
	}
	return im
}

// setting is one value of a sample hive; a key without values has Name and Data empty and Type regf.None.
type setting struct {
	key, name string
	typ       regf.Type
	data      []byte
}

func text(key, name, v string) setting {
	return setting{key, name, regf.SZ, regf.TextData(v)}
}

func number(key, name string, v uint32) setting {
	return setting{key, name, regf.DWORD, regf.DWORDData(v)}
}

// WriteTree makes dir/Windows with System32/config and four hives, and returns the path of the Windows directory.
func WriteTree(dir string, im Image) (windowsPath string, err error) {
	im = im.withDefaults()
	windowsPath = filepath.Join(dir, "Windows")
	config := filepath.Join(windowsPath, "System32", "config")
	if err := os.MkdirAll(config, 0o755); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(windowsPath, "debug"), 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"SYSTEM", "SOFTWARE", "SECURITY", "SAM"} {
		if err := WriteHive(config, name, im); err != nil {
			return "", err
		}
	}
	return windowsPath, nil
}

// WriteHive makes one hive of the image, with its logs, in the folder config: SYSTEM, SOFTWARE, SECURITY or SAM.
func WriteHive(config, name string, im Image) error {
	im = im.withDefaults()
	var settings []setting
	switch name {
	case "SYSTEM":
		settings = im.system()
	case "SOFTWARE":
		settings = im.software()
	case "SECURITY":
		settings = []setting{{key: `Policy\PolAcDmN`}, {key: `Policy\PolPrDmN`}, {key: `Policy\PolPrDmS`}}
	case "SAM":
		settings = []setting{{key: `SAM\Domains\Account\Users`}}
	default:
		return fmt.Errorf("there is no sample hive %s", name)
	}
	if err := writeHive(filepath.Join(config, name), settings); err != nil {
		return fmt.Errorf("sample hive %s: %w", name, err)
	}
	return nil
}

func (im Image) system() []setting {
	const control, services = `ControlSet001\Control`, `ControlSet001\Services`
	settings := []setting{
		number(`Select`, "Current", 1), number(`Select`, "Default", 1),
		number(`Select`, "Failed", 0), number(`Select`, "LastKnownGood", 1),
		text(control+`\ComputerName\ComputerName`, "ComputerName", im.ComputerName),
		text(control+`\ProductOptions`, "ProductType", im.ProductType),
		text(control+`\Session Manager\Environment`, "PROCESSOR_ARCHITECTURE", im.Architecture),
		{key: control + `\Lsa`},
		text(services+`\Tcpip\Parameters`, "Hostname", im.ComputerName),
		text(services+`\Tcpip\Parameters`, "NV Hostname", im.ComputerName),
		text(services+`\Tcpip\Parameters`, "Domain", ""), text(services+`\Tcpip\Parameters`, "NV Domain", ""),
		number(services+`\Netlogon`, "Start", 3),
		text(`Setup`, "CmdLine", ""), number(`Setup`, "SetupType", 0),
		number(`Setup`, "SystemSetupInProgress", 0), number(`Setup`, "OOBEInProgress", 0),
		{key: `Setup\DJOIN`},
	}
	if im.SMode {
		settings = append(settings, number(control+`\CI\Policy`, "SkuPolicyRequired", 1))
	}
	return settings
}

func (im Image) software() []setting {
	const nt = `Microsoft\Windows NT\CurrentVersion`
	return []setting{
		text(nt, "ProductName", im.ProductName), text(nt, "EditionID", im.EditionID),
		text(nt, "InstallationType", im.InstallationType), text(nt, "CurrentBuild", im.Build),
		text(nt, "CurrentBuildNumber", im.Build), number(nt, "UBR", im.UBR),
		text(`Microsoft\Windows\CurrentVersion\Setup\State`, "ImageState", im.ImageState),
	}
}

// writeHive makes a hive file with two logs, as Windows keeps them.
func writeHive(path string, settings []setting) error {
	var files [3]*regf.MemFile
	for i := range files {
		files[i] = regf.NewMemFile(nil)
	}
	if err := regf.Create(files[0], regf.CreateOptions{Security: completion.KeySecurity()}); err != nil {
		return err
	}
	h, err := regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]})
	if err != nil {
		return err
	}
	for _, s := range settings {
		k, _, err := h.CreateKey(s.key, nil)
		if err != nil {
			return err
		}
		if s.name == "" {
			continue
		}
		if err := k.SetValue(s.name, s.typ, s.data); err != nil {
			return err
		}
	}
	if _, err := h.Commit(regf.CommitOptions{}); err != nil {
		return err
	}
	var errs []error
	for i, suffix := range []string{"", ".LOG1", ".LOG2"} {
		errs = append(errs, os.WriteFile(path+suffix, files[i].Bytes(), 0o600))
	}
	return errors.Join(errs...)
}
