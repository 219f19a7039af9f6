package live

import (
	"strings"
	"unicode/utf8"
)

// A key is one that was pressed: a character, or one of these.
type key rune

const (
	ctrlC     key = 'C' & 0x1f
	ctrlD     key = 'D' & 0x1f
	ctrlU     key = 'U' & 0x1f
	ctrlZ     key = 'Z' & 0x1f
	enter     key = '\r'
	escape    key = 0x1b
	backspace key = 0x7f
)

const (
	up key = -1 - iota
	down
	pageUp
	pageDown
	home
	end
	unknown
)

// sequences are what terminals send for keys, behind CSI or SS3 (xterm, "PC-Style Function
// Keys").
var sequences = map[string]key{
	"A": up, "B": down, "H": home, "F": end, "5~": pageUp, "6~": pageDown, "1~": home, "4~": end, "7~": home, "8~": end,
}

// A keyboard makes keys of what a terminal sends, piece by piece.
type keyboard struct {
	pending []byte // the beginning of a sequence
}

// parse returns the keys in a piece. An escape that ends it is the key of that name.
func (k *keyboard) parse(piece []byte) (keys []key) {
	text := append(k.pending, piece...)
	k.pending = nil
	for len(text) > 0 {
		pressed, n := escape, 1
		switch {
		case text[0] == byte(escape) && len(text) > 1 && (text[1] == '[' || text[1] == 'O'):
			for n = 2; n < len(text) && (text[n] < 0x40 || text[n] > 0x7e); { // ECMA-48, 5.4: up to a final byte
				n++
			}
			if n == len(text) {
				if n < maxSequence { // it may go on
					k.pending = text
				}
				return keys
			}
			n++
			pressed = unknown
			name := string(text[2:n])
			if strings.Contains(name, ";") { // with Shift, Ctrl or Alt
				name = name[len(name)-1:]
			}
			if known, ok := sequences[name]; ok {
				pressed = known
			}
		case text[0] != byte(escape):
			if !utf8.FullRune(text) {
				k.pending = text
				return keys
			}
			var r rune
			switch r, n = utf8.DecodeRune(text); {
			case r == '\b':
				pressed = backspace
			case r == '\n':
				pressed = enter
			case r == utf8.RuneError:
				pressed = unknown
			default:
				pressed = key(r)
			}
		}
		keys, text = append(keys, pressed), text[n:]
	}
	return keys
}

// maxSequence is how long a sequence is that a terminal sends for a key, in bytes.
const maxSequence = 16
