package layout

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tool returns what another maker's program prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	if strings.HasPrefix(name, "pdf") && stderr.Len() > 0 {
		t.Errorf("%s complains: %s", name, stderr.Bytes())
	}
	return string(out)
}

// printPDF returns the path of the document's PDF.
func printPDF(t *testing.T, d Document, paper Paper) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), paper.String()+".pdf")
	writeFile(t, name, func(f *os.File) error { return d.WritePDF(f, paper) })
	return name
}

func writeFile(t *testing.T, name string, write func(*os.File) error) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// rasterise returns the pages of a PDF as a scanner would: the paths of pictures,
// in shades of grey.
func rasterise(t *testing.T, pdf string, dpi int) []string {
	t.Helper()
	return pdftoppm(t, pdf, ".pgm", "-gray", "-r", fmt.Sprint(dpi))
}

// pdftoppm returns the paths of the pictures that it makes of a PDF's pages. It
// takes ten times as long for PNG.
func pdftoppm(t *testing.T, pdf, extension string, options ...string) []string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "page")
	tool(t, "pdftoppm", append(options, pdf, prefix)...)
	names, err := filepath.Glob(prefix + "*" + extension)
	if err != nil || len(names) == 0 {
		t.Fatalf("pdftoppm made no page (%v)", err)
	}
	slices.Sort(names) // it pads numbers with zeros
	return names
}

// readPGM reads what pdftoppm makes (netpbm, "PGM", raw and plain alike but for
// the pixels).
func readPGM(t *testing.T, name string) *image.Gray {
	t.Helper()
	pixels, width, height := readPNM(t, name, "P5")
	return &image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, height)}
}

// readPNM returns the bytes of a picture's pixels.
func readPNM(t *testing.T, name, magic string) (pixels []byte, width, height int) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kind string
	var most int
	if _, err := fmt.Fscanf(bytes.NewReader(data), "%s\n%d %d\n%d\n", &kind, &width, &height, &most); err != nil || kind != magic {
		t.Fatalf("%s: %q, %v", name, kind, err)
	}
	header := fmt.Sprintf("%s\n%d %d\n%d\n", kind, width, height, most)
	return data[len(header):], width, height
}

// pageTexts returns the text of each page of a PDF: -raw, in the order in which it is
// drawn, or -layout, as it stands there.
func pageTexts(t *testing.T, pdf string, options ...string) []string {
	t.Helper()
	pages := strings.Split(tool(t, "pdftotext", append(options, "-enc", "UTF-8", pdf, "-")...), "\f")
	return pages[:len(pages)-1] // each ends with a form feed
}

// A word is a piece of a PDF's text, and where it stands, in points.
type word struct {
	Text string  `xml:",chardata"`
	XMin float64 `xml:"xMin,attr"`
	YMin float64 `xml:"yMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMax float64 `xml:"yMax,attr"`
}

// pageWords returns the words of each page of a PDF.
func pageWords(t *testing.T, pdf string) [][]word {
	t.Helper()
	var doc struct {
		Pages []struct {
			Words []word `xml:"word"`
		} `xml:"body>doc>page"`
	}
	out := tool(t, "pdftotext", "-bbox", "-enc", "UTF-8", pdf, "-")
	if err := xml.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	var pages [][]word
	for _, p := range doc.Pages {
		pages = append(pages, p.Words)
	}
	return pages
}
