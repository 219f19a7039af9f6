package paper

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
	"github.com/tokenctl/tokenctl/oath/oathtest"
)

func TestUsualPaper(t *testing.T) {
	for _, test := range []struct {
		all, paper, lang string
		want             layout.Paper
	}{
		{"", "", "", layout.A4},
		{"", "", "C.UTF-8", layout.A4},
		{"", "", "en_US.UTF-8", layout.Letter},
		{"", "", "en_US", layout.Letter},
		{"", "", "fr_CA@euro", layout.Letter},
		{"", "", "en_GB.UTF-8", layout.A4},
		{"", "", "en_us", layout.Letter},
		{"", "de_DE.UTF-8", "en_US.UTF-8", layout.A4},
		{"es_MX.UTF-8", "de_DE.UTF-8", "de_DE", layout.Letter},
		{"C", "en_US", "en_US", layout.A4},
		{"", "", "US", layout.A4},
	} {
		t.Setenv("LC_ALL", test.all)
		t.Setenv("LC_PAPER", test.paper)
		t.Setenv("LANG", test.lang)
		if got := usualPaper(); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestNamesThatGiveAway(t *testing.T) {
	for name, want := range map[string]string{
		"letter.pdf": "", "/backup/letter.pdf": "", "Recovery.pdf": "recovery", "github-recovery-codes.txt": "recovery",
		"my_backup.txt": "backup", "2FA.pdf": "2fa", "otp.txt": "otp", "codes.txt": "code",
	} {
		if got := givenAway(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestSheetNames(t *testing.T) {
	for _, test := range []struct {
		file string
		n    int
		want string
	}{
		{"a.pdf", 1, "a.pdf"}, {"a.pdf", 3, "a-1.pdf a-2.pdf a-3.pdf"}, {"x.y/a", 2, "x.y/a-1 x.y/a-2"},
	} {
		if got := strings.Join(Names(test.file, test.n), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.file, got, test.want)
		}
	}
}

// Pages come as pdftoppm writes them, one after the other.
func TestTakePages(t *testing.T) {
	page := func(width, height int, shade byte) string {
		return fmt.Sprintf("P5\n%d %d\n255\n", width, height) + strings.Repeat(string(shade), width*height)
	}
	for _, test := range []struct {
		name, stream string
		pages        int
		bad          bool
	}{
		{"none", "", 0, false},
		{"two", page(3, 2, 'x') + page(2, 5, '\n'), 2, false},
		{"cut in the head", page(3, 2, 'x') + "P5\n2 ", 1, true},
		{"cut in the picture", page(3, 2, 'x')[:14], 0, true},
		{"another format", "P6\n1 1\n255\nxxx", 0, true},
		{"more shades", "P5\n1 1\n65535\nxx", 0, true},
		{"too large", "P5\n1 1000000\n255\nxx", 0, true},
		{"of no size", "P5\n0 5\n255\nxx", 0, true},
		{"of negative size", "P5\n-1 5\n255\nxx", 0, true},
	} {
		taken := 0
		n, err := takePages(bufio.NewReader(strings.NewReader(test.stream)), func(image.Image) { taken++ })
		if n != test.pages || taken != n || (err != nil) != test.bad {
			t.Errorf("%s: %d pages, %d taken, %v", test.name, n, taken, err)
		}
	}
	got, err := readPGM(bufio.NewReader(strings.NewReader(page(2, 2, '\n'))))
	if err != nil || !bytes.Equal(got.Pix, []byte("\n\n\n\n")) {
		t.Errorf("white space is taken for something else than shades: %v, %v", got, err)
	}
}

func FuzzReadPGM(f *testing.F) {
	f.Add([]byte("P5\n2 1\n255\nxx"))
	f.Add([]byte("P5\n# comment\n2 1\n255\nxx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		page, err := readPGM(bufio.NewReader(bytes.NewReader(b)))
		if err == nil && len(page.Pix) != page.Rect.Dx()*page.Rect.Dy() {
			t.Errorf("%d shades for %v", len(page.Pix), page.Rect)
		}
	})
}

// A drawing that calls another twice, 60 of them deep, has no end, and a complaint about
// each of its steps.
func TestPDFWithoutEnd(t *testing.T) {
	oathtest.RequireTool(t, "pdftoppm")
	var pdf strings.Builder
	fmt.Fprint(&pdf, "%PDF-1.4\n1 0 obj <</Type/Catalog /Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages /Kids[3 0 R] /Count 1>> endobj\n",
		"3 0 obj <</Type/Page /Parent 2 0 R /MediaBox[0 0 595 842] /Contents 4 0 R /Resources <</XObject<</F 5 0 R>>>> >> endobj\n",
		"4 0 obj <</Length 5>> stream\n/F Do\nendstream endobj\n")
	for i := 5; i < 65; i++ {
		fmt.Fprintf(&pdf, "%d 0 obj <</Type/XObject /Subtype/Form /BBox[0 0 595 842] /Resources <</XObject<</F %d 0 R>>>> /Length 16>> stream\n", i, i+1)
		fmt.Fprint(&pdf, "oops /F Do /F Do\nendstream endobj\n")
	}
	fmt.Fprint(&pdf, "trailer <</Root 1 0 R>>\n")

	err := readPDF(t.Context(), []byte(pdf.String()), time.Millisecond, func(image.Image) {})
	if !errors.Is(err, errUnreadPDF) || !errors.Is(err, errEndless) {
		t.Fatal(err)
	}
}

// What a program says is kept as far as a person would read it.
func TestExcerpt(t *testing.T) {
	var e excerpt
	for range 1000 {
		if n, err := e.Write([]byte("request id is\nHP-1 (0 file(s))\n")); n != 31 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(e) != maxExcerpt || !strings.HasPrefix(e.line(), "request id is HP-1 (0") {
		t.Errorf("%d bytes: %s", len(e), e)
	}
}
