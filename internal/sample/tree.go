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

// Folders are those of the sample Windows, below the root of its volume, parents first.
func Folders() []string {
	return []string{"Windows", "Windows/System32", "Windows/debug", configFolder}
}

const configFolder = "Windows/System32/config"

// Hives are the names of the sample Windows' hives.
func Hives() []string { return []string{"SYSTEM", "SOFTWARE", "SECURITY", "SAM"} }

// WriteTree makes dir/Windows with System32/config and four hives, and returns the path of the Windows directory.
func WriteTree(dir string, im Image) (windowsPath string, err error) {
	for _, folder := range Folders() {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o755); err != nil {
			return "", err
		}
	}
	for _, name := range Hives() {
		if err := WriteHive(filepath.Join(dir, filepath.FromSlash(configFolder)), name, im); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "Windows"), nil
}

// WriteHive makes one hive of the image, with its logs, in the folder config: SYSTEM, SOFTWARE, SECURITY or SAM.
func WriteHive(config, name string, im Image) error {
	files, err := hive(name, im)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		errs = append(errs, os.WriteFile(filepath.Join(config, f.Name), f.Content, 0o600))
	}
	return errors.Join(errs...)
}

// File is one of the sample Windows.
type File struct {
	Name    string // below the root of the volume
	Content []byte
}

// Files makes the files of the sample Windows, for whoever puts them elsewhere than [WriteTree] does.
func Files(im Image) ([]File, error) {
	var all []File
	for _, name := range Hives() {
		files, err := hive(name, im)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			all = append(all, File{configFolder + "/" + f.Name, f.Content})
		}
	}
	return all, nil
}

// hive makes the files of one hive, named as they are in their folder.
func hive(name string, im Image) ([]File, error) {
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
		return nil, fmt.Errorf("there is no sample hive %s", name)
	}
	files, err := hiveFiles(name, settings)
	if err != nil {
		return nil, fmt.Errorf("sample hive %s: %w", name, err)
	}
	return files, nil
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

// hiveFiles makes a hive with two logs, as Windows keeps them.
func hiveFiles(name string, settings []setting) ([]File, error) {
	var files [3]*regf.MemFile
	for i := range files {
		files[i] = regf.NewMemFile(nil)
	}
	if err := regf.Create(files[0], regf.CreateOptions{Security: completion.KeySecurity()}); err != nil {
		return nil, err
	}
	h, err := regf.Open(regf.Files{Primary: files[0], Log1: files[1], Log2: files[2]})
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		k, _, err := h.CreateKey(s.key, nil)
		if err != nil {
			return nil, err
		}
		if s.name == "" {
			continue
		}
		if err := k.SetValue(s.name, s.typ, s.data); err != nil {
			return nil, err
		}
	}
	if _, err := h.Commit(regf.CommitOptions{}); err != nil {
		return nil, err
	}
	made := make([]File, len(files))
	for i, suffix := range []string{"", ".LOG1", ".LOG2"} {
		made[i] = File{name + suffix, files[i].Bytes()}
	}
	return made, nil
}
