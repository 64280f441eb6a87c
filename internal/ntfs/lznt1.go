package ntfs

// readCompressed reads a compressed stream. It is kept in units of 2^unit clusters: one without a hole is stored as it is,
// one that is all hole is zeros, and else the clusters before the hole hold LZNT1.
func (r *reader) readCompressed(s *stream, p []byte, off int64) error {
	if s.attr.unit == 0 || s.attr.unit > 4 || r.cluster > 4096 {
		return refuse(Compressed, "unit %d, cluster %d", s.attr.unit, r.cluster)
	}
	unit := r.cluster << s.attr.unit
	plain := make([]byte, unit)
	for at := 0; at < len(p); {
		start := (off + int64(at)) / unit * unit
		if err := r.readUnit(s, plain, start); err != nil {
			return err
		}
		if valid := max(s.initialized-start, 0); valid < unit {
			clear(plain[valid:])
		}
		at += copy(p[at:], plain[off+int64(at)-start:])
	}
	return nil
}

func (r *reader) readUnit(s *stream, plain []byte, start int64) error {
	var stored int64
	holes := false
	stop := damaged("record %d: a compression unit with data behind a hole", s.attr.in.number)
	length := min(int64(len(plain)), s.allocated-start)
	err := r.ranges(s, start, length, func(dev, _, n int64) error {
		if dev < 0 {
			holes = true
			return nil
		}
		if holes {
			return stop
		}
		stored += n
		return nil
	})
	if err != nil {
		return err
	}
	clear(plain)
	if !holes {
		return r.allocatedBytes(s, plain[:length], start)
	}
	if stored == 0 {
		return nil
	}
	packed := make([]byte, stored)
	if err := r.allocatedBytes(s, packed, start); err != nil {
		return err
	}
	return decompress(plain, packed)
}

// decompress expands LZNT1 ([MS-XCA] 2.5): chunks of at most 4096 bytes, each with a two-byte header of its packed length less 1
// in 12 bits and of bit 15 for a packed one. What the chunks leave of plain stays as it is.
func decompress(plain, packed []byte) error {
	for at := 0; len(packed) >= 2 && at < len(plain); at += 4096 {
		header := int(u16(packed, 0))
		if header == 0 {
			return nil
		}
		length := header&0xfff + 1
		if 2+length > len(packed) {
			return damaged("LZNT1: chunk of %d bytes", length)
		}
		chunk, out := packed[2:2+length], plain[at:min(at+4096, len(plain))]
		if header&0x8000 == 0 {
			copy(out, chunk)
		} else if err := decompressChunk(out, chunk); err != nil {
			return err
		}
		packed = packed[2+length:]
	}
	return nil
}

// decompressChunk expands groups of a flag byte and eight tokens: a byte as it is, or two bytes that hold distance and length.
// How many bits each has depends on how far the output is.
func decompressChunk(out, chunk []byte) error {
	pos := 0
	for len(chunk) > 0 {
		flags := chunk[0]
		chunk = chunk[1:]
		for bit := 0; bit < 8 && len(chunk) > 0; bit++ {
			if flags>>bit&1 == 0 {
				if pos >= len(out) {
					return damaged("LZNT1: more than %d bytes", len(out))
				}
				out[pos] = chunk[0]
				pos, chunk = pos+1, chunk[1:]
				continue
			}
			if len(chunk) < 2 {
				return damaged("LZNT1: token cut off")
			}
			shift := 12
			for p := pos - 1; p >= 0x10; p >>= 1 {
				shift--
			}
			token := int(u16(chunk, 0))
			distance, length := token>>shift+1, token&(1<<shift-1)+3
			if distance > pos || pos+length > len(out) {
				return damaged("LZNT1: %d bytes from %d before %d", length, distance, pos)
			}
			for range length {
				out[pos] = out[pos-distance]
				pos++
			}
			chunk = chunk[2:]
		}
	}
	return nil
}
