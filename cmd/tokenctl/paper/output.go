// Package paper takes recovery sheets to printers and files, and reads them back.
//
// An [Output] is where a sheet goes, and in which form; a [Source] is where sheets and
// accounts are read from: pictures, PDFs, texts, and what is [Live]. Lines are typed at
// the terminal. Other programs do what they do best: lp prints, pdftoppm makes pictures
// of a PDF.
package paper

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/capture"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/durable"
	"github.com/tokenctl/tokenctl/oath/qr"
)

var (
	// ErrFileThere says that the file to write is there already.
	ErrFileThere = errors.New("the file exists already")

	errNoFile     = errors.New("not a regular file")
	errDiskFull   = errors.New("the disk is full")
	errNoLP       = errors.New("printing needs lp, which was not found")
	errNotPrinted = errors.New("the printer did not take it")
)

// An Output is where a sheet goes, and in which form.
type Output struct {
	File      string // "-" is standard output
	Format    string // one of formats, or "" to go by the file's name
	PaperName string
	Overwrite bool
	Print     bool
	Printer   string // "" is the default printer
	Yes       bool   // print without asking

	prints  func() bool  // whether --printer was given, which is to print
	paper   layout.Paper // set by Check
	lacking []rune       // characters for which fonts were looked for
	fonts   []*layout.Font
}

// formats are the forms of a sheet, which are the ends of files' names too.
var formats = []string{"pdf", "txt"}

// Paper returns the paper that Check chose.
func (o *Output) Paper() layout.Paper { return o.paper }

// AddFlags adds the flags of a command that makes a sheet.
func (o *Output) AddFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&o.File, "output", "o", "", "write the sheet to `FILE`; - is standard output")
	f.StringVar(&o.Format, "format", "", "`FORMAT` of the file: pdf or txt (default: as its name ends)")
	f.BoolVar(&o.Overwrite, "overwrite", false, "replace the file if it exists")
	f.BoolVar(&o.Print, "print", false, "print the sheet, with lp")
	f.StringVar(&o.Printer, "printer", "", "print it on the printer `NAME`, not on the default one")
	o.prints = func() bool { return f.Changed("printer") }
	o.AddPaper(c)
	term.GroupFlags(f, term.PaperFlags, "output", "format", "overwrite", "print", "printer", "paper")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	for _, other := range []string{"print", "printer"} {
		c.MarkFlagsMutuallyExclusive("output", other)
	}
}

// AddPaper adds the flag that chooses the paper.
func (o *Output) AddPaper(c *cobra.Command) {
	c.Flags().StringVar(&o.PaperName, "paper", "", "`SIZE` of the sheet's paper: a4 or letter (default: by the locale)")
	c.RegisterFlagCompletionFunc("paper", cobra.FixedCompletions([]string{"a4", "letter"}, cobra.ShellCompDirectiveNoFileComp))
}

// IsGiven reports whether flags say where a sheet is to go.
func (o *Output) IsGiven() bool { return o.File != "" || o.Print || o.prints != nil && o.prints() }

// Ask asks where a sheet is to go, unless the flags say so, until that can be: Enter prints
// it where there is a printer's program. It returns term.ErrDeclined if it is to go nowhere.
func (o *Output) Ask(ctx context.Context, c *term.Console, n int) error {
	question, enter := "Write it to a FILE (.pdf, .txt), for you to print? Enter skips it", "s"
	if _, err := findLP(); err == nil {
		question = fmt.Sprintf("Print it on %s (Enter), write it to a FILE (.pdf, .txt), or skip it (s)?", defaultPrinter(ctx))
		enter = "p"
	}
	for asked := *o; !o.IsGiven(); {
		answer, err := c.Terminal.Ask(question)
		if err != nil {
			return err
		}
		to := asked
		switch strings.ToLower(cmp.Or(answer, enter)) {
		case "s", "skip", "n", "no":
			return term.ErrDeclined
		case "-":
			err = term.Usagef("name a file")
		case "p", "print", "y", "yes":
			to.Print, to.Yes = true, true // which was the answer
		default:
			to.File = term.ExpandHome(answer)
		}
		if err == nil {
			err = to.Check(c, n)
		}
		if err != nil {
			c.Report(err)
			continue
		}
		*o = to
	}
	return nil
}

