package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// A sheetOutput is where a sheet goes, and in which form.
type sheetOutput struct {
	file      string // "-" is standard output
	format    string // one of sheetFormats, or "" to go by the file's name
	paperName string
	overwrite bool
	print     bool
	printer   string // "" is the default printer

	paper layout.Paper // set by check
}

// sheetFormats are the forms of a sheet, which are the ends of files' names too.
var sheetFormats = []string{"pdf", "html", "txt"}

func (o *sheetOutput) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.file, "output", "o", "", "write the sheet to `FILE`; - is standard output")
	f.StringVar(&o.format, "format", "", "`FORMAT` of the file: pdf, html or txt (default: as its name ends)")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the file if it is there")
	f.BoolVar(&o.print, "print", false, "print the sheet, with lp")
	f.StringVar(&o.printer, "printer", "", "print it on the printer of this `NAME`, not on the default one")
	f.StringVar(&o.paperName, "paper", "", "`SIZE` of the paper: a4 or letter (default: by the locale)")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(sheetFormats, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("paper", cobra.FixedCompletions([]string{"a4", "letter"}, cobra.ShellCompDirectiveNoFileComp))
	for _, other := range []string{"print", "printer"} {
		c.MarkFlagsMutuallyExclusive("output", other)
	}
}

// check finds what would stand in the way of the sheet, before there is one.
func (o *sheetOutput) check(p *program) (err error) {
	if o.paper, err = choosePaper(o.paperName); err != nil {
		return err
	}
	switch {
	case o.printer != "" || o.print:
		o.print = true
		if o.format != "" || o.overwrite {
			return usagef("--format and --overwrite are for --output; what is printed is a PDF")
		}
		_, err = findLP()
		return err
	case o.file == "":
		return usagef("say where the sheet is to go: --output FILE, or --print")
	}
	if err := o.chooseFormat(); err != nil {
		return err
	}
	if o.file == "-" && o.format == "pdf" && p.showsResults() {
		return usagef("a PDF is not for a terminal; name a file with --output, or choose --format txt")
	}
	return nil
}

func (o *sheetOutput) chooseFormat() error {
	if o.format == "" {
		o.format = strings.ToLower(strings.TrimPrefix(filepath.Ext(o.file), "."))
		switch {
		case o.file == "-":
			o.format = "pdf"
		case o.format == "htm":
			o.format = "html"
		}
		if !slices.Contains(sheetFormats, o.format) {
			return usagef("the name %q does not tell the format; choose it with --format pdf, html or txt", printable(o.file))
		}
	}
	if !slices.Contains(sheetFormats, o.format) {
		return usagef("--format %q is none of pdf, html, txt", o.format)
	}
	return nil
}

// put writes or prints documents, and returns what became of them: files' names,
// or what lp says of the jobs.
func (o *sheetOutput) put(ctx context.Context, p *program, documents []layout.Document) (done []string, err error) {
	pages := make([][]byte, len(documents))
	defer func() {
		for _, page := range pages {
			clear(page)
		}
	}()
	for i, d := range documents {
		if pages[i], err = o.render(d); err != nil {
			return nil, fmt.Errorf("laying out the sheet: %w", err)
		}
	}
	switch {
	case o.print:
		return o.printAll(ctx, pages)
	case o.file == "-":
		if _, err := p.out.Write(pages[0]); err != nil {
			return nil, fmt.Errorf("writing the sheet: %w", err)
		}
		return []string{"-"}, nil
	}
	return o.writeAll(pages)
}

func (o *sheetOutput) render(d layout.Document) ([]byte, error) {
	var b bytes.Buffer
	write := map[string]func(io.Writer, layout.Paper) error{"pdf": d.WritePDF, "html": d.WriteHTML}[o.format]
	if o.print {
		write = d.WritePDF
	}
	if write == nil {
		return d.Text(), nil
	}
	err := write(&b, o.paper)
	return b.Bytes(), err
}

// printAll prints one job after the other. What is on its way to the printer
// cannot be had back.
func (o *sheetOutput) printAll(ctx context.Context, pages [][]byte) (done []string, err error) {
	for _, page := range pages {
		job, err := printJob(ctx, o.printer, media(o.paper), page)
		if err != nil && len(done) > 0 {
			err = fmt.Errorf("%w: %d of %d sheets were printed, and are good for nothing; destroy them: %w", errPartly, len(done), len(pages), err)
		}
		if err != nil {
			return done, err
		}
		done = append(done, job)
	}
	return done, nil
}
