package layout

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// Chromium prints the blocks of the document whole, each with its QR codes, and
// fetches nothing for it.
func TestHTMLPrints(t *testing.T) {
	oathtest.RequireTool(t, "chromium", "pdftotext", "pdftoppm", "zbarimg")
	for _, paper := range bothPapers {
		t.Run(paper.String(), func(t *testing.T) {
			d := sample(15)
			for i := range d.Body { // not every system has a font for it
				d.Body[i].Heading = strings.Replace(d.Body[i].Heading, "日本銀行", "Nihon Ginkō", 1)
			}
			log := filepath.Join(t.TempDir(), "net.json")
			long := d
			long.Body = append(slices.Clip(d.Body), longBlock())
			pdf := printHTML(t, long, paper, "--log-net-log="+log)
			pages := pageTexts(t, pdf)
			checkFront(t, d, pages[0])
			checkBlocks(t, d.spell(visible), pages)
			checkLongBlock(t, pages)
			checkFeet(t, d, pages)
			checkSymbols(t, long, rasterise(t, pdf, 150))
			if fetched := requests(t, log); len(fetched) > 0 {
				t.Errorf("the page fetched %q", fetched)
			}
		})
	}
}

// checkFeet looks for the foot of each page.
func checkFeet(t *testing.T, d Document, pages []string) {
	t.Helper()
	for i, page := range pages {
		foot := fmt.Sprintf("%s page %d of %d", d.Foot, i+1, len(pages))
		if !strings.HasSuffix(squeezed(page), foot) {
			t.Errorf("page %d of %d has no foot:\n%s", i+1, len(pages), page)
		}
	}
}

// checkLongBlock looks for the block that ends the pages. Its heading is on each,
// and it loses nothing.
func checkLongBlock(t *testing.T, pages []string) {
	t.Helper()
	b := longBlock()
	first := slices.IndexFunc(pages, func(page string) bool { return strings.Contains(page, b.Heading) })
	if first < 0 || first > len(pages)-3 {
		t.Fatalf("it begins on page %d of %d", first+1, len(pages))
	}
	all := strings.Join(pages[first:], "\n")
	for _, l := range b.Lines {
		if !lineOnPaper(l).MatchString(all) {
			t.Errorf("line %d is missing, or cut", l.Number)
		}
	}
	for i, page := range pages[first+1:] {
		if !strings.HasPrefix(squeezed(page), "99 "+b.Heading+" (continued) ") {
			t.Errorf("page %d begins with %.60q", first+2+i, squeezed(page))
		}
	}
}

// The log does tell of what a page fetches.
func TestRequests(t *testing.T) {
	oathtest.RequireTool(t, "chromium")
	page, log := filepath.Join(t.TempDir(), "page.html"), filepath.Join(t.TempDir(), "net.json")
	text := `<!DOCTYPE html><html lang="en"><body><img src="http://tokenctl.invalid/x.png"></body></html>`
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	chromium(t, page, "--log-net-log="+log)
	if fetched := requests(t, log); !slices.Equal(fetched, []string{"http://tokenctl.invalid/x.png"}) {
		t.Errorf("the log tells of %q", fetched)
	}
}

// requests returns what pages had Chromium fetch, by its log. What Chromium
// fetches for itself has no origin.
func requests(t *testing.T, log string) (urls []string) {
	t.Helper()
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	var net struct {
		Constants struct{ LogEventTypes map[string]int }
		Events    []struct {
			Type   int
			Params struct{ URL, Initiator string }
		}
	}
	if err := json.Unmarshal(data, &net); err != nil {
		t.Fatal(err)
	}
	start, known := net.Constants.LogEventTypes["URL_REQUEST_START_JOB"]
	if !known {
		t.Fatal("the log has another format")
	}
	for _, e := range net.Events {
		if e.Type == start && e.Params.URL != "" && e.Params.Initiator != "not an origin" {
			urls = append(urls, e.Params.URL)
		}
	}
	return urls
}
