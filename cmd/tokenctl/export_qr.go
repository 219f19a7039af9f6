package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/paper"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/exchange"
	"github.com/tokenctl/tokenctl/oath/qr"
)

// A qrCode is one to show, with what is in it.
type qrCode struct {
	name string
	*qr.Symbol
}

// exportQR shows a QR code for each account, or for ten in Google Authenticator's format,
// or writes them to files. Refused is an error about accounts that the format does not
// hold.
func (p *program) exportQR(entries []exchange.Entry, o exportOptions) (refused, err error) {
	texts := make([]string, len(entries))
	for i, e := range entries {
		if texts[i], err = e.URI(); err != nil {
			return nil, err
		}
	}
	names := mapSlice(entries, func(e exchange.Entry) string { return term.Printable(e.Account.Label()) })
	if o.format == "google" {
		lines, left, err := exchange.Write(o.format, entries, "", p.random)
		if err != nil {
			return nil, err
		}
		refused, texts = notIn(left), strings.Fields(string(lines))
		names = make([]string, len(texts))
		for i := range texts {
			names[i] = fmt.Sprintf("number %d of %d", i+1, len(texts))
		}
	}
	codes := make([]qrCode, len(texts))
	for i, text := range texts {
		symbol, err := qr.Encode(text, qr.LevelL)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", names[i], err)
		}
		codes[i] = qrCode{names[i], symbol}
	}
	if o.file == "" || o.file == "-" {
		return refused, p.showQR(codes)
	}
	for i, file := range paper.Names(o.file, len(codes)) {
		var b bytes.Buffer
		switch strings.ToLower(filepath.Ext(file)) {
		case ".png":
			err = codes[i].WritePNG(&b, 8)
		case ".svg":
			err = codes[i].WriteSVG(&b)
		default:
			err = term.Usagef("a file of a QR code is .png or .svg, not %q", filepath.Ext(file))
		}
		if err == nil {
			err = paper.CheckFile(file, o.overwrite)
		}
		if err == nil {
			err = paper.WriteFile(file, b.Bytes())
		}
		clear(b.Bytes())
		if err != nil {
			return nil, err
		}
		p.Note("%s: %s, with the secret in the clear.", term.Printable(file), codes[i].name)
	}
	return refused, nil
}

// showQR writes QR codes for a terminal, on which each waits for its turn.
func (p *program) showQR(codes []qrCode) error {
	width := p.Width()
	for i, code := range codes {
		if needs := code.Size() + 2*qr.QuietZone; width > 0 && needs > width {
			return term.Usagef("the QR code is %d columns wide, and the terminal %d; widen it, or name a file: --output qr.png", needs, width)
		}
		p.Note("%s:", code.name)
		if err := code.WriteTerminal(p.Out); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
		if i < len(codes)-1 && width > 0 && p.Terminal != nil {
			if _, err := p.Terminal.Ask("Enter shows the next"); err != nil {
				return err
			}
		}
	}
	if width > 0 {
		p.Note("Whoever sees it has the secret. Clear the screen where it shows.")
	}
	return nil
}
