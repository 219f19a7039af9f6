package page

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"rsc.io/qr/coding"
)

// The modes of a segment (ISO/IEC 18004, "Mode indicators"). Those for trade and for
// Chinese are not read.
const (
	modeEnd      = 0
	modeNumeric  = 1
	modeLetters  = 2 // and digits
	modeAppended = 3 // one of several symbols with one text
	modeBytes    = 4
	modeCharset  = 7
	modeKanji    = 8
)

// lettersAndDigits are the characters of that mode, by their values.
const lettersAndDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// countBits returns how long the count of a segment's characters is, in bits.
func countBits(mode int, version coding.Version) int {
	class := 0
	switch {
	case version > 26:
		class = 2
	case version > 9:
		class = 1
	}
	return map[int][3]int{modeNumeric: {10, 12, 14}, modeLetters: {9, 11, 13}, modeBytes: {8, 16, 16}, modeKanji: {8, 10, 12}}[mode][class]
}

// A bitReader reads numbers from the most significant bit on.
type bitReader struct {
	data []byte
	at   int  // the next bit
	over bool // more was read than there is
}

func (b *bitReader) read(bits int) (n int) {
	for range bits {
		if b.at/8 >= len(b.data) {
			b.over = true
			return 0
		}
		n = n<<1 | int(b.data[b.at/8]>>(7-b.at%8)&1)
		b.at++
	}
	return n
}

// textOf returns what the data of a symbol says, and whether it is well-formed.
func textOf(data []byte, version coding.Version) (text string, ok bool) {
	bits := &bitReader{data: data}
	var all strings.Builder
	charset := unnamed
	for 8*len(data)-bits.at >= 4 && !bits.over {
		mode := bits.read(4)
		count := bits.read(countBits(mode, version))
		segment := make([]byte, 0, min(count, len(data)*3)) // three digits take ten bits
		switch mode {
		case modeEnd:
			return all.String(), true
		case modeAppended:
			bits.read(16) // which of the symbols it is, and a check of them all
		case modeCharset:
			charset = bits.charset()
		case modeNumeric:
			for ; count > 0 && !bits.over; count -= 3 {
				digits := min(count, 3)
				n := bits.read([]int{0, 4, 7, 10}[digits])
				for i := digits - 1; i >= 0; i-- {
					segment = append(segment, byte('0'+n/[]int{1, 10, 100}[i]%10))
				}
				if n >= []int{1, 10, 100, 1000}[digits] {
					return "", false
				}
			}
		case modeLetters:
			const of = len(lettersAndDigits)
			for ; count > 0 && !bits.over; count -= 2 {
				n := 0
				if count == 1 {
					n = bits.read(6)
				} else if n = bits.read(11); n < of*of {
					segment = append(segment, lettersAndDigits[n/of])
					n %= of
				}
				if n >= of {
					return "", false
				}
				segment = append(segment, lettersAndDigits[n])
			}
		case modeBytes:
			for ; count > 0 && !bits.over; count-- {
				segment = append(segment, byte(bits.read(8)))
			}
			if segment, ok = decodeAs(charset, segment); !ok {
				return "", false
			}
		case modeKanji:
			for ; count > 0 && !bits.over; count-- {
				n := bits.read(13)
				n = n/0xc0<<8 | n%0xc0
				if n += 0x8140; n >= 0xa000 {
					n += 0xc140 - 0x8140
				}
				segment = append(segment, byte(n>>8), byte(n))
			}
			if segment, ok = decodeAs(shiftJIS, segment); !ok {
				return "", false
			}
		default:
			return "", false
		}
		all.Write(segment)
	}
	return all.String(), !bits.over
}

// charset reads the number of one, which is one to three bytes long.
func (b *bitReader) charset() int {
	switch first := b.read(8); {
	case first < 0x80:
		return first
	case first < 0xc0:
		return first&0x3f<<8 | b.read(8)
	default:
		return first&0x1f<<16 | b.read(16)
	}
}

// Character sets by their numbers (AIM, "Extended Channel Interpretations").
const (
	unnamed  = -1
	latin1   = 3
	shiftJIS = 20
	inUTF8   = 26
)

// decodeAs returns text in UTF-8, if it is well-formed. Where no character set is named,
// what is no UTF-8 is in Latin-1, as the standard has it; and of others than these, only
// ASCII is read.
func decodeAs(charset int, text []byte) (decoded []byte, ok bool) {
	isUTF8 := utf8.Valid(text)
	isASCII := !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
	switch {
	case isASCII, isUTF8 && (charset == unnamed || charset == inUTF8):
		return text, true
	case charset == unnamed, charset == latin1:
		decoded, _ = charmap.ISO8859_1.NewDecoder().Bytes(text)
		return decoded, true
	case charset == shiftJIS:
		decoded, _ = japanese.ShiftJIS.NewDecoder().Bytes(text)
		return decoded, !bytes.ContainsRune(decoded, utf8.RuneError)
	}
	return nil, false
}