// Check finds what would stand in the way of n sheets, before there are any.
func (o *Output) Check(c *term.Console, n int) (err error) {
	o.paper = usualPaper()
	if o.PaperName != "" {
		if o.paper, err = layout.ParsePaper(strings.ToLower(o.PaperName)); err != nil {
			return term.Usage(err)
		}
	}
	switch {
	case o.File == "" && o.IsGiven():
		o.Print = true
		if o.Format != "" || o.Overwrite {
			return term.Usagef("--format and --overwrite are for --output; what is printed is a PDF")
		}
		_, err = findLP()
		return err
	case o.File == "":
		return term.Usagef("say where to put the sheet: --output FILE, or --print")
	}
	if err := o.chooseFormat(); err != nil {
		return err
	}
	switch {
	case o.File == "-" && o.Format == "pdf" && c.ShowsResults():
		return term.Usagef("a PDF is not for a terminal; name a file with --output, or choose --format txt")
	case o.File == "-" && n > 1:
		return term.Usagef("--split makes several sheets, which would run into one on standard output")
	case o.File == "-":
		return nil
	}
	return o.checkFiles(c, n)
}

func (o *Output) chooseFormat() error {
	if o.Format == "" {
		o.Format = strings.ToLower(strings.TrimPrefix(filepath.Ext(o.File), "."))
		if o.File == "-" {
			o.Format = "pdf"
		}
		if !slices.Contains(formats, o.Format) {
			return term.Usagef("%q must end in .pdf or .txt, or --format give the format", o.File)
		}
	}
	if !slices.Contains(formats, o.Format) {
		return term.Usagef("--format %q must be pdf or txt", o.Format)
	}
	return nil
}

// checkFiles refuses to overwrite what is not meant, and warns of names that give
// the sheets away.
func (o *Output) checkFiles(c *term.Console, n int) error {
	for _, name := range Names(o.File, n) {
		if err := CheckFile(name, o.Overwrite); err != nil {
			return err
		}
	}
	if word := givenAway(o.File); word != "" {
		c.Note("Programs that look for secrets look for %q in the names of files. A name that says less is better.", word)
	}
	return nil
}

// CheckFile refuses a file to write that is there already, or is none.
func CheckFile(name string, overwrite bool) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err = os.Stat(filepath.Dir(name))
		return err
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: %w", term.Printable(name), errNoFile)
	case !overwrite:
		return fmt.Errorf("%s: %w", term.Printable(name), ErrFileThere)
	}
	return nil
}

// WriteFile writes a file for its owner alone, whole or not at all.
func WriteFile(name string, content []byte) error {
	err := durable.Replace(name, content)
	if isDiskFull(err) {
		return fmt.Errorf("writing %s: %w: %w", term.Printable(name), errDiskFull, err)
	}
	return err
}

// givingAway are words by which programs that steal find such files.
var givingAway = []string{"recovery", "backup", "code", "2fa", "mfa", "otp", "secret", "password", "authenticator", "tokenctl"}

// givenAway returns the word of a file's name that says what is in it.
func givenAway(file string) string {
	name := strings.ToLower(filepath.Base(file))
	for _, word := range givingAway {
		if strings.Contains(name, word) {
			return word
		}
	}
	return ""
}

// Names returns the names of n files: the one that was given, or with a number each.
func Names(file string, n int) []string {
	if n == 1 {
		return []string{file}
	}
	end := filepath.Ext(file)
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, end), i+1, end)
	}
	return names
}

