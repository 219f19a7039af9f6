package paper

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

var (
	errNoPoppler = errors.New("reading a PDF needs pdftoppm, which was not found")
	errUnreadPDF = errors.New("the PDF cannot be read")
	errEndless   = errors.New("it never ends")
)

const (
	// pageSize is the longer side of a page's picture in pixels: 200 dpi, if it is
	// A4 or Letter, and no more than can be dealt with if it claims to be larger.
	pageSize = 2338

	// maxPages bounds how long a PDF is read: a sheet of some 10,000 accounts.
	maxPages = 4000

	// pageTime is how long pdftoppm may take over a page. One of a scan takes less than
	// a second, one whose drawing calls itself twice, and so on, takes for ever.
	pageTime = time.Minute
)

// readPDF has poppler's pdftoppm make a picture of each page of a PDF, and hands
// over one after the other. It all goes through pipes: no page lies on the disk.
func readPDF(ctx context.Context, pdf []byte, pageTime time.Duration, take func(page image.Image)) error {
	pdftoppm, err := exec.LookPath("pdftoppm")
	if err != nil {
		return errNoPoppler
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.AfterFunc(pageTime, func() { cancel(errEndless) })
	defer end.Stop()

	var complaint excerpt
	c := exec.CommandContext(ctx, pdftoppm, "-gray", "-scale-to", fmt.Sprint(pageSize), "-l", fmt.Sprint(maxPages), "-")
	c.Stdin, c.Stderr, c.WaitDelay = bytes.NewReader(pdf), &complaint, grace
	pages, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	n, unread := takePages(bufio.NewReader(pages), func(page image.Image) {
		end.Stop()
		take(page)
		end.Reset(pageTime)
	})
	if unread != nil {
		c.Cancel()
	}
	if err := c.Wait(); unread == nil && err != nil {
		unread = err
	}
	if ctx.Err() != nil {
		unread = context.Cause(ctx)
	}
	if unread != nil {
		return fmt.Errorf("%w after page %d: %w: %s", errUnreadPDF, n, unread, complaint.line())
	}
	return nil
}

// countPages has poppler's pdfinfo count the pages of a PDF. It returns 0 if it cannot.
func countPages(ctx context.Context, pdf []byte) (pages int) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	var said excerpt
	c := exec.CommandContext(ctx, "pdfinfo", "-")
	c.Stdin, c.Stdout, c.WaitDelay = bytes.NewReader(pdf), &said, grace
	if c.Run() != nil {
		return 0
	}
	for line := range strings.Lines(string(said)) {
		if number, found := strings.CutPrefix(line, "Pages:"); found {
			pages, _ = strconv.Atoi(strings.TrimSpace(number))
		}
	}
	return min(max(pages, 0), maxPages)
}

// takePages hands over the pictures in a stream, and returns how many there were.
func takePages(r *bufio.Reader, take func(page image.Image)) (n int, err error) {
	for ; ; n++ {
		page, err := readPGM(r)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		take(page)
	}
}

// readPGM reads one of several pictures in the format of netpbm's pgm(5), in bytes.
// It returns io.EOF if there is none.
func readPGM(r *bufio.Reader) (*image.Gray, error) {
	if _, err := r.Peek(1); err != nil {
		return nil, err
	}
	var width, height, white int
	if _, err := fmt.Fscanf(r, "P5\n%d %d\n%d\n", &width, &height, &white); err != nil {
		return nil, fmt.Errorf("the head of a picture: %w", noEOF(err))
	}
	if width < 1 || height < 1 || width > pageSize || height > pageSize || white != 255 {
		return nil, fmt.Errorf("a picture of %d by %d pixels, with %d shades", width, height, white)
	}
	page := image.NewGray(image.Rect(0, 0, width, height))
	_, err := io.ReadFull(r, page.Pix)
	return page, noEOF(err)
}

// noEOF returns the error for what ends in the middle.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
