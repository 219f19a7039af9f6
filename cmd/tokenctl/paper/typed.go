package paper

import (
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// isQRText reports whether a line is what a QR code of a sheet holds.
func isQRText(line string) bool {
	line = strings.TrimSpace(line)
	scheme, _, found := strings.Cut(line, ":")
	return found && (scheme == "tokenctl" || otpauth.IsURI(line)) || strings.HasPrefix(line, "AGE-SECRET-KEY-1")
}

// text takes a sheet in text, or lines of one; and texts of QR codes, as another
// program reads them, or as they are in a sheet that was opened with age.
func (r *scanReader) text(name, text string) {
	var lines strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if !isQRText(line) {
			lines.WriteString(line)
			continue
		}
		lines.WriteByte('\n')
		if err := r.reader.AddText(strings.TrimSpace(line)); err != nil {
			r.console.Note("%s: a line is not taken: %s", name, term.Printable(err.Error()))
		}
	}
	if err := r.reader.AddLines(lines.String()); err != nil {
		for line := range strings.Lines(err.Error()) {
			r.console.Note("%s: %s", name, term.Printable(strings.TrimSpace(line)))
		}
	}
}

// Type reads a sheet's lines from the terminal, and checks each at once. An empty line ends, but if something is missing only a second one does.
func Type(t *term.Terminal, into *sheet.Reader) error {
	t.Tell("Type the sheet line by line, each with its number in front and its check at the end.\nSpaces do not count, nor does the order. An empty line ends.")
	for warned := false; ; {
		text, err := t.Ask("Line")
		switch {
		case err != nil:
			return err
		case text == "":
			missing := into.Missing()
			if warned || len(missing) == 0 {
				return nil
			}
			for _, m := range missing {
				t.Tell("Missing: %s.", term.Printable(m.String()))
			}
			t.Tell("Type on, or press Enter once more to end here.")
		case isQRText(text): // as another program reads it
			err = into.AddText(text)
		default:
			err = into.AddLines(text)
		}
		warned = text == ""
		if err != nil {
			t.Tell("%s. Once more, please.", term.Sentence(err))
		}
	}
}