// Announce says what goes to which printer, and asks on a terminal whether it may.
func (o *Output) Announce(ctx context.Context, c *term.Console, what string, documents []layout.Document) error {
	pages := 0
	for _, d := range o.withFonts(ctx, documents) {
		_, n, err := d.Pages(o.paper)
		if err != nil {
			return fmt.Errorf("laying out the sheet: %w", err)
		}
		pages += n
	}
	printer := o.Printer
	if printer == "" {
		printer = defaultPrinter(ctx)
	}
	c.Note("To print: %s, with %s.\nThe printer: %s", term.Count(pages, "page"), what, term.Printable(printer))
	return c.Terminal.Agree(o.Yes || c.Terminal == nil, "Print?")
}

// defaultPrinter asks CUPS for its name, which lpstat puts behind a colon, in any
// language.
func defaultPrinter(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 2*grace)
	defer cancel()
	said, err := exec.CommandContext(ctx, "lpstat", "-d").Output()
	_, name, found := strings.Cut(strings.TrimSpace(string(said)), ": ")
	if err != nil || !found {
		return "the default printer"
	}
	return name + ", the default printer"
}

// Digest returns the SHA-256 of a file, in hexadecimal.
func Digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Put writes or prints documents, and returns what became of them: files' names, or
// what lp says of the jobs; and the Digest of each file. All files are written or none, since a share alone is good
// for nothing; what is on its way to the printer cannot be had back.
func (o *Output) Put(ctx context.Context, c *term.Console, documents []layout.Document) (done, digests []string, err error) {
	pages := make([][]byte, len(documents))
	defer func() {
		for _, page := range pages {
			clear(page)
		}
	}()
	for i, d := range o.withFonts(ctx, documents) {
		if pages[i], err = o.render(d); err != nil {
			return nil, nil, fmt.Errorf("laying out the sheet: %w", err)
		}
		if !o.Print {
			digests = append(digests, Digest(pages[i]))
		}
	}
	if !o.Print && o.File == "-" {
		if _, err := c.Out.Write(pages[0]); err != nil {
			return nil, nil, fmt.Errorf("writing the sheet: %w", err)
		}
		return []string{"-"}, digests, nil
	}
	names := Names(o.File, len(pages))
	for i, page := range pages {
		put := names[i]
		if o.Print {
			if put, err = o.printJob(ctx, page); err != nil && len(done) > 0 {
				err = fmt.Errorf("%w: %d of %d sheets were printed, and are useless; destroy them: %w", term.ErrPartly, len(done), len(pages), err)
			}
		} else {
			err = WriteFile(put, page)
		}
		if err != nil {
			break
		}
		done = append(done, put)
	}
	if err != nil && !o.Print {
		for _, name := range done {
			os.Remove(name)
		}
		done = nil
	}
	return done, digests, err
}

func (o *Output) render(d layout.Document) ([]byte, error) {
	if o.Format == "txt" {
		return d.Text(), nil
	}
	var b bytes.Buffer
	err := d.WritePDF(&b, o.paper)
	return b.Bytes(), err
}

// jobTitle is what a printer shows of the sheet, and keeps in its log: not what it was.
const jobTitle = "document"

// grace is how long another program may take to end after it was stopped.
const grace = time.Second

// printJob hands a PDF to a printer through lp, by pipe, and returns what lp says of
// the job.
func (o *Output) printJob(ctx context.Context, pdf []byte) (job string, err error) {
	lp, err := findLP()
	if err != nil {
		return "", err
	}
	media := "A4" // what CUPS calls a paper
	if o.paper == layout.Letter {
		media = "Letter"
	}
	args := []string{"-t", jobTitle, "-o", "media=" + media}
	if o.Printer != "" {
		args = append(args, "-d", o.Printer)
	}
	var said, complaint excerpt
	c := exec.CommandContext(ctx, lp, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(pdf), &said, &complaint
	c.WaitDelay = grace
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%w: %w: %s", errNotPrinted, err, complaint.line())
	}
	return said.line(), nil
}

