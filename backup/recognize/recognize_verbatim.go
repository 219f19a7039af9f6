package recognize

import (
	"fmt"
	"github.com/tokenctl/tokenctl/backup"
	"strings"
)

// Verbatim takes each line of a text for a code, as it stands but for white space
// at its ends, whatever it looks like. Its errors are those of Recognize; here,
// ErrNotCodes tells of a line that no code can be, with a control character, say.
func Verbatim(text []byte) (Found, error) {
	decoded, err := decodeText(text)
	if err != nil {
		return Found{}, err
	}
	var f Found
	seen := make(map[string]bool)
	for i, line := range strings.Split(decoded, "\n") {
		c := FoundCode{Number: len(f.Codes) + 1, Text: strings.TrimSpace(line), Line: i + 1}
		switch {
		case c.Text == "":
		case !backup.IsPlain(c.Text):
			return Found{}, fmt.Errorf("%w: line %d has a character that does not print", backup.ErrNotCodes, c.Line)
		case seen[c.Text]:
			f.Repeated = append(f.Repeated, c)
		case len(f.Codes) == backup.MaxCodes:
			return Found{}, fmt.Errorf("%w: more than %d codes", backup.ErrTooLarge, backup.MaxCodes)
		default:
			seen[c.Text] = true
			f.Codes = append(f.Codes, c)
		}
	}
	if len(f.Codes) == 0 {
		return Found{}, backup.ErrNotCodes
	}
	return f, nil
}
