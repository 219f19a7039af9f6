package main

import (
	"strings"

	"github.com/tokenctl/tokenctl/backup/sheet"
)

// typeLines reads a sheet's lines from the terminal, each of which is checked at
// once. An empty line ends, but if something is missing only a second one does.
func (p *program) typeLines(r *sheet.Reader) error {
	p.terminal.tell("Type the sheet line by line, each with its number in front and its check at the end.\nSpaces do not count, nor does the order. An empty line ends.")
	told := false
	for {
		line, err := p.terminal.ask("Line")
		if err != nil {
			return err
		}
		if line == "" {
			missing := r.Missing()
			if told || len(missing) == 0 {
				return nil
			}
			for _, m := range missing {
				p.terminal.tell("Missing: %s.", printable(m.String()))
			}
			p.terminal.tell("Type on, or press Enter once more to end here.")
			told = true
			continue
		}
		told = false
		if err := addTyped(r, line); err != nil {
			p.terminal.tell("%s. Once more, please.", printable(sentence(err)))
		}
	}
}

// addTyped takes a line of a sheet, or what another program read from one of its
// QR codes.
func addTyped(r *sheet.Reader, line string) error {
	if isQRText(line) {
		return r.AddText(line)
	}
	return r.AddLines(line)
}

// sentence returns an error's message as a sentence, without its full stop.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
