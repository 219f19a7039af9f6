package sheet

import (
	"encoding/base32"
	"fmt"
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"io"
)

// idLength is how many base32 letters name a printing: 40 bits.
const idLength = 8

// NewID draws the ID of a printing: eight base32 letters, by which pages that
// belong together know each other.
func NewID(random io.Reader) (string, error) {
	b := make([]byte, idLength*5/8)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing the sheet's ID: %w", err)
	}
	return base32.StdEncoding.EncodeToString(b), nil
}

// isID reports whether a text may be the ID of a printing.
func isID(text string) bool {
	if len(text) != idLength {
		return false
	}
	for i := range len(text) {
		if !line.IsLetter(text[i]) {
			return false
		}
	}
	return true
}
