package recognize

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"github.com/tokenctl/tokenctl/backup"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText returns a text in UTF-8, without a byte order mark and with a line
// feed after each line.
func decodeText(text []byte) (string, error) {
	if len(text) > backup.MaxText {
		return "", fmt.Errorf("%w: more than %d bytes", backup.ErrTooLarge, backup.MaxText)
	}
	var decoded string
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		decoded = decodeUTF16(text[2:], binary.LittleEndian)
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		decoded = decodeUTF16(text[2:], binary.BigEndian)
	default:
		decoded = strings.TrimPrefix(string(text), "\ufeff")
	}
	if at := invalidAt(decoded); at >= 0 {
		return "", fmt.Errorf("%w: see line %d", backup.ErrNotText, 1+strings.Count(decoded[:at], "\n"))
	}
	lineEnds := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n",
		"\u0085", "\n", "\u2028", "\n", "\u2029", "\n")
	return lineEnds.Replace(decoded), nil
}

// decodeUTF16 leaves a zero where the text is not UTF-16.
func decodeUTF16(text []byte, order binary.ByteOrder) string {
	units := make([]uint16, 0, len(text)/2+1)
	for ; len(text) >= 2; text = text[2:] {
		units = append(units, order.Uint16(text))
	}
	if len(text) > 0 {
		units = append(units, 0)
	}
	runes := utf16.Decode(units)
	for i, r := range runes {
		if r == utf8.RuneError {
			runes[i] = 0
		}
	}
	return string(runes)
}

// invalidAt returns where a text stops being text, -1 if it does not. A zero is
// what UTF-16 without a byte order mark, and pictures, have in them.
func invalidAt(text string) int {
	for i, r := range text {
		if r == 0 {
			return i
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}
