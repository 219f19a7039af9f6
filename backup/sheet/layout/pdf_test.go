package layout

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

var bothPapers = []Paper{A4, Letter}

func pdfOf(t *testing.T, d Document, paper Paper) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.WritePDF(&b, paper); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same document makes the same bytes, in this process and in another.
func TestPDFIsDeterministic(t *testing.T) {
	const child = "SHEET_TEST_PRINT_HASH"
	hash := func() string { return fmt.Sprintf("%x", sha256.Sum256(pdfOf(t, sample(8), A4))) }
	if os.Getenv(child) != "" {
		fmt.Println(hash())
		return
	}
	first := hash()
	if second := hash(); second != first {
		t.Errorf("made %s, and then %s", first, second)
	}
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPDFIsDeterministic$")
		cmd.Env = append(os.Environ(), child+"=1", "TZ=Asia/Kathmandu")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(out), first) {
			t.Errorf("made %s, and another process %s", first, out)
		}
	}
}

func TestPDFsAreMadeAtTheSameTime(t *testing.T) {
	d := sample(3)
	want := pdfOf(t, d, Letter)
	made := make(chan []byte)
	for range 4 {
		go func() {
			var b bytes.Buffer
			d.WritePDF(&b, Letter)
			made <- b.Bytes()
		}()
	}
	for range 4 {
		if !bytes.Equal(<-made, want) {
			t.Error("a PDF made beside others differs")
		}
	}
}

func TestPDFTellsNothingOfItself(t *testing.T) {
	oathtest.RequireTool(t, "pdfinfo")
	info := tool(t, "pdfinfo", printPDF(t, sample(5), A4))
	for _, line := range strings.Split(info, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "Title":
			if value != "Document" {
				t.Errorf("the title is %q", value)
			}
		case "Subject", "Keywords", "Author", "Creator", "Producer":
			t.Errorf("pdfinfo says %s", line)
		case "CreationDate", "ModDate":
			if !strings.Contains(value, "2000") {
				t.Errorf("pdfinfo says %s", line)
			}
		case "Custom Metadata", "Metadata Stream", "JavaScript", "Encrypted":
			if value != "no" {
				t.Errorf("pdfinfo says %s", line)
			}
		}
	}
	for _, word := range []string{"ecovery", "alice", "GitHub", "otpauth", "SECRET", "JBSW", "tokenctl"} {
		if strings.Contains(outsideStreams(pdfOf(t, sample(5), A4)), word) {
			t.Errorf("%q is outside of the pages", word)
		}
	}
}

// outsideStreams returns a PDF without its pages and fonts, and with the strings in
// it as if they were ASCII.
func outsideStreams(pdf []byte) string {
	rest := regexp.MustCompile(`(?s)stream\n.*?endstream`).ReplaceAll(pdf, nil)
	return strings.ReplaceAll(string(rest), "\x00", "")
}

func TestPDFPaper(t *testing.T) {
	oathtest.RequireTool(t, "pdfinfo")
	for paper, size := range map[Paper]string{A4: "595.28 x 841.89 pts (A4)", Letter: "612 x 792 pts (letter)"} {
		if info := tool(t, "pdfinfo", printPDF(t, sample(1), paper)); !strings.Contains(info, size) {
			t.Errorf("%s is\n%s", paper, info)
		}
	}
	if err := sample(1).WritePDF(new(bytes.Buffer), Paper(2)); err == nil {
		t.Error("there is no third paper")
	}
}
