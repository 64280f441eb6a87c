package golden

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
)

// Recipe formats the empty volume anew into the file at path, with the mkntfs of ntfs-3g. Two runs of the same mkntfs make
// the same bytes: its times are zero (-T), and the serial number, which it draws, is made fixed. What a PC would run when
// it boots from the volume is taken out: it is a program of mkntfs', and nobody boots from a sample.
func Recipe(ctx context.Context, mkntfs, path string) ([]byte, error) {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(path, VolumeSize); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, mkntfs, "-q", "-Q", "-F", "-T", "-L", "OS", "-s", "512", "-c", "4096", "-p", "2048",
		"-H", "16", "-S", "63", path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", mkntfs, err, out)
	}
	volume, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	const (
		serialNumber = 0x48
		bootCode     = 0x54
		bootMark     = 0x1fe
		bootFile     = 8192 // $Boot
	)
	clear(volume[bootCode:bootMark])
	clear(volume[512:bootFile])
	binary.LittleEndian.PutUint64(volume[serialNumber:], 0x4f4c_4644_5341_4d50)
	copy(volume[len(volume)-512:], volume[:512]) // NTFS keeps a copy of the boot sector in the last one
	return volume, nil
}
