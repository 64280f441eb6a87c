package golden

import (
	"encoding/binary"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// WriteVHD makes a fixed VHD at path, which Windows attaches: a disk with one partition, which has the sample Windows. It returns
// an error that matches fs.ErrExist when there is something at path already.
func WriteVHD(path string, im sample.Image) error {
	files, err := sample.Files(im)
	if err != nil {
		return err
	}
	volume, err := filled(sample.Folders(), files)
	if err != nil {
		return err
	}
	hide(volume, efiFirst) // the first partition begins there, too
	return writeNew(path, func(f *os.File) error {
		const size = efiFirst*sectorSize + VolumeSize
		for _, e := range []extent{
			{0, onePartition()}, {efiFirst * sectorSize, volume}, {size, vhdFooter(size)},
		} {
			if _, err := f.WriteAt(e.data, e.off); err != nil {
				return err
			}
		}
		return nil
	})
}

// hide notes in the boot sector of a volume, and in its copy, how many sectors are before the partition.
func hide(volume []byte, sectors uint32) {
	const hiddenSectors = 0x1c
	binary.LittleEndian.PutUint32(volume[hiddenSectors:], sectors)
	binary.LittleEndian.PutUint32(volume[len(volume)-sectorSize+hiddenSectors:], sectors)
}

// onePartition returns a master boot record with one partition, of NTFS.
func onePartition() []byte {
	mbr := make([]byte, sectorSize)
	const signature, entry, mark = 440, 446, 510
	copy(mbr[signature:], ourDisk[:4])
	mbr[entry+4] = 7
	binary.LittleEndian.PutUint32(mbr[entry+8:], efiFirst)
	binary.LittleEndian.PutUint32(mbr[entry+12:], VolumeSize/sectorSize)
	mbr[mark], mbr[mark+1] = 0x55, 0xaa
	return mbr
}

// vhdFooter returns the footer of a fixed disk (Microsoft, "Virtual Hard Disk Image Format Specification", 1.0).
func vhdFooter(size uint64) []byte {
	f := make([]byte, sectorSize)
	be := binary.BigEndian
	copy(f, "conectix")
	be.PutUint32(f[8:], 2) // features: reserved, always set
	be.PutUint32(f[12:], 0x10000)
	be.PutUint64(f[16:], 1<<64-1) // data offset: none
	copy(f[28:], "ojn ")          // creator
	be.PutUint32(f[32:], 0x10000) // creator version
	copy(f[36:], "Wi2k")
	be.PutUint64(f[40:], size)
	be.PutUint64(f[48:], size)
	// CHS, by the specification's appendix for disks below 65535*16*63 sectors: of 17 sectors a track, then 31.
	sectors := uint32(size / sectorSize)
	perTrack, heads := uint32(17), max((sectors/17+1023)/1024, 4)
	if sectors/17 >= heads*1024 || heads > 16 {
		perTrack, heads = 31, 16
	}
	be.PutUint16(f[56:], uint16(sectors/perTrack/heads))
	f[58], f[59] = byte(heads), byte(perTrack)
	be.PutUint32(f[60:], 2) // fixed
	copy(f[68:], ourDisk)   // any 16 bytes
	sum := uint32(0)
	for _, b := range f {
		sum += uint32(b)
	}
	be.PutUint32(f[64:], ^sum)
	return f
}
