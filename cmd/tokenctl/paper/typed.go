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
			r.console.Note("%s: a line is not accepted: %s", name, term.Printable(err.Error()))
		}
	}
	if err := r.reader.AddLines(lines.String()); err != nil {
		for line := range strings.Lines(err.Error()) {
			r.console.Note("%s: %s", name, term.Printable(strings.TrimSpace(line)))
		}
	}
}

// Type reads a sheet's lines from the terminal, and checks each at once. Where others were
// read before, it asks for what is missing, and ends when nothing is; an empty line ends as
// well, but where something is missing that was not said, only a second one does.
func Type(t *term.Terminal, into *sheet.Reader) error {
	said := into.Missing()
	showMissing(t, said)
	what, end := "the sheet", "An empty line ends."
	if len(said) > 0 {
		what, end = "what is missing", "Or press Enter to continue without."
	}
	t.Show("Type %s line by line, each with its number in front and its check at the end.\nSpaces and order do not matter. %s", what, end)
	for warned := len(said) > 0; ; {
		text, err := t.Ask("Line")
		switch {
		case err != nil:
			return err
		case text == "":
			missing := into.Missing()
			if warned || len(missing) == 0 {
				return nil
			}
			showMissing(t, missing)
			t.Show("Type on, or press Enter once more to end here.")
		case isQRText(text): // as another program reads it
			err = into.AddText(text)
		default:
			err = into.AddLines(text)
		}
		warned = text == ""
		if err != nil {
			t.Show("%s. Please try again.", term.Sentence(err))
		} else if len(said) > 0 && len(into.Missing()) == 0 {
			return nil
		}
	}
}

func showMissing(t *term.Terminal, missing []sheet.Missing) {
	for _, m := range missing {
		t.Show("Missing: %s.", term.Printable(m.String()))
	}
}