func findLP() (string, error) {
	lp, err := exec.LookPath("lp")
	if err != nil {
		return "", errNoLP
	}
	return lp, nil
}

// An excerpt is the beginning of what a program says: it may say gigabytes.
type excerpt []byte

const maxExcerpt = 1000

func (e *excerpt) Write(said []byte) (int, error) {
	*e = append(*e, said[:min(len(said), maxExcerpt-len(*e))]...)
	return len(said), nil
}

// line returns it on one line. That lp printed no files, since it was given a pipe, is
// of no interest.
func (e excerpt) line() string {
	return strings.TrimSuffix(strings.Join(strings.Fields(string(e)), " "), " (0 file(s))")
}

// letterLands print on Letter, by the paper sizes of Unicode's CLDR
// (supplementalData.xml, paperSize type="US-Letter").
var letterLands = []string{"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"}

// usualPaper goes by the locale: the first that is set of LC_ALL, LC_PAPER and LANG
// counts (locale(7)), and its territory, as in en_US.UTF-8@euro.
func usualPaper() layout.Paper {
	for _, variable := range []string{"LC_ALL", "LC_PAPER", "LANG"} {
		if locale := os.Getenv(variable); locale != "" {
			_, land, _ := strings.Cut(locale, "_")
			if end := strings.IndexAny(land, ".@"); end >= 0 {
				land = land[:end]
			}
			if slices.Contains(letterLands, strings.ToUpper(land)) {
				return layout.Letter
			}
			break
		}
	}
	return layout.A4
}

// Remedies are for the errors of this package.
var Remedies = []term.Remedy{
	{Of: ErrFileThere, Exit: term.ExitFailure, Hint: "Replace it with --overwrite, or choose another name."},
	{Of: errNoFile, Exit: term.ExitFailure, Hint: "Choose another name."},
	{Of: errDiskFull, Exit: term.ExitNoSpace, Hint: "Make room, or name a file on another disk."},
	{Of: errNoLP, Exit: term.ExitFailure, Hint: "Install it: sudo apt install cups-client. Or write a file: --output FILE"},
	{Of: errNotPrinted, Exit: term.ExitFailure, Hint: "List the printers with lpstat -e, and choose one with --printer NAME; or write a file: --output FILE"},
	{Of: errNoPoppler, Exit: term.ExitFailure, Hint: "Install it: sudo apt install poppler-utils. Or give pictures of the pages, PNG or JPEG."},
	{Of: errUnreadPDF, Exit: term.ExitFailure, Hint: "Give pictures of the pages, PNG or JPEG."},
	{Of: errNoScan, Exit: term.ExitUsage, Hint: "What is read is PNG, JPEG, TIFF, WebP, GIF and BMP, PDF, and text."},
	{Of: qr.ErrTIFF, Exit: term.ExitUsage, Hint: "Save it as PNG, and give that."},
	{Of: errSVG, Exit: term.ExitUsage, Hint: "Open it in a browser, take a screenshot, and give that."},
	{Of: errEmpty, Exit: term.ExitUsage, Hint: "If it comes from the clipboard: copy the picture or the URI first."},
	{Of: capture.ErrEmpty, Exit: term.ExitUsage, Hint: "Copy the picture of the QR code first; or leave it on the screen: --screen"},
	{Of: capture.ErrNoDesktop, Exit: term.ExitFailure, Hint: "Save the picture, and give the file."},
	{Of: capture.ErrNoPaste, Exit: term.ExitFailure, Hint: "Install it: sudo apt install wl-clipboard. Or save the picture, and give the file."},
	{Of: capture.ErrScreen, Exit: term.ExitFailure, Hint: "Take a screenshot, and give the file; or copy it: --clipboard"},
	{Of: capture.ErrNoCamera, Exit: term.ExitFailure, Hint: "List them: ls /dev/video*. Or take a picture with the phone, and give the file."},
	{Of: errSilent, Exit: term.ExitFailure, Hint: "Save the picture, and give the file."},
}
